"""Decisions half made: what a slot's rules come to, for all visitors alike, and for one of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from rules.actors import Actor, Outcome
from rules.acts import Acts
from rules.arrange import Arrangement, Drop
from rules.compiled import CompiledSlot
from rules.decision import Block
from rules.effects import UseModel
from rules.facts import Facts
from rules.pool import Pool
from rules.slots import Slot


class Shown(NamedTuple):
    """A course to its end.

    Attributes:
        scores: of the model, that it was made with.
        notes: what others worked out from these very blocks; None where they are one visitor's alone.
    """

    arrangement: Arrangement
    blocks: tuple[Block, ...]
    fallback: bool
    scores: Mapping[str, float]
    notes: dict[object, object] | None


class Course(NamedTuple):
    """What the rules that hold come to for a slot's content: the same for everybody in the same situation.

    Attributes:
        left: what `only` and `hide` left of the candidates, a set of the pool.
        drops: what they dropped.
        model: whose scores are wanted; its name is None where none is.
        hints, givers: the presentation, and the actors that gave it.
        shown: by limit, the blocks, for visitors of whom no exposure counts.
        texts: the outcome as text, once it was asked for.
    """

    outcome: Outcome
    acts: Acts
    left: int
    drops: tuple[Drop, ...]
    model: UseModel
    audience_key: str
    hints: Mapping[str, object]
    givers: list[Actor]
    shown: dict[int, Shown]
    texts: list[str]


class Plan(NamedTuple):
    """A decision up to the point where a model is asked: pure data, made by `Ruleset.plan`.

    Attributes:
        pool: the slot's entries; `candidates`, `left` and the drops are sets of it.
        candidates: those that this visitor could see.
        unseen: what was dropped before the rules had a say.
    """

    slot: Slot
    compiled: CompiledSlot
    facts: Facts
    course: Course
    pool: Pool
    default: Pool
    candidates: int
    unseen: tuple[Drop, ...]
    now: datetime

    @property
    def outcome(self) -> Outcome:
        """What the rules and experiments come to."""
        return self.course.outcome

    @property
    def left(self) -> int:
        """What `only` and `hide` left of the candidates."""
        return self.course.left

    @property
    def drops(self) -> tuple[Drop, ...]:
        """What was dropped by what, in order."""
        return (*self.unseen, *self.course.drops)

    @property
    def model(self) -> UseModel:
        """Whose scores are wanted; its name is None where none is."""
        return self.course.model

    @property
    def audience_key(self) -> str:
        """Equal for visitors who get equal decisions."""
        return self.course.audience_key

    def wanted(self) -> list[str]:
        """The ids of the entries that a model may score."""
        return [entry.id for place, entry in enumerate(self.pool.entries) if self.left >> place & 1]
