"""Judging: whatever comes is taken or refused with its place, and the quick way agrees with the exact one."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from plugin.profiles import explaining
from plugin.profiles.events import decode, encode
from plugin.profiles.explaining import Bad
from plugin.profiles.identity import Hasher
from plugin.profiles.judging import Judged, judge
from plugin.profiles.said import MEMBERS, Said, milliseconds
from plugin.profiles.types import BUILT_IN
from tests.unit.profiles.support import NOW

CASES = settings(max_examples=300, deadline=None)
HASHER = Hasher([(1, "a key")], "another key")
TEXT = st.text(max_size=5) | st.sampled_from(["", "\0", "\ud800", "a\udfff", "x" * 300, "a/b~c", "__proto__"])
NUMBER = (
    st.integers(-5, 90_000)
    | st.floats()
    | st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 2**64, 10**400, 1e308, -0.0, True, False])
)
JSON = st.recursive(
    st.none() | NUMBER | TEXT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)
TIMES = st.sampled_from(
    [
        "2026-11-22T00:00:00Z",
        "2026-11-22T00:00:00.123456789Z",
        "2026-11-21T23:00:00-01:30",
        "2026-11-21 10:00",
        "2026-11-20T10:00:00",
        "2026-11-20t10:00:00z",
        "2026-11-14T23:59:59Z",
        "2026-11-22T00:05:01Z",
        "2026-11-22",
        "2026-11-31T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-W47-7T00:00:00Z",
    ]
)
WORDS = st.sampled_from([*BUILT_IN, "clik", ""])
RIGHT: dict[str, Any] = {
    "id": st.sampled_from(["e-1", "a.b:c_d-e"]),
    "type": st.sampled_from([*BUILT_IN]),
    "visitor_id": st.sampled_from(["v-1", " v-2 ", "Zoë"]),
    "time": TIMES,
    "content_id": st.sampled_from(["a-1", "ü"]),
    "slot": st.just("home.feed"),
    "value": st.integers(0, 6) | st.floats(0, 6),
    "properties": st.fixed_dictionaries(
        {"query": st.text(min_size=1, max_size=9)}, optional={"quantity": NUMBER, "a": JSON, "currency": TEXT}
    ),
    "decision_id": st.just("01JD"),
    "decision_token": st.just("d1.x.y"),
}
NEEDED = ("id", "type", "visitor_id")
ODD = st.none() | NUMBER | TEXT | TIMES | WORDS | JSON
LIKELY = st.fixed_dictionaries(
    {name: RIGHT[name] for name in NEEDED}, optional={name: RIGHT[name] for name in RIGHT if name not in NEEDED}
)
ITEMS = (
    LIKELY
    | st.fixed_dictionaries({}, optional={name: right | ODD for name, right in RIGHT.items()})
    | st.dictionaries(st.sampled_from(MEMBERS) | TEXT, ODD, max_size=5)
    | JSON
)


def judged(*items: object) -> Judged:
    return judge(items, now_ms=NOW, types=BUILT_IN, sources=HASHER.identity, consent={})


@CASES
@given(st.lists(ITEMS, max_size=6))
def test_every_event_is_taken_or_refused_and_each_as_if_it_were_alone(items: list[object]) -> None:
    result = judged(*items)
    assert sorted([*result.places, *(one.index for one in result.rejected)]) == list(range(len(items)))
    for place, event in zip(result.places, result.events, strict=True):
        assert judged(items[place]).events == [event]
        assert decode(encode(event)) == event
    for one in result.rejected:
        (alone,) = judged(items[one.index]).rejected
        assert alone.pointer == one.pointer.replace(f"/events/{one.index}", "/events/0", 1)
        assert alone.detail == one.detail
        json.dumps([one.pointer, one.detail], ensure_ascii=False).encode()


@CASES
@given(LIKELY)
def test_what_is_taken_is_taken_again_as_its_sender_would_write_it(item: object) -> None:
    """Bodies are JSON: going through text changes nothing."""
    result = judged(item)
    if result.events:
        assert judged(json.loads(json.dumps(item))) == result


@CASES
@given(ITEMS)
def test_the_quick_reading_agrees_with_the_exact_one(item: object) -> None:
    try:
        quick = msgspec.convert(item, Said)
    except (msgspec.ValidationError, OverflowError, UnicodeError):
        quick = None
    exact, wrong = None, None
    try:
        exact = explaining.read(item)
    except Bad as bad:
        wrong = explaining.pointer(bad.path)
    if quick is None:
        return
    if wrong is None:
        assert exact is not None
        assert (quick.time is None) == (exact.time is None)
        if quick.time is not None and exact.time is not None and exact.time.year > 1:
            assert milliseconds(quick.time) == milliseconds(exact.time)
        assert replace(quick, time=None) == replace(exact, time=None)
    else:  # the quick one looks at some values later, and to the same end
        assert [one.pointer for one in judged(item).rejected] == [f"/events/0{wrong}"]
