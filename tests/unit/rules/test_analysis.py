"""The analysis, finding by finding: what it reports, what it says, and what it keeps quiet about."""

from __future__ import annotations

from typing import Any

import pytest

import rules
from rules.analysis.findings import Finding

ATTRIBUTES = {
    "profile.spend": {"type": "number", "purpose": "personalization"},
    "profile.tags": {"type": "string_list"},
    "profile.last": {"type": "datetime"},
    "profile.birthday": {"type": "date"},
    "profile.home": {"type": "location"},
    "profile.app": {"type": "version"},
    "profile.word": {"type": "string"},
}
SEGMENTS = [
    {"id": "big", "when": {"profile.spend": {"gte": 500}}},
    {"id": "huge", "when": {"segment": "big", "profile.spend": {"gte": 5000}}},
    {"id": "fan", "pattern": {"event": "view", "count": {"gte": 3}, "within": "30m"}},
    {"id": "off", "enabled": False, "when": {"geo.eu": True}},
    {"id": "listed", "members": ["v-1", "v-2"]},
]
HERE = {"lat": 48.85, "lon": 2.35}
FAR = {"lat": 58.0, "lon": 2.35}


def ruleset(*items: dict[str, Any], **more: Any) -> rules.Ruleset:
    """Of a document with these rules; slot `s` shows one block, slot `t` five."""
    made = [{"id": f"r{number}", "slot": "s", "then": [], **item} for number, item in enumerate(items)]
    document = {
        "timezone": "Europe/Paris",
        "attributes": ATTRIBUTES,
        "segments": SEGMENTS,
        "slots": [{"id": "s"}, {"id": "t", "limit": 5}],
        "rules": made,
        **more,
    }
    return rules.load(document)


def findings(*items: dict[str, Any], **more: Any) -> list[Finding]:
    """What is found in a document with these rules."""
    return ruleset(*items, **more).analyse()


NEVER = {
    "two countries": {"all": [{"geo.country": "FR"}, {"geo.country": "DE"}]},
    "a country that is none of them": {"geo.country": {"in": ["FR", "DE"], "not_in": ["DE", "FR", "IT"]}},
    "present and absent": {"geo.city": {"exists": True}, "not": {"geo.city": {"exists": True}}},
    "an empty range": {"profile.spend": {"gt": 5, "lt": 3}},
    "one number, excluded": {"profile.spend": {"gte": 5, "lte": 5, "ne": 5}},
    "a yes and a no": {"geo.eu": True, "all": [{"geo.eu": False}]},
    "beginnings": {"request.path": {"starts_with": "/a"}, "all": [{"request.path": {"starts_with": "/b"}}]},
    "a part that must and must not be there": {
        "profile.word": {"contains": "abc"},
        "not": {"profile.word": {"contains": "b"}},
    },
    "parts, in any case": {
        "profile.word": {"starts_with": "Abc", "any_case": True},
        "not": {"profile.word": {"contains": "BC", "any_case": True}},
    },
    "a list with and without": {"profile.tags": {"contains": "a"}, "not": {"profile.tags": ["a", "b"]}},
    "all without one": {"profile.tags": {"contains_all": ["a", "b"]}, "not": {"profile.tags": {"contains": "b"}}},
    "two places": {
        "profile.home": {"within_km": {**HERE, "km": 10}},
        "all": [{"profile.home": {"within_km": {**FAR, "km": 10}}}],
    },
    "a place within what is left out": {
        "profile.home": {"within_km": {**HERE, "km": 10}},
        "not": {"profile.home": {"within_km": {**HERE, "km": 20}}},
    },
    "versions": {"profile.app": {"version_gt": "2.0", "version_lt": "1.9"}},
    "a version and above it": {"profile.app": {"version_eq": "2.0", "version_gt": "v2"}},
    "networks": {"request.ip": {"in_network": "10.0.0.0/8"}, "not": {"request.ip": {"in_network": "0.0.0.0/0"}}},
    "days": {"profile.birthday": {"gt": "2000-01-01", "lt": "2000-01-02"}},
    "instants": {"profile.last": {"after": "2026-01-02", "before": "2026-01-01T12:00"}},
    "the same time ago": {
        "profile.last": {"before": {"ago": "7d"}},
        "not": {"profile.last": {"before": {"ago": "7d"}}},
    },
    "hours": {"time.hour": {"between": [2, 5]}, "time.of_day": {"gte": "12:00"}},
    "no time at all": {"time.weekday": {"exists": False}},
    "weekdays": {
        "time.weekday": {"between": ["fri", "mon"]},
        "not": {"time.weekday": {"in": ["fri", "sat", "sun", "mon"]}},
    },
    "refused consent": {"consent.personalization": False, "profile.spend": {"gt": 1}},
    "shares": {
        "visitor.id": {"percent": {"lt": 10, "salt": "x"}},
        "not": {"visitor.id": {"percent": {"lt": 20, "salt": "x"}}},
    },
    "a share of those without an id": {"visitor.id": {"exists": False, "percent": {"lt": 10, "salt": "x"}}},
    "nothing to choose from": {"any": []},
    "never": {"not": {"all": []}},
    "a disabled segment": {"segment": "off"},
    "every way": {"any": [{"geo.country": "FR"}, {"geo.country": "DE"}], "geo.country": "IT"},
    "opposite segments": {"segment": "fan", "not": {"segment": ["fan", "listed"]}},
}


