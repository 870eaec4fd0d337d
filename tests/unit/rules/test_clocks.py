"""Time: schedules, zones, clock changes, recurring nights, and what derives from the clock."""

from __future__ import annotations

from typing import Any

import pytest

import rules


def holds(
    rule: dict[str, Any], now: str, *, zone: str = "Europe/Paris", attributes: dict[str, Any] | None = None
) -> bool:
    """Whether a rule holds at an instant, in a document of that zone."""
    loaded = rules.load(
        {"timezone": zone, "slots": [{"id": "s"}], "rules": [{"id": "r", "slot": "s", "then": [], **rule}]}
    )
    facts = loaded.facts(attributes or {}, now=now)
    return bool(loaded.compiled("s").holding(facts))


@pytest.mark.parametrize(
    ("rule", "now", "expected"),
    [
        # from is in, until is out; a bare date is its midnight in the document's zone
        ({"from": "2026-11-20"}, "2026-11-19T22:59:59Z", False),
        ({"from": "2026-11-20"}, "2026-11-19T23:00:00Z", True),
        ({"until": "2026-11-20"}, "2026-11-19T22:59:59Z", True),
        ({"until": "2026-11-20"}, "2026-11-19T23:00:00Z", False),
        ({"from": "2026-11-20T18:00"}, "2026-11-20T17:00:00Z", True),
        ({"from": "2026-11-20T18:00"}, "2026-11-20T16:59:59.999999Z", False),
        ({"from": "2026-11-20T18:00Z"}, "2026-11-20T17:59:59Z", False),
        ({"from": "2026-11-20T18:00:00-05:00"}, "2026-11-20T23:00:00Z", True),
        ({"from": "2026-07-01"}, "2026-06-30T22:00:00Z", True),
        # the gap of spring: 02:30 does not exist and uses the offset before the gap, +01:00
        ({"from": "2026-03-29T02:30"}, "2026-03-29T01:29:59Z", False),
        ({"from": "2026-03-29T02:30"}, "2026-03-29T01:30:00Z", True),
        ({"from": "2026-03-29T03:00"}, "2026-03-29T01:00:00Z", True),
        # the fold of autumn: 02:30 comes twice and is the first, +02:00
        ({"from": "2026-10-25T02:30"}, "2026-10-25T00:29:59Z", False),
        ({"from": "2026-10-25T02:30"}, "2026-10-25T00:30:00Z", True),
        ({"from": "2026-10-25T02:30+01:00"}, "2026-10-25T01:29:59Z", False),
        ({"until": "2026-10-25T03:00"}, "2026-10-25T01:59:59Z", True),
        ({"until": "2026-10-25T03:00"}, "2026-10-25T02:00:00Z", False),
    ],
)
def test_a_span_in_the_documents_zone(rule: dict[str, Any], now: str, expected: bool) -> None:
    """Paris is an hour ahead in winter, two in summer."""
    assert holds(rule, now) is expected


@pytest.mark.parametrize(
    ("attributes", "now", "expected"),
    [
        ({}, "2026-11-19T23:00:00Z", True),
        ({"geo.timezone": "America/New_York"}, "2026-11-20T04:59:59Z", False),
        ({"geo.timezone": "America/New_York"}, "2026-11-20T05:00:00Z", True),
        ({"context.timezone": "Asia/Tokyo", "geo.timezone": "America/New_York"}, "2026-11-19T15:00:00Z", True),
        ({"context.timezone": "Asia/Tokyo"}, "2026-11-19T14:59:59Z", False),
        ({"context.timezone": "Nowhere/City", "geo.timezone": "Asia/Tokyo"}, "2026-11-19T15:00:00Z", True),
        ({"context.timezone": "../../etc/passwd"}, "2026-11-19T23:00:00Z", True),
        ({"context.timezone": 5}, "2026-11-19T23:00:00Z", True),
    ],
)
def test_a_span_in_the_visitors_zone(attributes: dict[str, Any], now: str, expected: bool) -> None:
    """The device's zone, else the place's, else the document's; an unknown name is none."""
    assert holds({"from": "2026-11-20", "timezone": "visitor"}, now, attributes=attributes) is expected


def test_an_offset_says_all_whatever_the_zone() -> None:
    """`timezone: visitor` changes nothing then."""
    rule = {"from": "2026-11-20T00:00:00+01:00", "timezone": "visitor"}
    assert holds(rule, "2026-11-19T23:00:00Z", attributes={"context.timezone": "Asia/Tokyo"})
    assert not holds(rule, "2026-11-19T22:59:59Z", attributes={"context.timezone": "Asia/Tokyo"})


NIGHT = {"on": {"weekdays": ["sat"], "hours": [22, 3]}}


