"""What caching costs, by rule sets whose answer is known by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import rules
from rules.footprint.footprints import Footprint, footprints
from rules.footprint.words import addition, lines, still, versions

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PIN = [{"pin": {"id": "x"}}]


def one(*listed: dict[str, Any], content: list[dict[str, Any]] | None = None, **more: Any) -> Footprint:
    """The footprint of a slot with these rules."""
    named = [{"id": f"r{place}", "slot": "s", "then": PIN, **rule} for place, rule in enumerate(listed)]
    slot = {"id": "s", **more.pop("slot", {})}
    ruleset = rules.load({"version": 1, "slots": [slot], "rules": named, **more})
    prepared = None if content is None else ruleset.prepare(content)
    (found,) = footprints(ruleset, prepared, now=NOW)
    return found


def without(found: Footprint) -> dict[str, int]:
    """By id, the versions where a rule is left out."""
    return {added.id: added.without for added in found.additions}


def test_a_slot_without_rules_has_one_version_for_everyone_for_ever() -> None:
    found = one()
    assert (found.versions, found.how, found.sharing) == (1, "exact", "everyone")
    assert found.stillness.ttl_s is None
    assert still(found.stillness) == "never changes by the clock"


def test_countries_are_told_apart_as_far_as_rules_name_them() -> None:
    """Two rules of one list each: both, one, the other, none of them."""
    found = one({"when": {"geo.country": ["FR", "BE"]}}, {"when": {"geo.country": ["FR", "DE"]}})
    assert (found.versions, found.how, found.sharing) == (4, "exact", "inputs")
    assert without(found) == {"r0": 2, "r1": 2}
    assert addition(found.additions[0], found) == "this rule takes s from 2 to 4 cached versions"


def test_what_one_attribute_rules_out_is_not_multiplied() -> None:
    """Three countries and one device: four times two."""
    found = one(*({"when": {"geo.country": code}} for code in ("FR", "DE", "US")), {"when": {"device.type": "mobile"}})
    assert found.versions == 8
    assert without(found) == {"r0": 6, "r1": 6, "r2": 6, "r3": 4}


def test_a_rule_that_always_holds_and_one_that_never_does_add_nothing() -> None:
    found = one({}, {"when": {"any": []}}, {"when": {"geo.country": "FR"}})
    assert found.versions == 2
    assert without(found) == {"r0": 2, "r1": 2, "r2": 1}
    assert [addition(added, found) for added in found.additions] == [
        "this rule adds no version to s: whom it concerns is told apart without it, too",
        "this rule adds no version to s: from now on it concerns nobody",
        "this rule takes s from 1 to 2 cached versions",
    ]


def test_stop_makes_fewer_versions_and_its_rule_can_save_some() -> None:
    """Without it three rules are free of each other; with it, its visitors share one."""
    found = one(
        {"priority": 9, "when": {"device.type": "bot"}, "then": [{"stop": True}]},
        {"when": {"geo.country": "FR"}},
        {"when": {"geo.eu": True}},
    )
    assert found.versions == 4
    assert without(found)["r0"] == 4


@pytest.mark.parametrize(
    ("when", "sharing", "said"),
    [
        ({"profile.spend": {"gt": 5}}, "class", "only the origin knows"),
        ({"visitor.id": {"percent": {"lt": 20, "salt": "s"}}}, "class", "share of the visitors"),
        ({"segment": "listed"}, "class", "a list of visitors"),
        ({"segment": "fans"}, "class", "an event pattern"),
        ({"request.path": "/"}, "private", "an edge is not told"),
        ({"geo.city": "Lyon"}, "private", "an edge is not told"),
        ({"request.utm.campaign": "winter"}, "inputs", "reads request.utm.campaign"),
        ({"request.utm.own": "winter"}, "private", "an edge is not told"),
        ({"time.hour": 5}, "inputs", "context.timezone"),
    ],
)
def test_who_may_share_is_said_with_the_rule_that_it_comes_from(when: Any, sharing: str, said: str) -> None:
    found = one(
        {"when": when},
        attributes={"profile.spend": {"type": "number"}},
        segments=[
            {"id": "listed", "members": ["v-1"]},
            {"id": "fans", "pattern": {"event": "view", "count": {"gte": 3}, "within": "1d"}},
        ],
    )
    assert found.sharing == sharing
    assert any(said in cause.sentence for cause in found.causes)
    assert found.versions == 2
    assert found.how == "exact"


@pytest.mark.parametrize(
    ("when", "remedy"),
    [
        ({"geo.city": "Lyon"}, "ask for geo.country instead, or give what asks for it a slot of its own"),
        ({"device.os": "ios"}, "ask for device.type instead, or give what asks for it a slot of its own"),
        ({"request.path": "/"}, "give the pages that it names slots of their own"),
        ({"visitor.id": "v-1"}, "name these visitors in a segment with members, or give what asks for it a slot of"),
        ({"geo.country": "FR"}, None),
        ({"profile.spend": {"gt": 5}}, None),
    ],
)
def test_what_makes_a_slot_private_says_what_to_do(when: Any, remedy: str | None) -> None:
    found = one({"when": when}, attributes={"profile.spend": {"type": "number"}})
    said = found.causes[0].remedy
    assert said is None if remedy is None else said is not None and said.startswith(remedy)
    assert any(line == f"        to share the slot, {said}" for line in lines(found)) is (remedy is not None)
    assert versions(found) == ("2 versions" if remedy else "2 cached versions")


def test_caps_and_scores_of_ones_own_make_a_slot_private() -> None:
    capped = one({"cap": {"per_visitor": 1, "within": "1d"}})
    scored = one(slot={"blend": {"model": {"name": "m", "per": "visitor"}}})
    assert [capped.sharing, scored.sharing] == ["private", "private"]
    assert "the rule 'r0'" in capped.causes[0].sentence
    assert "leave out the cap" in str(capped.causes[0].remedy)
    assert "per: audience" in str(scored.causes[0].remedy)


def test_the_arms_of_an_experiment_are_versions() -> None:
    """Not entered, and two arms."""
    arms = [{"id": "a"}, {"id": "b", "then": PIN}]
    found = one(experiments=[{"id": "e", "slot": "s", "traffic": 50, "arms": arms}])
    assert (found.versions, found.how, found.sharing) == (3, "exact", "class")
    assert without(found) == {"e": 1}


def test_experiments_of_a_group_are_never_both_entered() -> None:
    arms = [{"id": "a"}, {"id": "b"}]
    group = [{"id": name, "slot": "s", "group": "g", "arms": arms} for name in ("e", "f")]
    assert one(experiments=group).versions == 5


def test_content_brings_its_languages_and_audience_tags() -> None:
    entries = [
        {"id": "x", "locale": "fr"},
        {"id": "x", "locale": "en"},
        {"id": "y", "tags": ["audience:fans"]},
    ]
    segments = [{"id": "fans", "computed": True}]
    assert one(segments=segments).versions == 1
    found = one(segments=segments, locales=["fr", "en"], content=entries)
    assert (found.versions, found.how) == (4, "exact")


def test_values_that_selectors_name_are_counted_where_they_are_known() -> None:
    """Every country that there is, and none; of a profile's values nobody knows how many there are."""
    local = {"then": [{"boost": {"content.region": {"ref": "geo.country"}}, "by": 1}]}
    assert one(local).versions == 251
    own = {"then": [{"boost": {"content.region": {"ref": "profile.home"}}, "by": 1}]}
    found = one(own, attributes={"profile.home": {"type": "string"}})
    assert found.how == "open"
    assert "more with each value of profile.home" in versions(found)


