"""Every mistake that the checker knows: the place, the word, the nearest right one."""

from __future__ import annotations

import textwrap

import pytest

import rules
from rules.effects import SetHints
from rules.errors import Problem

HEAD = """\
attributes:
  profile.spend: {type: number}
  profile.plan: {type: string, values: [free, pro, enterprise]}
  profile.interests: {type: string_list}
  profile.home: {type: location}
segments:
  - {id: big-spender, when: {profile.spend: {gte: 500}}}
slots:
  - {id: home.hero}
"""
LINES = HEAD.count("\n")


def problems(text: str) -> list[Problem]:
    """All problems of a document."""
    with pytest.raises(rules.RuleError) as caught:
        rules.load(text, name="site.yaml")
    return list(caught.value.problems)


def only(text: str) -> Problem:
    """The one problem of a document that begins with HEAD; its line counts from after that."""
    found = problems(HEAD + textwrap.dedent(text))
    assert len(found) == 1, [str(one) for one in found]
    return found[0]


IN_A_CONDITION = [
    ("{geo.contry: FR}", "geo.contry", "geo.country", "there is no attribute 'geo.contry'"),
    ("{profile.spent: 5}", "profile.spent", "profile.spend", "there is no attribute"),
    ("{alll: []}", "alll", "all", "there is no attribute 'alll'"),
    ("{gte: 5}", "gte", None, "'gte' is a test and stands under the name of an attribute"),
    ("{content.id: a}", "content.id", None, "can be read in selectors only"),
    ("{segment: big-spenders}", "big-spenders", "big-spender", "there is no segment 'big-spenders'"),
    ("{profile.spend: {gtee: 5}}", "gtee", "gte", "there is no test 'gtee'"),
    (
        "{geo.country: {ref: geo.region, ne: FR}}",
        "ref",
        None,
        "beside others it is the value of a test, such as eq: {ref:",
    ),
    ("{geo.country: {ref: geo.region, any_case: true}}", "ref", None, "'ref' stands alone; beside others"),
    ("{profile.spend: {any_case: true, gt: 5}}", "gt", None, "'any_case' does not go with 'gt'"),
    ("{geo.country: {matches: a, any_case: true}}", "matches", None, "'any_case' does not go with 'matches'"),
    ("{geo.country: {gt: FR}}", "gt", None, "'gt' is not for 'geo.country', which is a string"),
    ("{profile.interests: {eq: ski}}", "eq", None, "'eq' is not for 'profile.interests'"),
    ("{profile.interests: {in: [ski]}}", "in", None, "'in' is not for 'profile.interests'"),
    ("{profile.home: {exists: true, contains: a}}", "contains", None, "'contains' is not for 'profile.home'"),
    ("{device.type: tablett}", "tablett", "tablet", "'tablett' is not one of the values of 'device.type'"),
    ("{profile.plan: {in: [free, por]}}", "por", "pro", "is not one of the values"),
    ("{geo.country: null}", None, None, "null is no value; ask for absence with {exists: false}"),
    ("{geo.country: {eq: null}}", None, None, "null is no value"),
    ("{geo.country: [FR, null]}", None, None, "null is no value"),
    ("{geo.country: {exists: maybe}}", "maybe", None, "'exists' is true or false"),
    ("{geo.country: {}}", None, None, "'geo.country' is given no test"),
    ("{profile.interests: []}", None, None, "'contains_any' with an empty list is never meant"),
    ("{profile.interests: {contains_all: []}}", None, None, "an empty list is never meant"),
    ("{geo.country: 5}", "5", None, "5 is not a string, which 'geo.country' is"),
    ('{profile.spend: "5"}', "5", None, "is not a number"),
    ("{geo.eu: 1}", "1", None, "1 is not a boolean"),
    ("{geo.country: {in: FR}}", "in", None, "'in' takes a list"),
    ("{geo.country: {eq: [FR]}}", "eq", None, "'eq' takes one value, not a list"),
    ("{geo.country: {eq: {a: 1}}}", "eq", None, "takes a value, not a mapping"),
    ("{profile.spend: {between: [5]}}", None, None, "'between' takes two values"),
    ("{profile.spend: {between: [5, 1]}}", "5", None, "5 is above 1"),
    ("{time.hour: {between: [22, 24]}}", "24", None, "24 is no hour from 0 to 23"),
    ("{time.hour: 24}", "24", None, "24 is no hour"),
    ('{time.of_day: {between: ["22:30", "24:00"]}}', "24:00", None, "compares with a time of day"),
    ("{time.weekday: {between: [fri, funday]}}", "funday", None, "'funday' is no weekday"),
    ("{time.weekday: sunday}", "sunday", "sun", "is not one of the values of 'time.weekday'"),
    ("{time.now: {before: soon}}", "soon", None, "'before' compares with"),
    ("{time.now: {before: {ago: 7 days}}}", "{'ago': '7 days'}", None, "'7 days' is not a duration"),
    ('{geo.country: {matches: "a("}}', "a(", None, "is not an expression that RE2 reads"),
    ('{geo.country: {matches: "(?=a)"}}', "(?=a)", None, "is not an expression that RE2 reads"),
    ('{geo.country: {matches: "(a)\\\\1"}}', "(a)\\1", None, "is not an expression that RE2 reads"),
    ("{request.ip: {in_network: 10.0.0.0/33}}", "10.0.0.0/33", None, "is not a network"),
    ("{request.ip: {in_network: [10.0.0.0/8, 10.1.2.3/8]}}", "10.1.2.3/8", None, "did you mean '10.0.0.0/8'?"),
    ("{request.ip: {in_network: []}}", None, None, "'in_network' needs a range"),
    ("{device.os_version: {version_gt: new}}", "new", None, "'new' is not a version"),
    ("{geo.location: {within_km: {lat: 1, lon: 2}}}", None, None, "'within_km' takes {lat, lon, km}"),
    ("{geo.location: {within_km: {lat: 91, lon: 2, km: 1}}}", None, None, "lat is a number from -90 to 90"),
    ("{geo.location: {within_km: {lat: 1, lon: 2, km: -1}}}", "-1", None, "km is a number from 0 up"),
    ("{visitor.id: {percent: {lt: 20}}}", None, None, "'percent' needs a salt"),
    ("{visitor.id: {percent: {lt: 120, salt: s}}}", None, None, "a range within 0 and 100"),
    ("{visitor.id: {percent: {lt: 20, salt: s, gt: 1}}}", "gt", "gte", "'percent' has no 'gt'"),
    ("{visitor.id: {percent: 20}}", None, None, "'percent' takes a range and a salt"),
    ("{geo.country: {percent: {lt: 20, salt: s}}}", "geo.country", None, "'percent' is a test of 'visitor.id'"),
    ("{geo.country: {ref: geo.contry}}", "geo.contry", "geo.country", "there is no attribute 'geo.contry'"),
    ("{geo.country: {ref: profile.spend}}", "profile.spend", None, "never equal"),
    ("{geo.country: {matches: {ref: geo.city}}}", "matches", None, "takes a value of its own, not a 'ref'"),
    ("{geo.country: {ref: 5}}", None, None, "'ref' names an attribute"),
    ("{all: {geo.country: FR}}", None, None, "'all' takes a list of conditions"),
    ("{not: [geo.country]}", None, None, "a condition is a mapping"),
    ("[]", None, None, "a condition is a mapping"),
    ("{segment: []}", None, None, "a list of segments names at least one"),
    ("{segment: 5}", None, None, "the name of a segment is a string"),
]


