"""Letters: what the steps of patterns ask of an event, judged once, when it is applied.

A letter is a short stable hash of a step's type of event and its where-condition. Windows and the engine know events by
their letters alone, so that no text of a client reaches the engine.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rules.attributes import EVENT
from rules.clock import as_instant
from rules.conditions import All, AnyOf, Condition, Holds, Not, Test
from rules.patterns.forms import MOST_KEPT, SLACK, Chain, Form, Limit, LivePattern, Tally, milliseconds
from rules.patterns.pattern import AnyPattern, Count, Pattern, Sequence, Step
from rules.selectors import EntryReading, compile_bound
from rules.values import READERS

if TYPE_CHECKING:
    from rules.ruleset import Ruleset
    from rules.segments import Segment

_BYTES = 6  # 48 bits: among 1,000 letters two are alike once in 500 million rule sets, and that is refused
_PROPERTIES = "event.properties"
_ALWAYS = "all()"


class EventReading:
    """An event and the entry that it names, as a where-condition reads them; its clock is the event's own time."""

    __slots__ = ("_entry", "_event", "now")
    held: frozenset[str] = frozenset()

    def __init__(self, event: Mapping[str, object], entry: Mapping[str, object] | None, zone: ZoneInfo) -> None:
        self._event = event
        self._entry = EntryReading(entry) if entry is not None else None
        self.now: datetime | None = as_instant(event.get("event.time"), zone)

    def __getitem__(self, name: str) -> object:
        if name.startswith("content."):
            return self._entry[name] if self._entry is not None else None
        value = self._event.get(name)
        declared = EVENT.get(name)
        if value is None and declared is None:
            # `event.price` is short for `event.properties.price`.
            value = self._event.get(_PROPERTIES)
            for part in name.removeprefix("event.").removeprefix("properties.").split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
        return READERS[declared.type](value) if declared is not None and value is not None else value

    def bucket(self, _salt: str) -> int | None:
        """Events have no buckets."""
        return None


def canonical_where(condition: Condition) -> str:
    """Equal for conditions that differ only in the order or the nesting in which they are written."""
    match condition:
        case All() | AnyOf():
            parts = sorted({canonical_where(one) for one in _flat(condition)})
            if len(parts) == 1:
                return parts[0]
            return f"{'all' if isinstance(condition, All) else 'any'}({', '.join(parts)})"
        case Not(item):
            return f"not({canonical_where(item)})"
        case Test():
            return condition.key
    return repr(condition)


def _flat(condition: All | AnyOf) -> Iterator[Condition]:
    for item in condition.items:
        if isinstance(item, All | AnyOf) and type(item) is type(condition):
            yield from _flat(item)
        else:
            yield item


def letter_of(event: str, where: Condition, zone: ZoneInfo) -> str:
    """The letter of a step: 8 characters, the same in every process.

    The document's zone is part of it where there is a condition, for dates in conditions are read in it.
    """
    asked = canonical_where(where)
    text = f"{event}\0" if asked == _ALWAYS else f"{event}\0{asked}\0{zone.key}"
    return urlsafe_b64encode(sha256(text.encode()).digest()[:_BYTES]).decode()


