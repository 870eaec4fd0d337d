"""Rule sets and visits that between them meet every sentence of the specification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from rules import bucket

Part = tuple[Mapping[str, Any], Sequence[Mapping[str, Any]] | None, Sequence[Mapping[str, Any]]]

DECLARED = {
    "custom.text": {"type": "string"},
    "custom.other": {"type": "string"},
    "custom.number": {"type": "number"},
    "custom.flag": {"type": "boolean"},
    "custom.texts": {"type": "string_list"},
    "custom.numbers": {"type": "number_list"},
    "custom.day": {"type": "date"},
    "custom.moment": {"type": "datetime"},
    "custom.version": {"type": "version"},
    "custom.address": {"type": "ip"},
    "custom.place": {"type": "location"},
    "profile.plan": {"type": "string", "purpose": "personalization"},
}


def _one_rule_each(conditions: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A slot in which every condition is a rule of its own, so that the rules that hold tell which conditions do."""
    held = [{"id": name, "slot": "s", "when": when, "then": []} for name, when in conditions.items()]
    return {"version": 1, "attributes": DECLARED, "slots": [{"id": "s"}], "rules": held, **more}


def _at(salt: str, position: int) -> str:
    """An id in a bucket: where shares end, a step more or less shows."""
    return next(f"at-{number}" for number in count() if bucket(salt, f"at-{number}") == position)


def _visits(name: str, values: Sequence[object]) -> list[dict[str, Any]]:
    return [{"attributes": {name: value}} for value in values]


def _tests(name: str, *tests: object) -> dict[str, Any]:
    return {f"{place:02} {name}": {name: test} for place, test in enumerate(tests)}


TEXTS = _tests(
    "custom.text",
    "Paris",
    {"ne": "Paris"},
    ["Paris", "Lyon"],
    {"not_in": ["Paris"]},
    {"exists": True},
    {"exists": False},
    {"contains": "ar"},
    {"starts_with": "Pa"},
    {"ends_with": "is"},
    {"eq": "PARIS", "any_case": True},
    {"ne": "strasse", "any_case": True},
    {"in": ["strasse", "file"], "any_case": True},
    {"starts_with": "k", "any_case": True},
    {"contains": "fi", "any_case": True},
    {"ends_with": "ST", "any_case": True},
    {"version_gte": "1.2"},
    {"in_network": "192.0.2.0/24"},
    {"ref": "custom.other"},
    {"ne": {"ref": "custom.other"}},
    {"ref": "custom.texts"},
)
TEXT_VISITS = [
    *_visits("custom.text", ["Paris", "paris", "Lyon", "", None, 7, True, ["Paris"], "Stra\u00dfe", "STRA\u1e9eE"]),
    *_visits(
        "custom.text", ["\u212aelvin", "\ufb01le", "fi\u0301", "ca\ufb06", "ca\u017ft", "e\u0301", "1.2.0", "v1.3"]
    ),
    *_visits("custom.text", ["192.0.2.7", "192.0.2.07", "\U0001f600", "\u0130", "\u1e9a", "\u0149"]),
    {"attributes": {"custom.text": "a", "custom.other": "a", "custom.texts": ["a", "b"]}},
    {"attributes": {"custom.text": "a", "custom.other": "b", "custom.texts": ["b"]}},
    {"attributes": {"custom.text": "a"}},
]

NUMBERS = {
    **_tests("custom.number", 5, {"ne": 5}, [1, 5], {"gt": 5}, {"gte": 5}, {"lt": 5}, {"lte": 5}, {"between": [2, 5]}),
    "10 number against a list": {"custom.number": {"between": {"ref": "custom.numbers"}}},
    "11 number in a list": {"custom.number": {"in": {"ref": "custom.numbers"}}},
    "12 number not in a list": {"custom.number": {"not_in": {"ref": "custom.numbers"}}},
    "13 flag": {"custom.flag": True},
    "14 no flag": {"custom.flag": {"ne": True}},
}
NUMBER_VISITS = [
    *_visits("custom.number", [5, 5.0, 5.5, 2, 1, -0.0, 1e300, "5", True, None]),
    *_visits("custom.flag", [True, False, 1, "true"]),
    {"attributes": {"custom.number": 5, "custom.numbers": [1, 9]}},
    *({"attributes": {"custom.number": one, "custom.numbers": [9, 1]}} for one in (0, 5, 9)),
    {"attributes": {"custom.number": 5, "custom.numbers": [5]}},
    {"attributes": {"custom.number": 5, "custom.numbers": [5, True]}},
]

