"""Rule sets, content and visitors for measuring: the same for the same seed, on every machine.

Figures compare only where the version is the same, so it rises with every change that alters what is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from plugin.bench.shapes import SEGMENTS, SHAPES
from plugin.bench.vocabulary import AMOUNTS, CHOICES, DECLARED, visitor

GENERATOR_VERSION = 1
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
"""The clock of the first call; each call is a second later."""
_KINDS = ("hero", "article", "product", "banner")
_TAGS = tuple(f"tag-{number}" for number in range(12))
_REGIONS = ("FR", "DE", "GB", "US", "ES", "IT")
_SENTENCE = "A line of text as long as those that editors write under a title, to be shown beside a picture."


@dataclass(frozen=True, slots=True)
class World:
    """One rule set with its content.

    Attributes:
        document: of the rule language, as plain data.
        content: candidates, ten a slot unless asked otherwise.
    """

    shape: str
    document: dict[str, object]
    content: list[dict[str, object]]
    slots: tuple[str, ...]
    seed: int


def make(shape: str, *, rules: int, slots: int = 1, candidates: int = 10, seed: int = 1) -> World:
    """A rule set of one shape.

    Args:
        shape: equalities, ranges or half.
        rules: in all; each is for one slot, and the slots have equally many.
        candidates: content entries a slot.
    """
    random = Random(f"{GENERATOR_VERSION} {shape} {rules} {slots} {seed}")
    names = tuple(f"slot-{number}" for number in range(slots))
    condition = SHAPES[shape]
    document: dict[str, object] = {
        "version": 1,
        "timezone": "Europe/Paris",
        "attributes": {name: dict(declared) for name, declared in DECLARED.items()},
        "segments": [{"id": name, "when": _segment(random)} for name in SEGMENTS],
        "slots": [_slot(name, candidates) for name in names],
        "rules": [
            {
                "id": f"rule-{number:05}",
                "slot": names[number % slots],
                "priority": random.randrange(0, 100, 10),
                "when": condition(random),
                "then": [_effect(random)],
            }
            for number in range(rules)
        ],
    }
    content = [_entry(random, name, number) for name in names for number in range(candidates)]
    return World(shape, document, content, names, seed)


def visitors(count: int, seed: int = 1) -> list[dict[str, object]]:
    """Flat attributes of visitors, each other than the one before."""
    random = Random(f"{GENERATOR_VERSION} visitors {seed}")
    return [visitor(random, number) for number in range(count)]


def moments(count: int) -> Sequence[datetime]:
    """The clock of each call."""
    return [START + timedelta(seconds=number) for number in range(count)]


def _segment(random: Random) -> dict[str, object]:
    choice, amount = random.choice(CHOICES), random.choice(AMOUNTS)
    return {"all": [{choice.name: choice.some(random, 6)}, {amount.name: {"gte": amount.at(random.uniform(0.1, 0.5))}}]}


def _slot(name: str, limit: int) -> dict[str, object]:
    return {
        "id": name,
        "limit": min(limit, 5),
        "select": {"content.place": name},
        "default": {"id": f"{name}-entry-0"},
    }


def _effect(random: Random) -> dict[str, object]:
    kind = random.random()
    selector: dict[str, object] = {"content.tags": random.choice(_TAGS)}
    if kind < 0.55:
        if random.random() < 0.1:
            selector = {"content.region": {"ref": "geo.country"}}
        return {"boost": selector, "by": round(random.uniform(-0.5, 1.0), 2)}
    if kind < 0.75:
        return {"pin": selector, "position": random.randint(1, 5)}
    if kind < 0.85:
        return {"hide": {"content.type": random.choice(_KINDS), "content.tags": random.choice(_TAGS)}}
    if kind < 0.87:
        return {"only": {"content.tags": random.sample(_TAGS, 8)}}
    return {"set": {f"presentation.hint_{random.randrange(6)}": random.choice(("small", "large", "none"))}}


def _entry(random: Random, slot: str, number: int) -> dict[str, object]:
    """About 330 bytes of JSON."""
    name = f"{slot}-entry-{number}"
    return {
        "id": name,
        "type": _KINDS[number % len(_KINDS)],
        "tags": random.sample(_TAGS, 3),
        "published_at": (START - timedelta(hours=random.randrange(1, 5000))).isoformat(),
        "place": slot,
        "region": random.choice(_REGIONS),
        "title": f"Title of {name}",
        "summary": _SENTENCE,
        "link": f"/pages/{name}",
        "image": f"/assets/{name}.webp",
    }
