"""What Tessera keeps of the real visitor of the storefront, read for that visitor's own eyes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from plugin.ports import EventLog, EventRow, Membership, VisitorReads
from plugin.profiles import fold, interests, state
from plugin.profiles.identity import Identity, visitor_id
from plugin.profiles.state import EMPTY

MOST_EVENTS = 100
MOST_TOPICS = 6


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of one visitor at an instant. Its repr shows nothing of them.

    Attributes:
        events: the newest of the log, newest first.
        total: how many there were of each type, ever.
        topics: with what each weighs now, the strongest first.
        groups: segments that the visitor is in.
        shown: how often each entry was seen, as caps count it.
        visits: how many.
        consent: what was last said of each purpose, by the API or with an event.
    """

    events: Sequence[EventRow] = field(default=(), repr=False)
    total: Mapping[str, int] = field(default_factory=dict, repr=False)
    topics: Sequence[tuple[str, float]] = field(default=(), repr=False)
    groups: Sequence[Membership] = field(default=(), repr=False)
    shown: Mapping[str, int] = field(default_factory=dict, repr=False)
    visits: int = 0
    consent: Mapping[str, bool] = field(default_factory=dict, repr=False)


NOTHING = Known()


class Ledger:
    """Looks up what is kept. Nothing is noted in the audit log: who asks is whom it is about."""

    def __init__(
        self,
        visitors: VisitorReads,
        events: EventLog,
        identify: Callable[[str], Identity],
        now_ms: Callable[[], int],
    ) -> None:
        """Take what it works with; `identify` gives what stands for a visitor's id."""
        self._visitors = visitors
        self._events = events
        self._identify = identify
        self._now_ms = now_ms

    def of(self, visitor: str | None) -> Known:
        """What is kept under a visitor's id, and what is linked to it. Raises: ServiceUnavailable."""
        if visitor is None or visitor_id(visitor) is None:
            return NOTHING
        source, now = self._identify(visitor).source, self._now_ms()
        rows = self._visitors.group(source)
        if not rows:
            return NOTHING
        sources = [row.source for row in rows]
        kept = reduce(fold.merge, [state.decode(row.state) for row in rows if row.state], EMPTY)
        names = interests.strongest(kept.interests, kept.preferences, now, MOST_TOPICS)
        return Known(
            events=self._events.of(sources, limit=MOST_EVENTS).items,
            total={name: total.events for name, total in kept.totals.items()},
            topics=[(name, kept.interests.at(name, now)) for name in names],
            groups=[one for one in self._visitors.memberships(sources) if one.until is None or now < one.until],
            shown={name: len(instants) for name, instants in kept.exposures.items()},
            visits=kept.sessions.count,
            consent={purpose: word.allowed for purpose, word in kept.consent.items()},
        )


def because(membership: Membership) -> Sequence[str]:
    """The ids of the events that made a visitor a member of a segment by pattern."""
    found = json.loads(membership.reason).get("events", ())
    return [one for one in found if isinstance(one, str)]
