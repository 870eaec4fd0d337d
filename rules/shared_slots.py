"""Which slots visitors may share, and by what they are told apart: worked out once for a published state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from rules.content import Content
from rules.footprint.causes import Cause, Reads, Sharing, reads_of
from rules.keeping import keep
from rules.ruleset import Ruleset
from rules.slot_versions import slot_versions
from rules.visitor_class import Classes

_MOST_KEPT = 1_024
_KEPT = ("reads", "slots", "classes", "versions", "_inputs")


class SharedSlot(NamedTuple):
    """One slot.

    Attributes:
        inputs: of the edge protocol, that can change it, sorted.
        first_views: whether a running experiment wants visitors at their first view.
        private: why it is one visitor's alone.
    """

    sharing: Sharing
    inputs: tuple[str, ...]
    first_views: bool
    private: tuple[Cause, ...]


class SharedSlots:
    """All slots of a state; nothing is worked out before an edge asks."""

    def __init__(self, ruleset: Ruleset, content: Content, before: SharedSlots | None = None) -> None:
        """``before``: of a state before, of which all is kept where nothing is different that bears on it."""
        self._ruleset = ruleset
        self._content = content
        self._inputs: dict[tuple[str, ...], tuple[str, ...]] = {}  # pages ask for the same slots each time
        self._told = [_told(content, slot) for slot in ruleset.slots]
        if before is not None and before._ruleset is ruleset and before._told == self._told:
            self.__dict__.update({name: before.__dict__[name] for name in _KEPT if name in before.__dict__})

    @cached_property
    def reads(self) -> dict[str, Reads]:
        """What each slot depends on, by id."""
        return {slot: reads_of(self._ruleset, self._content, slot) for slot in self._ruleset.slots}

    @cached_property
    def slots(self) -> dict[str, SharedSlot]:
        """By id."""
        return {slot: self._slot(slot) for slot in self._ruleset.slots}

    @cached_property
    def classes(self) -> Classes:
        """The visitor classes that the slots tell apart."""
        told = [name for name, one in self.slots.items() if one.sharing == "class"]
        return Classes(self._ruleset, self._content, told)

    @cached_property
    def versions(self) -> Mapping[str, int]:
        """The number of the rules of each slot, by id."""
        return slot_versions(self._ruleset)

    @property
    def is_asked(self) -> bool:
        """Whether an edge asked for some of it."""
        return "slots" in self.__dict__

    def prepare(self) -> None:
        """Work all out now, for edges that are there already."""
        self.classes.prepare()
        _ = self.versions

    def _slot(self, slot: str) -> SharedSlot:
        compiled = self._ruleset.compiled(slot)
        reads = self.reads[slot]
        return SharedSlot(
            reads.sharing,
            tuple(sorted({cause.input for cause in reads.causes if cause.input is not None})),
            any(one.first_view for one in compiled.experiments),
            tuple(cause for cause in reads.causes if cause.makes == "private"),
        )

    def inputs(self, slots: tuple[str, ...]) -> tuple[str, ...]:
        """The inputs by which these slots differ, `class` among them; the same whoever asks."""
        known = self._inputs.get(slots)
        if known is None:
            known = self._inputs_of(slots)
            keep(self._inputs, slots, known, _MOST_KEPT)
        return known

    def _inputs_of(self, slots: Iterable[str]) -> tuple[str, ...]:
        found: set[str] = set()
        for name in slots:
            one = self.slots[name]
            if one.sharing == "private":
                continue
            found.update(one.inputs)
            if one.sharing == "class":
                found.update(("class", "consent"))  # who refuses has no class
        return tuple(sorted(found))


def _told(content: Content, slot: str) -> tuple[frozenset[str], bool]:
    """What of the content bears on who shares a slot; see `reads_of`."""
    pool = content.pool(slot)
    return frozenset(pool.audiences), bool(pool.locales or content.default(slot).locales)