@pytest.mark.parametrize(("when", "word", "suggestion", "said"), IN_A_CONDITION)
def test_a_mistake_in_a_condition(when: str, word: str | None, suggestion: str | None, said: str) -> None:
    """Named with the word and, where one is near, the right one."""
    found = only(f"rules:\n  - {{id: r, slot: home.hero, then: [], when: {when}}}\n")
    assert said in found.message
    assert (found.word, found.suggestion) == (word, suggestion)
    assert (found.file, found.line) == ("site.yaml", LINES + 2)
    assert found.pointer.startswith("/rules/0/when")
    if suggestion:
        assert found.message.endswith(f"did you mean {suggestion!r}?")


IN_A_DOCUMENT = [
    ("§versoin: 1", "versoin", "version", "a document has no 'versoin'"),
    ("version: §2", "2", None, "'version' is 1"),
    ("timezone: §Europe/Pariss", "Europe/Pariss", "Europe/Paris", "there is no time zone"),
    ("locales: §fr", None, None, "'locales' is a list of language tags"),
    ("locales: §[fr, FR]", None, None, "names a language twice"),
    ("holdout: §{salt: s}", None, None, "'holdout' needs 'percent'"),
    ("holdout: {percent: §101}", "101", None, "a number from 0 to 100"),
    ("rules: §{}", None, None, "'rules' is a list"),
    ("rules: [§5]", None, None, "a rule is a mapping"),
    ("rules:\n  - §{id: r, slot: home.hero}", None, None, "a rule needs 'then'"),
    ("rules:\n  - §{id: r, then: []}", None, None, "a rule needs 'slot'"),
    ("rules:\n  - §{slot: home.hero, then: []}", None, None, "a rule needs 'id'"),
    ("rules:\n  - {id: r, slot: §home.heroo, then: []}", "home.heroo", "home.hero", "there is no slot 'home.heroo'"),
    ("rules:\n  - {id: r, slot: [home.hero, §hero], then: []}", "hero", "home.hero", "there is no slot 'hero'"),
    ("rules:\n  - {id: r, slot: §[], then: []}", None, None, "names at least one"),
    (
        "rules:\n  - {id: r, slot: home.hero, then: [], §prioritty: 5}",
        "prioritty",
        "priority",
        "a rule has no 'prioritty'",
    ),
    ("rules:\n  - {id: r, slot: home.hero, then: [], priority: §high}", "high", None, "'priority' is a number"),
    ("rules:\n  - {id: §' r', slot: home.hero, then: []}", " r", None, "without spaces at its ends"),
    ("rules:\n  - {id: r, slot: home.hero, then: [{§pinn: {}}]}", "pinn", "pin", "there is no effect 'pinn'"),
    (
        "rules:\n  - {id: r, slot: home.hero, then: [§{pin: {}, hide: {}}]}",
        None,
        None,
        "make 'pin' and 'hide' two effects",
    ),
    (
        "rules:\n  - {id: r, slot: home.hero, then: [{pin: {id: a}, §by: 1}]}",
        "by",
        None,
        "the effect 'pin' has no 'by'",
    ),
    ("rules:\n  - {id: r, slot: home.hero, then: [{pin: {id: a}, position: §0}]}", "0", None, "a whole number from 1"),
    ("rules:\n  - {id: r, slot: home.hero, then: [§{boost: {id: a}}]}", None, None, "'boost' needs 'by'"),
    ("rules:\n  - {id: r, slot: home.hero, then: [{stop: §false}]}", None, None, "'stop' can be true only"),
    (
        "rules:\n  - {id: r, slot: home.hero, then: [{hide: {§geo.country: FR}}]}",
        "geo.country",
        None,
        "a selector reads content.*",
    ),
    (
        "rules:\n  - {id: r, slot: home.hero, then: [{hide: {content.tag: {§equals: a}}}]}",
        "equals",
        None,
        "there is no test 'equals'",
    ),
    (
        "rules:\n  - {id: r, slot: home.hero, then: [{hide: {content.tags: {§eq: a}}}]}",
        "eq",
        None,
        "'eq' is not for 'content.tags'",
    ),
    (
        "rules:\n  - {id: r, slot: home.hero, then: [{set: {§images: small}}]}",
        "images",
        None,
        "'set' gives presentation.* hints",
    ),
    ("rules:\n  - {id: r, slot: home.hero, then: [{set: §{}}]}", None, None, "'set' takes presentation hints"),
    (
        "rules:\n  - {id: r, slot: home.hero, then: [{model: §{}}]}",
        None,
        None,
        "a model takes a name, a weight, or both",
    ),
    ("rules:\n  - {id: r, slot: home.hero, then: [], from: §tomorrow}", "tomorrow", None, "is no date"),
    ("rules:\n  - {id: r, slot: home.hero, then: [], from: §2026-02-30}", "2026-02-30", None, "is no date"),
    (
        "rules:\n  - {id: r, slot: home.hero, then: [], from: 2026-12-01, until: §2026-11-01}",
        "2026-11-01",
        None,
        "is not after 'from'",
    ),
    (
        "rules:\n  - {id: r, slot: home.hero, then: [], from: 2026-12-01, until: §2026-12-01}",
        "2026-12-01",
        None,
        "is not after 'from'",
    ),
    ("rules:\n  - {id: r, slot: home.hero, then: [], on: §{}}", None, None, "'on' takes"),
    ("rules:\n  - {id: r, slot: home.hero, then: [], on: {weekdays: [§sunday]}}", "sunday", "sun", "is no weekday"),
    ("rules:\n  - {id: r, slot: home.hero, then: [], on: {hours: §[1, 24]}}", None, None, "whole hours from 0 to 23"),
    ("rules:\n  - {id: r, slot: home.hero, then: [], timezone: §Europe/Paris}", None, None, "can be 'visitor' only"),
    ("rules:\n  - {id: r, slot: home.hero, then: [], cap: §{per_visitor: 1}}", None, None, "a cap needs 'within'"),
    (
        "rules:\n  - {id: r, slot: home.hero, then: [], cap: {per_visitor: 1, within: §0m}}",
        "0m",
        None,
        "is not a duration",
    ),
    (
        "rules:\n  - {id: r, slot: home.hero, then: []}\n  - {id: §r, slot: home.hero, then: []}",
        "r",
        None,
        "there are two rules 'r'",
    ),
    ("experiments:\n  - §{id: e, slot: home.hero}", None, None, "an experiment needs 'arms'"),
    ("experiments:\n  - {id: e, slot: home.hero, arms: [{id: a}, {id: §a}]}", "a", None, "there are two arms 'a'"),
    (
        "experiments:\n  - {id: e, slot: home.hero, arms: §[{id: a, weight: 0}]}",
        None,
        None,
        "at least one arm has a weight",
    ),
    ("experiments:\n  - {id: e, slot: home.hero, arms: [{id: a, weight: §1.5}]}", "1.5", None, "a whole number"),
    ("experiments:\n  - {id: e, slot: home.hero, arms: [{id: a}], traffic: §101}", "101", None, "from 0 to 100"),
    ("experiments:\n  - {id: e, slot: home.hero, arms: [{id: a}], unit: §people}", "people", None, "'unit' is one of"),
    (
        "experiments:\n  - {id: e, slot: home.hero, arms: [{id: a}], goal: §{within: 1d}}",
        None,
        None,
        "a goal needs 'event'",
    ),
    (
        "experiments:\n  - {id: e, slot: home.hero, arms: [{id: a}], goal: {event: x, where: {§geo.country: FR}}}",
        "geo.country",
        None,
        "'where' reads event.*",
    ),
    ("tests:\n  - §{slot: home.hero}", None, None, "a test needs 'expect'"),
    ("tests:\n  - {slot: §home.heroo, expect: {fallback: true}}", "home.heroo", "home.hero", "there is no slot"),
    ("tests:\n  - {slot: home.hero, expect: {§frist: a}}", "frist", "first", "has no 'frist'"),
    ("tests:\n  - {slot: home.hero, expect: {fallback: §maybe}}", "maybe", None, "cannot be 'maybe'"),
    (
        "tests:\n  - {slot: home.hero, expect: {first: a}, given: {§geo.contry: FR}}",
        "geo.contry",
        "geo.country",
        "there is no attribute",
    ),
    ("tests:\n  - {slot: home.hero, expect: {first: a}, at: §noon}", "noon", None, "is no date-time"),
    ("tests:\n  - {slot: home.hero, expect: {first: a}, segments: [§big]}", "big", None, "there is no segment"),
    (
        "tests:\n  - {slot: home.hero, expect: {first: a}, content: [§{type: a}]}",
        None,
        None,
        "an entry is a mapping with an 'id'",
    ),
]


