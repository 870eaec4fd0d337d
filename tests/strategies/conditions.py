"""Conditions over a visitor, and selectors over an entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st

from . import leaves
from .choices import Choices, made_from
from .leaves import Maker
from .vocabulary import (
    AMOUNTS,
    CITIES,
    CONTENT_TAGS,
    COUNTRIES,
    DATES,
    DEVICES,
    IDS,
    LOCALES,
    MOMENTS,
    PATHS,
    PLANS,
    PRICES,
    REGIONS,
    SIZES,
    SOURCES,
    TOPICS,
    TYPES,
    VISITORS,
    VISITS,
    WEEKDAYS,
)


@cache
def visitor_tests() -> Mapping[str, Maker]:
    """The tests for each attribute that visitors have."""
    return {
        "geo.country": leaves.equality(COUNTRIES),
        "device.type": leaves.equality(DEVICES),
        "geo.eu": leaves.equality([True, False], ["network.save_data"]),
        "visitor.visits": leaves.ordered(VISITS, ["session.page_views"]),
        "profile.spend": leaves.ordered(AMOUNTS, ["custom.cart_value"]),
        "profile.plan": leaves.equality(PLANS),
        "profile.interests": leaves.lists(TOPICS, ["custom.label"]),
        "profile.sizes": leaves.lists(SIZES, words=False),
        "profile.birthday": leaves.ordered(DATES, ["time.date"]),
        "profile.last_order": leaves.instants(MOMENTS, DATES, ["time.now"]),
        "profile.app_version": leaves.versions,
        "profile.home": leaves.locations,
        "profile.gateway": leaves.networks,
        "profile.subscribed": leaves.equality([True, False]),
        "custom.label": leaves.text(TOPICS, ["(?i)^SK", "i$", "^$"], ["request.utm.source"]),
        "geo.city": leaves.text(CITIES, ["(?i)^pa", "[a-z]ris", "vry$"], ["custom.label"]),
        "request.path": leaves.text(PATHS, ["shop/[0-9]", "^/$"]),
        "request.utm.source": leaves.text(SOURCES, ["s$"]),
        "time.hour": lambda pick: pick.make([leaves.ordered([0, 4, 22, 23]), leaves.wrapping([22, 4, 0, 6, 23])]),
        "time.weekday": lambda pick: pick.make([leaves.equality(WEEKDAYS), leaves.wrapping(WEEKDAYS)]),
        "time.of_day": leaves.wrapping(["22:30", "04:30", "00:00", "23:59"]),
        "time.date": leaves.ordered(DATES, ["profile.birthday"]),
        "time.now": leaves.instants(MOMENTS, DATES, ["profile.last_order"]),
        "visitor.id": lambda pick: pick.make([leaves.percents, leaves.equality(VISITORS[:3])]),
        "visitor.known": leaves.equality([True, False]),
        "consent.analytics": leaves.equality([True, False]),
    }


@cache
def content_tests(*, bound: bool) -> Mapping[str, Maker]:
    """The tests for each field of content; where `bound`, some refer to the visitor."""

    def refs(*names: str) -> tuple[str, ...]:
        return names if bound else ()

    return {
        "id": lambda pick: pick.one(IDS) if pick.percent(50) else pick.some(IDS),
        "content.type": leaves.equality(TYPES),
        "content.topics": leaves.lists(TOPICS, refs("profile.interests", "custom.label")),
        "content.tags": leaves.lists(CONTENT_TAGS[:3], refs("profile.interests")),
        "content.region": leaves.text(REGIONS, ["^[FU]"], refs("geo.country")),
        "content.price": leaves.ordered(PRICES, refs("custom.cart_value")),
        "content.id": leaves.equality(IDS, refs("custom.label")),
        "content.locale": leaves.equality(LOCALES),
        "content.published_at": leaves.instants(MOMENTS, DATES, refs("profile.last_order")),
    }


def leaf(pick: Choices, tests: Mapping[str, Maker], segments: Sequence[str]) -> dict[str, Any]:
    """One or two leaves in a mapping; segments count as an attribute more."""
    made: dict[str, Any] = {}
    for _ in range(2 if pick.percent(20) else 1):
        if segments and pick.percent(20):
            made["segment"] = pick.one(segments) if pick.percent(60) else pick.some(segments)
        else:
            name = pick.one(list(tests))
            made[name] = pick.make([tests[name]])
    return made


def tree(pick: Choices, tests: Mapping[str, Maker], segments: Sequence[str], depth: int = 2) -> dict[str, Any]:
    """A leaf more often than not; else a nested condition of at most a few leaves."""
    form = pick.number(9)
    if depth == 0 or form <= 5:
        return leaf(pick, tests, segments)
    if form == 6:
        return {"not": tree(pick, tests, segments, depth - 1)}
    inner = [tree(pick, tests, segments, depth - 1) for _ in range(pick.number(2 if depth == 1 else 3))]
    return {"all" if form <= 8 else "any": inner}


def condition(pick: Choices, segments: Sequence[str]) -> dict[str, Any]:
    """A condition over a visitor that may name these segments."""
    return tree(pick, visitor_tests(), segments)


def selector(pick: Choices, *, bound: bool = True) -> dict[str, Any]:
    """A selector over entries, usually a single leaf; only where `bound` may it refer to the visitor."""
    return {} if pick.percent(10) else tree(pick, content_tests(bound=bound), (), depth=pick.one([0, 0, 1]))


def plainly_typed() -> Mapping[str, Maker]:
    """The attributes whose values show their type: texts, numbers, booleans and lists."""
    told_by_declaration = ("time.", "profile.birthday", "profile.last", "profile.app", "profile.home", "profile.gate")
    return {name: tests for name, tests in visitor_tests().items() if not name.startswith(told_by_declaration)}


CONDITION_BYTES = 48


def conditions(segments: Sequence[str], *, plain: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """A condition over a visitor that may name these segments; a plain one reads the same without a catalogue."""
    tests = plainly_typed() if plain else visitor_tests()
    return made_from(CONDITION_BYTES, lambda pick: tree(pick, tests, segments))


def several_conditions(segments: Sequence[str], count: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    """So many of them."""

    def make(pick: Choices) -> list[dict[str, Any]]:
        return [condition(pick.part(CONDITION_BYTES), segments) for _ in range(count)]

    return made_from(count * CONDITION_BYTES, make)
