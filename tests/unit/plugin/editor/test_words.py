"""The sentence generator, table by table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.editor import moments
from plugin.editor.conditions import condition
from plugin.editor.effects import cap, effect
from plugin.editor.patterns import pattern
from plugin.editor.phrases import Name, plain
from plugin.editor.selections import entries
from plugin.editor.vocabulary import vocabulary_of
from plugin.editor.words import Words
from plugin.service.rulesets.items import SECTIONS
from rules.attributes import BUILT_IN
from rules.operators import FOR_TYPES
from tests.unit.plugin.editor.texts import DOCUMENT

TITLES = {"winter": "The winter box", "plain": None}
VOCABULARY = vocabulary_of(DOCUMENT, BUILT_IN, TITLES.get)
WORDS = Words(VOCABULARY)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "always"),
        ({"all": []}, "always"),
        ({"any": []}, "never"),
        ({"segment": "big"}, "the visitor is in Big spenders"),
        ({"segment": ["big", "new"]}, "the visitor is in Big spenders or new"),
        ({"not": {"segment": "big"}}, "the visitor is not in Big spenders"),
        (
            {"all": [{"segment": "big"}, {"time.hour": {"between": [18, 23]}}]},
            "the visitor is in Big spenders and it is between 18:00 and 23:59",
        ),
        (
            {"device.type": "mobile", "geo.eu": True},
            "the device is a phone and the visitor is in the EU",
        ),
        (
            {"any": [{"geo.country": "FR"}, {"all": [{"geo.country": "BE"}, {"geo.region": "WAL"}]}]},
            "the visitor’s country is FR or (the visitor’s country is BE and the visitor’s region is WAL)",
        ),
        (
            {"geo.country": "FR", "any": [{"segment": "big"}, {"segment": "new"}]},
            "the visitor’s country is FR and (the visitor is in Big spenders or the visitor is in new)",
        ),
        ({"any": [{"all": [{"geo.eu": True}]}]}, "the visitor is in the EU"),
        ({"not": {"geo.country": "FR"}}, "the visitor’s country is not FR (or not known)"),
        ({"not": {"geo.country": ["FR", "BE"]}}, "the visitor’s country is none of FR or BE (or not known)"),
        ({"not": {"geo.eu": True}}, "the visitor is outside the EU (or not known)"),
        (
            {"not": {"all": [{"geo.country": "FR"}, {"geo.region": "PAC"}]}},
            "it is not so that (the visitor’s country is FR and the visitor’s region is PAC)",
        ),
        ({"not": {"profile.spend": {"gt": 5}}}, "it is not so that (the visitor’s spend is more than 5 EUR)"),
    ],
)
def test_conditions_read_as_parts_of_a_sentence(data: Mapping[str, Any], words: str) -> None:
    assert plain(condition(data, VOCABULARY)) == words


@pytest.mark.parametrize(
    ("leaf", "words"),
    [
        ({"geo.country": "FR"}, "the visitor’s country is FR"),
        ({"geo.city": "New York"}, "the visitor’s city is “New York”"),
        ({"geo.country": ["FR", "BE", "CH"]}, "the visitor’s country is FR, BE or CH"),
        ({"geo.country": ["FR"]}, "the visitor’s country is FR"),
        ({"geo.country": []}, "the visitor’s country is one of an empty list, so never"),
        ({"geo.country": {"ne": "FR"}}, "the visitor’s country is not FR (or not known)"),
        ({"geo.country": {"not_in": ["FR", "BE"]}}, "the visitor’s country is none of FR or BE (or not known)"),
        ({"geo.country": {"exists": False}}, "the visitor’s country is not known"),
        ({"geo.country": {"exists": True}}, "the visitor’s country is known"),
        ({"geo.eu": False}, "the visitor is outside the EU"),
        ({"visitor.new": True}, "this is the visitor’s first visit"),
        ({"visitor.known": {"ne": True}}, "the visitor is anonymous (or not known)"),
        ({"consent.personalization": False}, "the visitor refused personalization"),
        ({"custom.gift": True}, "the gift: yes"),
        ({"profile.spend": {"gte": 500}}, "the visitor’s spend is at least 500 EUR"),
        ({"profile.spend": {"gt": 0, "lt": 40.5}}, "the visitor’s spend is more than 0 EUR and is less than 40.5 EUR"),
        ({"profile.spend": {"lte": 3}}, "the visitor’s spend is at most 3 EUR"),
        ({"profile.spend": {"between": [1, 9]}}, "the visitor’s spend is between 1 and 9 EUR"),
        ({"profile.interests": "sea"}, "the visitor’s interests include sea"),
        ({"profile.interests": ["sea", "maps"]}, "the visitor’s interests include sea or maps"),
        ({"profile.interests": {"contains_all": ["sea", "maps"]}}, "the visitor’s interests include sea and maps"),
        (
            {"profile.interests": {"contains_all": ["a", "b", "c"]}},
            "the visitor’s interests include all of a, b and c",
        ),
        (
            {"profile.interests": {"contains_any": {"ref": "custom.topics"}}},
            "the visitor’s interests include one of “Topics of the page”",
        ),
        (
            {"request.search_terms": {"contains": "sale", "any_case": True}},
            "the search contains sale (upper or lower case)",
        ),
        ({"request.path": {"starts_with": "/shop"}}, "the page’s path begins with /shop"),
        ({"request.path": {"ends_with": ".html"}}, "the page’s path ends with .html"),
        ({"request.path": {"matches": "^/a"}}, "the page’s path matches the expression “^/a”"),
        ({"request.utm.campaign": "winter"}, "the link’s “campaign” (utm) is winter"),
        ({"request.query.q": "x"}, "the address parameter “q” is x"),
        ({"request.cookie.seen": "1"}, "the cookie “seen” is 1"),
        ({"request.referrer_kind": "search"}, "the visitor comes by a search engine"),
        ({"request.referrer_kind": ["email", "social"]}, "the visitor comes by an email or a social network"),
        ({"device.os_version": {"version_lt": "16"}}, "the operating system’s version is older than version 16"),
        ({"device.os_version": {"version_gte": "16.2"}}, "the operating system’s version is version 16.2 or newer"),
        (
            {"request.ip": {"in_network": ["192.0.2.0/24", "198.51.100.0/24"]}},
            "the IP address is in the network 192.0.2.0/24 or 198.51.100.0/24",
        ),
        (
            {"geo.location": {"within_km": {"lat": 48.8, "lon": 2.0, "km": 30}}},
            "the visitor is within 30 km of 48.8, 2",
        ),
        (
            {"visitor.id": {"percent": {"lt": 20, "salt": "spring"}}},
            "the visitor is among the first 20 % of the split spring",
        ),
        (
            {"visitor.id": {"percent": {"gte": 20, "lt": 40, "salt": "s"}}},
            "the visitor is among the 20 to 40 % of the split s",
        ),
        ({"time.hour": {"between": [22, 4]}}, "it is between 22:00 and 04:59 (over midnight)"),
        ({"time.hour": 9}, "it is between 09:00 and 09:59"),
        ({"time.hour": {"gte": 18}}, "it is 18:00 or later"),
        ({"time.hour": {"lt": 6}}, "it is before 06:00"),
        ({"time.hour": {"in": [8, 9]}}, "the hour is 8 or 9"),
        ({"time.of_day": {"between": ["17:00", "20:30"]}}, "it is between 17:00 and 20:30"),
        ({"time.weekday": ["sat", "sun"]}, "it is Saturday or Sunday"),
        ({"time.weekday": {"between": ["mon", "fri"]}}, "it is between Monday and Friday"),
        ({"time.weekday": {"ne": "mon"}}, "it is not Monday"),
        ({"time.date": {"before": "2026-12-01"}}, "the date is before 1 Dec 2026"),
        ({"profile.since": {"after": {"ago": "7d"}}}, "the visitor’s since is less than 7 days ago"),
        ({"profile.since": {"before": {"ago": "604800s"}}}, "the visitor’s since is more than 7 days ago"),
        ({"visitor.days_since_last_visit": {"lte": 30}}, "the time since the last visit is at most 30 days"),
        ({"geo.region": {"ref": "profile.home"}}, "the visitor’s region is the visitor’s home"),
        ({"device.type": "other"}, "the device is of another kind"),
    ],
)
def test_tests_of_an_attribute(leaf: Mapping[str, Any], words: str) -> None:
    assert plain(condition(leaf, VOCABULARY)) == words


def test_every_test_of_the_language_has_words() -> None:
    """No test shows up by its name in the language, such as `version_gte`."""
    operands: dict[str, object] = {
        "between": [1, 2],
        "in": [1],
        "not_in": [1],
        "exists": True,
        "within_km": {"lat": 1, "lon": 2, "km": 3},
        "percent": {"lt": 2, "salt": "s"},
    }
    for op in FOR_TYPES:
        said = plain(condition({"custom.any": {op: operands.get(op, "1")}}, VOCABULARY))
        assert "_" not in said, said
        assert not {"eq", "ne", "gt", "gte", "lt", "lte", "exists", "{"} & set(said.split()), said


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "every entry"),
        ({"id": "winter"}, "the entry “The winter box” (winter)"),
        ({"content.id": ["winter", "plain"]}, "the entries “The winter box” (winter) and plain"),
        ({"content.type": "hero"}, "entries of type hero"),
        ({"content.tags": "vip"}, "entries tagged vip"),
        ({"content.tags": ["vip", "new"]}, "entries tagged vip or new"),
        ({"content.tags": {"contains_all": ["vip", "new"]}}, "entries tagged vip and new"),
        ({"content.tags": "audience:big"}, "entries tagged audience:Big spenders"),
        ({"content.type": "article", "content.locale": "fr"}, "entries of type article and in the language fr"),
        ({"content.region": {"ref": "geo.country"}}, "entries with region equal to the visitor’s country"),
        (
            {"content.topics": {"contains_any": {"ref": "profile.interests"}}},
            "entries whose topics include one of the visitor’s interests",
        ),
        ({"content.price": {"lte": 20}}, "entries whose price is at most 20"),
        ({"content.reading_minutes": {"gte": 9}}, "entries whose reading minutes are at least 9"),
        ({"content.published_at": {"after": {"ago": "7d"}}}, "entries published less than 7 days ago"),
        ({"content.published_at": {"before": "2026-12-01"}}, "entries published before 1 Dec 2026"),
        ({"content.sponsor": {"exists": False}}, "entries without sponsor"),
        ({"any": [{"content.tags": "a"}, {"content.type": "b"}]}, "entries (tagged a or of type b)"),
        ({"not": {"content.tags": "a"}}, "entries not tagged a"),
        ({"all": [{"content.type": "a"}, {"content.tags": "b"}]}, "entries of type a and tagged b"),
    ],
)
def test_selectors(data: Mapping[str, Any], words: str) -> None:
    assert plain(entries(data, VOCABULARY)) == words


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"pin": {"content.tags": "vip"}, "position": 1}, "pin the best-ranked entry tagged vip to place 1"),
        ({"pin": {"id": "winter"}}, "pin the entry “The winter box” (winter) to the first free place"),
        (
            {"pin": {"content.tags": "vip"}, "max": 2, "position": 3},
            "pin the 2 best-ranked entries tagged vip to place 3 and the next ones",
        ),
        ({"pin": {"id": ["a", "b"]}}, "pin the best-ranked entry of a and b to the first free place"),
        (
            {"pin": {"id": "a"}, "uncapped": True},
            "pin the entry a to the first free place, however often it was shown",
        ),
        ({"boost": {"content.tags": "vip"}, "by": 0.5}, "raise entries tagged vip by 0.5"),
        ({"boost": {"content.tags": "vip"}, "by": -1}, "lower entries tagged vip by 1"),
        ({"hide": {"content.tags": "upsell"}}, "hide entries tagged upsell"),
        ({"only": {"content.type": "article"}}, "keep only entries of type article"),
        ({"set": {"presentation.images": "small"}}, "set images to small"),
        (
            {"set": {"presentation.images": "small", "presentation.image_count": 2}},
            "set images to small and set image count to 2",
        ),
        ({"model": {"weight": 0}}, "give the model weight 0"),
        ({"model": {"name": "m", "per": "visitor"}}, "rank with the model m, for each visitor"),
        ({"stop": True}, "skip the rules of lower priority"),
    ],
)
def test_effects(data: Mapping[str, Any], words: str) -> None:
    assert plain(effect(data, VOCABULARY)) == words


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, None),
        (
            {"from": "2026-11-20", "until": "2026-12-01"},
            "from 20 Nov 2026 until the end of 30 Nov 2026, on the clock of Europe/Paris",
        ),
        ({"until": "2026-12-01T18:00"}, "until 1 Dec 2026, 18:00, on the clock of Europe/Paris"),
        (
            {"on": {"weekdays": ["fri", "sat"], "hours": [17, 22]}, "timezone": "visitor"},
            "on Friday and Saturday between 17:00 and 22:59, on the visitor’s clock",
        ),
        (
            {"on": {"weekdays": ["mon", "tue", "wed", "thu", "fri"]}},
            "on Monday to Friday, on the clock of Europe/Paris",
        ),
        ({"on": {"hours": [22, 4]}}, "between 22:00 and 04:59 (over midnight), on the clock of Europe/Paris"),
        ({"on": {"weekdays": ["mon", "wed", "fri"]}}, "on Monday, Wednesday and Friday, on the clock of Europe/Paris"),
    ],
)
def test_schedules(data: Mapping[str, Any], words: str | None) -> None:
    assert moments.schedule(data, "Europe/Paris") == words


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            {"event": "view", "where": {"content.topics": "sea"}, "count": {"gte": 3}, "within": "30m"},
            "“view” with topics sea at least 3 times within 30 minutes",
        ),
        ({"event": "view", "within": "1h"}, "“view” once within 1 hour"),
        (
            {"sequence": [{"event": "add_to_cart"}, {"absent": "purchase", "for": "30m"}], "within": "2d"},
            "“add_to_cart” → then no “purchase” for 30 minutes, all within 2 days",
        ),
        (
            {"any": [{"event": "a", "within": "1d"}, {"event": "b", "within": "1d"}]},
            "“a” once within 1 day, or “b” once within 1 day",
        ),
    ],
)
def test_patterns(data: Mapping[str, Any], words: str) -> None:
    assert plain(pattern(data, VOCABULARY)) == words


def test_a_rule_in_one_sentence() -> None:
    rule = {
        "id": "r",
        "slot": "home.hero",
        "priority": 100,
        "when": {"all": [{"segment": "big"}, {"time.hour": {"between": [18, 23]}}]},
        "from": "2026-11-20",
        "until": "2026-12-01",
        "cap": {"per_visitor": 3, "within": "1d"},
        "then": [{"pin": {"content.tags": "vip"}, "position": 1}],
    }
    assert plain(WORDS.sentence("rules", rule)) == (
        "When the visitor is in Big spenders and it is between 18:00 and 23:59 "
        "→ pin the best-ranked entry tagged vip to place 1; "
        "from 20 Nov 2026 until the end of 30 Nov 2026, on the clock of Europe/Paris; "
        "at most 3 times to one visitor within 1 day; priority 100"
    )


def test_a_rule_without_a_condition_is_always_on() -> None:
    rule = {"id": "r", "slot": "*", "then": [{"hide": {"content.tags": "x"}}, {"stop": True}]}
    assert plain(WORDS.rule(rule)) == "Always → hide entries tagged x and skip the rules of lower priority"
    assert plain(WORDS.slots_of(rule)) == "every slot"


def test_segments_and_slots_are_names_that_a_page_can_link() -> None:
    assert Name("segments", "big", "Big spenders") in condition({"segment": "big"}, VOCABULARY)
    assert Name("slots", "home.hero", "The opening") in WORDS.slots_of({"slot": ["home.hero"]})


def test_what_is_switched_off_says_so_first() -> None:
    facts = WORDS.facts("rules", {"id": "r", "enabled": False, "slot": "home.hero", "then": []})
    assert (facts[0].label, plain(facts[0].phrase)) == ("State", "switched off")


def test_caps_count_their_times() -> None:
    assert cap({"per_visitor": 1, "within": "1w"}) == "at most 1 time to one visitor within 1 week"


WORDS_OF_THE_LANGUAGE = (
    *("all", "any", "not", "segment", "percent", "between", "within_km", "exists", "ref", "ago", "time.hour"),
    *("time.weekday", "content.tags", "geo.eu", "pin", "boost", "hide", "only", "set", "model", "stop", "event"),
    *("sequence", "absent", "count", "gte", "weekdays", "hours", "members", "pattern", "then", "when", "slot", "arms"),
    *("select", "default", "cap", "blend", "diversify", "goal", "from", "until", "on", "lasts", "values", "priority"),
)
KEYS = st.sampled_from(WORDS_OF_THE_LANGUAGE) | st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, JSON, max_size=6), st.sampled_from(SECTIONS))
def test_nothing_that_a_document_may_hold_makes_the_words_fail(item: dict[str, Any], section: Any) -> None:
    """A draft that a newer release finds fault with is told all the same."""
    item = {**item, "id": "x"}
    assert plain(WORDS.sentence(section, item))
    json.dumps([plain(fact.phrase) for fact in WORDS.facts(section, item)])