def marked(text: str) -> tuple[str, int, int]:
    """The text without its mark, and the line and column where that stood."""
    before = text[: text.index("§")]
    return text.replace("§", "") + "\n", before.count("\n") + 1, len(before) - before.rfind("\n")


@pytest.mark.parametrize(("text", "word", "suggestion", "said"), IN_A_DOCUMENT)
def test_a_mistake_in_a_document(text: str, word: str | None, suggestion: str | None, said: str) -> None:
    """With its line and column in the file, which the mark shows."""
    plain, line, column = marked(text)
    found = only(plain)
    assert said in found.message
    assert (found.line, found.column) == (LINES + line, column)
    assert (found.word, found.suggestion) == (word, suggestion)
    assert str(found).startswith(f"site.yaml:{LINES + line}:{column}: ")


SECTIONS = [
    ("attributes:\n  §device.foo: {type: string}", "device.foo", "declares profile.* and custom.*"),
    ("attributes:\n  §custom.: {type: string}", "custom.", "declares profile.* and custom.*"),
    ("attributes:\n  custom.a: §{}", None, "'custom.a' needs a type"),
    ("attributes:\n  custom.a: {type: §text}", "text", "'type' is one of"),
    ("attributes:\n  custom.a: {type: string, values: §[]}", None, "'values' is a list of texts"),
    ("attributes: §[custom.a]", None, "'attributes' is a mapping"),
    ("segments:\n  - §{id: a}", None, "a segment has exactly one of when, pattern, members, computed"),
    ("segments:\n  - §{id: a, when: {}, computed: true}", None, "a segment has exactly one of"),
    ("segments:\n  - {id: a, computed: §false}", None, "'computed' can be true only"),
    ("segments:\n  - {id: a, when: {}, lasts: §1d}", None, "'lasts' belongs to a pattern"),
    ("segments:\n  - {id: a, members: §[1]}", None, "'members' is a list of visitor ids"),
    ("segments:\n  - {id: a, pattern: §{}}", None, "a pattern has exactly one of"),
    ("segments:\n  - {id: a, pattern: §{event: x}}", None, "a pattern needs 'within'"),
    ("segments:\n  - {id: a, pattern: {event: x, within: 1d, count: §3}}", None, "'count' is a mapping"),
    ("segments:\n  - {id: a, pattern: {event: x, within: 1d, count: {gte: §0}}}", "0", "a whole number from 1"),
    ("segments:\n  - {id: a, pattern: {sequence: §[]}}", None, "1 to 8 steps"),
    ("segments:\n  - {id: a, pattern: {sequence: [§{absent: x, for: 1m}]}}", None, "'absent' is the last step"),
    ("segments:\n  - {id: a, pattern: {sequence: [{event: x, within: §1m}]}}", None, "the first step has none"),
    (
        "segments:\n  - {id: a, pattern: {within: §30m, sequence: [{event: x}, {absent: y, for: 30m}]}}",
        None,
        "'within' ends before the absence has lasted",
    ),
    (
        "segments:\n  - {id: a, pattern: {event: x, within: 1m, where: §{event.value: {ref: visitor.visits}}}}",
        "visitor.visits",
        "'where' reads event.* and content.*",
    ),
    ("segments:\n  - {id: a, pattern: {any: §[]}}", None, "'any' needs a pattern"),
    ("slots:\n  - {id: a, limit: §0}", "0", "a whole number from 1 to 100"),
    ("slots:\n  - {id: a, limit: §101}", "101", "a whole number from 1 to 100"),
    ("slots:\n  - {id: a, select: {content.id: {§gt: 1}}}", "gt", "'gt' is not for 'content.id'"),
    ("slots:\n  - {id: a, blend: {model: §{weight: 1}}}", None, "needs a 'name'"),
    ("slots:\n  - {id: a, blend: {model: {name: m, per: §person}}}", "person", "'per' is one of"),
    ("slots:\n  - {id: a, diversify: {by: §topics}}", "topics", "'by' is a field of content"),
    ("slots:\n  - {id: a, diversify: {by: content.topics, trade_off: §2}}", "2", "from 0 to 1"),
    ("slots:\n  - {id: a}\n  - {id: §a}", "a", "there are two slots 'a'"),
]