class PatternSet:
    """The patterns of a rule set. Immutable; safe to share between threads; make it once for a rule set.

    Attributes:
        patterns: one for each enabled segment with a pattern, in the order of the document.
        event_types: the types of event that some pattern asks for; others need no letters.
        limits: what windows keep of each letter.
        digest: equal for equal patterns.
    """

    def __init__(self, segments: Iterable[Segment], zone: ZoneInfo) -> None:
        """Compile. Raises ValueError where two different steps have one letter."""
        self._zone = zone
        self._wheres: dict[str, tuple[str, Condition]] = {}
        self._limits: dict[str, Limit] = {}
        patterns = []
        for segment in segments:
            if segment.pattern is None or not segment.enabled:
                continue
            lasts = milliseconds(segment.lasts) if segment.lasts is not None else None
            forms = tuple(self._form(one) for one in _alternatives(segment.pattern))
            patterns.append(LivePattern(segment.id, forms, lasts))
            for form in forms:
                self._limit(form, lasting=lasts is not None)
        self.patterns = tuple(patterns)
        by_type: dict[str, list[tuple[str, Holds]]] = {}
        for letter, (event, where) in sorted(self._wheres.items()):
            by_type.setdefault(event, []).append((letter, compile_bound(where, zone)))
        self._by_type = {event: tuple(found) for event, found in by_type.items()}
        self.event_types = frozenset(by_type)
        self.limits: Mapping[str, Limit] = MappingProxyType(self._limits)
        self.digest = sha256(repr(self.patterns).encode()).hexdigest()

    def letters(self, event: Mapping[str, object], entry: Mapping[str, object] | None) -> tuple[str, ...]:
        """The letters of an event, sorted; none: no pattern asks for it.

        Args:
            event: flat, such as {"event.type": "view", "event.time": ..., "event.properties.price": 3}; the properties
                may also stand together under "event.properties". The time is a date-time or its ISO 8601 text.
            entry: the content entry that the event names; None: unknown, and all `content.*` are missing.
        """
        asked = self._by_type.get(event.get("event.type"))  # type: ignore[call-overload]
        if not asked:
            return ()
        reading = EventReading(event, entry, self._zone)
        return tuple([letter for letter, holds in asked if holds(reading)])

    def letters_of(self, types: Collection[str]) -> frozenset[str]:
        """The letters that events of these types can have."""
        return frozenset(letter for letter, (event, _where) in self._wheres.items() if event in types)

    def reading(self, letters: Collection[str]) -> frozenset[str]:
        """The segments whose patterns read one of these letters."""
        asked = frozenset(letters)
        return frozenset(
            one.segment for one in self.patterns if any(not asked.isdisjoint(form.letters) for form in one.forms)
        )

    def _letter(self, event: str, where: Condition) -> str:
        letter = letter_of(event, where, self._zone)
        known = self._wheres.setdefault(letter, (event, where))
        if (known[0], canonical_where(known[1])) != (event, canonical_where(where)):
            raise ValueError(f"two steps, of {known[0]!r} and {event!r}, have the same letter; write one differently")
        return letter

    def _form(self, pattern: Count | Sequence) -> Form:
        if isinstance(pattern, Count):
            within = milliseconds(pattern.within) if pattern.within is not None else 0
            return Tally(self._letter(pattern.event, pattern.where), pattern.count, within)
        steps = [step for step in pattern.steps if isinstance(step, Step)]
        last = pattern.steps[-1]
        absence = None if isinstance(last, Step) else last
        return Chain(
            tuple(self._letter(step.event, step.where) for step in steps),
            tuple(None if step.within is None else milliseconds(step.within) for step in steps),
            None if pattern.within is None else milliseconds(pattern.within),
            None if absence is None else self._letter(absence.event, absence.where),
            0 if absence is None else milliseconds(absence.duration),
        )

    def _limit(self, form: Form, *, lasting: bool) -> None:
        horizon = form.horizon if isinstance(form, Tally) else form.horizon_of(lasting=lasting)
        # Twice the count, so that a match of a moment ago is still seen when more has come since.
        newest = max(MOST_KEPT, 2 * form.count) if isinstance(form, Tally) else MOST_KEPT
        limit = Limit(newest, None if horizon is None else horizon + SLACK)
        for letter in form.letters:
            self._limits[letter] = limit.wider(self._limits.get(letter))


def patterns_of(ruleset: Ruleset) -> PatternSet:
    """The patterns of a rule set, compiled; keep the result beside it."""
    return PatternSet(ruleset.document.segments, ruleset.document.zone)


def _alternatives(pattern: Pattern) -> Iterator[Count | Sequence]:
    if isinstance(pattern, AnyPattern):
        for one in pattern.patterns:
            yield from _alternatives(one)
    else:
        yield pattern