@pytest.mark.parametrize(
    ("rule", "local", "expected"),
    [
        ({"on": {"hours": [18, 23]}}, "2026-11-21T18:00", True),
        ({"on": {"hours": [18, 23]}}, "2026-11-21T23:59:59", True),
        ({"on": {"hours": [18, 23]}}, "2026-11-21T17:59:59", False),
        ({"on": {"hours": [9, 9]}}, "2026-11-21T09:30", True),
        ({"on": {"weekdays": ["sat", "sun"]}}, "2026-11-21T00:00", True),
        ({"on": {"weekdays": ["sat", "sun"]}}, "2026-11-23T00:00", False),
        ({"on": {"weekdays": ["sat"], "hours": [9, 17]}}, "2026-11-22T09:00", False),
        (NIGHT, "2026-11-21T21:59", False),
        (NIGHT, "2026-11-21T22:00", True),
        (NIGHT, "2026-11-22T03:59", True),
        (NIGHT, "2026-11-22T04:00", False),
        (NIGHT, "2026-11-21T02:00", False),
        (NIGHT, "2026-11-22T22:00", False),
        ({"on": {"hours": [22, 3]}}, "2026-11-18T02:00", True),
        ({"on": {"hours": [22, 3]}, "from": "2026-11-21"}, "2026-11-20T23:30", False),
    ],
)
def test_hours_that_recur(rule: dict[str, Any], local: str, expected: bool) -> None:
    """Both hours are in, and a night belongs to the weekday on which it began. 21 November 2026 is a Saturday."""
    assert holds(rule, f"{local}{':00' if len(local) == 16 else ''}+01:00") is expected


def test_hours_that_recur_for_the_visitor() -> None:
    """On the visitor's own clock."""
    rule = {**NIGHT, "timezone": "visitor"}
    assert holds(rule, "2026-11-21T13:30:00Z", attributes={"context.timezone": "Asia/Tokyo"})
    assert not holds(rule, "2026-11-21T13:30:00Z")


def test_a_night_across_a_clock_change() -> None:
    """The hours are those of the wall clock: the second 02:30 of autumn is in, and 02:30 of spring never comes."""
    rule = {"on": {"hours": [2, 2]}}
    assert [holds(rule, f"2026-10-25T0{hour}:30:00Z") for hour in range(4)] == [True, True, False, False]
    assert [holds(rule, f"2026-03-29T0{hour}:30:00Z") for hour in range(4)] == [False, False, False, False]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time.hour", 8),
        ("time.of_day", "08:05"),
        ("time.weekday", "sun"),
        ("time.date", "2026-11-22"),
        ("time.now", "2026-11-21T23:05:00Z"),
    ],
)
def test_time_derives_from_the_clock_in_the_visitors_zone(name: str, value: object) -> None:
    """23:05 in UTC is 08:05 of the next day in Tokyo."""
    attributes = {"context.timezone": "Asia/Tokyo"}
    assert holds({"when": {name: value}}, "2026-11-21T23:05:00Z", attributes=attributes)
    assert holds({"when": {name: {"exists": True}}}, "2026-11-21T23:05:00Z")


def test_a_time_that_is_given_beats_the_derived_one() -> None:
    """As in tests of a document; a schedule still reads the clock."""
    assert holds({"when": {"time.hour": 3}}, "2026-11-21T12:00:00Z", attributes={"time.hour": 3})
    assert not holds(
        {"when": {"time.hour": 3}, "on": {"hours": [3, 3]}}, "2026-11-21T12:00:00Z", attributes={"time.hour": 3}
    )
    assert not holds(
        {"when": {"time.hour": {"exists": True}}}, "2026-11-21T12:00:00Z", attributes={"time.hour": "three"}
    )


def test_dates_in_data_are_midnights_of_the_document_and_times_are_utc() -> None:
    """A date against a date-time is its midnight in the document's zone; a date-time without an offset is UTC."""
    document = {
        "timezone": "Europe/Paris",
        "attributes": {"profile.d": {"type": "date"}, "profile.t": {"type": "datetime"}},
        "slots": [{"id": "s"}],
        "rules": [
            {"id": "d", "slot": "s", "then": [], "when": {"profile.d": {"gte": "2026-11-20T23:00:00Z"}}},
            {"id": "t", "slot": "s", "then": [], "when": {"profile.t": {"gte": "2026-11-21"}}},
        ],
    }
    loaded = rules.load(document)

    def held(**attributes: str) -> list[str]:
        facts = loaded.facts({f"profile.{key}": value for key, value in attributes.items()}, now="2026-11-21T12:00:00Z")
        return [rule.id for rule in loaded.compiled("s").holding(facts)]

    assert held(d="2026-11-21") == ["d"]
    assert held(d="2026-11-20") == []
    assert held(t="2026-11-20T23:00:00") == ["t"]
    assert held(t="2026-11-20T22:59:59") == []
    assert held(t="2026-11-21") == ["t"]


def test_a_decision_needs_an_instant() -> None:
    """Nothing reads the time by itself; a text that is none is refused."""
    loaded = rules.load({"slots": [{"id": "s"}]})
    with pytest.raises(ValueError, match="is no instant"):
        loaded.decide("s", {}, [], now="noon")