@pytest.mark.parametrize(("text", "word", "said"), SECTIONS)
def test_a_mistake_in_a_section_by_itself(text: str, word: str | None, said: str) -> None:
    """Attributes, segments and slots."""
    plain, line, column = marked(text)
    (found,) = problems(plain)
    assert said in found.message
    assert (found.line, found.column, found.word) == (line, column, word)


def test_segments_that_name_each_other_in_a_circle_are_refused() -> None:
    """The circle is written out, from its least id."""
    text = """\
    segments:
      - {id: c, when: {segment: a}}
      - {id: a, when: {any: [{segment: b}, {geo.eu: true}]}}
      - {id: b, when: {not: {segment: [c]}}}
      - {id: d, when: {segment: a}}
    """
    (found,) = problems(textwrap.dedent(text))
    assert "a -> b -> c -> a" in found.message
    assert (found.line, found.column, found.word) == (3, 19, "a")
    (own,) = problems("segments:\n  - {id: a, when: {segment: a}}\n")
    assert "a -> a" in own.message


def test_conditions_nest_up_to_a_limit() -> None:
    """Thirty-two levels."""

    def nested(depth: int) -> str:
        return f"rules:\n  - {{id: r, slot: home.hero, then: [], when: {'{not: ' * depth}{{}}{'}' * depth}}}\n"

    rules.load(HEAD + nested(32))
    assert "nest deeper than 32" in only(nested(33)).message


