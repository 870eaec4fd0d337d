"""What the invented visitors are made of: attributes with the numbers of values that real sites see.

Frequent values are frequent in rules too, as editors write rules for the visitors that they have.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random


@dataclass(frozen=True, slots=True)
class Choice:
    """An attribute with one of some values, whose frequency falls with their place: weight 1 / place^skew."""

    name: str
    values: Sequence[object]
    skew: float = 0.7
    cumulative: Sequence[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        weights = [1 / place**self.skew for place in range(1, len(self.values) + 1)]
        total = sum(weights)
        object.__setattr__(self, "cumulative", list(accumulate(weight / total for weight in weights)))

    def draw(self, random: Random) -> object:
        """One value, by frequency."""
        return random.choices(self.values, cum_weights=self.cumulative)[0]

    def some(self, random: Random, count: int) -> list[object]:
        """Distinct values, at most `count`, by frequency."""
        return list(dict.fromkeys(self.draw(random) for _ in range(count)))

    def covering(self, random: Random, share: float) -> list[object]:
        """Distinct values, in random order, that together are about this share of the visitors."""
        order = list(range(len(self.values)))
        random.shuffle(order)
        found: list[object] = []
        reached = 0.0
        for place in order:
            weight = self.cumulative[place] - (self.cumulative[place - 1] if place else 0.0)
            if found and reached + weight > share:
                continue
            found.append(self.values[place])
            reached += weight
        return found


@dataclass(frozen=True, slots=True)
class Amount:
    """A numeric attribute; `at` gives the number below which a share of the visitors lie (its quantiles)."""

    name: str
    at: Callable[[float], float]

    def draw(self, random: Random) -> float:
        """One number."""
        return self.at(random.random())


@dataclass(frozen=True, slots=True)
class Several:
    """An attribute with a list of values."""

    name: str
    of: Choice
    most: int

    def draw(self, random: Random) -> list[object]:
        """None to `most` distinct values."""
        return self.of.some(random, random.randint(0, self.most))


def _exponential(mean: float) -> Callable[[float], float]:
    return lambda share: float(int(-math.log1p(-min(share, 0.9999)) * mean))


def _numbered(stem: str, count: int) -> tuple[str, ...]:
    return tuple(f"{stem}-{number:03}" for number in range(count))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COUNTRY = Choice(
    "geo.country",
    _words(
        "FR DE GB US ES IT NL BE CH AT PL PT SE NO DK FI IE CZ HU RO GR BG HR SK SI LT LV EE LU MT CY IS UA RS TR"
        " CA MX BR AR CL CO PE AU NZ JP KR CN IN ID TH VN PH MY SG ZA EG MA TN NG KE"
    ),
)
_TOPICS = Choice("topic", _numbered("topic", 40))

CHOICES: tuple[Choice, ...] = (
    Choice("device.type", ("mobile", "desktop", "tablet", "tv", "bot", "other"), 1.2),
    Choice("device.os", ("Android", "iOS", "Windows", "macOS", "Linux", "ChromeOS"), 0.8),
    Choice("device.browser", ("Chrome", "Safari", "Edge", "Firefox", "Samsung Internet", "Opera"), 1.0),
    Choice("geo.region", _numbered("region", 120)),
    Choice("geo.city", _numbered("city", 400)),
    Choice("request.locale", _words("fr-FR de-DE en-GB en-US es-ES it-IT nl-NL pl-PL pt-PT sv-SE ja-JP")),
    Choice("request.referrer_kind", ("direct", "search", "social", "internal", "email", "other")),
    Choice("request.referrer_host", tuple(f"site-{number}.example" for number in range(80))),
    Choice("request.utm.campaign", _numbered("campaign", 200)),
    Choice("request.utm.source", _numbered("source", 20)),
    Choice("network.effective_type", ("4g", "3g", "2g", "slow-2g"), 1.5),
    Choice("profile.plan", ("free", "pro", "team", "enterprise", "trial"), 0.9),
    Choice("profile.industry", _numbered("industry", 30)),
    Choice("custom.category", _numbered("category", 150)),
)
FLAGS: tuple[Choice, ...] = (
    Choice("geo.eu", (True, False)),
    Choice("visitor.new", (False, True)),
)
AMOUNTS: tuple[Amount, ...] = (
    Amount("visitor.visits", _exponential(12)),
    Amount("visitor.days_since_last_visit", _exponential(9)),
    Amount("session.page_views", _exponential(6)),
    Amount("session.seconds", _exponential(240)),
    Amount("network.rtt_ms", _exponential(120)),
    Amount("profile.spend", _exponential(300)),
    Amount("custom.cart_value", _exponential(60)),
)
LISTS: tuple[Several, ...] = (
    Several("profile.interests", _TOPICS, 6),
    Several("custom.viewed", Choice("category", _numbered("category", 60)), 8),
)
PATHS = Choice("request.path", tuple(f"/section-{number}/page-{number % 7}" for number in range(60)))

DECLARED: Mapping[str, Mapping[str, object]] = {
    "profile.plan": {"type": "string", "purpose": "personalization"},
    "profile.industry": {"type": "string", "purpose": "personalization"},
    "profile.spend": {"type": "number", "unit": "EUR", "purpose": "personalization"},
    "profile.interests": {"type": "string_list", "purpose": "personalization"},
    "custom.category": {"type": "string"},
    "custom.cart_value": {"type": "number", "unit": "EUR"},
    "custom.viewed": {"type": "string_list"},
}
_EVERYTHING: tuple[Choice | Amount | Several, ...] = (COUNTRY, *CHOICES, *FLAGS, *AMOUNTS, *LISTS, PATHS)
MISSING = 0.08
"""The share of visitors of whom an attribute is not known."""


def visitor(random: Random, number: int) -> dict[str, object]:
    """The flat attributes of one visitor."""
    found: dict[str, object] = {"visitor.id": f"v-{number:06}", "consent.personalization": True}
    for source in _EVERYTHING:
        if random.random() >= MISSING:
            found[source.name] = source.draw(random)
    return found