@pytest.mark.parametrize("when", NEVER.values(), ids=NEVER)
def test_a_condition_that_nobody_meets_is_unreachable(when: dict[str, Any]) -> None:
    """One finding, without a witness, that says why."""
    (found,) = findings({"when": when})
    assert (found.kind, found.rules, found.slot, found.witness) == ("unreachable", ("r0",), "s", None)
    assert found.message.startswith("'r0' can never hold: ")


def test_what_clashes_is_named() -> None:
    """The reason holds what an editor has to look at, in words."""
    (found,) = findings({"when": {"geo.country": "FR", "profile.spend": {"gt": 5, "lt": 3}}})
    assert found.message == (
        "'r0' can never hold: nothing satisfies all of: profile.spend is above 5; profile.spend is below 3."
    )


def test_segments_are_read_as_their_conditions() -> None:
    """Also those that name others; the sentence says what a caller could still claim."""
    (found,) = findings({"when": {"segment": "huge", "profile.spend": {"lt": 100}}})
    assert found.kind == "unreachable"
    assert found.message.endswith("unless a caller says so of segment 'big', 'huge'.")


@pytest.mark.parametrize(
    "rule",
    [
        {"when": {"time.weekday": "mon"}, "from": "2026-12-24", "until": "2026-12-25"},
        {"on": {"weekdays": ["mon"]}, "from": "2026-12-24", "until": "2026-12-25"},
        {"when": {"time.date": "2027-01-01"}, "until": "2026-12-25"},
        {"when": {"time.now": {"after": "2027-01-01"}}, "until": "2026-12-25"},
        {"when": {"time.hour": 12}, "on": {"hours": [13, 15]}, "timezone": "visitor"},
    ],
)
def test_a_schedule_may_leave_no_moment(rule: dict[str, Any]) -> None:
    """The clock is one for the schedule and the condition."""
    (found,) = findings(rule)
    assert found.kind == "unreachable"
    assert "schedule" in found.message


POSSIBLE = {
    "nothing asked": {},
    "absence": {"geo.city": {"exists": False}, "not": {"geo.country": "FR"}},
    "a list": {
        "profile.tags": {"contains_all": ["a", "b"], "contains_any": ["c", "d"]},
        "not": {"profile.tags": ["c"]},
    },
    "a narrow share": {"visitor.id": {"percent": {"gte": 10, "lt": 10.5, "salt": "x"}}},
    "another attribute": {"geo.region": {"ref": "geo.country"}, "profile.spend": {"gt": {"ref": "visitor.visits"}}},
    "some time ago": {"profile.last": {"before": {"ago": "7d"}}},
    "an hour of a date": {"time.date": "2026-11-21", "time.hour": 3, "time.weekday": "sat"},
    "an expression": {"request.path": {"matches": "^/shop/(new|old)$"}},
    "a network and not its part": {
        "request.ip": {"in_network": "10.0.0.0/8"},
        "not": {"request.ip": {"in_network": "10.0.0.0/9"}},
    },
    "between two versions": {"profile.app": {"version_gt": "2.0", "version_lt": "2.0.1"}},
    "between two doubles": {"profile.spend": {"gt": 0.1, "lt": 0.2}},
    "a pattern": {"segment": ["fan"], "not": {"segment": "listed"}},
    "a segment": {"segment": "huge"},
    "any case": {"profile.word": {"eq": "Ski", "any_case": True}, "not": {"profile.word": "Ski"}},
    "near": {
        "profile.home": {"within_km": {**HERE, "km": 10}},
        "not": {"profile.home": {"within_km": {**HERE, "km": 1}}},
    },
}


@pytest.mark.parametrize("when", POSSIBLE.values(), ids=POSSIBLE)
def test_what_can_hold_is_shown_to_hold(when: dict[str, Any]) -> None:
    """Two such rules are duplicates, and the duplicate's witness is a visitor for whom both hold."""
    loaded = ruleset({"when": when}, {"when": when})
    (found,) = loaded.analyse()
    assert (found.kind, found.rules, found.slot) == ("duplicate", ("r0", "r1"), "s")
    witness: Any = found.witness
    facts = loaded.facts(witness["attributes"], segments=witness["segments"], now=witness["now"])
    assert [rule.id for rule in loaded.compiled("s").holding(facts)] == ["r0", "r1"]