TWELVE = """\
version: 2
timezone: Mars/Base
locales: fr
segments:
  - {id: a, when: {geo.contry: FR}}
slots:
  - {id: s, limit: 0}
rules:
  - {id: r, slot: t, then: []}
  - {id: r, slot: s, then: [{pinn: {}}], priority: x}
  - {id: q, slot: s, then: [], from: 2026-12-01, until: 2026-11-01}
experiments:
  - {id: e, slot: s, arms: []}
tests:
  - {slot: s, expect: {frist: a}}
"""


def test_a_document_with_twelve_mistakes_has_twelve_problems_in_order() -> None:
    """All in one pass, sorted by place."""
    found = problems(TWELVE)
    places = [(one.line, one.column) for one in found]
    assert places == sorted(places)
    assert [one.line for one in found] == [1, 2, 3, 5, 7, 9, 10, 10, 10, 11, 13, 15]
    assert str(found[4]) == "site.yaml:7:20: 'limit' is a whole number from 1 to 100"


@pytest.mark.parametrize("section", ["segments", "slots", "rules", "experiments"])
def test_a_description_that_is_none_is_told_once(section: str) -> None:
    with pytest.raises(rules.RuleError) as caught:
        rules.load({section: [{"id": "a", "description": 5}]})
    found = [one for one in caught.value.problems if one.pointer == f"/{section}/0/description"]
    assert [one.word for one in found] == ["5"]


