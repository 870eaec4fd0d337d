"""Visitors invented for one part of what is known of them: values that no test joins with those of other parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice, product

from rules.analysis.goals import Literal
from rules.analysis.values import written
from rules.conditions import Ago, Percent, Ref, Test
from rules.document import Document
from rules.footprint.clock import Moments, moments_of
from rules.footprint.draws import Draws
from rules.footprint.inputs import LOCALE
from rules.footprint.values import closed_values, values_of
from rules.schedule import Schedule

CLOCK, VISITOR, CONSENT = "@clock", "visitor.id", "consent."
ZONED = ("context.timezone", "geo.timezone")
MOST_TRIED = 8_000
"""How many visitors are invented for one part."""
_MOST_PARTNERS = 32


class People:
    """Visitors invented for one part."""

    def __init__(
        self,
        document: Document,
        names: Sequence[str],
        literals: Sequence[Literal],
        schedules: Sequence[Schedule],
        every: frozenset[str],
        tags: Sequence[str],
        draws: Draws,
        now: datetime,
    ) -> None:
        """Take what is asked.

        Args:
            names: the part's attributes, and `@clock`.
            every: attributes each value of which counts for itself.
            tags: the languages of the content.
        """
        self._names = [name for name in names if name != CLOCK and not name.startswith(CONSENT)]
        self._has_clock = CLOCK in names
        self._document, self._draws, self._now = document, draws, now
        self._every, self._tags = every, tags
        tests = list({one.key: one.leaf for one in literals if isinstance(one.leaf, Test)}.values())
        self._plain = [one for one in tests if not isinstance(one.operand, Ref | Ago | Percent)]
        self._related = [one for one in tests if isinstance(one.operand, Ref | Ago)]
        self._schedules = schedules
        self.complete = True

    def invented(self, consents: Mapping[str, object]) -> Iterator[tuple[dict[str, object], datetime]]:
        """Attributes and a moment for each; those without consent to their purpose have nothing of it.

        `complete` says afterwards whether each class has one among them.
        """
        catalogue = self._document.catalogue
        columns: list[Sequence[object]] = []
        for name in self._names:
            purpose = catalogue[name].purpose
            refused = purpose is not None and consents.get(CONSENT + purpose) is False
            columns.append((None,) if refused else self._column(name))
        clock = Moments(((self._now, None),), complete=True)
        if self._has_clock:
            times = [one for one in self._plain if one.attribute.startswith("time.")]
            clock = moments_of(times, self._schedules, self._document.zone, self._now)
        size = len(clock.moments)
        for column in columns:
            size *= len(column)
        closed = all(closed_values(catalogue[name]) is not None for name in self._names)
        asks_each_other = bool(self._related) and not (closed and not self._has_clock)
        self.complete = self.complete and clock.complete and not asks_each_other and size <= MOST_TRIED
        places = range(len(clock.moments))
        for *values, place in islice(product(*columns, places), MOST_TRIED):
            now, zone = clock.moments[place]  # type: ignore[call-overload]
            found = {name: value for name, value in zip(self._names, values, strict=True) if value is not None}
            if zone is not None and not any(name in found for name in ZONED):
                found["context.timezone"] = zone
            yield found, now

    def _column(self, name: str) -> Sequence[object]:
        own = [one for one in self._plain if one.attribute == name]
        every = name in self._every or any(name in attributes_of(one) for one in self._related)
        found = values_of(self._document.catalogue[name], own, self._document.zone, every=every)
        self.complete = self.complete and found.complete
        values = list(found.values)
        if name == VISITOR and self._draws:
            drawn = self._draws.ids(frozenset(value for value in values if isinstance(value, str)))
            self.complete = self.complete and drawn.complete
            values.extend(drawn.ids)
        if name == LOCALE:
            values.extend(text for tag in self._tags for text in (tag, f"{tag}-zz"))
        for test in self._related:
            values.extend(self._partners(name, test))
        return list({(type(value), repr(value)): value for value in values}.values())

    def _partners(self, name: str, test: Test) -> Iterator[object]:
        """Values of what an attribute is compared with, and instants near the clock's."""
        attribute = self._document.catalogue[name]
        if name not in attributes_of(test):
            return
        if isinstance(test.operand, Ago):
            for by in (-1, 0, 1):
                yield written(self._now - test.operand.duration * (1 + by * 0.5))
            return
        for other in attributes_of(test) - {name}:
            if other.startswith("time."):
                yield from (self._now.isoformat(), self._now.date().isoformat())
                continue
            tests = [one for one in self._plain if one.attribute == other]
            for value in values_of(self._document.catalogue[other], tests, self._document.zone).values[:_MOST_PARTNERS]:
                if attribute.is_list and value is not None and not isinstance(value, list):
                    yield [value]
                elif not attribute.is_list and isinstance(value, list):
                    yield from value[:1]
                else:
                    yield value


def attributes_of(test: Test) -> frozenset[str]:
    """The attributes that a test reads."""
    return frozenset(test.names)