def test_a_disabled_rule_is_not_reported() -> None:
    """Nor one whose slots are all disabled."""
    gone = {"id": "gone", "enabled": False}
    impossible = {"when": {"any": []}}
    assert findings({**impossible, "enabled": False}) == []
    assert findings({**impossible, "slot": "gone"}, slots=[{"id": "s"}, gone]) == []


STOP = {"priority": 10, "slot": "*", "when": {"geo.eu": True}, "then": [{"stop": True}]}


def test_a_rule_that_is_always_stopped_is_shadowed() -> None:
    """Whenever it holds, the other does; the witness shows one such visitor."""
    (found,) = findings(
        {"slot": "t", "when": {"geo.eu": True, "geo.country": "FR"}, "then": [{"pin": {"id": "a"}}]}, STOP
    )
    assert (found.kind, found.rules, found.slot) == ("shadowed", ("r0", "r1"), "t")
    assert found.message == "'r0' never has an effect: whenever it holds, 'r1' holds too and stops it."
    assert found.witness is not None
    assert found.witness["attributes"] == {"geo.eu": True, "geo.country": "FR"}


@pytest.mark.parametrize(
    "rule",
    [
        {"when": {"geo.country": "FR"}},
        {"when": {"geo.eu": True}, "priority": 10},
        {"when": {"geo.eu": True}, "priority": 11},
    ],
)
def test_a_rule_that_some_see_is_not_shadowed(rule: dict[str, Any]) -> None:
    """By a condition that does not imply the other's, or by priority."""
    assert findings({**rule, "then": [{"pin": {"id": "a"}}]}, STOP) == []


def test_a_schedule_that_is_longer_than_the_others_is_not_shadowed() -> None:
    """Outside the other's days it counts."""
    rule = {"when": {"geo.eu": True}, "then": [{"pin": {"id": "a"}}]}
    other = {**STOP, "from": "2026-11-01", "until": "2026-12-01"}
    assert findings({**rule, "from": "2026-11-01", "until": "2026-12-02"}, other) == []
    (found,) = findings({**rule, "from": "2026-11-05", "until": "2026-11-06"}, other)
    assert found.kind == "shadowed"


PINS = [{"pin": {"content.tags": "vip"}}]


@pytest.mark.parametrize(
    ("rule", "other", "shadowed"),
    [
        ({"then": [{"pin": {"content.tags": "vip", "content.type": "hero"}}]}, {"then": PINS}, True),
        ({"then": [{"pin": {"id": "a"}}]}, {"then": [{"pin": {"id": ["a", "b"]}}]}, True),
        ({"then": [{"pin": {"id": "c"}}]}, {"then": [{"pin": {"id": ["a", "b"]}}]}, False),
        ({"then": PINS}, {"then": PINS, "cap": {"per_visitor": 1, "within": "1d"}}, False),
        ({"then": [{**PINS[0], "uncapped": True}]}, {"then": PINS}, False),
        ({"then": PINS, "slot": "t"}, {"then": PINS}, False),
        ({"then": [*PINS, {"boost": {}, "by": 1}]}, {"then": PINS}, False),
        ({"then": PINS}, {"then": [{**PINS[0], "position": 2}]}, False),
        ({"then": PINS, "when": {}}, {"then": PINS}, False),
        (
            {"then": [{"set": {"presentation.a": 1}}]},
            {"then": [{"set": {"presentation.a": 2, "presentation.b": 1}}]},
            True,
        ),
        ({"then": [{"set": {"presentation.a": 1}}]}, {"then": [{"set": {"presentation.b": 2}}]}, False),
        ({"then": [{"model": {"weight": 0}}]}, {"then": [{"model": {"weight": 1, "name": "m"}}]}, True),
        ({"then": [{"hide": {"id": "a"}}]}, {"then": [{"hide": {"content.id": ["a", "b"]}}]}, True),
        ({"then": [{"only": {"content.type": ["a", "b"]}}]}, {"then": [{"only": {"content.type": "a"}}]}, True),
        ({"then": []}, {"then": PINS}, False),
    ],
)
def test_a_rule_whose_every_effect_is_undone_is_shadowed(
    rule: dict[str, Any], other: dict[str, Any], shadowed: bool
) -> None:
    """In a slot of one block a pin loses to an earlier one that takes the same entries; hints to an earlier hint."""
    base = {"when": {"geo.eu": True}}
    found = findings({**base, **rule}, {**base, "slot": "*", "priority": 5, **other})
    assert [one.kind for one in found] == (["shadowed"] if shadowed else [])


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ([{"pin": {"content.tags": "vip"}}], [{"hide": {"content.tags": "vip"}}], "pins what the other hides"),
        ([{"pin": {"content.tags": "vip", "content.type": "hero"}}], [{"hide": {"content.tags": "vip"}}], "hides"),
        ([{"pin": {"id": "a"}}], [{"hide": {"id": ["a", "b"]}}], "hides"),
        ([{"pin": {"id": "a"}}], [{"hide": {}}], "hides"),
        ([{"pin": {"id": "a"}}], [{"only": {"id": ["b", "c"]}}], "leaves out"),
        ([{"pin": {"content.type": "card"}}], [{"only": {"content.type": "hero"}}], "leaves out"),
        ([{"set": {"presentation.a": 1}}], [{"set": {"presentation.a": True}}], "sets presentation.a to 1"),
    ],
)
def test_rules_that_work_against_each_other_contradict(left: list[Any], right: list[Any], said: str) -> None:
    """The witness is a visitor for whom both hold."""
    (found,) = findings({"when": {"geo.eu": True}, "then": left}, {"when": {"geo.country": "FR"}, "then": right})
    assert (found.kind, set(found.rules), found.slot) == ("contradiction", {"r0", "r1"}, "s")
    assert said in found.message
    assert found.witness is not None
    assert found.witness["attributes"] == {"geo.eu": True, "geo.country": "FR"}


