"""The rules and arms that count for a visitor, in the order in which they count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .conditions import holds
from .experiments import Assignment, in_holdout, names_slot
from .schedule import in_force
from .visitor import Visitor


@dataclass(frozen=True)
class Source:
    """A rule that holds, or an arm that the visitor is in."""

    item: dict[str, Any]
    arm: dict[str, Any] | None = None

    @property
    def priority(self) -> float:
        """Higher comes first."""
        return float(self.item.get("priority", 0))

    @property
    def effects(self) -> list[dict[str, Any]]:
        """As written in `then`."""
        found: list[dict[str, Any]] = (self.item if self.arm is None else self.arm).get("then", [])
        return found

    @property
    def stops(self) -> bool:
        """Whether it drops what has a lower priority."""
        return any(effect.get("stop") is True for effect in self.effects)

    @property
    def cap(self) -> dict[str, Any] | None:
        """A rule's own cap."""
        return self.item.get("cap") if self.arm is None else None


def sources(slot: str, visitor: Visitor, held: set[str], arms: list[Assignment]) -> list[Source]:
    """By priority, rules before arms, then by id; without those that a `stop` drops."""
    rules = [Source(rule) for rule in rules_that_hold(slot, visitor, held)]
    found = rules + [Source(experiment, arm) for experiment, arm in arms]
    found.sort(key=lambda one: (-one.priority, one.arm is not None, one.item["id"]))
    floor = max((one.priority for one in found if one.stops), default=None)
    return [one for one in found if floor is None or one.priority >= floor]


def rules_that_hold(slot: str, visitor: Visitor, held: set[str]) -> Iterator[dict[str, Any]]:
    if in_holdout(visitor):
        return
    for rule in visitor.document.get("rules", []):
        if (
            rule.get("enabled") is not False
            and names_slot(rule, slot)
            and in_force(rule, visitor)
            and holds(rule.get("when", {}), visitor, held)
        ):
            yield rule


def each(counted: list[Source], word: str) -> Iterator[tuple[Source, dict[str, Any]]]:
    """The effects of one kind, in order."""
    for source in counted:
        for effect in source.effects:
            if word in effect:
                yield source, effect
