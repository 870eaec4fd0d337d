"""What each rule and experiment adds, against all inputs that there are in a small world: a count of what they get."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from hypothesis import event, given, note
from hypothesis import strategies as st

import rules
from rules.footprint.counts import Work, count_of
from rules.footprint.footprints import Addition, Footprint, footprints
from rules.footprint.rows import SlotGoals
from rules.footprint.states import Budget
from rules.footprint.words import addition, versions
from tests.strategies.profiles import searched

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
COUNTRIES = (None, "FR", "DE", "US")
DEVICES = ("mobile", None)
SEGMENTS = ((), ("a",), ("b",), ("a", "b"))
IDS = (None, *(f"v-{number}" for number in range(16)))
REFUSING = ({}, {"consent.ads": True}, {"consent.ads": False})


def asked_of_visitors() -> st.SearchStrategy[dict[str, Any]]:
    """Conditions on what the world below goes through."""
    return st.one_of(
        st.lists(st.sampled_from(["FR", "DE", "US"]), min_size=1, max_size=2, unique=True).map(
            lambda codes: {"geo.country": codes}
        ),
        st.sampled_from(
            [
                {"device.type": "mobile"},
                {"segment": "a"},
                {"segment": "b"},
                {"not": {"segment": "a"}},
                {"consent.ads": True},
                {"profile.plan": "pro"},
                {"any": []},
                {},
            ]
        ),
    )


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A slot with a few rules that stop, set hints and name values, perhaps an experiment and a holdout."""
    effects = st.sampled_from(
        [
            [{"pin": {"id": "x"}}],
            [{"set": {"presentation.images": "small"}}],
            [{"set": {"presentation.images": "large"}}],
            [{"set": {"presentation.images": "none", "presentation.tone": "calm"}}],
            [{"boost": {"content.region": {"ref": "geo.country"}}, "by": 1}],
            [{"boost": {"content.region": {"ref": "time.weekday"}}, "by": 1}],
            [{"pin": {"id": "y"}}, {"stop": True}],
            [{"stop": True}],
        ]
    )
    conditions = st.one_of(
        asked_of_visitors(),
        st.lists(asked_of_visitors(), min_size=2, max_size=2).map(lambda some: {"all": some}),
        st.lists(asked_of_visitors(), min_size=2, max_size=2).map(lambda some: {"any": some}),
    )
    rule = st.fixed_dictionaries({"when": conditions, "then": effects, "priority": st.integers(0, 3)})
    listed = draw(st.lists(rule, min_size=1, max_size=5))
    document: dict[str, Any] = {
        "version": 1,
        "attributes": {"profile.plan": {"type": "string", "purpose": "ads"}},
        "segments": [{"id": name, "computed": True} for name in ("a", "b")],
        "slots": [{"id": "s"}],
        "rules": [{"id": f"r{place}", "slot": "s", **one} for place, one in enumerate(listed)],
    }
    if draw(st.booleans()):
        arms = [{"id": "a"}, {"id": "b", "then": draw(effects)}]
        document["experiments"] = [{"id": "e", "slot": "s", "priority": draw(st.integers(0, 3)), "arms": arms}]
        document["experiments"][0]["when"] = draw(conditions)
    if draw(st.booleans()):
        document["holdout"] = {"percent": 30}
    return document


def everybody(document: dict[str, Any]) -> set[str]:
    """The keys of all visitors of the small world."""
    ruleset = rules.load(document)
    ids = IDS if "holdout" in document or document.get("experiments") else IDS[:1]
    asks_consent = "consent.ads" in str(document) or "profile.plan" in str(document)
    found = set()
    moments = [NOW + timedelta(days=day) for day in range(3 if names_days(document) else 1)]
    for country, device, segments, plan, consents, name, now in product(
        COUNTRIES, DEVICES, SEGMENTS, (None, "pro"), REFUSING if asks_consent else REFUSING[:1], ids, moments
    ):
        if plan is not None and consents.get("consent.ads") is False:
            continue
        told = {"geo.country": country, "device.type": device, "profile.plan": plan, "visitor.id": name, **consents}
        attributes = {name: value for name, value in told.items() if value is not None}
        found.add(ruleset.audience_key("s", attributes, segments=segments, now=now, audiences=(), locale=""))
    return found


def left_out(document: dict[str, Any], one: Addition) -> dict[str, Any]:
    """The document without a rule or an experiment."""
    section = f"{one.kind}s"
    return {**document, section: [item for item in document[section] if item["id"] != one.id]}


def names_countries(document: dict[str, Any]) -> bool:
    """Whether there are more versions than the small world has countries for."""
    return "'ref': 'geo.country'" in str(document)


def names_days(document: dict[str, Any]) -> bool:
    """Whether there may be more versions than are counted: those are of the days that rules test alone."""
    return "'ref': 'time.weekday'" in str(document)


@searched(15)
@given(documents())
def test_each_addition_is_what_all_visitors_come_to_or_bounds_it(document: dict[str, Any]) -> None:
    """Exact numbers are reached; bounds are not passed; and nothing is said to add nothing that adds something."""
    note(document)
    (found,) = footprints(rules.load(document), now=NOW)
    note(found)
    event(found.how)
    met = everybody(document)
    wide = names_countries(document)
    days = names_days(document)
    assert len(met) <= found.versions or (days and found.how == "open")
    assert len(met) == found.versions or wide or found.how != "exact"
    assert len(found.additions) == len(document["rules"]) + len(document.get("experiments", []))
    for one in found.additions:
        rest = left_out(document, one)
        without = everybody(rest)
        assert len(without) <= one.without or days
        (alone,) = footprints(rules.load(rest), now=NOW)
        if one.without_how == "exact" and alone.exact:
            assert one.without == alone.versions
        if one.without_how == "exact" and not wide and not days:
            assert len(without) == one.without
        if one.none and not wide:
            assert len(without) == len(met)
        check_words(one, found)


def check_words(one: Addition, found: Footprint) -> None:
    """A bound says so, and none is said only where it is certain."""
    said = addition(one, found)
    assert ("adds no version" in said) is one.none
    assert one.none or ("at most" in said) is not (found.exact and one.without_how == "exact")
    assert ("at most" in versions(found)) is not found.exact


@searched(15)
@given(documents(), st.integers(0, 400), st.integers(0, 200))
def test_with_less_work_the_numbers_are_bounds(document: dict[str, Any], steps: int, steps_without: int) -> None:
    """However early the count stops."""
    note(document)
    ruleset = rules.load(document)
    budgets = Work(Budget(steps), Budget(steps_without))
    count = count_of(ruleset, None, "s", SlotGoals(ruleset.document.segments), NOW, budgets)
    note(count)
    met = everybody(document)
    days = names_days(document)
    assert len(met) <= count.number or (days and count.how == "open")
    assert len(met) == count.number or not count.exact or names_countries(document) or count.how == "open"
    for owner, left in count.without.items():
        kind, _, id_ = owner.partition(" ")
        section = f"{kind}s"
        kept = {**document, section: [item for item in document[section] if item["id"] != id_]}
        without = everybody(kept)
        assert len(without) <= left.number or days
        assert not left.same or names_countries(document) or len(without) == len(met)