HIDE = {"then": [{"hide": {"content.tags": "vip"}}]}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"when": {"geo.eu": True}}, {"when": {"geo.eu": False}}),
        ({"until": "2026-11-01"}, {"from": "2026-11-01"}),
        ({"slot": "t"}, {}),
        ({}, {"priority": -1, "then": [{"hide": {"content.tags": "vip", "content.type": "x"}}]}),
        ({"priority": 1, "then": [*PINS, {"stop": True}]}, {}),
    ],
)
def test_rules_that_never_meet_do_not_contradict(left: dict[str, Any], right: dict[str, Any]) -> None:
    """By condition, schedule, slot, what they take, or because one stops the other by intent."""
    found = findings({"then": PINS, **left}, {**HIDE, **right})
    assert [one for one in found if one.kind == "contradiction"] == []


def test_hints_of_different_priority_do_not_contradict() -> None:
    """An editor has said which one counts."""
    left, right = [{"set": {"presentation.a": 1}}], [{"set": {"presentation.a": 2}}]
    assert (
        findings(
            {"when": {"geo.eu": True}, "then": left}, {"priority": 1, "when": {"geo.country": "FR"}, "then": right}
        )
        == []
    )


@pytest.mark.parametrize(
    "other",
    [
        {"when": {"all": [{"device.type": "tv"}, {"geo.eu": True}]}},
        {"when": {"geo.eu": True, "device.type": "tv"}, "then": [{"boost": {"content.id": "a"}, "by": 1.0}]},
        {"name": "Another name", "priority": 3},
    ],
)
def test_rules_that_say_the_same_are_duplicates(other: dict[str, Any]) -> None:
    """However they are written."""
    one = {"when": {"device.type": "tv", "geo.eu": True}, "then": [{"boost": {"id": "a"}, "by": 1}]}
    (found,) = findings(one, {**one, **other})
    assert (found.kind, found.rules) == ("duplicate", ("r0", "r1"))
    assert found.message == "'r0' and 'r1' have the same condition, schedule, slots and effects."


@pytest.mark.parametrize(
    "other",
    [
        {"slot": "t"},
        {"from": "2026-11-01"},
        {"when": {"geo.eu": False}},
        {"then": []},
        {"cap": {"per_visitor": 1, "within": "1d"}},
    ],
)
def test_rules_that_differ_are_no_duplicates(other: dict[str, Any]) -> None:
    """In slot, schedule, condition, effects or cap."""
    one = {"when": {"geo.eu": True}, "then": [{"boost": {"id": "a"}, "by": 1}]}
    assert findings(one, {**one, **other}) == []


def test_a_sound_document_has_no_findings() -> None:
    """The example of the language."""
    one = {"slot": "t", "when": {"profile.spend": {"gt": 5}}, "then": PINS}
    other = {"slot": "t", "when": {"geo.country": "FR"}, "then": [{"boost": {"content.tags": "vip"}, "by": 1}]}
    assert findings(one, other) == []


def test_findings_are_bounded() -> None:
    """Seven hundred and fifty pairs contradict each other here; the list ends at five hundred."""
    items = [
        {"slot": "t", "when": {"geo.country": f"C{number % 50}"}, "then": [{"set": {"presentation.a": number}}]}
        for number in range(300)
    ]
    found = findings(*items)
    assert len(found) == 500
    assert {one.kind for one in found} == {"contradiction"}