LISTS = {
    **_tests(
        "custom.texts",
        "a",
        ["a", "b"],
        {"contains_all": ["a", "b"]},
        {"contains": "A", "any_case": True},
        {"contains_all": ["A", "B"], "any_case": True},
        {"exists": False},
        {"ref": "custom.text"},
        {"ref": "custom.texts"},
    ),
    **_tests("custom.numbers", 1, [1, 2.5], {"contains_all": [1, 2.5]}),
}
LIST_VISITS = [
    *_visits("custom.texts", [["a"], ["b", "a"], ["A", "b"], [], "a", ["a", 1], None]),
    *_visits("custom.numbers", [[1], [1.0, 2.5], ["1"], []]),
    {"attributes": {"custom.texts": ["a", "b"], "custom.text": "b"}},
]

TIMES = {
    **_tests(
        "custom.day",
        "2026-03-29",
        {"gt": "2026-03-29"},
        {"between": ["2026-03-01", "2026-03-31"]},
        {"ref": "time.date"},
        {"before": {"ago": "7d"}},
    ),
    **_tests(
        "custom.moment",
        {"eq": "2026-03-29T01:30:00Z"},
        {"gte": "2026-03-29"},
        {"lt": "2026-10-25T02:30:00"},
        {"after": {"ago": "30m"}},
        {"before": {"ref": "time.now"}},
    ),
    **_tests("time.hour", {"between": [22, 4]}, {"gte": 12}, [3, 13]),
    **_tests("time.of_day", {"between": ["22:30", "04:15"]}, {"lt": "12:00"}, {"eq": "13:00"}),
    **_tests("time.weekday", {"between": ["sat", "mon"]}, "tue", {"not_in": ["sat", "sun"]}),
    **_tests("time.date", "2026-11-24", {"lte": "2026-10-25"}),
    **_tests("time.now", {"after": "2026-03-29T02:30:00"}, {"lt": "2026-03-29T03:30:00"}),
}
TIME_VISITS = [
    *_visits("custom.day", ["2026-03-29", "2026-03-30", "2026-11-24", "2026-02-30", "29.3.2026", "2026-11-01"]),
    *_visits(
        "custom.moment",
        [
            "2026-03-29T01:30:00Z",
            "2026-03-29 03:30:00.0000001+02:00",
            "2026-03-29t01:30",
            "2026-03-29",
            "2026-10-25T00:29:59.999999Z",
            "2026-10-25T00:30:00+0000",
            "2026-11-24T11:45:00Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T11:45:00+24:00",
        ],
    ),
    *[
        {"attributes": {"context.timezone": zone}, "now": now}
        for now in ("2026-11-24T23:30:00.000000Z", "2026-03-29T00:59:59.999999Z", "2026-10-25T00:30:00.000000Z")
        for zone in ("America/New_York", "Asia/Kathmandu", "europe/paris", "America/NEW_YORK", "No/Where")
    ],
    {"attributes": {"geo.timezone": "Pacific/Auckland", "time.hour": 3, "time.weekday": "sun"}},
    {"attributes": {"context.timezone": "UTC", "geo.timezone": "Pacific/Auckland"}},
]

