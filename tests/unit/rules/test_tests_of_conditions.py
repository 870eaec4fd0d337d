"""Every test of the language, for the types it is for: what makes it true, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

import rules

NOW = "2026-11-21T22:30:00Z"  # a Saturday
CATALOGUE: dict[str, Any] = {
    "custom.s": {"type": "string"},
    "custom.t": {"type": "string"},
    "custom.n": {"type": "number"},
    "custom.m": {"type": "number"},
    "custom.b": {"type": "boolean"},
    "custom.d": {"type": "date"},
    "custom.dt": {"type": "datetime"},
    "custom.v": {"type": "version"},
    "custom.ip": {"type": "ip"},
    "custom.loc": {"type": "location"},
    "custom.sl": {"type": "string_list"},
    "custom.nl": {"type": "number_list"},
    "profile.p": {"type": "string", "purpose": "ads"},
    "profile.n": {"type": "number", "purpose": "ads"},
}
PARIS, LONDON = {"lat": 48.8566, "lon": 2.3522}, {"lat": 51.5074, "lon": -0.1278}

TABLE: list[tuple[str, Any, Any, bool]] = [
    # eq, ne, in, not_in: strings exactly, booleans no numbers, 1 equals 1.0
    ("custom.s", "FR", "FR", True),
    ("custom.s", "FR", "fr", False),
    ("custom.s", {"eq": "1"}, "1", True),
    ("custom.s", {"eq": "e\u0301"}, "\u00e9", False),
    ("custom.s", {"ne": "FR"}, "DE", True),
    ("custom.s", {"ne": "FR"}, "FR", False),
    ("custom.s", ["FR", "DE"], "DE", True),
    ("custom.s", {"in": ["FR", "DE"]}, "IT", False),
    ("custom.s", {"in": []}, "IT", False),
    ("custom.s", {"not_in": ["FR", "DE"]}, "IT", True),
    ("custom.s", {"not_in": ["FR", "DE"]}, "FR", False),
    ("custom.n", 1, 1.0, True),
    ("custom.n", 1.0, 1, True),
    ("custom.n", {"in": [0, 1]}, 1.0, True),
    ("custom.n", {"ne": 1}, 1.0, False),
    ("custom.n", 2**53, 2**53, True),
    ("custom.n", 0, -0.0, True),
    ("custom.b", True, True, True),
    ("custom.b", True, False, False),
    ("custom.b", {"ne": True}, False, True),
    ("custom.d", "2026-11-21", "2026-11-21", True),
    ("custom.dt", "2026-11-21T12:00:00+01:00", "2026-11-21T11:00:00Z", True),
    ("custom.dt", {"not_in": ["2026-11-21T11:00:00Z"]}, "2026-11-21T12:00:00+01:00", False),
    ("custom.ip", "10.0.0.1", "10.0.0.1", True),
    ("custom.v", {"eq": "1.2"}, "1.2.0", False),
    # gt, gte, lt, lte, between: numbers, dates, date-times as instants
    ("custom.n", {"gt": 5}, 5, False),
    ("custom.n", {"gt": 5}, 5.000001, True),
    ("custom.n", {"gte": 5}, 5.0, True),
    ("custom.n", {"lt": 5}, 4, True),
    ("custom.n", {"lte": 5}, 5, True),
    ("custom.n", {"gt": 5, "lt": 7}, 6, True),
    ("custom.n", {"gt": 5, "lt": 7}, 7, False),
    ("custom.n", {"between": [5, 7]}, 5, True),
    ("custom.n", {"between": [5, 7]}, 7, True),
    ("custom.n", {"between": [5, 7]}, 7.1, False),
    ("custom.n", {"between": [5, 5]}, 5, True),
    ("custom.d", {"gt": "2026-11-20"}, "2026-11-21", True),
    ("custom.d", {"between": ["2026-11-20", "2026-11-22"]}, "2026-11-22", True),
    ("custom.d", {"lt": "2026-11-21T00:00:01Z"}, "2026-11-21", True),
    ("custom.d", {"lt": "2026-11-21T00:00:00Z"}, "2026-11-21", False),
    ("custom.dt", {"gte": "2026-11-21"}, "2026-11-21T00:00:00Z", True),
    ("custom.dt", {"gte": "2026-11-21"}, "2026-11-21", True),
    ("custom.dt", {"gt": "2026-11-21T10:00:00"}, "2026-11-21T12:30:00+02:00", True),
    ("custom.dt", {"gt": "2026-11-21T10:00:00"}, "2026-11-21T12:00:00+02:00", False),
    ("time.hour", {"between": [22, 4]}, 23, True),
    ("time.hour", {"between": [22, 4]}, 4, True),
    ("time.hour", {"between": [22, 4]}, 5, False),
    ("time.hour", {"gte": 22}, 22, True),
    ("time.of_day", {"between": ["22:30", "04:30"]}, "04:30", True),
    ("time.of_day", {"between": ["22:30", "04:30"]}, "22:29", False),
    ("time.of_day", {"gt": "18:30"}, "18:31", True),
    ("time.of_day", {"starts_with": "18:"}, "18:31", True),
    ("time.of_day", {"matches": ":[03]0$"}, "18:31", False),
    ("time.weekday", {"between": ["fri", "mon"]}, "sun", True),
    ("time.weekday", {"between": ["fri", "mon"]}, "tue", False),
    ("time.weekday", ["sat", "sun"], "sat", True),
    # contains, contains_any, contains_all
    ("custom.s", {"contains": "ki"}, "skip", True),
    ("custom.s", {"contains": "KI"}, "skip", False),
    ("custom.s", {"contains": ""}, "", True),
    ("custom.sl", "a", ["a", "b"], True),
    ("custom.sl", "c", ["a", "b"], False),
    ("custom.sl", ["c", "a"], ["a", "b"], True),
    ("custom.sl", {"contains_any": ["c"]}, ["a"], False),
    ("custom.sl", {"contains_all": ["a", "b"]}, ["b", "a", "c"], True),
    ("custom.sl", {"contains_all": ["a", "b"]}, ["a"], False),
    ("custom.sl", {"contains": "a"}, [], False),
    ("custom.nl", 1, [1.0], True),
    ("custom.nl", {"contains_all": [1, 2.5]}, [2.5, 1], True),
    # starts_with, ends_with, matches
    ("custom.s", {"starts_with": "/shop"}, "/shop/1", True),
    ("custom.s", {"starts_with": "shop"}, "/shop/1", False),
    ("custom.s", {"ends_with": "/1"}, "/shop/1", True),
    ("custom.s", {"matches": "op/[0-9]"}, "/shop/1", True),
    ("custom.s", {"matches": "^op"}, "/shop/1", False),
    ("custom.s", {"matches": "SHOP"}, "/shop/1", False),
    ("custom.s", {"matches": "(?i)SHOP"}, "/shop/1", True),
    ("custom.s", {"matches": "a"}, "\ud800a", False),
    # any_case: NFC and case-folded
    ("custom.s", {"eq": "STRASSE", "any_case": True}, "straße", True),
    ("custom.s", {"eq": "\u00c9vry", "any_case": True}, "e\u0301VRY", True),
    ("custom.s", {"in": ["Ski"], "any_case": True}, "SKI", True),
    ("custom.s", {"not_in": ["Ski"], "any_case": True}, "SKI", False),
    ("custom.s", {"ne": "Ski", "any_case": True}, "sKi", False),
    ("custom.s", {"starts_with": "/SHOP", "any_case": True}, "/shop", True),
    ("custom.s", {"ends_with": "OP", "any_case": True}, "/shop", True),
    ("custom.s", {"contains": "HO", "any_case": True}, "/shop", True),
    ("custom.s", {"eq": "ski", "any_case": False}, "SKI", False),
    ("custom.sl", {"contains": "SKI", "any_case": True}, ["ski"], True),
    ("custom.sl", {"contains_all": ["SKI", "Art"], "any_case": True}, ["art", "ski"], True),
    # exists
    ("custom.s", {"exists": True}, "", True),
    ("custom.s", {"exists": False}, "x", False),
    ("custom.b", {"exists": True}, False, True),
    ("custom.sl", {"exists": True}, [], True),
    ("custom.loc", {"exists": True}, PARIS, True),
    # versions
    ("custom.v", {"version_eq": "1.2"}, "v1.2.0", True),
    ("custom.v", {"version_gt": "1.2.3"}, "1.2.3.1", True),
    ("custom.v", {"version_gte": "1.10"}, "1.9", False),
    ("custom.v", {"version_lt": "2.0.0"}, "2.0.0-rc.1", True),
    ("custom.v", {"version_lte": "2.0.0-rc.1"}, "2.0.0", False),
    ("custom.s", {"version_gt": "15"}, "16.1", True),
    ("custom.s", {"version_gt": "15"}, "sixteen", False),
    # in_network
    ("custom.ip", {"in_network": "10.0.0.0/8"}, "10.255.0.1", True),
    ("custom.ip", {"in_network": ["192.0.2.0/24", "10.0.0.0/8"]}, "11.0.0.1", False),
    ("custom.ip", {"in_network": "2001:db8::/32"}, "2001:DB8::7", True),
    ("custom.ip", {"in_network": "10.0.0.0/8"}, "::ffff:10.0.0.1", True),
    ("custom.s", {"in_network": "10.0.0.0/8"}, "10.0.0.1", True),
    ("custom.s", {"in_network": "10.0.0.0/8"}, "10.0.0", False),
    # within_km: great circle, rounded to the metre, both ends in
    ("custom.loc", {"within_km": {**LONDON, "km": 343.557}}, PARIS, True),
    ("custom.loc", {"within_km": {**LONDON, "km": 343.555}}, PARIS, False),
    ("custom.loc", {"within_km": {**PARIS, "km": 0}}, PARIS, True),
    ("custom.loc", {"within_km": {"lat": 0, "lon": 179.9, "km": 30}}, {"lat": 0, "lon": -179.9}, True),
    ("custom.loc", {"within_km": {"lat": 90, "lon": 0, "km": 1}}, {"lat": 90, "lon": 120}, True),
    # before, after
    ("custom.dt", {"before": "2026-11-21"}, "2026-11-20T23:59:59Z", True),
    ("custom.dt", {"before": "2026-11-21"}, "2026-11-21T00:00:00Z", False),
    ("custom.dt", {"after": "2026-11-21"}, "2026-11-21T00:00:00Z", False),
    ("custom.dt", {"after": "2026-11-21"}, "2026-11-21T00:00:01Z", True),
    ("custom.dt", {"after": {"ago": "1d"}}, "2026-11-20T22:30:01Z", True),
    ("custom.dt", {"after": {"ago": "1d"}}, "2026-11-20T22:30:00Z", False),
    ("custom.dt", {"before": {"ago": "30s"}}, "2026-11-21T22:29:29Z", True),
    ("custom.d", {"before": {"ago": "1w"}}, "2026-11-14", True),
    # what derives from the clock
    ("time.hour", 22, None, True),
    ("time.of_day", "22:30", None, True),
    ("time.weekday", "sat", None, True),
    ("time.date", "2026-11-21", None, True),
    ("time.now", {"after": {"ago": "1s"}}, None, True),
]


@pytest.mark.parametrize(("name", "tests", "value", "expected"), TABLE)
def test_a_test_of_one_value(name: str, tests: Any, value: Any, expected: bool) -> None:
    """And its negation is the opposite."""
    attributes = {} if value is None else {name: value}
    assert rules.matches({name: tests}, attributes, now=NOW, catalogue=CATALOGUE) is expected
    assert rules.matches({"not": {name: tests}}, attributes, now=NOW, catalogue=CATALOGUE) is not expected


ABSENT: list[tuple[str, Any]] = [
    ("custom.s", "FR"),
    ("custom.s", ["FR"]),
    ("custom.s", {"contains": "F"}),
    ("custom.s", {"starts_with": "F"}),
    ("custom.s", {"ends_with": "R"}),
    ("custom.s", {"matches": ".*"}),
    ("custom.s", {"version_lt": "99"}),
    ("custom.s", {"eq": "FR", "any_case": True}),
    ("custom.n", {"gt": -1}),
    ("custom.n", {"between": [-9, 9]}),
    ("custom.b", False),
    ("custom.d", {"lt": "2100-01-01"}),
    ("custom.dt", {"before": {"ago": "1s"}}),
    ("custom.v", {"version_gte": "0"}),
    ("custom.ip", {"in_network": ["0.0.0.0/0", "::/0"]}),
    ("custom.loc", {"within_km": {**PARIS, "km": 30000}}),
    ("custom.sl", "a"),
    ("custom.sl", {"contains_any": ["a"]}),
    ("custom.nl", {"contains_all": [1]}),
    ("custom.s", {"exists": True}),
    ("visitor.id", {"percent": {"lt": 100, "salt": "s"}}),
]
WRONG: dict[str, list[Any]] = {
    "custom.s": [None, 5, True, ["FR"], {"a": 1}],
    "custom.n": [None, "5", True, [5], float("nan"), float("inf"), 2**53 + 1],
    "custom.b": [None, 0, 1, "true"],
    "custom.d": [None, "soon", 5, "2026-02-30", "2026-11-21T00:00:00Z"],
    "custom.dt": [None, "soon", 5, "2026-11-21T25:00:00Z"],
    "custom.v": [None, 2, "two", ""],
    "custom.ip": [None, "10.0.0", 10],
    "custom.loc": [None, "Paris", {"lat": 48}, {"lat": 91, "lon": 0}, [48, 2]],
    "custom.sl": [None, "a", [1], ["a", 1], ["a", None]],
    "custom.nl": [None, 1, ["1"], [True]],
    "visitor.id": [None, 5, ""],
}


@pytest.mark.parametrize(("name", "tests"), ABSENT)
def test_what_is_missing_null_or_mistyped_makes_a_test_false(name: str, tests: Any) -> None:
    """Its negation is true, whatever the reason."""
    for attributes in ({}, *({name: wrong} for wrong in WRONG[name])):
        assert rules.matches({name: tests}, attributes, now=NOW, catalogue=CATALOGUE) is False, attributes
        assert rules.matches({"not": {name: tests}}, attributes, now=NOW, catalogue=CATALOGUE) is True, attributes


@pytest.mark.parametrize(
    ("name", "tests"),
    [
        ("custom.s", {"ne": "FR"}),
        ("custom.s", {"ne": "FR", "any_case": True}),
        ("custom.s", {"not_in": ["FR"]}),
        ("custom.n", {"ne": 5}),
        ("custom.b", {"not_in": [True, False]}),
        ("custom.dt", {"ne": "2026-11-21"}),
        ("custom.sl", {"exists": False}),
        ("custom.loc", {"exists": False}),
        ("custom.v", {"exists": False}),
    ],
)
def test_three_tests_are_true_of_what_is_missing(name: str, tests: Any) -> None:
    """`ne`, `not_in` and `exists: false`."""
    for attributes in ({}, *({name: wrong} for wrong in WRONG[name])):
        assert rules.matches({name: tests}, attributes, now=NOW, catalogue=CATALOGUE) is True, attributes
        assert rules.matches({"not": {name: tests}}, attributes, now=NOW, catalogue=CATALOGUE) is False, attributes


@pytest.mark.parametrize(
    ("consent", "allowed"),
    [
        ({}, True),
        ({"consent.ads": None}, True),
        ({"consent.ads": True}, True),
        ({"consent.ads": False}, False),
        ({"consent.ads": "yes"}, False),
        ({"consent.other": False}, True),
    ],
)
def test_an_attribute_whose_purpose_is_refused_is_missing(consent: dict[str, Any], allowed: bool) -> None:
    """Refused is a consent that is known and not true."""
    attributes = {"profile.p": "a", "profile.n": 5, "custom.s": "a", **consent}

    def holds(condition: dict[str, Any]) -> bool:
        return rules.matches(condition, attributes, catalogue=CATALOGUE)

    assert holds({"profile.p": "a"}) is allowed
    assert holds({"profile.p": {"ne": "a"}}) is not allowed
    assert holds({"profile.p": {"exists": True}}) is allowed
    assert holds({"profile.n": {"gt": 1}}) is allowed
    assert holds({"custom.s": {"ref": "profile.p"}}) is allowed
    assert holds({"custom.s": "a"})


REFS: list[tuple[Any, dict[str, Any], bool]] = [
    ({"custom.s": {"ref": "custom.t"}}, {"custom.s": "a", "custom.t": "a"}, True),
    ({"custom.s": {"ref": "custom.t"}}, {"custom.s": "a", "custom.t": "b"}, False),
    ({"custom.s": {"eq": {"ref": "custom.t"}, "any_case": True}}, {"custom.s": "a", "custom.t": "A"}, True),
    ({"custom.s": {"ne": {"ref": "custom.t"}}}, {"custom.s": "a", "custom.t": "a"}, False),
    ({"custom.s": {"ne": {"ref": "custom.t"}}}, {"custom.s": "a"}, True),
    ({"custom.s": {"ne": {"ref": "custom.t"}}}, {"custom.t": "a"}, True),
    ({"custom.s": {"ref": "custom.t"}}, {}, False),
    ({"custom.s": {"starts_with": {"ref": "custom.t"}}}, {"custom.s": "abc", "custom.t": "ab"}, True),
    ({"custom.n": {"gt": {"ref": "custom.m"}}}, {"custom.n": 2, "custom.m": 1}, True),
    ({"custom.n": {"gt": {"ref": "custom.m"}}}, {"custom.n": 2, "custom.m": "1"}, False),
    ({"custom.n": {"lte": {"ref": "custom.m"}}}, {"custom.n": 2}, False),
    ({"custom.s": {"in": {"ref": "custom.sl"}}}, {"custom.s": "a", "custom.sl": ["b", "a"]}, True),
    ({"custom.s": {"not_in": {"ref": "custom.sl"}}}, {"custom.s": "a"}, True),
    ({"custom.sl": {"contains": {"ref": "custom.s"}}}, {"custom.sl": ["a"], "custom.s": "a"}, True),
    ({"custom.sl": {"ref": "custom.s"}}, {"custom.sl": ["a"], "custom.s": "a"}, True),
    ({"custom.sl": {"contains_any": {"ref": "custom.sl"}}}, {"custom.sl": []}, False),
    ({"custom.d": {"ref": "time.date"}}, {"custom.d": "2026-11-21"}, True),
    ({"custom.dt": {"before": {"ref": "time.now"}}}, {"custom.dt": "2026-11-21T22:29:59Z"}, True),
    ({"custom.v": {"version_gt": {"ref": "custom.s"}}}, {"custom.v": "2", "custom.s": "1.9"}, True),
    ({"custom.v": {"version_gt": {"ref": "custom.s"}}}, {"custom.v": "2", "custom.s": "no version"}, False),
    ({"custom.ip": {"in_network": {"ref": "custom.s"}}}, {"custom.ip": "10.0.0.1", "custom.s": "10.0.0.0/8"}, True),
    ({"custom.ip": {"in_network": {"ref": "custom.s"}}}, {"custom.ip": "10.0.0.1", "custom.s": "nowhere"}, False),
]


@pytest.mark.parametrize(("condition", "attributes", "expected"), REFS)
def test_a_ref_compares_with_another_attribute(condition: Any, attributes: dict[str, Any], expected: bool) -> None:
    """Of the same visitor; one that is missing, or does not suit the test, is as good as a missing value."""
    assert rules.matches(condition, attributes, now=NOW, catalogue=CATALOGUE) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, True),
        ({"all": []}, True),
        ({"any": []}, False),
        ({"not": {}}, False),
        ({"all": [{}, {"custom.s": "a"}]}, True),
        ({"all": [{"custom.s": "a"}, {"custom.n": 2}]}, False),
        ({"any": [{"custom.s": "b"}, {"custom.n": 1}]}, True),
        ({"any": [{"custom.s": "b"}, {"custom.n": 2}]}, False),
        ({"custom.s": "a", "custom.n": 1}, True),
        ({"custom.s": "a", "custom.n": 2}, False),
        ({"custom.s": "a", "not": {"custom.n": 1}}, False),
        ({"all": [{"custom.s": "a"}], "any": [{"custom.n": 1}], "not": {"custom.n": 2}}, True),
        ({"custom.n": {"gt": 0, "lt": 1}}, False),
        ({"segment": "x"}, True),
        ({"segment": "y"}, False),
        ({"segment": ["y", "x"]}, True),
        ({"not": {"segment": ["y"]}}, True),
        ({"not": {"not": {"segment": "x"}}}, True),
    ],
)
def test_conditions_combine(condition: dict[str, Any], expected: bool) -> None:
    """`all`, `any`, `not`; several leaves mean all of them."""
    held = rules.matches(condition, {"custom.s": "a", "custom.n": 1}, ["x"], catalogue=CATALOGUE)
    assert held is expected


def test_a_share_is_a_range_of_buckets() -> None:
    """The lower end is in, the upper end is not; the two parts of a salt are everybody."""
    for number in range(300):
        visitor = {"visitor.id": f"v{number}"}
        position = rules.bucket("s", f"v{number}") / 100
        low = rules.matches({"visitor.id": {"percent": {"lt": 20, "salt": "s"}}}, visitor)
        high = rules.matches({"visitor.id": {"percent": {"gte": 20, "salt": "s"}}}, visitor)
        assert low is (position < 20)
        assert low is not high


def test_without_a_catalogue_values_keep_their_json_type() -> None:
    """A bare value then means `contains` for a list, and only the form of the condition is checked."""
    assert rules.matches({"any.thing": "a"}, {"any.thing": ["a", "b"]})
    assert rules.matches({"any.thing": ["a"]}, {"any.thing": "a"})
    assert not rules.matches({"any.thing": {"eq": "a"}}, {"any.thing": ["a"]})
    assert rules.matches({"any.thing": {"ne": "a"}}, {"any.thing": ["a"]})
    assert not rules.matches({"any.thing": 1}, {"any.thing": True})
    with pytest.raises(rules.RuleError):
        rules.matches({"any.thing": {"equals": 1}}, {})


def test_the_clock_has_to_be_given_where_it_matters() -> None:
    """Nothing reads the time by itself."""
    with pytest.raises(rules.RuleError, match="give now="):
        rules.matches({"custom.dt": {"before": {"ago": "7d"}}}, {}, catalogue=CATALOGUE)
    with pytest.raises(rules.RuleError, match="'yesterday' is no instant"):
        rules.matches({}, {}, now="yesterday")
    with pytest.raises(rules.RuleError, match="beyond the years"):
        rules.matches({}, {}, now="9999-12-31T23:59:59Z")
    assert not rules.matches({"time.hour": {"gte": 0}}, {}, catalogue=CATALOGUE)
