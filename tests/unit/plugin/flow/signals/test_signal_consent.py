"""Consent, and who may overrule whom."""

from __future__ import annotations

import pytest

from plugin.flow.context import Context, ContextPolicy, RawRequest
from plugin.flow.profile import with_profile
from plugin.flow.types import Profile
from tests.unit.plugin.flow.signals.support import attributes, context, reasons


def consent(request: RawRequest, policy: ContextPolicy | None = None) -> dict[str, object]:
    found = attributes(request, policy)
    return {name[8:]: value for name, value in found.items() if name.startswith("consent.")}


@pytest.mark.parametrize(
    ("cookie", "said"),
    [
        ("analytics=1,personalization=0", {"analytics": True, "personalization": False}),
        ("analytics%3D1%2Cpersonalization%3D0", {"analytics": True, "personalization": False}),
        (" analytics = granted , ads = denied ", {"analytics": True, "ads": False}),
        ("analytics=true,analytics=false", {"analytics": False}),
        ("analytics=0,analytics=1", {"analytics": False}),
        ("analytics=,analytics=1", {"analytics": False}),
        ("analytics=maybe", {"analytics": False}),
        ("analytics", {"analytics": False}),
        ("", {}),
        ("=1,,%%%,Ünïcode=1,A=1", {}),
        ("x" * 5_000, {}),
        ("a=1\x00", {"a": False}),
    ],
)
def test_the_cookie_lists_purposes_and_what_cannot_be_read_is_no_yes(cookie: str, said: dict[str, bool]) -> None:
    assert consent(RawRequest(cookies={"tessera_consent": cookie})) == said


def test_the_body_beats_the_query_and_the_query_beats_the_cookie() -> None:
    cookies = {"tessera_consent": "a=1,b=1,c=1"}
    query = {"consent.b": ("0",), "consent.c": ("0",)}
    body = {"consent": {"c": True}}
    assert consent(RawRequest(cookies=cookies, query=query, body=body)) == {"a": True, "b": False, "c": True}


@pytest.mark.parametrize("name", ["Ads", "ADS", " ads", "ads\t"])
def test_a_no_counts_however_its_purpose_is_written_and_a_yes_does_not(name: str) -> None:
    for request in (
        RawRequest(body={"consent": {name: False, "ads": True}}),
        RawRequest(body={"consent": {"ads": True, name: "perhaps"}}),
        RawRequest(query={f"consent.{name}": ("0",), "consent.ads": ("1",)}),
        RawRequest(query={"consent.ads": ("1",), f"consent.{name}": ("perhaps",)}),
        RawRequest(cookies={"tessera_consent": f"{name}=0,ads=1"}),
        RawRequest(cookies={"tessera_consent": f"ads=1,{name}"}),
    ):
        assert consent(request) == {"ads": False}
    assert consent(RawRequest(body={"consent": {name: True}}, query={f"consent.{name}": ("1",)})) == {}
    cookie = {"tessera_consent": f"{name}=0"}
    assert consent(RawRequest(cookies=cookie, body={"consent": {"ads": True}})) == {"ads": True}, "the body's word"


def test_of_two_answers_in_a_query_the_no_counts() -> None:
    query = {"consent.a": ("1", "0"), "consent.b": ("0", "1"), "consent.c": ("1", "yes"), "consent.d": ("1", "perhaps")}
    assert consent(RawRequest(query=query)) == {"a": False, "b": False, "c": True, "d": False}


@pytest.mark.parametrize("value", ["true", 1, 0, None, [], {}])
def test_a_body_answer_that_is_no_boolean_is_a_refusal(value: object) -> None:
    found = context(RawRequest(body={"consent": {"analytics": value}}))
    assert found.attributes["consent.analytics"] is False
    assert ("consent.analytics", "malformed") in reasons(found)


