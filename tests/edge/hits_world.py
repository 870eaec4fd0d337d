"""What the hit run is made of: 50 rules on 6 slots, visitors whose kinds follow Zipf's law, and what they ask for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Any

from plugin.bench.requests import USER_AGENTS
from plugin.bench.vocabulary import COUNTRY
from tests.edge.people import AGENTS

SLOTS = ("home.hero", "home.feed", "promo", "teaser", "related", "footer")
PAGES: Mapping[str, tuple[str, ...]] = {
    "home": SLOTS,
    **{f"section-{number}": ("home.feed", "promo", "teaser") for number in range(3)},
    **{f"article-{number}": ("related", "footer") for number in range(6)},
}
"""Ten pages by name, with their slots; the first are asked for most."""
RULES = 50
SEGMENTS = tuple(f"segment-{number:02}" for number in range(12))
"""Lists, which only the origin knows."""
COUNTRIES = tuple(map(str, COUNTRY.values[:30]))
CAMPAIGNS = tuple(f"campaign-{number:02}" for number in range(20))
DEVICES = {
    "mobile": [agent for agent in USER_AGENTS if "Mobile" in agent and "iPad" not in agent],
    "desktop": [agent for agent in USER_AGENTS if "Mobile" not in agent],
    "tablet": [agent for agent in USER_AGENTS if "iPad" in agent],
    "bot": [AGENTS["bot"]],
}
COOKIELESS = 0.3
"""The share of visitors without a class: robots, refusals, first views; the rest have the cookie of their class."""
CAMPAIGN_SHARE = 0.15
"""The share of views that come by a campaign: the page that is landed on."""
RETURNING = 0.4
VISITORS = 20_000
ENTRIES_PER_SLOT = 8


def zipf(count: int, skew: float = 1.0) -> list[float]:
    """Cumulative weights of `count` values, the first the most frequent."""
    return list(accumulate(1 / place**skew for place in range(1, count + 1)))


def draw(random: Random, cumulative: Sequence[float]) -> int:
    """A place, by weight."""
    return bisect_left(cumulative, random.random() * cumulative[-1])


@dataclass(frozen=True)
class Kind:
    """What only the origin knows of a visitor. All of a kind have one class."""

    segment: str | None
    returning: bool

    @property
    def name(self) -> str:
        """The id of the visitor who stands for the kind."""
        return f"{'back' if self.returning else 'new'}-{self.segment or 'none'}"


@dataclass(frozen=True)
class Visitor:
    """Someone who looks at pages."""

    country: str
    device: str
    agent: str
    kind: Kind
    has_class: bool


def visitors(random: Random, count: int = VISITORS) -> list[Visitor]:
    """Countries, devices and segments, one each or none, by Zipf's law."""
    countries, devices, segments = zipf(len(COUNTRIES)), zipf(len(DEVICES), 1.2), zipf(len(SEGMENTS) + 1)
    found = []
    for _ in range(count):
        device = tuple(DEVICES)[draw(random, devices)]
        kind = Kind((None, *SEGMENTS)[draw(random, segments)], random.random() < RETURNING)
        has_class = device != "bot" and random.random() >= COOKIELESS
        country = COUNTRIES[draw(random, countries)]
        found.append(Visitor(country, device, random.choice(DEVICES[device]), kind, has_class))
    return found


@dataclass(frozen=True)
class View:
    """One page view."""

    page: str
    visitor: Visitor
    campaign: str | None


def views(random: Random, people: Sequence[Visitor], count: int) -> list[View]:
    """Page views in the order of time; pages and campaigns by Zipf's law, visitors equally."""
    pages, campaigns, names = zipf(len(PAGES)), zipf(len(CAMPAIGNS)), tuple(PAGES)
    found = []
    for _ in range(count):
        campaign = CAMPAIGNS[draw(random, campaigns)] if random.random() < CAMPAIGN_SHARE else None
        found.append(View(names[draw(random, pages)], random.choice(people), campaign))
    return found


def document(marker: str) -> dict[str, Any]:
    """The rules; the marker, which the first slot shows to everyone, is what a publication changes."""
    random = Random("the rules of the hit run")
    rules = [_rule(random, number) for number in range(RULES - 1)]
    mark = {"id": "marker", "slot": SLOTS[0], "priority": 1, "then": [{"set": {"presentation.marker": marker}}]}
    return {
        "version": 1,
        "segments": [{"id": name, "members": ["nobody-yet"]} for name in SEGMENTS],
        "slots": [
            {"id": name, "limit": 3, "select": {"content.tags": f"in-{name}"}, "default": {"id": f"{name}-0"}}
            for name in SLOTS
        ],
        "rules": [*rules, mark],
    }


def _rule(random: Random, number: int) -> dict[str, Any]:
    """Editors write rules for what is frequent; half of them ask for two things."""
    slot = SLOTS[number % len(SLOTS)]
    kinds = random.sample(("country", "device", "campaign", "new", "segment"), random.choice((1, 1, 2)))
    when = {}
    for kind in kinds:
        if kind == "country":
            when["geo.country"] = {"in": sorted({COUNTRIES[draw(random, zipf(12))] for _ in range(2)})}
        elif kind == "device":
            when["device.type"] = random.choice(("mobile", "desktop", "tablet"))
        elif kind == "campaign":
            when["request.utm.campaign"] = CAMPAIGNS[draw(random, zipf(8))]
        elif kind == "new":
            when["visitor.new"] = random.random() < 0.5
        else:
            when["segment"] = SEGMENTS[draw(random, zipf(len(SEGMENTS), 0.7))]
    place = random.randrange(ENTRIES_PER_SLOT)
    effect: dict[str, Any] = random.choice(
        [
            {"pin": {"id": f"{slot}-{place}"}},
            {"boost": {"content.tags": f"topic-{place % 4}"}, "by": 0.5},
            {"set": {"presentation.layout": f"layout-{place % 3}"}},
        ]
    )
    return {"id": f"rule-{number:02}", "slot": slot, "when": when, "then": [effect]}


def entries() -> list[str]:
    """The ids of all content."""
    return [f"{slot}-{number}" for slot in SLOTS for number in range(ENTRIES_PER_SLOT)]


def entry(name: str, revision: int) -> dict[str, Any]:
    """The body that pushes an entry."""
    slot, _, number = name.rpartition("-")
    text = "A line of text as long as those that editors write under a title. " * 4
    fields = {"title": f"{name} {revision}", "text": text, "url": f"/articles/{name}"}
    tags = [f"in-{slot}", f"topic-{int(number) % 4}"]
    return {"variants": [{"type": "card", "tags": tags, "fields": fields, "published_at": "2026-01-01T00:00:00Z"}]}