SPECIAL = {
    **_tests(
        "custom.version",
        {"version_eq": "1.2"},
        {"version_lt": "1.2.0"},
        {"version_gt": "1.2.0-rc.1"},
        {"version_lte": "2.0.0-alpha.2"},
        {"version_gte": {"ref": "custom.text"}},
        {"eq": "1.2"},
    ),
    **_tests(
        "custom.address",
        {"in_network": ["192.0.2.0/24", "2001:db8::/32"]},
        {"in_network": {"ref": "custom.text"}},
        {"starts_with": "192."},
    ),
    **_tests(
        "custom.place",
        {"within_km": {"lat": 48.8566, "lon": 2.3522, "km": 343.557}},
        {"within_km": {"lat": 48.8566, "lon": 2.3522, "km": 343.556}},
        {"exists": True},
    ),
}
SPECIAL_VISITS = [
    *_visits(
        "custom.version", ["1.2.0", "v1.2", "1.2.0-rc.1", "1.2.0-rc.1.1", "1.2.0+build", "1.10", "2.0.0-alpha.10"]
    ),
    *_visits("custom.version", ["2.0.0-alpha.beta", "1.2.0.0.1", "1.2-", "1..2", 1.2]),
    *_visits(
        "custom.address", ["192.0.2.255", "192.0.3.0", "::ffff:192.0.2.1", "2001:DB8::1", "2001:db9::", "fe80::1%e"]
    ),
    *_visits("custom.address", ["192.0.2", "1::2::3", "::192.0.2.1", "0192.0.2.1", ""]),
    *_visits(
        "custom.place", [{"lat": 51.5074, "lon": -0.1278}, {"lat": 48.8566, "lon": 2.3522}, {"lat": 91, "lon": 0}]
    ),
    {"attributes": {"custom.version": "1.3", "custom.text": "1.2"}},
    {"attributes": {"custom.version": "1.3", "custom.text": "one"}},
    {"attributes": {"custom.address": "192.0.2.1", "custom.text": "192.0.2.0/31"}},
    {"attributes": {"custom.address": "192.0.2.1", "custom.text": "192.0.2.1/31"}},
]

LOGIC = {
    "a": {"all": []},
    "b": {"any": []},
    "c": {"not": {"geo.country": "FR"}},
    "d": {"any": [{"geo.country": "FR"}, {"all": [{"geo.eu": True}, {"not": {"segment": "seven"}}]}]},
    "e": {"segment": ["list", "seven"]},
    "f": {"segment": "nested"},
    "g": {"not": {"segment": "list"}},
    "h": {"profile.plan": "pro"},
    "i": {"profile.plan": {"ne": "pro"}},
    "j": {"segment": "off"},
}
LOGIC_SEGMENTS = [
    {"id": "nested", "when": {"all": [{"segment": "seven"}, {"not": {"segment": "list"}}]}},
    {"id": "seven", "when": {"custom.number": 7}},
    {"id": "list", "members": ["v-1"]},
    {"id": "viewer", "pattern": {"event": "view", "count": {"gte": 3}, "within": "30m"}},
    {"id": "odd", "when": {"custom.text": {"matches": "^[ab]"}}},
    {"id": "off", "enabled": False, "when": {}},
]
LOGIC_VISITS = [
    {},
    {"attributes": {"geo.country": "FR"}},
    {"attributes": {"geo.country": "DE", "geo.eu": True}},
    {"attributes": {"geo.eu": True, "custom.number": 7}},
    {"attributes": {"custom.number": 7}, "segments": ["list"]},
    {"segments": ["seven", "viewer", "odd", "off", "unknown"]},
    *[
        {"attributes": {"profile.plan": "pro", **consent}, **more}
        for consent in ({}, *({"consent.personalization": said} for said in (True, False, None, "yes")))
        for more in ({}, {"deny_unknown": True})
    ],
]

SCHEDULES = [
    {"id": "a", "from": "2026-11-24", "until": "2026-11-25"},
    {"id": "b", "from": "2026-11-24T13:00", "until": "2026-11-24T12:30:00Z", "timezone": "visitor"},
    {"id": "c", "from": "2026-11-24", "until": "2026-11-25T01:00", "timezone": "visitor"},
    {"id": "d", "from": "2026-03-29T02:30", "timezone": "visitor"},
    {"id": "e", "on": {"weekdays": ["sat", "sun"]}},
    {"id": "f", "on": {"hours": [22, 4]}},
    {"id": "g", "on": {"weekdays": ["fri"], "hours": [22, 4]}},
    {"id": "h", "on": {"weekdays": ["fri"], "hours": [22, 4]}, "timezone": "visitor"},
    {"id": "i", "from": "2026-10-25T02:30", "on": {"hours": [9, 17]}},
]
SCHEDULE_VISITS = [
    {"attributes": {} if zone is None else {"context.timezone": zone}, "now": now}
    for now in (
        "2026-11-23T22:59:59.999999Z",
        "2026-11-23T23:00:00.000000Z",
        "2026-11-24T12:00:00.000000Z",
        "2026-11-27T21:30:00.000000Z",
        "2026-11-28T03:59:59.000000Z",
        "2026-03-29T01:29:59.000000Z",
        "2026-03-29T01:30:00.000000Z",
        "2026-10-25T00:30:00.000000Z",
    )
    for zone in (None, "America/New_York", "Australia/Lord_Howe")
]