def test_effects_in_the_same_words_have_their_problems_at_each_place() -> None:
    rule = "  - {{id: {}, slot: home.hero, then: [{{hide: {{content.type: {}}}, max: 1}}]}}\n"
    found = problems(HEAD + "rules:\n" + "".join(rule.format(name, "card") for name in "abc"))
    assert [(one.line, one.word) for one in found] == [(LINES + 2 + index, "max") for index in range(3)]


def test_effects_that_are_equal_only_in_python_stay_apart() -> None:
    values = [1, True, 1.5, "1", [1], {"a": 1}, {"a": True}]
    document = {
        "slots": [{"id": "home.hero"}],
        "rules": [
            {"id": f"r{index}", "slot": "home.hero", "then": [{"set": {"presentation.x": value}}]}
            for index, value in enumerate([*values, *values])
        ],
    }
    read = [rule.effects for rule in rules.load(document).document.rules]
    hints = [effect.hints[0][1] for effects in read for effect in effects if isinstance(effect, SetHints)]
    assert list(map(repr, hints)) == list(map(repr, [*values, *values]))


def test_a_mapping_has_pointers_instead_of_lines() -> None:
    """RFC 6901, escaped."""
    with pytest.raises(rules.RuleError) as caught:
        rules.load({"rules": [{"id": "r", "slot": "*", "then": [], "when": {"a/b~c": 1}}]})
    (found,) = caught.value.problems
    assert (found.pointer, found.line, found.file) == ("/rules/0/when/a~1b~0c", None, None)
    assert str(found).startswith("/rules/0/when/a~1b~0c: ")


