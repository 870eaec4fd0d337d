"""Windows: what is kept of a visitor's events for patterns. Values; the order in which events come never matters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from rules.patterns.forms import Limit

FORMAT = 1


class Entry(NamedTuple):
    """One event in a window.

    Attributes:
        time: milliseconds since the epoch.
        id: of the event.
        letters: sorted, one at least.
    """

    time: int
    id: str
    letters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """Events by time, then by id.

    Attributes:
        entries: in that order.
        cut: how many letters of events were cut off because newer ones filled their place; for people, and the one
            thing here that can depend on the order of arrival.
    """

    entries: tuple[Entry, ...] = ()
    cut: int = 0

    def add(self, entries: Iterable[Entry], limits: Mapping[str, Limit]) -> Window:
        """The window with more events in it, in any order; one that is there already changes nothing.

        Each letter keeps its newest, and none older than its horizon before the newest event of the window; letters
        without a limit, of patterns that are gone, are dropped. An event without letters left is forgotten. A letter's
        limits look at nothing but that letter and the newest time, which is why the order of arrival cannot matter.
        """
        known: dict[tuple[int, str], set[str]] = {}
        for one in (*self.entries, *entries):
            known.setdefault((one.time, one.id), set()).update(limits.keys() & one.letters)
        newest = max((time for (time, _id), letters in known.items() if letters), default=0)
        left = {letter: limit.newest for letter, limit in limits.items()}
        cut = self.cut
        kept: list[Entry] = []
        for (time, identifier), letters in sorted(known.items(), reverse=True):
            staying = []
            for letter in sorted(letters):
                if not _needed(limits[letter], newest - time):
                    continue
                if left[letter] == 0:
                    cut += 1
                    continue
                left[letter] -= 1
                staying.append(letter)
            if staying:
                kept.append(Entry(time, identifier, tuple(staying)))
        kept.reverse()
        return Window(tuple(kept), cut)

    def merge(self, other: Window, limits: Mapping[str, Limit]) -> Window:
        """The events of both, as of two sources of one person."""
        merged = self.add(other.entries, limits)
        return Window(merged.entries, merged.cut + other.cut)

    def without(self, letters: Collection[str]) -> Window:
        """Without some letters, and the events of which nothing is left then."""
        left = [
            Entry(one.time, one.id, tuple(each for each in one.letters if each not in letters)) for one in self.entries
        ]
        return Window(tuple(one for one in left if one.letters), self.cut)

    def encode(self) -> bytes:
        """Msgpack: the letters once, times as differences."""
        letters = sorted({letter for one in self.entries for letter in one.letters})
        place = {letter: index for index, letter in enumerate(letters)}
        rows: list[object] = []
        before = 0
        for one in self.entries:
            rows.append([one.time - before, one.id, *[place[letter] for letter in one.letters]])
            before = one.time
        return msgspec.msgpack.encode([FORMAT, self.cut, letters, rows])

    @classmethod
    def decode(cls, data: bytes) -> Window:
        """What `encode` gave; empty bytes are the empty window. Raises ValueError for anything else."""
        if not data:
            return cls()
        stored = _DECODER.decode(data)
        if stored.format != FORMAT:
            raise ValueError(f"a window of format {stored.format}, where {FORMAT} is known")
        entries = []
        time = 0
        for delta, identifier, *places in stored.rows:
            if not isinstance(delta, int) or not isinstance(identifier, str):
                raise ValueError("a row of a window begins with a time and an id")
            time += delta
            if not all(isinstance(place, int) and 0 <= place < len(stored.letters) for place in places):
                raise ValueError("a row of a window names letters that it does not have")
            entries.append(Entry(time, identifier, tuple(stored.letters[place] for place in places)))  # type: ignore[index]
        return cls(tuple(entries), stored.cut)


class _Stored(msgspec.Struct, array_like=True):
    format: int
    cut: int
    letters: list[str]
    rows: list[list[int | str]]


_DECODER = msgspec.msgpack.Decoder(_Stored)


def _needed(limit: Limit, age: int) -> bool:
    return limit.horizon is None or age <= limit.horizon
