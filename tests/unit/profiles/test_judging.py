"""Events as they come: what is taken, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.profiles.events import BOT, TOKEN_REFUSED, BadEventError, Event, decode, encode
from plugin.profiles.identity import Hasher
from plugin.profiles.judging import Judged, judge
from plugin.profiles.schemas import custom_type
from plugin.profiles.types import BUILT_IN
from tests.unit.profiles.support import DAY, MINUTE, NOW

HASHER = Hasher([(1, "a key")], "another key")
TYPES = BUILT_IN.extended(
    [custom_type("quiz_done", purpose="analytics", schema={"properties": {"score": {"type": "integer"}}})]
)


def judged(*items: object, **more: Any) -> Judged:
    given: dict[str, Any] = {"now_ms": NOW, "types": TYPES, "sources": HASHER.identity, "consent": {}}
    return judge(items, **(given | more))


AHEAD = "more than 5 minutes ahead of the server's clock; without a time it is now"


def one(**more: Any) -> dict[str, Any]:
    return {"id": "e-1", "type": "view", "visitor_id": "v-1"} | more


def accepted(item: object, **more: Any) -> Event:
    result = judged(item, **more)
    assert result.rejected == []
    return result.events[0]


@pytest.mark.parametrize(
    "item",
    [
        one(type="impression", content_id="a"),
        one(type="click", content_id="a", slot="home.hero", decision_id="01JD"),
        one(type="view"),
        one(type="dwell", value=0),
        one(type="dwell", value=86_400),
        one(type="scroll", value=100),
        one(type="search", properties={"query": "q" * 200}),
        one(type="rating", content_id="a", value=5),
        one(type="dismiss", content_id="a"),
        one(type="add_to_cart", value=9.99, properties={"currency": "EUR", "quantity": 2}),
        one(type="purchase", value=120.5, properties={"order_id": "o-1", "coupon": None, "lines": [{"sku": "x"}]}),
        one(type="signup"),
        one(type="quiz_done", properties={"score": 3}),
        one(content_id=None, slot=None, value=None, properties=None, time=None),
    ],
)
def test_every_type_is_taken_as_documented(item: dict[str, Any]) -> None:
    event = accepted(item)
    assert (event.type, event.id, event.received) == (item["type"], "e-1", NOW)
    assert decode(encode(event)) == event


@pytest.mark.parametrize(
    ("item", "pointer", "detail"),
    [
        ("view", "", "an event is an object"),
        (None, "", "an event is an object"),
        ({"id": "e-1", "visitor_id": "v"}, "/type", "an event needs a type"),
        (one(type="impresion"), "/type", "there is no such event type; did you mean 'impression'?"),
        (one(type=3), "/type", "a text"),
        (one(type="\ud800"), "/type", "there is no such event type; those of your own are registered first"),
        (one(id="with blank"), "/id", "1 to 64 letters, digits, and . _ : -"),
        (one(id="e" * 65), "/id", "1 to 64 letters, digits, and . _ : -"),
        (one(id="e\n"), "/id", "1 to 64 letters, digits, and . _ : -"),
        (one(id=None), "/id", "an event needs an id, the same each time it is sent"),
        (one(visitor_id=None), "/visitor_id", "an event needs the id of its visitor"),
        (one(visitor_id=""), "/visitor_id", "1 to 128 characters, none of them a control"),
        (one(visitor_id="a\x00b"), "/visitor_id", "1 to 128 characters, none of them a control"),
        (one(visitor_id="v" * 129), "/visitor_id", "1 to 128 characters, none of them a control"),
        (one(visitor_id="\udfff"), "/visitor_id", "1 to 128 characters, none of them a control"),
        (one(visitor_id=7), "/visitor_id", "a text"),
        (one(time="yesterday"), "/time", "a date-time of ISO 8601, such as 2026-11-20T18:30:00Z"),
        (one(time=NOW), "/time", "a date-time of ISO 8601, such as 2026-11-20T18:30:00Z"),
        (one(time="2026-02-30T00:00:00Z"), "/time", "a date-time of ISO 8601, such as 2026-11-20T18:30:00Z"),
        (one(time="2026-11-14T23:59:59.999Z"), "/time", "too late: older than 7 days; do not send it again"),
        (one(time="0001-01-01T00:00:00+12:00"), "/time", "too late: older than 7 days; do not send it again"),
        (one(time="2026-11-22T00:05:00.001Z"), "/time", AHEAD),
        (one(time="9999-12-31T23:59:59-12:00"), "/time", AHEAD),
        (one(content_id=""), "/content_id", "a text of 1 to 255 characters"),
        (one(content_id="a\ud800"), "/content_id", "a text without half a surrogate pair"),
        (one(content_id="a\0"), "/content_id", "a text without a NUL"),
        (one(slot="\0"), "/slot", "a text without a NUL"),
        (one(decision_id="a\0b"), "/decision_id", "a text without a NUL"),
        (one(slot="s" * 129), "/slot", "a text of 1 to 128 characters"),
        (one(type="click"), "/content_id", "an event of type click needs this"),
        (one(type="dwell"), "/value", "an event of type dwell needs this"),
        (one(type="dwell", value=86_401), "/value", "a number from 0 to 86,400"),
        (one(type="scroll", value=-1), "/value", "a number from 0 to 100"),
        (one(type="rating", content_id="a", value=0), "/value", "a number from 1 to 5"),
        (one(value="3"), "/value", "a finite number; a whole one is at most 2^53"),
        (one(value=True), "/value", "a finite number; a whole one is at most 2^53"),
        (one(value=10**400), "/value", "a finite number; a whole one is at most 2^53"),
        (one(value=float("nan")), "/value", "a number from -1,000,000,000 to 1,000,000,000"),
        (one(value=float("inf")), "/value", "a number from -1,000,000,000 to 1,000,000,000"),
        (one(type="search"), "/properties/query", "an event of type search needs this: a text of 1 to 200 characters"),
        (one(type="search", properties={"query": "q" * 201}), "/properties/query", "a text of 1 to 200 characters"),
        (
            one(type="purchase", properties={"currency": "eur"}),
            "/properties/currency",
            "a currency of three capital letters, such as EUR",
        ),
        (one(properties=[]), "/properties", "an object"),
        (one(properties={"a": float("nan")}), "/properties/a", "a finite number; a whole one is at most 2^53"),
        (one(properties={"a": [2**53 + 1]}), "/properties/a/0", "a finite number; a whole one is at most 2^53"),
        (one(properties={"a/b~": "\ud800"}), "/properties/a~1b~0", "a text without half a surrogate pair"),
        (one(properties={"\ud800": 1}), "/properties", "names of properties are texts of 1 to 64 characters"),
        (one(properties={"": 1}), "/properties", "names of properties are texts of 1 to 64 characters"),
        (one(properties={str(n): n for n in range(33)}), "/properties", "at most 32 properties"),
        (one(properties={"a": [[[1]]]}), "/properties/a/0/0", "properties go at most 3 levels deep"),
        (one(properties={"a": list(range(128))}), "/properties", "at most 128 values in all"),
        (one(properties={"a": "x" * 4_100}), "/properties", "at most 4,096 bytes of JSON"),
        (one(type="quiz_done", properties={"score": "3"}), "/properties/score", "'3' is not of type 'integer'"),
        (one(visitor="v"), "/visitor", "an event has no such member; did you mean 'visitor_id'?"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(item: object, pointer: str, detail: str) -> None:
    result = judged(item)
    assert [(found.index, found.pointer, found.detail) for found in result.rejected] == [
        (0, f"/events/0{pointer}", detail)
    ]
    assert result.events == []


def test_each_event_is_judged_alone() -> None:
    result = judged(one(id="a"), 3, one(id="b", type="clik"), one(id="c"), root="/batch")
    assert [event.id for event in result.events] == ["a", "c"]
    assert result.places == [0, 3]
    assert [(found.index, found.pointer) for found in result.rejected] == [(1, "/batch/1"), (2, "/batch/2/type")]


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("2026-11-22T00:00:00Z", 0),
        ("2026-11-22T01:00:00+01:00", 0),
        ("2026-11-22T00:00:00", 0),
        ("2026-11-22 00:00", 0),
        ("2026-11-21T23:59:59.9996Z", -1),
        ("2026-11-15T00:00:00Z", -7 * DAY),
        ("2026-11-22T00:05:00Z", 5 * MINUTE),
    ],
)
def test_times_are_read_with_their_offsets(text: str, since: int) -> None:
    assert accepted(one(time=text)).time == NOW + since


def test_an_event_without_a_time_is_of_now_and_one_without_a_visitor_of_the_requests() -> None:
    event = accepted({"type": "view"}, default_visitor="v-1", new_id=lambda: "made")
    assert (event.id, event.time, event.source) == ("made", NOW, HASHER.source("v-1"))
    assert event.uid == HASHER.uid("v-1")


def test_ids_are_hashed_once_each_and_without_their_blanks() -> None:
    asked: list[str] = []

    def sources(raw: str) -> Any:
        asked.append(raw)
        return HASHER.identity(raw)

    result = judged(*[one(id=f"e-{n}", visitor_id=" v-1\t") for n in range(5)], sources=sources)
    assert asked == ["v-1"]
    assert {event.source for event in result.events} == {HASHER.source("v-1")}


def test_a_refused_purpose_is_ignored_and_its_events_are_still_judged() -> None:
    items = [one(), one(id="e-2", type="scroll", value=3), one(id="e-3", type="view", value="x"), one(visitor_id="")]
    result = judged(*items, consent={"personalization": False, "analytics": True})
    assert result.ignored == [0]
    assert [(event.type, event.consent) for event in result.events] == [("scroll", True)]
    assert [found.index for found in result.rejected] == [2, 3]
    assert accepted(one()).consent is None


def test_the_digest_is_of_what_was_said() -> None:
    first = accepted(one(value=1, properties={"a": 1, "b": 2}))
    same = accepted(one(value=1.0, properties={"b": 2, "a": 1}), now_ms=NOW + DAY, flags=BOT)
    assert first.digest == same.digest
    assert same.flags == BOT
    rotated = Hasher([(1, "a key"), (2, "a newer key")], "another key")
    assert accepted(one(value=1, properties={"a": 1, "b": 2}), sources=rotated.identity).digest == first.digest
    others = [
        one(value=2),
        one(time="2026-11-22T00:00:00Z"),
        one(visitor_id="v-2"),
        one(slot="s"),
        one(content_id="s"),
        one(decision_id="s"),
        one(decision_token="s"),
        one(properties={"a": 1}),
        one(type="signup"),
    ]
    digests = {accepted(item).digest for item in others} | {first.digest, accepted(one()).digest}
    assert len(digests) == len(others) + 2


def test_a_decision_token_tells_what_was_seen() -> None:
    asked: list[str] = []

    def read(token: str) -> dict[str, object]:
        asked.append(token)
        if token != "good":
            raise ValueError("not made here")
        return {"version": 7, "slot": "home.hero", "key": "k-1", "arms": {"copy": "bold"}}

    items = [one(id=f"e-{n}", decision_token=token) for n, token in enumerate(("good", "good", "bad"))]
    good, again, bad = judged(*items, tokens=read).events
    assert good.decided == again.decided
    assert good.decided is not None
    assert (good.slot, good.decided.ruleset, good.decided.arms) == ("home.hero", 7, {"copy": "bold"})
    assert (bad.decided, bad.flags) == (None, TOKEN_REFUSED)
    assert bad.has_effect
    assert asked == ["good", "bad"]
    assert decode(encode(good)) == good


@pytest.mark.parametrize("octets", [b"", b"\xc1", b"\x90", b"\x93\x01\xa1a\xa1b", b"\x91\x02"])
def test_other_bytes_are_no_event(octets: bytes) -> None:
    with pytest.raises(BadEventError):
        decode(octets)


def test_an_event_shows_nothing_of_its_visitor() -> None:
    event = accepted(one(properties={"query": "secret"}))
    assert event.source not in repr(event)
    assert "secret" not in repr(event)
