"""A new key: what is kept under the older ones is lifted to it, page by page, while everything goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from plugin.errors import Conflict, ServiceUnavailable
from plugin.ports import Leases, Moving, Rekeying, VisitorRow
from plugin.profiles import fold, state
from plugin.profiles.fold import View
from plugin.profiles.state import EMPTY, SourceState
from rules.patterns.windows import Entry, Window

PAGE = 1_000
AT_ONCE = 100
MOST_TRIES = 5
_log = logging.getLogger(__name__)


class Rekeyer:
    """Moves sources. Again is safe: what has the newest name already is left as it is."""

    def __init__(
        self,
        rekeying: Rekeying,
        leases: Leases,
        *,
        lift: Callable[[str, int], str],
        key_version: int,
        copy: Callable[[], None],
        now_ms: Callable[[], int],
    ) -> None:
        """Take what it works with.

        Args:
            lift: a source with the version of its key, as it is with all keys.
            key_version: of the newest.
            copy: writes the hot copies that are in line; never raises for an outage.
        """
        self._rekeying = rekeying
        self._leases = leases
        self._lift = lift
        self._key_version = key_version
        self._copy = copy
        self._now_ms = now_ms
        self._mark = f"rekeyed:{key_version}"

    def run(self, tell: Callable[[int], None]) -> int:
        """Move everything that is of older keys; gives how many sources. May be ended and begun again at any time.

        Args:
            tell: told how many were moved so far, after each page.
        Raises:
            TesseraError: the store cannot be used; begin again.
        """
        moved = 0
        after: str | None = None
        while True:
            page = self._rekeying.stale(self._key_version, after=after, limit=PAGE)
            stale = dict(page.items)
            names = sorted(stale)
            for place in range(0, len(names), AT_ONCE):
                some = names[place : place + AT_ONCE]
                self.move({name: stale[name] for name in some})
                moved += len(some)
            if names:
                tell(moved)
            if page.next is None:
                break
            after = page.next
        # A lease that was ever taken stays to be seen: that of this version says that nothing older is left.
        token = self._leases.acquire(self._mark, "rekey", now=self._now_ms(), ttl=1)
        if token is not None:
            self._leases.release(self._mark, token)
        return moved

    def finished(self) -> bool:
        """Whether everything was moved to the newest key. Raises TesseraError."""
        return any(one.partition == self._mark for one in self._leases.held())

    def move(self, stale: Mapping[str, int]) -> None:
        """Move these sources, with the version of their keys, in one transaction.

        Raises: TesseraError.
        """
        names = {source: self._lift(source, version) for source, version in stale.items()}
        for left in reversed(range(MOST_TRIES)):
            try:
                with self._rekeying.begin() as tx:
                    _move(tx, names, self._key_version, self._now_ms())
                break
            except (Conflict, ServiceUnavailable):
                if not left:
                    raise
        self._copy()


def _move(tx: Moving, names: Mapping[str, str], key_version: int, now: int) -> None:
    rows = {row.source: row for row in tx.groups([*names, *names.values()])}
    both = {old: new for old, new in names.items() if old in rows and new in rows and old != new}
    states = {source: state.decode(row.state) if row.state else EMPTY for source, row in rows.items()}
    segments: dict[str, dict[str, tuple[int, int | None]]] = {}
    joined = _persons(rows, both)
    for row in rows.values():
        _add(segments.setdefault(joined[row.person], {}), fold.decode(row.hot).segments if row.hot else {})
    for old, new in both.items():
        states[new] = fold.merge(states.pop(old), states[new])
        rows[new] = _merged(rows.pop(old), rows[new])
    groups: dict[str, list[VisitorRow]] = {}
    for row in rows.values():
        groups.setdefault(joined[row.person], []).append(row)
    written = [one for person, group in groups.items() for one in _again(person, group, names, states, segments)]
    tx.save(written)
    tx.move(names, key_version=key_version)
    others = {one.source: one.version + 1 for one in written if one.source not in names}
    tx.outbox(others)
    # Where two became one, what patterns say of both together is worked out by a worker.
    tx.ticks({names.get(joined[rows[new].person], joined[rows[new].person]): now for new in both.values()})


def _persons(rows: Mapping[str, VisitorRow], both: Mapping[str, str]) -> dict[str, str]:
    """The person of whom each person is from now on: those of an id under two names become one."""
    joined = {row.person: row.person for row in rows.values()}
    for old, new in both.items():
        one, other = joined[rows[old].person], joined[rows[new].person]
        if one != other:
            joined = {name: one if person == other else person for name, person in joined.items()}
    return joined


def _add(held: dict[str, tuple[int, int | None]], more: Mapping[str, tuple[int, int | None]]) -> None:
    for name, (since, until) in more.items():
        first, last = held.get(name, (since, until))
        held[name] = (min(first, since), None if last is None or until is None else max(last, until))


def _merged(old: VisitorRow, new: VisitorRow) -> VisitorRow:
    """One row of an id that came under both names."""
    windows = [Window.decode(one.window) for one in (old, new)]
    letters: dict[tuple[int, str], set[str]] = {}
    for entry in (*windows[0].entries, *windows[1].entries):
        letters.setdefault((entry.time, entry.id), set()).update(entry.letters)
    entries = [Entry(time, identifier, tuple(sorted(some))) for (time, identifier), some in sorted(letters.items())]
    window = Window(tuple(entries), windows[0].cut + windows[1].cut)
    return replace(
        new,
        uid=old.uid or new.uid,
        known=old.known or new.known,
        reserved=old.reserved or new.reserved,
        window=window.encode() if entries else b"",
        seen=max(old.seen, new.seen),
    )


def _again(
    person: str,
    group: Sequence[VisitorRow],
    names: Mapping[str, str],
    states: Mapping[str, SourceState],
    segments: Mapping[str, Mapping[str, tuple[int, int | None]]],
) -> list[VisitorRow]:
    """The rows of a person, with the view as it is under the new names."""
    called = names.get(person, person)
    named = next((one for one in group if names.get(one.source, one.source) == called), group[0])
    view: View = fold.fold(
        [(names.get(one.source, one.source), states[one.source]) for one in group],
        uid=named.uid,
        known=any(one.known for one in group),
        person=called,
        segments=segments[person],
    )
    hot = fold.encode(view)
    return [replace(one, person=person, state=state.encode(states[one.source]), hot=hot) for one in group]