def test_consent_is_asked_before_what_needs_it() -> None:
    """Refused and a known plan never come together: four, and not eight."""
    found = one(
        {"when": {"consent.ads": False}},
        {"when": {"profile.plan": "pro"}},
        attributes={"profile.plan": {"type": "string", "purpose": "ads"}},
    )
    assert (found.versions, found.how) == (3, "exact")


def test_schedules_count_from_now_on() -> None:
    """What is over counts no more; hours of the site and those of visitors can meet in any way."""
    assert one({"until": "2026-11-01"}).versions == 1
    assert one({"from": "2026-12-01"}, {"until": "2026-12-24"}).versions == 3
    assert one({"on": {"hours": [8, 11]}}, {"on": {"hours": [12, 20]}}).versions == 3


@pytest.mark.parametrize(
    ("rule", "ttl_s", "flips"),
    [
        ({"until": "2026-11-22T13:00:00"}, 3600, 0.1),
        ({"on": {"hours": [18, 23]}}, 6 * 3600, 2.0),
        ({"when": {"time.hour": {"gte": 5}}}, 900, 96.0),
        ({"when": {"time.now": {"gte": "2026-11-22T12:00:30Z"}}}, 30, 0.3),
        ({"when": {"profile.seen": {"after": {"ago": "7d"}}}}, 0, None),
    ],
)
def test_how_long_nothing_can_flip(rule: dict[str, Any], ttl_s: int, flips: float | None) -> None:
    found = one(rule, attributes={"profile.seen": {"type": "datetime"}}).stillness
    assert (found.ttl_s, found.flips_a_day) == (ttl_s, flips)


