"""What the site sends: custom values, allowed headers and cookies, visitor ids."""

from __future__ import annotations

import math

import pytest

from plugin.flow.context import ContextPolicy, RawRequest, parse_text
from tests.unit.plugin.flow.signals.support import attributes, context, reasons


@pytest.mark.parametrize(
    ("kind", "values", "parsed"),
    [
        ("number", ["80"], 80),
        ("number", ["-1.5e3"], -1500.0),
        ("number", ["007"], 7),
        ("number", ["1e400"], None),
        ("number", ["NaN"], None),
        ("number", ["9007199254740992"], 2**53),
        ("number", ["9007199254740993"], None),
        ("number", ["9" * 10_000], None),
        ("number", ["1_000"], None),
        ("number", ["١٢"], None),
        ("number", [" 1"], None),
        ("number", [], None),
        ("boolean", ["true"], True),
        ("boolean", ["false"], False),
        ("boolean", ["1"], None),
        ("boolean", ["TRUE"], None),
        ("string", ["a", "b"], "a"),
        ("date", ["2026-11-20"], "2026-11-20"),
        ("version", ["v1.2"], "v1.2"),
        ("string_list", ["a", "b"], ["a", "b"]),
        ("number_list", ["1", "2.5"], [1, 2.5]),
        ("number_list", ["1", "x"], None),
        ("location", ["48.85,2.35"], {"lat": 48.85, "lon": 2.35}),
        ("location", ["48.85"], None),
        ("location", ["91,0"], None),
    ],
)
def test_text_is_parsed_by_the_declared_type(kind: str, values: list[str], parsed: object) -> None:
    found = parse_text(kind, values)
    assert found == parsed
    assert type(found) is type(parsed)


@pytest.mark.parametrize(
    "value",
    [80, 80.5, True, False, "x", "two\nlines", "", ["a", "b"], [1, 2.5], [], 2**53, -(2**53)],
)
def test_body_values_keep_their_json_type(value: object) -> None:
    found = attributes(RawRequest(body={"custom": {"thing": value}}))
    assert found["custom.thing"] == value
    assert type(found["custom.thing"]) is type(value)


def test_a_location_is_kept() -> None:
    found = attributes(RawRequest(body={"custom": {"store": {"lat": 48, "lon": 2.5}}}))
    assert found["custom.store"] == {"lat": 48.0, "lon": 2.5}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (math.nan, "out_of_range"),
        (math.inf, "out_of_range"),
        (2**53 + 1, "out_of_range"),
        (10**4_000, "out_of_range"),
        ("x\x00", "control"),
        ("\udc80", "control"),
        ("x" * 100_000, "too_long"),
        ({"nested": {"deep": 1}}, "wrong_type"),
        ({"lat": 91, "lon": 0}, "wrong_type"),
        ({"lat": True, "lon": 0}, "wrong_type"),
        (["a", 1], "wrong_type"),
        ([True], "wrong_type"),
        ([["a"]], "wrong_type"),
        (["\ud800"], "control"),
        (["a"] * 1_000, "too_many"),
    ],
)
def test_body_values_that_rules_cannot_read_are_ignored(value: object, reason: str) -> None:
    found = context(RawRequest(body={"custom": {"thing": value}}))
    assert "custom.thing" not in found.attributes
    assert ("custom.thing", reason) in reasons(found)


def test_null_asks_for_absence_and_is_no_mistake() -> None:
    found = context(RawRequest(body={"custom": {"thing": None}}))
    assert found.attributes == {"network.save_data": False, "device.type": "other"}
    assert found.notes == ()


@pytest.mark.parametrize("custom", ["x", 5, ["a"], True])
def test_custom_must_be_an_object(custom: object) -> None:
    assert ("custom", "wrong_type") in reasons(context(RawRequest(body={"custom": custom})))


def test_a_rule_works_alike_by_get_and_by_post() -> None:
    types = {"custom.cart_value": "number", "custom.tags": "string_list", "custom.member": "boolean"}
    policy = ContextPolicy(types=types)
    query = {"custom.cart_value": ("80",), "custom.tags": ("a", "b"), "custom.member": ("true",), "slots": ("x",)}
    body = {"custom": {"cart_value": 80, "tags": ["a", "b"], "member": True}}
    assert attributes(RawRequest(query=query), policy) == attributes(RawRequest(body=body), policy)