def test_global_privacy_control_beats_every_yes_for_its_purposes() -> None:
    request = RawRequest.of(
        {"Sec-GPC": "1"},
        cookies={"tessera_consent": "personalization=1"},
        body={"consent": {"personalization": True, "analytics": True}},
    )
    found = context(request)
    assert consent(request) == {"personalization": False, "advertising": False, "analytics": True}
    assert ("consent.personalization", "overridden") in reasons(found)
    assert consent(request, ContextPolicy(gpc_purposes=frozenset({"sale"}))) == {
        "personalization": True,
        "analytics": True,
        "sale": False,
    }


@pytest.mark.parametrize("sent", ["0", "true", "", "11"])
def test_only_a_one_is_the_signal(sent: str) -> None:
    assert consent(RawRequest.of({"Sec-GPC": sent})) == {}


def test_do_not_track_is_reported_and_decides_nothing() -> None:
    found = context(RawRequest.of({"DNT": "1"}))
    assert found.do_not_track
    assert consent(RawRequest.of({"DNT": "1"})) == {}
    assert not context(RawRequest.of({"DNT": "0"})).do_not_track


def test_consent_is_derived_whatever_rules_want() -> None:
    request = RawRequest(cookies={"tessera_consent": "a=1"})
    assert consent(request, ContextPolicy(wanted=frozenset())) == {"a": True}


def test_a_flood_of_purposes_is_cut() -> None:
    flood = {f"p{number}": True for number in range(1_000)}
    found = context(RawRequest(body={"consent": flood}, cookies={"tessera_consent": "z=0"}))
    assert len([name for name in found.attributes if name.startswith("consent.")]) == 32
    assert found.attributes["consent.z"] is False
    assert ("consent", "too_many") in reasons(found)


_MANY = {f"p{number}": True for number in range(32)}
_LIST = ",".join(f"p{number}=1" for number in range(32))


@pytest.mark.parametrize(
    "request_",
    [
        RawRequest(cookies={"tessera_consent": _LIST}, body={"consent": {"personalization": False}}),
        RawRequest(cookies={"tessera_consent": _LIST}, query={"consent.personalization": ("0",)}),
        RawRequest(cookies={"tessera_consent": f"{_LIST},personalization=0"}),
        RawRequest(cookies={"tessera_consent": f"personalization=1,{_LIST},personalization=0"}),
        RawRequest(cookies={"tessera_consent": f"personalization=0,{_LIST},personalization=1"}),
        RawRequest(cookies={"tessera_consent": f"{_LIST},personalization="}),
        RawRequest(cookies={"tessera_consent": "personalization=0," + "x" * 1_024}),
        RawRequest(cookies={"tessera_consent": "personalization=1," + "x," * 4_000 + "personalization%3D0"}),
        RawRequest(body={"consent": {**_MANY, "personalization": False}}),
        RawRequest(body={"consent": {**_MANY, "personalization": None}}),
        RawRequest(
            cookies={"tessera_consent": "personalization=1"}, body={"consent": {**_MANY, "personalization": False}}
        ),
        RawRequest(
            cookies={"tessera_consent": "personalization=0"}, body={"consent": {**_MANY, "personalization": True}}
        ),
    ],
)
def test_a_no_beyond_the_limits_stands_against_what_is_stored(request_: RawRequest) -> None:
    stored = Profile({}, consent={"consent.personalization": True})
    found = context(request_)
    assert with_profile(found.attributes, stored)["consent.personalization"] is False
    assert ("consent", "too_long") in reasons(found) or len(_granted(found)) <= 32


def _granted(found: Context) -> list[str]:
    return [name for name, value in found.attributes.items() if name.startswith("consent.") and value]


def test_a_cookie_that_is_too_long_allows_nothing() -> None:
    request = RawRequest(cookies={"tessera_consent": "a=1,b=0," + "x" * 1_024})
    assert consent(request) == {"b": False}
    assert ("consent", "too_long") in reasons(context(request))