def test_a_document_with_ten_thousand_mistakes_lists_a_thousand() -> None:
    """Nobody reads more, and the check stays fast."""
    text = "rules:\n" + "".join(f"  - {{id: r{n}, slot: nowhere, then: []}}\n" for n in range(3000))
    *listed, last = problems(text)
    assert len(listed) == 1000
    assert last.message == "and 2000 more problems"


def test_warnings_never_hide_an_error() -> None:
    """A document with more warnings than are listed is refused for its one error all the same."""
    segments = [{"id": f"s{number}", "members": {"file": "m.csv"}} for number in range(1200)]
    rule = {"id": "r", "slot": "s", "when": {"geo.country": {"matches": "("}}, "then": []}
    with pytest.raises(rules.RuleError) as refused:
        rules.load({"segments": segments, "slots": [{"id": "s"}], "rules": [rule]})
    assert any("RE2" in problem.message for problem in refused.value.problems)


def test_values_belong_to_texts() -> None:
    """A number that is one of some texts is a slip."""
    with pytest.raises(rules.RuleError, match=r"'values' are texts, and 'profile\.age' is a number"):
        rules.load({"attributes": {"profile.age": {"type": "number", "values": ["young"]}}})


def test_a_country_that_is_none_is_a_warning() -> None:
    """The classic mistakes: the wrong code, and small letters."""
    loaded = rules.load(
        {"slots": [{"id": "s"}], "rules": [{"id": "r", "slot": "s", "when": {"geo.country": ["UK", "fr"]}, "then": []}]}
    )
    assert [warning.message for warning in loaded.warnings] == [
        "'UK' is no country code of ISO 3166-1; did you mean 'GB'?",
        "'fr' is no country code of ISO 3166-1; did you mean 'FR'?",
    ]


def test_tests_name_rules_and_arms_that_there_are() -> None:
    """A test that names another is no test."""
    document = {
        "slots": [{"id": "s"}],
        "rules": [{"id": "vip", "slot": "s", "then": []}],
        "experiments": [{"id": "copy", "slot": "s", "arms": [{"id": "bold"}]}],
        "tests": [{"slot": "s", "arms": {"copi": "bold", "copy": "bald"}, "expect": {"rule": "vop"}}],
    }
    with pytest.raises(rules.RuleError) as refused:
        rules.load(document)
    assert {(problem.word, problem.suggestion) for problem in refused.value.problems} == {
        ("copi", "copy"),
        ("bald", "bold"),
        ("vop", "vip"),
    }


def test_a_file_of_members_is_a_warning_where_files_cannot_be_read() -> None:
    """The document loads; nobody is a member."""
    loaded = rules.load("segments: [{id: a, members: {file: a.csv}}]")
    (warning,) = loaded.warnings
    assert warning.severity == "warning"
    assert warning.word == "a.csv"
    assert loaded.facts({"visitor.id": "v"}, now="2026-01-01T00:00:00Z").held == frozenset()