ACTING = {
    "version": 1,
    "slots": [{"id": "s"}, {"id": "t"}],
    "rules": [
        {"id": "low", "slot": "*", "priority": -1, "then": [{"set": {"presentation.a": 1, "presentation.b": [1]}}]},
        {"id": "z", "slot": "s", "then": [{"set": {"presentation.a": 2}}, {"hide": {"content.tags": "x"}}]},
        {"id": "a", "slot": "s", "then": [{"set": {"presentation.a": 3}}, {"set": {"presentation.a": 4}}]},
        {"id": "stops", "slot": "s", "priority": 0.5, "when": {"geo.eu": True}, "then": [{"stop": True}]},
        {"id": "nothing", "slot": "s", "priority": 9, "then": []},
        {"id": "strict", "slot": "s", "priority": 2, "strict": True, "then": [{"pin": {"id": "x"}}]},
    ],
    "experiments": [
        {
            "id": "arms",
            "slot": "s",
            "traffic": 50,
            "arms": [
                {"id": "control", "weight": 2},
                {"id": "bold", "weight": 1, "then": [{"set": {"presentation.a": "bold"}}]},
                {"id": "never", "weight": 0},
            ],
        },
        {
            "id": "Person",
            "slot": "*",
            "priority": 3,
            "unit": "person",
            "salt": "own",
            "arms": [{"id": "x", "then": [{"stop": True}, {"boost": {"content.tags": "y"}, "by": 1}]}, {"id": "y"}],
        },
        *(
            {"id": f"group-{number}", "slot": "s", "group": "g", "enabled": number != 1, "arms": [{"id": "only"}]}
            for number in range(3)
        ),
    ],
}
ACTING_VISITS = [
    {},
    *({"attributes": {"visitor.id": _at("arms:traffic", position)}} for position in (4999, 5000)),
    *({"attributes": {"visitor.id": _at("g:group", position)}} for position in (3333, 3334, 6666, 6667)),
    {"attributes": {"geo.eu": True}},
    *({"attributes": {"visitor.id": f"v-{number}", "visitor.known": number % 2 == 0}} for number in range(12)),
    {"attributes": {"visitor.id": "v-1", "visitor.known": True}, "device": "d-1", "person": "p-1"},
    {"attributes": {"visitor.known": True}, "device": "d-2"},
    {"attributes": {"visitor.id": "", "visitor.known": True}, "person": "p-2"},
]

SHARES = {
    **_one_rule_each(
        {
            "all": {"visitor.id": {"percent": {"lt": 100, "salt": "x"}}},
            "half": {"visitor.id": {"percent": {"lt": 50, "salt": "x"}}},
            "middle": {"visitor.id": {"percent": {"gte": 33.3, "lt": 66.6, "salt": "y"}}},
            "not": {"not": {"visitor.id": {"percent": {"lt": 50, "salt": "x"}}}},
        }
    ),
    "holdout": {"percent": 25, "salt": "out"},
}
SHARE_VISITS = [
    {},
    *({"attributes": {"visitor.id": _at("out", position)}} for position in (2499, 2500)),
    *({"attributes": {"visitor.id": _at("x", position)}} for position in (4999, 5000)),
    *({"attributes": {"visitor.id": f"v-{number}"}} for number in range(10)),
    {"attributes": {"visitor.id": "h\u00e9l\u00e8ne"}},
    {"attributes": {"visitor.id": "\U0001f600"}},
]

