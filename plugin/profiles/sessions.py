"""Visits: stretches of events with less than half an hour between them, whatever order these come in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from plugin.profiles import days
from plugin.profiles.days import Days
from plugin.profiles.limits import DAY_MS, SESSION_GAP_MS, SESSIONS_OPEN_MS


class Session(NamedTuple):
    """One visit: its first and last event in milliseconds, and how many pages were viewed."""

    start: int
    end: int
    views: int


class Sessions(msgspec.Struct, frozen=True, array_like=True):
    """All visits of a source.

    A visit stays open to late events for eight days, a day longer than events are accepted; then it is only counted,
    and an event older than that belongs to no visit.

    Attributes:
        open: those that can still grow or join, oldest first.
        since: the oldest instant at which an event can still belong to one.
        closed: how many there were besides.
        last_end: when the latest of those ended, 0 where there is none.
        starts: on which days those began.
    """

    open: tuple[Session, ...] = ()
    since: int = 0
    closed: int = 0
    last_end: int = 0
    starts: Days = Days()

    @property
    def count(self) -> int:
        """How many visits there were."""
        return self.closed + len(self.open)

    def current(self, now_ms: int) -> Session | None:
        """The visit that goes on at an instant, or None."""
        for session in reversed(self.open):
            if session.start - SESSION_GAP_MS <= now_ms:
                return session if now_ms <= session.end + SESSION_GAP_MS else None
        return None

    def ended_before(self, start_ms: int) -> int | None:
        """When the last visit ended that began before an instant, or None."""
        for session in reversed(self.open):
            if session.start < start_ms:
                return session.end
        return self.last_end or None

    def within(self, today: int, number: int) -> int:
        """How many began in that many days up to today."""
        first = today - number + 1
        return self.starts.within(today, number) + sum(first <= one.start // DAY_MS <= today for one in self.open)


def add(sessions: Sessions, time_ms: int, views: int) -> Sessions:
    """With an event; `views` is 1 where it is a view of a page."""
    if time_ms < sessions.since:
        return sessions
    if sessions.open:
        last = sessions.open[-1]
        if last.start <= time_ms <= last.end:  # the common case twice over: nothing moves but a count
            grown = (*sessions.open[:-1], Session(last.start, last.end, last.views + views))
            return sessions if not views else msgspec.structs.replace(sessions, open=grown)
    joined = _joined((*sessions.open, Session(time_ms, time_ms, views)))
    return _closed(msgspec.structs.replace(sessions, open=joined))


def merge(one: Sessions, other: Sessions) -> Sessions:
    """The visits of both, as of one person: those at the same time are one."""
    return _closed(
        Sessions(
            _joined((*one.open, *other.open)),
            max(one.since, other.since),
            one.closed + other.closed,
            max(one.last_end, other.last_end),
            days.merge(one.starts, other.starts),
        )
    )


def shortened(sessions: Sessions, most: int) -> Sessions:
    """With no more than the newest `most` left open."""
    if len(sessions.open) <= most:
        return sessions
    since = sessions.open[-most].start
    return _closed(msgspec.structs.replace(sessions, since=since), since)


def _joined(parts: Iterable[Session]) -> tuple[Session, ...]:
    joined: list[Session] = []
    for part in sorted(parts):
        if joined and part.start - joined[-1].end <= SESSION_GAP_MS:
            last = joined[-1]
            joined[-1] = Session(last.start, max(last.end, part.end), last.views + part.views)
        else:
            joined.append(part)
    return tuple(joined)


def _closed(sessions: Sessions, before: int | None = None) -> Sessions:
    """Closes what ended before an instant; else what no event that still counts can reach."""
    if not sessions.open:
        return sessions
    since = max(sessions.since, sessions.open[-1].end - SESSIONS_OPEN_MS)
    limit = since - SESSION_GAP_MS if before is None else before
    closing = [one for one in sessions.open if one.end < limit]
    starts = sessions.starts
    for one in closing:
        starts = days.add(starts, one.start // DAY_MS)
    return Sessions(
        sessions.open[len(closing) :],
        since,
        sessions.closed + len(closing),
        max(sessions.last_end, closing[-1].end) if closing else sessions.last_end,
        starts,
    )
