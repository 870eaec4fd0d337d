"""All content, prepared for one rule set: a pool for each slot's candidates and one for its default."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from rules.bits import iterate
from rules.conditions import ALWAYS, All, Condition, Test
from rules.document import Document
from rules.locales import preference
from rules.pool import Candidate, Pool, candidate
from rules.selectors import compile_bound
from rules.slots import Slot

if TYPE_CHECKING:
    from rules.compiled import CompiledSlot
    from rules.plan import Course

_NAMING = frozenset({"eq", "bare"})
_DATED = "\0dated"  # the shelf of what is no text; no text that JSON editors write begins so
_NAMING_ANY = frozenset({"in", "contains_any", "bare_list"})


_MOST_COURSES = 8_192  # of all slots together; a few kilobytes each
_FEWEST_COURSES = 64
_MET_FOR_EACH = 4


class Content:
    """Prepared content; keeps a reference to every entry it was made from. Safe to share between threads."""

    def __init__(
        self, entries: Iterable[Mapping[str, object]], document: Document, before: Content | None = None
    ) -> None:
        """Prepare.

        Args:
            before: content for the same document, of which entries that are the very same objects are not read again.
                A slot that selects nothing else than it did then keeps what was worked out for it.
        Raises:
            ValueError: an entry has no id, or its tags are no list of texts.
        """
        self._document = document
        self._zone: ZoneInfo = document.zone
        if before is not None and before._document is not document:
            before = None
        known = {id(one.entry): one for one in before.candidates} if before is not None else {}
        self.candidates: Sequence[Candidate] = [
            known.get(id(entry)) or candidate(entry, document.zone) for entry in entries
        ]
        segments = {segment.id for segment in document.segments}
        self._shelves = _Shelves(self.candidates)
        changed = _Changed.between(before.candidates, self.candidates) if before is not None else _Changed()
        pools: Mapping[str, Pool] = before._pools if before is not None else {}
        defaults: Mapping[str, Pool] = before._defaults if before is not None else {}
        slots = [slot for slot in document.slots if slot.enabled]
        self._pools: dict[str, Pool] = {
            one.id: self._pool(one.select, one.select_moves, pools.get(one.id), changed) for one in slots
        }
        self._defaults: dict[str, Pool] = {
            one.id: self._pool(one.default, one.default_moves, defaults.get(one.id), changed) for one in slots
        }
        self._grounds: dict[CompiledSlot, Ground] = {}
        for compiled, ground in list(before._grounds.items()) if before is not None else ():
            slot = compiled.slot.id
            if self._pools[slot] is ground.pool and self._defaults[slot] is ground.default:
                self._grounds[compiled] = ground
        self.repeated: tuple[str, ...] = _repeated(self.candidates)
        self.unknown_audiences: Mapping[str, tuple[str, ...]] = _unknown(self.candidates, segments)

    def _pool(self, selector: Condition | None, moves: bool, before: Pool | None, changed: _Changed) -> Pool:
        """What a selector takes; where that depends on the visitor or the moment, everything: the request selects."""
        if selector is None:
            return before or Pool((), self._zone)
        if moves or selector == ALWAYS:
            return before if before is not None and not any(changed) else Pool(self.candidates, self._zone)
        takes = compile_bound(selector, self._zone)
        if before is None:
            return Pool((one for one in self._shelves.likely(selector) if takes(one.reading)), self._zone)
        came = [one for one in changed.came if takes(one.reading)]
        stayed = [one for one in before.entries if id(one) not in changed.gone]
        return Pool([*stayed, *came], self._zone) if came or len(stayed) < len(before.entries) else before

    def ground(self, compiled: CompiledSlot) -> Ground:
        """What this content is to a compiled slot."""
        found = self._grounds.get(compiled)
        if found is None:
            slot = compiled.slot.id
            most = max(_FEWEST_COURSES, _MOST_COURSES // len(self._pools))
            made = Ground(self._pools[slot], self._defaults[slot], Courses(most))
            found = self._grounds.setdefault(compiled, made)
        return found

    def pool(self, slot: str) -> Pool:
        """The candidates of a slot, before anything about the visitor is known."""
        return self._pools[slot]

    def default(self, slot: str) -> Pool:
        """The entries that a slot's default names."""
        return self._defaults[slot]


class _Changed(NamedTuple):
    """What came and, by its identity, what is gone."""

    came: Sequence[Candidate] = ()
    gone: frozenset[int] = frozenset()

    @classmethod
    def between(cls, before: Sequence[Candidate], after: Sequence[Candidate]) -> _Changed:
        """A candidate is another where its entry is."""
        then, now = set(map(id, before)), set(map(id, after))
        return cls([one for one in after if id(one) not in then], frozenset(then - now))


