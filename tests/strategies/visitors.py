"""Visitors: attributes, some null, some of a wrong type, and the segments that a caller says they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st

from .choices import Choices, made_from
from .vocabulary import (
    ADDRESSES,
    AMOUNTS,
    CITIES,
    COUNTRIES,
    DATES,
    DEVICES,
    MOMENTS,
    PATHS,
    PLACES,
    PLANS,
    SEGMENTS,
    SOURCES,
    TAGS_OF_REQUEST,
    TOPICS,
    VERSIONS,
    VISITORS,
    VISITS,
    ZONES,
)


@dataclass(frozen=True)
class Person:
    """What a decision is told of a visitor."""

    attributes: dict[str, Any]
    segments: tuple[str, ...] = ()


@cache
def usual_and_odd() -> Mapping[str, tuple[Sequence[Any], Sequence[Any]]]:
    """For each attribute its usual values, and values that count as absent."""
    return {
        "geo.country": (COUNTRIES, [None, 7, ["FR"]]),
        "device.type": (DEVICES, [None]),
        "geo.eu": ([True, False], [None, 1, "true"]),
        "network.save_data": ([True, False], [None]),
        "visitor.visits": ([*VISITS, 1.0], [None, "1", True]),
        "session.page_views": (VISITS, ["2"]),
        "profile.spend": ([*AMOUNTS, 500.0], [None, "500"]),
        "profile.plan": (PLANS, [None, True]),
        "profile.interests": ([[], ["ski"], ["art", "ski"], ["Ski"]], [None, "ski", [1]]),
        "profile.sizes": ([[40], [], [1, 2.5], [1.0]], [None, ["1"], 40]),
        "profile.birthday": (DATES, [None, "soon", 7]),
        "profile.last_order": (MOMENTS, [None, "soon", 7]),
        "profile.app_version": (VERSIONS, [None, 2]),
        "profile.home": (PLACES, [None, "Paris", {"lat": 48.0}]),
        "profile.gateway": (ADDRESSES, [None, 10]),
        "profile.subscribed": ([True, False], [None, 1]),
        "custom.cart_value": ([*AMOUNTS, 100.0], [None, "1"]),
        "custom.label": ([*TOPICS, "a"], [None, ["ski"]]),
        "geo.city": (CITIES, [None]),
        "request.path": (PATHS, [None]),
        "request.utm.source": (SOURCES, [None, 7]),
        "request.locale": (TAGS_OF_REQUEST, [None]),
        "visitor.id": (VISITORS, [None, 7]),
        "visitor.known": ([True, False], [None]),
        "consent.personalization": ([True, False], [None]),
        "consent.analytics": ([True, False], [None]),
        "geo.timezone": (ZONES, [None]),
        "context.timezone": (ZONES, [None, "Nowhere/City"]),
    }


def person(pick: Choices) -> Person:
    """A visitor; the caller may name segments that the document does not know."""
    attributes = {}
    for name, (usual, odd) in usual_and_odd().items():
        form = pick.number(9)
        if form > 3 or (form < 3 and name == "visitor.id"):
            attributes[name] = pick.one(odd) if form == 9 else pick.one(usual)
    given = pick.some([*SEGMENTS, "unknown"], least=0, most=2) if pick.percent(30) else []
    return Person(attributes, tuple(given))


def kin(pick: Choices, other: Person) -> Person:
    """A visitor who differs from another in a few attributes, or in none."""
    attributes = dict(other.attributes)
    for name in pick.some(list(usual_and_odd()), least=0):
        attributes.pop(name, None)
        if pick.percent(70):
            attributes[name] = pick.one(usual_and_odd()[name][0])
    return Person(attributes, other.segments)


PERSON_BYTES = 72


def crowd(pick: Choices, size: int) -> list[Person]:
    """Visitors of whom many are alike, so that they often share an audience key."""
    found = [person(pick.part(PERSON_BYTES))]
    while len(found) < size:
        part = pick.part(PERSON_BYTES)
        found.append(person(part) if part.percent(40) else kin(part, part.one(found)))
    return found


def people(count: int) -> st.SearchStrategy[list[Person]]:
    """So many visitors."""
    return made_from(count * PERSON_BYTES, lambda pick: crowd(pick, count))
