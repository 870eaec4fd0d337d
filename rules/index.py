"""Which of many conditions hold, at a cost that hardly grows with those that do not.

Every condition becomes rows of literals (`normal_form`). For each attribute, a table gives for a value the set of rows
that it leaves possible, as a bit set: equalities by a dictionary, ranges by sorted thresholds, lists by their elements.
The sets of all attributes are intersected; what no table can answer is tested once for each distinct literal, and only
while a row that needs it is still possible. Rows are numbered in the order of the conditions, so that the result comes
sorted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from rules.attributes import Catalogue
from rules.bits import mask_of
from rules.buckets import bucket_of, head_of
from rules.by_attribute import Asked, ByAttribute
from rules.conditions import Condition, compile_condition
from rules.facts import BUCKET, SEGMENTS, Facts, consent_to
from rules.normal_form import Literal, rows_of
from rules.picking import Picker
from rules.schedule import ALWAYS_ON, Schedule
from rules.tables import Cells, Table
from rules.values import LARGEST_INTEGER

_KINDS: Mapping[str, type] = {"string": str, "boolean": bool}
_MOST_COMBINATIONS = 1_024  # of segments, kept with what they come to
T = TypeVar("T")
_Tested = tuple[Callable[[Facts], bool], int, int]  # a test, the rows that need it, all other rows
_Equality = tuple[str, type, Callable[[object, int], int], int, int]  # its rows by value; of other values; of none


class Index:
    """Conditions, compiled. Safe to share between threads.

    Besides the conditions asked about it may hold those of segments that name no other segments: the same attributes
    tell which of these are held, so that one reading of the visitor answers both. Immutable but for bounded caches.
    """

    def __init__(
        self,
        items: Sequence[tuple[Condition, Schedule]],
        catalogue: Catalogue,
        zone: ZoneInfo,
        segments: Sequence[tuple[Condition, str]] = (),
    ) -> None:
        """Compile.

        Args:
            items: conditions with their schedules, in the order in which results are wanted.
            catalogue: the attributes that they read.
            zone: of the document.
            segments: conditions that name no segments, with the segment that each gives.
        """
        rows: list[tuple[int, tuple[Literal, ...], Schedule]] = [
            (position, row, schedule)
            for position, (condition, schedule) in enumerate(items)
            for row in rows_of(condition)
        ]
        own = len(rows)
        rows += [(position, row, ALWAYS_ON) for position, (when, _name) in enumerate(segments) for row in rows_of(when)]
        size = len(rows)
        self._size = size
        self._own = own
        self._positions = [position for position, _row, _schedule in rows[:own]]
        self._names = Picker([position for position, _row, _schedule in rows[own:]], [name for _when, name in segments])
        self._all = (1 << size) - 1
        self.mine = (1 << own) - 1
        self._combinations: dict[int, frozenset[str]] = {}
        self._allowed: dict[frozenset[str], int] = {}
        asked = ByAttribute(size, catalogue, zone)
        for number, (_position, row, schedule) in enumerate(rows):
            for literal in row:
                asked.add(literal, number)
            asked.schedule(schedule, number)
        self._asks_segments = SEGMENTS in asked or bool(asked.whole)
        # A list for each way to read an attribute. Numbers beside the tables are rows left: of other values, of none.
        self._texts: list[tuple[str, Callable[[object, int], int], int]] = []
        self._equalities: list[_Equality] = []
        self._numbers: list[tuple[str, Sequence[float], Cells, int]] = []
        self._lists: list[tuple[str, list[tuple[int, Callable[[str], int | None]]], int]] = []
        self._shares: list[tuple[str, bytes, Sequence[float], Cells, int]] = []
        self._tables: list[tuple[str, int, tuple[Table, ...]]] = []
        self._segments: Table | None = None
        self._consents: set[str] = set()
        self._literals: list[_Tested] = []
        self._first: list[_Tested] = []  # those that segments need: asked before it is known which are held
        membership = asked.pop(SEGMENTS, None)
        if membership is not None:
            self._segments = membership.elements.table()
        for name, attribute in asked.items():
            self._finish(name, attribute, catalogue, zone)
        for literal, numbers in asked.whole.values():
            self._literal(literal, numbers, zone)
        for schedule, numbers in asked.timed.items():
            self._tested(_on(schedule), numbers)

    def _finish(self, name: str, attribute: Asked, catalogue: Catalogue, zone: ZoneInfo) -> None:
        """Choose how an attribute is read: most by a loop of their own, those that are harder by typed values."""
        missing = self._all ^ mask_of(attribute.missing_fails, self._size)
        declared = catalogue.resolve(name)
        if name.startswith(BUCKET) and attribute.ranges:
            salt = name.removeprefix(BUCKET)
            self._shares.append((salt, head_of(salt), *attribute.ranges.cells(), missing))
        elif declared is None or declared.derived or not self._direct(name, attribute, declared.type, missing):
            parts = (attribute.values, attribute.elements, attribute.ranges)
            self._tables.append((name, missing, tuple(part.table() for part in parts if part)))
        elif declared.purpose is not None:
            self._consents.add(consent_to(declared.purpose))
        for literal, numbers in attribute.others.values():
            self._literal(literal, numbers, zone)

    def _direct(self, name: str, attribute: Asked, type_: str, missing: int) -> bool:
        """Whether a loop that takes values as they came can answer for an attribute; it is put there."""
        values, elements, ranges = attribute.values, attribute.elements, attribute.ranges
        kind = _KINDS.get(type_)
        if kind is not None and values and not elements and not ranges and (direct := values.direct()) is not None:
            masks, default = direct
            if kind is str and default == missing:
                self._texts.append((name, masks.get, missing))
            else:
                self._equalities.append((name, kind, masks.get, default, missing))
            return True
        if type_ == "number" and ranges and not values and not elements:
            self._numbers.append((name, *ranges.cells(), missing))
            return True
        if (
            type_ == "string_list"
            and elements
            and not values
            and not ranges
            and (layers := elements.direct()) is not None
        ):
            self._lists.append((name, [(base, added.get) for base, added in layers], missing))
            return True
        return False

    def _literal(self, literal: Literal, numbers: list[int], zone: ZoneInfo) -> None:
        holds = compile_condition(literal.leaf, zone)
        self._tested((lambda facts: not holds(facts)) if literal.negated else holds, numbers)

    def _tested(self, test: Callable[[Facts], bool], numbers: list[int]) -> None:
        """What no table answers. What segments need is tested before it is known which are held."""
        mask = mask_of(numbers, self._size)
        (self._first if mask >> self._own else self._literals).append((test, mask, self._all ^ mask))

    @property
    def asks_segments(self) -> bool:
        """Whether a condition reads which segments are held."""
        return self._asks_segments

    def rows(self, positions: Collection[int]) -> int:
        """The rows of some of the conditions."""
        numbers = [number for number, position in enumerate(self._positions) if position in positions]
        return mask_of(numbers, self._size)

    def segments(self, facts: Facts) -> frozenset[str]:
        """Which of the segments are held."""
        rows = self._before(facts) >> self._own
        found = self._combinations.get(rows)
        if found is None:
            found = frozenset(self._names(rows))
            if len(self._combinations) < _MOST_COMBINATIONS:
                self._combinations[rows] = found
        return found

    def alive(self, facts: Facts, within: int | None = None) -> int:
        """The rows that hold, of those `within` (None: of all).

        What the tables say is kept with the facts, so that slots that share an index ask them once a request.
        """
        alive = facts.tabled.get(self)
        if alive is None:
            alive = self._before(facts) & self.mine
            if self._segments is not None:
                held = facts.held
                allowed = self._allowed.get(held)
                if allowed is None:
                    allowed = self._segments(held)
                    if len(self._allowed) < _MOST_COMBINATIONS:
                        self._allowed[held] = allowed
                alive &= allowed
            facts.tabled[self] = alive
        if within is not None:
            alive &= within
        for test, mask, others in self._literals:
            if alive & mask and not test(facts):
                alive &= others
        return alive

    def values(self, of: Sequence[T]) -> Picker[T]:
        """What the conditions stand for, one value for each, to be picked by the rows that hold."""
        return Picker(self._positions, of)

    def _before(self, facts: Facts) -> int:
        """The rows that are possible as far as that can be said without knowing which segments are held."""
        alive = facts.tabled.get(self._names)
        if alive is None:
            alive = self._possible(facts)
            for test, mask, others in self._first:
                if alive & mask and not test(facts):
                    alive &= others
            facts.tabled[self._names] = alive
        return alive

    def _possible(self, facts: Facts) -> int:
        """The rows that the tables leave possible."""
        alive = self._all
        # Values are taken as they came: reading the attributes is most of the work.
        given: Callable[[str], Any] = facts.attributes.get
        for consent in self._consents:
            said = given(consent)
            if said is not True and (said is not None or facts.denies_unknown):
                given = facts.__getitem__
                break
        # For most texts, one that no rule names leaves what an absent one does; so then does a value of another type.
        try:
            for name, masks, default in self._texts:
                alive &= masks(given(name), default)
        except TypeError:  # a list or a mapping, which no dictionary looks up
            for name, masks, default in self._texts:
                value = given(name)
                alive &= masks(value, default) if isinstance(value, str) else default
        for name, kind, masks, default, missing in self._equalities:
            value = given(name)
            if type(value) is kind:
                alive &= masks(value, default)
            else:
                alive &= missing
                if value is not None:
                    facts[name]  # notes the wrong type
        for name, beginnings, cells, missing in self._numbers:
            value = given(name)
            kind = type(value)
            if (kind is not float and kind is not int) or not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
                if value is not None:
                    value = facts[name]
                if value is None:
                    alive &= missing
                    continue
            alive &= cells[bisect_right(beginnings, value)]
        for name, layers, missing in self._lists:
            value = given(name)
            if value is not None and not _is_texts(value):
                value = facts[name]
            if value is None:
                alive &= missing
                continue
            for base, added in layers:
                found = base
                for element in value:
                    mask = added(element)
                    if mask is not None:
                        found |= mask
                alive &= found
        if self._shares:
            alive &= self._drawn(facts)
        for name, missing, tables in self._tables:
            if not alive:
                return 0
            value = facts[name]
            if value is None:
                alive &= missing
            else:
                for table in tables:
                    alive &= table(value)
        return alive

    def _drawn(self, facts: Facts) -> int:
        """The rows that the visitor's buckets leave possible; the id is encoded once for all salts."""
        alive = self._all
        if facts.buckets is not None:
            for salt, _head, beginnings, cells, missing in self._shares:
                position = facts.bucket(salt)
                alive &= missing if position is None else cells[bisect_right(beginnings, position / 100)]
            return alive
        hashed = facts.hashed()
        for _salt, head, beginnings, cells, missing in self._shares:
            alive &= missing if hashed is None else cells[bisect_right(beginnings, bucket_of(head, hashed) / 100)]
        return alive


def _is_texts(value: object) -> bool:
    if type(value) is not list and type(value) is not tuple:
        return False
    try:
        "".join(value)  # the quickest way to see that all of them are texts
    except TypeError:
        return False
    return True


def _on(schedule: Schedule) -> Callable[[Facts], bool]:
    return lambda facts: facts.is_on(schedule)
