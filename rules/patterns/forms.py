"""Event patterns as the worker runs them: over letters, with every duration in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

LATE = 5 * 60 * 1000
"""An event that comes at most so late recomputes a membership, milliseconds."""
AHEAD = 5 * 60 * 1000
"""So far ahead of the clock may the time of an event be, milliseconds."""
SLACK = LATE + AHEAD
MOST_KEPT = 50


def milliseconds(span: timedelta) -> int:
    """A duration as whole milliseconds."""
    return span // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Tally:
    """At least `count` events with a letter in a window of length `within` that ends now."""

    letter: str
    count: int
    within: int

    @property
    def horizon(self) -> int:
        """How old an event can be and still matter, beside what comes late."""
        return self.within

    @property
    def letters(self) -> tuple[str, ...]:
        """Every letter it reads."""
        return (self.letter,)


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps in the order of time, and perhaps an absence after the last.

    Attributes:
        steps: a letter each, one at least.
        withins: for each step, how soon after the one before; None: any time. The first is None.
        within: from the first step to the match; None: any time.
        absent: the letter that must not come for `duration` after the last step; None: a plain sequence.
    """

    steps: tuple[str, ...]
    withins: tuple[int | None, ...]
    within: int | None = None
    absent: str | None = None
    duration: int = 0

    @property
    def total(self) -> int | None:
        """How long after its first step a match holds; None: without an end of its own."""
        if self.within is not None:
            return self.within
        later = [span for span in self.withins[1:] if span is not None]
        bounded = self.absent is None and later and len(later) == len(self.steps) - 1
        return sum(later) if bounded else None

    def horizon_of(self, *, lasting: bool) -> int | None:
        """How old an event can be and still matter; None: any age.

        Args:
            lasting: whether the membership's end is fixed by `lasts`, so that no end has to be seen.
        """
        total = self.total
        if total is None and lasting and self.absent is not None:
            later = [span for span in self.withins[1:] if span is not None]
            total = sum(later) if len(later) == len(self.steps) - 1 else None
            return None if total is None else total + self.duration
        return total

    @property
    def letters(self) -> tuple[str, ...]:
        """Every letter it reads."""
        return self.steps if self.absent is None else (*self.steps, self.absent)


Form = Tally | Chain


@dataclass(frozen=True, slots=True)
class LivePattern:
    """The pattern of one segment.

    Attributes:
        forms: any of them makes a member.
        lasts: from the latest match; None: as long as the window holds.
    """

    segment: str
    forms: tuple[Form, ...]
    lasts: int | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """What a window keeps of one letter: the newest so many, none older than so long before the newest event of all."""

    newest: int = MOST_KEPT
    horizon: int | None = None

    def wider(self, other: Limit | None) -> Limit:
        """What keeps enough for both."""
        if other is None:
            return self
        bounded = self.horizon is not None and other.horizon is not None
        return Limit(
            max(self.newest, other.newest),
            max(self.horizon, other.horizon) if bounded else None,  # type: ignore[type-var]
        )