def test_query_text_that_is_not_of_its_type_is_noted() -> None:
    policy = ContextPolicy(types={"custom.cart_value": "number"})
    found = context(RawRequest(query={"custom.cart_value": ("lots",)}), policy)
    assert "custom.cart_value" not in found.attributes
    assert ("custom.cart_value", "malformed") in reasons(found)


def test_floods_and_odd_names_are_cut() -> None:
    flood = {f"n{number}": 1 for number in range(1_000)}
    found = context(RawRequest(body={"custom": flood}, query={f"custom.{name}": ("1",) for name in flood}))
    assert len([name for name in found.attributes if name.startswith("custom.")]) == 64
    odd = context(RawRequest(body={"custom": {"a b": 1, "": 1, "é": 1, "x" * 100: 1, 'a"}': 1}}))
    assert not [name for name in odd.attributes if name.startswith("custom.")]
    assert {note.name for note in odd.notes} == {"custom"}


def test_only_wanted_custom_values_are_read() -> None:
    policy = ContextPolicy(wanted=frozenset({"custom.a"}))
    found = context(RawRequest(body={"custom": {"a": 1, "b": math.nan}}), policy)
    assert (found.attributes, found.notes) == ({"custom.a": 1}, ())


ALLOWING = ContextPolicy(
    allowed_headers=frozenset({"X-Plan", "x-groups", "X-Level"}),
    allowed_cookies=frozenset({"Theme"}),
    types={"request.header.x-groups": "string_list", "request.header.x-level": "number"},
)


def test_only_allowed_headers_and_cookies_are_read() -> None:
    request = RawRequest.of(
        [("x-plan", "pro"), ("X-Groups", "a, b"), ("X-Groups", "c"), ("X-Level", "7"), ("X-Secret", "s")],
        cookies={"Theme": "dark", "theme": "light", "session": "s"},
    )
    found = attributes(request, ALLOWING)
    assert {name: value for name, value in found.items() if "header" in name or "cookie" in name} == {
        "request.header.x-plan": "pro",
        "request.header.x-groups": ["a", "b", "c"],
        "request.header.x-level": 7,
        "request.cookie.Theme": "dark",
    }


def test_a_header_keeps_the_spelling_of_the_rule() -> None:
    policy = ALLOWING.wanting(frozenset({"request.header.X-PLAN", "request.header.x-secret"}), {})
    request = RawRequest.of({"X-Plan": "pro", "X-Secret": "s"})
    assert attributes(request, policy) == {"request.header.X-PLAN": "pro"}


def test_hostile_headers_and_cookies_are_ignored() -> None:
    request = RawRequest.of({"X-Plan": "a\r\nb", "X-Level": "7; drop"}, cookies={"Theme": "x" * 9_000})
    found = context(request, ALLOWING)
    assert not [name for name in found.attributes if "header" in name or "cookie" in name]
    assert reasons(found) == {
        ("request.header.x-plan", "control"),
        ("request.header.x-level", "malformed"),
        ("request.cookie.Theme", "too_long"),
    }


def test_the_visitor_is_named_by_the_body_the_query_or_the_cookie() -> None:
    policy = ContextPolicy(visitor_cookie="vid", wanted=frozenset())
    request = RawRequest(visitor={"id": "v-1"}, query={"visitor.id": ("v-2",)}, cookies={"vid": "v-3"})
    assert attributes(request, policy) == {"visitor.id": "v-1"}
    assert attributes(RawRequest(query={"visitor.id": ("v-2",)}, cookies={"vid": "v-3"}), policy) == {
        "visitor.id": "v-2"
    }
    assert attributes(RawRequest(cookies={"vid": "v-3"}), policy) == {"visitor.id": "v-3"}
    assert attributes(RawRequest(cookies={"vid": "v-3"}), ContextPolicy(wanted=frozenset())) == {}


@pytest.mark.parametrize("value", [5, ["v"], "v" * 129, "v\x00", "\ud800", {"$ne": ""}])
def test_a_visitor_id_that_is_no_short_text_is_none(value: object) -> None:
    found = context(RawRequest(visitor={"id": value}))
    assert "visitor.id" not in found.attributes
    assert {note.name for note in found.notes} == {"visitor.id"}