def test_content_dates_flip_too() -> None:
    found = one(content=[{"id": "x", "published_at": "2026-11-22T12:01:00Z"}])
    assert found.stillness.ttl_s == 60


def test_expressions_are_bounded_where_no_visitor_is_found() -> None:
    """No text suits both, which nobody proved."""
    found = one(*({"when": {"request.utm.source": {"matches": text}}} for text in ("^a[^b]c{2}$", "^(?:x|y)z+$")))
    assert found.how in ("exact", "at_most")
    assert found.versions in (3, 4)
    assert found.origin == (
        "the rule 'r0' has an expression ('matches')",
        "the rule 'r1' has an expression ('matches')",
    )


def test_thirty_segments_are_bounded_and_not_counted() -> None:
    segments = [{"id": f"s{number}", "computed": True} for number in range(30)]
    found = one(*({"when": {"segment": one["id"]}} for one in segments), segments=segments)
    assert (found.versions, found.how) == (2**30, "at_most")
    assert "possibly more than a million" in versions(found)
    assert without(found)["r0"] == 2**29
    said = "this rule takes s from at most 536,870,912 to at most 1,073,741,824 cached versions"
    assert addition(found.additions[0], found) == said


def test_one_rule_is_asked_for_alone_and_the_same_is_said_of_it() -> None:
    segments = [{"id": f"s{number}", "computed": True} for number in range(30)]
    named = [{"id": f"r{n}", "slot": "s", "when": {"segment": f"s{n}"}, "then": PIN} for n in range(30)]
    document = {"version": 1, "segments": segments, "slots": [{"id": "s"}, {"id": "other"}], "rules": named}
    (found,) = footprints(rules.load(document), now=NOW, only="r3")
    assert without(found) == {"r3": 2**29}


def test_two_bounds_that_are_equal_do_not_say_that_a_rule_adds_nothing() -> None:
    """All rules ask for one thing that others ask with another, so that nothing multiplies: too much to follow."""
    segments = [{"id": f"s{number}", "computed": True} for number in range(40)]
    pairs = [{"when": {"all": [{"segment": f"s{n}"}, {"segment": f"s{n + 1}"}]}} for n in range(39)]
    found = one(*pairs, segments=segments)
    added = found.additions[20]
    assert (found.how, added.without_how, added.none) == ("at_most", "at_most", False)
    assert added.without == found.versions < 2**39
    most = f"at most {found.versions:,}"
    said = f"what this rule adds to s is not known: {most} cached versions with it, {most} without"
    assert addition(added, found) == said


