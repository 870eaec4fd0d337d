"""Attributes that are set from outside."""

from __future__ import annotations

from typing import Any

import pytest

import rules
from plugin.profiles.attributes import _WANTED, check, declared, put
from plugin.profiles.limits import MOST_ATTRIBUTES
from plugin.profiles.state import EMPTY
from rules.attributes import TYPES
from tests.unit.profiles.support import NOW

DOCUMENT = {
    "version": 1,
    "attributes": {
        "profile.plan": {"type": "string", "values": ["free", "pro"], "purpose": "personalization"},
        "profile.spend": {"type": "number", "purpose": "analytics"},
        "profile.interests": {"type": "string_list", "client_writable": True},
        "profile.born": {"type": "date"},
        "profile.home": {"type": "location"},
        "custom.cart": {"type": "number"},
    },
    "slots": [{"id": "s", "select": {"content.type": "a"}}],
}
KNOWN = declared(rules.load(DOCUMENT).document.catalogue)


def test_those_of_the_profile_are_known_by_their_short_names() -> None:
    assert set(KNOWN) == {"plan", "spend", "interests", "born", "home"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("plan", "pro"),
        ("spend", 12.5),
        ("spend", None),
        ("interests", ["a", "b"]),
        ("interests", []),
        ("born", "1990-02-28"),
        ("home", {"lat": 48.8, "lon": 2.3}),
    ],
)
def test_values_of_their_type_are_taken(name: str, value: Any) -> None:
    assert check({name: value}, KNOWN) == ({name: value}, [])


def test_every_type_has_words() -> None:
    assert set(_WANTED) == set(TYPES)


@pytest.mark.parametrize(
    ("name", "value", "detail"),
    [
        ("plan", "gold", "one of free, pro"),
        ("plan", 3, "want a text, for the rules declare it as string"),
        ("spend", "12", "want a number, for the rules declare it as number"),
        ("spend", True, "want a number, for the rules declare it as number"),
        ("spend", float("nan"), "want a number, for the rules declare it as number"),
        ("spend", 2**60, "want a number, for the rules declare it as number"),
        ("interests", ["a", 1], "want a list of texts, for the rules declare it as string_list"),
        ("born", "1990-02-30", "want a date such as 2026-11-21, for the rules declare it as date"),
        (
            "home",
            {"lat": 91, "lon": 0},
            "want an object of lat and lon, in degrees, for the rules declare it as location",
        ),
        ("interests", ["x" * 5_000], "at most 4,096 bytes of JSON"),
        ("interests", ["\ud800"], "a value of JSON"),
        ("plans", "pro", "the published rules declare no such attribute; did you mean 'plan'?"),
        ("profile.plan", "pro", "the published rules declare no such attribute; did you mean 'plan'?"),
    ],
)
def test_others_are_refused_with_their_place(name: str, value: Any, detail: str) -> None:
    checked = check({name: value, "spend": 1} if name != "spend" else {name: value}, KNOWN)
    assert checked.wrong == [(f"/attributes/{name}", detail)]
    assert name not in checked.values


def test_a_browser_sets_only_what_it_may() -> None:
    checked = check({"plan": "pro", "interests": ["a"]}, KNOWN, by_client=True, root="/set")
    assert checked.values == {"interests": ["a"]}
    assert [one.pointer for one in checked.wrong] == ["/set/plan"]


def test_what_a_refused_purpose_is_for_is_left_out() -> None:
    assert check({"plan": "pro", "spend": 1}, KNOWN, consent={"analytics": False}) == ({"plan": "pro"}, [])


def test_the_last_said_counts_and_a_value_can_be_taken_back() -> None:
    state = put(EMPTY, {"plan": "pro"}, time_ms=NOW, identifier="b", schema=3)
    assert put(state, {"plan": "free"}, time_ms=NOW, identifier="a").attributes == state.attributes
    gone = put(state, {"plan": None}, time_ms=NOW, identifier="c", schema=2)
    assert (gone.attributes["plan"].value, gone.schema) == (None, 3)
    assert put(gone, {"plan": "free"}, time_ms=NOW - 1, identifier="z").attributes == gone.attributes


def test_attributes_are_bounded() -> None:
    state = put(EMPTY, {f"a-{number}": 1 for number in range(MOST_ATTRIBUTES + 9)}, time_ms=NOW, identifier="a")
    assert len(state.attributes) == MOST_ATTRIBUTES