KEYS = {
    "version": 1,
    "timezone": "Europe/Paris",
    "locales": ["fr-CA", "en", "fr"],
    "attributes": DECLARED,
    "slots": [
        {"id": 's \u00e9"\\', "select": {"content.region": {"ref": "geo.country"}}},
        {"id": "t", "default": {"content.type": {"ref": "custom.text"}}},
    ],
    "rules": [
        {
            "id": f"by {name}",
            "slot": "*",
            "then": [{"boost": {f"content.{name}": {"ref": f"custom.{name}"}}, "by": 1}],
        }
        for name in ("number", "flag", "texts", "numbers", "day", "moment", "version", "address", "place")
    ],
    "segments": [{"id": "\u00e9t\u00e9", "when": {"geo.eu": True}}, {"id": "z", "members": ["v-1"]}],
}
KEY_VISITS = [
    {},
    {"attributes": {"geo.country": "FR", "custom.text": '"\\\n\t\u0001\u00e9\U0001f600', "geo.eu": True}},
    *_visits(
        "custom.number", [1, 1.0, -0.0, 0.1, 1e16, 1.5e300, 1e-5, 0.0001, 123456789012345680.0, 9007199254740994.0]
    ),
    *_visits("custom.number", [-2.5, 1e15, 2**53, 5e-324, 12345.678, -1e22]),
    *_visits("custom.flag", [True, False]),
    *_visits("custom.texts", [[], ["a", "\u00e9"]]),
    *_visits("custom.numbers", [[1, 2.5, 1e21]]),
    *_visits("custom.day", ["2026-11-24", "nothing"]),
    *_visits(
        "custom.moment", ["2026-11-24T12:00:00+01:00", "2026-11-24T12:00:00.5Z", "2026-11-24", "2026-11-24T12:00"]
    ),
    *_visits("custom.place", [{"lat": 48.0, "lon": 2.3522}]),
    *_visits("custom.version", ["v1.2"]),
    *_visits("custom.address", ["::ffff:192.0.2.1"]),
    *_visits(
        "request.locale",
        ["fr", "fr_CA", "FR-ca-x-y", "de-DE", "zh-Hant-TW", "*", "*-CH", "", "-fr", "en-a-b-c", "x" * 65, 7],
    ),
    {"segments": ["z", "\u00e9t\u00e9"]},
]

CONTENT = [
    {"id": "c1", "type": "card", "locale": "fr", "tags": ["audience:\u00e9t\u00e9"]},
    {"id": "c2", "type": "card", "locale": "pt-BR", "tags": ["audience:nobody"]},
]

RULESETS: Mapping[str, Part] = {
    "texts": (_one_rule_each(TEXTS), None, TEXT_VISITS),
    "numbers and booleans": (_one_rule_each(NUMBERS), None, NUMBER_VISITS),
    "lists": (_one_rule_each(LISTS), None, LIST_VISITS),
    "dates and times": (_one_rule_each(TIMES, timezone="Europe/Paris"), None, TIME_VISITS),
    "versions, addresses, places": (_one_rule_each(SPECIAL), None, SPECIAL_VISITS),
    "combinations, segments, consent": (_one_rule_each(LOGIC, segments=LOGIC_SEGMENTS), None, LOGIC_VISITS),
    "schedules": (
        {
            "version": 1,
            "timezone": "Europe/Paris",
            "slots": [{"id": "s"}],
            "rules": [{**one, "slot": "s", "then": []} for one in SCHEDULES],
        },
        None,
        SCHEDULE_VISITS,
    ),
    "order, stop, hints, experiments": (ACTING, None, ACTING_VISITS),
    "shares and holdout": (SHARES, None, SHARE_VISITS),
    "keys": (KEYS, None, KEY_VISITS),
    "keys with content": (KEYS, CONTENT, KEY_VISITS),
    "languages of a site that names none": (
        {"version": 1, "slots": [{"id": "s"}]},
        None,
        _visits("request.locale", ["en-a-b-c", "zh-Hant-x-y-TW", "de", "*", "-fr", "", None, "\u0130-1996"]),
    ),
    "left to the origin": (
        {
            "version": 1,
            "slots": [{"id": "s"}, {"id": "t"}],
            "rules": [
                {"id": "r", "slot": "s", "when": {"request.path": {"matches": "^/a"}}, "then": []},
                {"id": "q", "slot": "t", "then": [{"set": {"presentation.a": True}}]},
            ],
        },
        None,
        [{}],
    ),
}