def test_rules_whom_others_tell_apart_add_nothing_even_where_all_are_bounds() -> None:
    """Two texts that no visitor may have at once; what is asked twice is one distinction whoever there is."""
    texts = [{"when": {"request.utm.source": {"matches": text}}} for text in ("^a[^b]c{2}$", "^(?:x|y)z+$")]
    found = one(*texts, texts[0])
    assert found.how == "at_most"
    assert [added.none for added in found.additions] == [True, False, True]


def test_a_rule_that_stops_can_save_versions_even_where_they_are_only_bounded() -> None:
    texts = [{"when": {"request.utm.source": {"matches": text}}} for text in ("^a[^b]c{2}$", "^(?:x|y)z+$")]
    found = one({"priority": 1, "when": {"device.type": "bot"}, "then": [{"stop": True}]}, *texts)
    assert found.how == "at_most"
    assert found.additions[0].none is False


def test_a_rule_whose_hints_others_set_before_it_is_a_version_only_without_them() -> None:
    """Neither, the first, the second; and four where the second does more than to set hints."""
    small, large = ([{"set": {"presentation.images": text}}] for text in ("small", "large"))
    first = {"priority": 2, "when": {"geo.country": "FR"}, "then": small}
    second = {"priority": 1, "when": {"device.type": "mobile"}, "then": large}
    found = one(first, second)
    assert (found.versions, found.how, without(found)) == (3, "exact", {"r0": 2, "r1": 2})
    assert one(first, {**second, "then": [*large, *PIN]}).versions == 4


def test_the_holdout_is_no_version_of_its_own_where_others_get_as_little() -> None:
    """A rule for everybody makes it one: whom it keeps out alone gets nothing."""
    french = {"when": {"geo.country": "FR"}}
    assert (one(french, holdout={"percent": 10}).versions, one({}, french, holdout={"percent": 10}).versions) == (2, 3)


def test_a_bound_that_grows_says_that_it_is_one() -> None:
    own = {"then": [{"boost": {"content.region": {"ref": "profile.home"}}, "by": 1}]}
    texts = [{"when": {"request.utm.source": {"matches": text}}} for text in ("^a[^b]c{2}$", "^(?:x|y)z+$")]
    found = one(own, *texts, attributes={"profile.home": {"type": "string"}})
    assert (found.how, found.exact) == ("open", False)
    assert versions(found) == "at most 8 cached versions, and more with each value of profile.home"


@pytest.mark.parametrize("name", ["time.weekday", "time.hour", "time.date"])
def test_what_selectors_compare_with_the_clock_makes_more_versions_than_are_counted(name: str) -> None:
    """One for each day of the week; and whoever gives a rule for everybody another one each day adds them."""
    boost = {"then": [{"boost": {"content.region": {"ref": name}}, "by": 1}]}
    found = one({"when": {"geo.country": "FR"}, **boost})
    assert (found.how, found.grows_with) == ("open", (name,))
    assert versions(found).endswith(f"and more with each value of {name}")
    assert not one(boost).additions[0].none
    first, _second = one({"then": [{"stop": True}], "priority": 1}, boost).additions
    assert not first.none, "what it stops would be told apart by the clock"


def test_every_rule_of_the_demo_has_a_number_for_what_it_adds() -> None:
    found = footprints(rules.load_files([Path("plugin/demo/site/rules")]), now=NOW)
    said = [addition(added, each) for each in found for added in each.additions]
    assert len(said) > 80
    assert not [sentence for sentence in said if "not known" in sentence]


def test_the_same_is_said_every_time() -> None:
    listed = [{"when": {"geo.country": code}} for code in ("FR", "DE")]
    assert list(lines(one(*listed))) == list(lines(one(*listed)))