class Ground:
    """All that is asked of the content in a decision for one slot, in one place.

    Attributes:
        pool, default: the candidates, and the entries that the default names.
        courses: what is kept of decisions.
        locales: the languages of both, in lower case.
    """

    __slots__ = ("courses", "default", "locales", "pool")

    def __init__(self, pool: Pool, default: Pool, courses: Courses) -> None:
        self.pool = pool
        self.default = default
        self.courses = courses
        self.locales = pool.locales | default.locales

    def order(self, tag: object, chain: Sequence[str]) -> str | None:
        """The visitor's languages as far as the content can tell them apart; for audience keys."""
        return ">".join(name for name in preference(tag, chain) if name in self.locales) or None


class Courses(dict[object, "Course"]):
    """What is kept of one slot's decisions, once a situation comes a second time: many never do.

    When it is full it begins anew; what is in use is soon there again.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._met: set[int] = set()

    def keep(self, key: object, course: Course) -> None:
        """Keep one, if its situation was met before."""
        met, mark = self._met, hash(key)
        if mark not in met:
            if len(met) >= self._most * _MET_FOR_EACH:
                met.clear()
            met.add(mark)
            return
        if len(self) >= self._most:
            self.clear()
        self[key] = course


class _Shelves:
    """Entries by the texts of a field, so that a selector that names one looks only there."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._all = candidates
        self._fields: dict[str, dict[str, list[Candidate]]] = {}

    def likely(self, selector: Condition) -> Sequence[Candidate]:
        """The entries that a selector can take: the shortest shelf that one of its tests names, else all."""
        shelves = [shelf for test in _required(selector) if (shelf := self._shelf(test)) is not None]
        return min(shelves, key=len, default=self._all)

    def _shelf(self, test: Test) -> Sequence[Candidate] | None:
        if test.any_case:
            return None
        # On a text, `contains` is a substring test; tags are a list always.
        names = test.op in _NAMING or (test.op == "contains" and test.attribute == "content.tags")
        if names and isinstance(test.operand, str):
            field = self._by(test.attribute)
            return [*field.get(test.operand, ()), *field.get(_DATED, ())]
        if (
            test.op in _NAMING_ANY
            and isinstance(test.operand, tuple)
            and all(isinstance(one, str) for one in test.operand)
        ):
            field = self._by(test.attribute)
            found = (one for value in (*test.operand, _DATED) for one in field.get(value, ()))
            return list({id(one): one for one in found}.values())
        return None

    def _by(self, name: str) -> Mapping[str, list[Candidate]]:
        """A field's shelves, filled when first asked for: by its text, or by each text in its list."""
        found = self._fields.get(name)
        if found is None:
            found = self._fields[name] = {}
            for one in self._all:
                value = one.reading[name]
                if isinstance(value, date):  # compared as an instant, however it is written
                    found.setdefault(_DATED, []).append(one)
                items = value if isinstance(value, list | tuple) else (value,)
                for text in dict.fromkeys(item for item in items if isinstance(item, str)):
                    found.setdefault(text, []).append(one)
        return found


def _required(selector: Condition) -> Iterator[Test]:
    """The tests that every entry taken meets."""
    match selector:
        case All(items):
            for item in items:
                yield from _required(item)
        case Test():
            yield selector
        case _:
            return


def in_default_order(slot: Slot, pool: Pool, mask: int) -> list[int]:
    """The entries of a default: those it lists in the order listed, then any others in the order of ties."""
    listed: list[int] = []
    for name in slot.default_order:
        listed.extend(iterate(pool.by_id.get(name, 0) & mask))
    chosen = set(listed)
    return listed + [place for place in iterate(mask) if place not in chosen]


def _repeated(candidates: Iterable[Candidate]) -> tuple[str, ...]:
    """Ids that two entries of one language have, such as of two sources: only the newer of them is ever shown."""
    counted = Counter((one.id, (one.locale or "").lower()) for one in candidates)
    return tuple(sorted({name for (name, _locale), count in counted.items() if count > 1}))


def _unknown(candidates: Iterable[Candidate], segments: set[str]) -> dict[str, tuple[str, ...]]:
    """Audience tags that name no segment, so that nobody sees their entries, with the ids of these."""
    found: dict[str, set[str]] = {}
    for one in candidates:
        for name in one.audiences - segments:
            found.setdefault(name, set()).add(one.id)
    return {name: tuple(sorted(ids)) for name, ids in sorted(found.items())}
