"""Events in: judged, hashed, made durable. What they come to is worked out afterwards, in `apply`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from adapters.streams.port import Record, RecordTooLarge, Stream, StreamDown, StreamFull, partition_of
from plugin.errors import RateLimited, ServiceUnavailable
from plugin.flow.context import Context, ContextPolicy, RawRequest, derive
from plugin.flow.signals.ports import Devices, Geo
from plugin.profiles import events as encoding
from plugin.profiles.events import BOT, PREFETCH, UNPROVEN, Event
from plugin.profiles.identity import Identity
from plugin.profiles.judging import Judged, Rejected, judge
from plugin.profiles.types import Types
from plugin.service.content.notices import nowhere
from plugin.service.events.conflicts import Conflicts
from plugin.service.events.ids import EventIds
from plugin.service.events.reading import Unread, read
from plugin.service.visitors.guarding import HEADER, Guard, Proof

RETRY_AFTER_S = 2
# A library for HTTP is how apps and a site's own servers send what their visitors did; robots that read pages name
# themselves.
_LIBRARIES = re.compile(
    r"^(curl|wget|python|java/|go-http|okhttp|ruby|php|perl|axios|node|undici|got |guzzle|dart|rust|apache-http"
    r"|httpx|aiohttp|werkzeug)|httpclient|reqwest",
    re.IGNORECASE,
)


class Taken(NamedTuple):
    """What became of a batch. What is accepted is durable; `rejected` are in the order of their places.

    Attributes:
        duplicate: at least so many were taken before.
        ignored: refused by the visitor's consent.
        events: those accepted.
        keys: of those accepted, for `Ingesting.applied`.
    """

    accepted: int
    duplicate: int
    ignored: int
    rejected: tuple[Rejected, ...]
    events: tuple[Event, ...] = ()
    keys: tuple[bytes, ...] = ()


def _nobody(_outcome: str, _number: int) -> None:
    """Nobody counts."""


class Ingesting:
    """The service behind `POST /v1/events`, and behind the events of a request for blocks."""

    def __init__(
        self,
        *,
        stream: Stream,
        ids: EventIds,
        types: Callable[[], Types],
        identify: Callable[[str], Identity],
        tokens: Callable[[str], Mapping[str, object]],
        devices: Devices,
        geo: Geo,
        policy: ContextPolicy,
        now_ms: Callable[[], int],
        new_id: Callable[[], str],
        headless_counts: bool = False,
        guard: Guard | None = None,
        count: Callable[[str, int], None] = _nobody,
        conflicts: Conflicts | None = None,
        copy: Callable[[Collection[str]], None] | None = None,
        at: Callable[[str], None] = nowhere,
    ) -> None:
        """Take what it works with.

        Args:
            types: the event types there are now.
            identify: what stands for a visitor's id.
            tokens: reads a decision token; raises ValueError.
            headless_counts: whether browsers that a program drives are visitors, as where Tessera is tried.
            count: told of events by what became of them: accepted, duplicate, ignored, conflict, rejected.
            conflicts: told of ids that come with another event; None: nobody is.
            guard: of ids that are reserved for the site; None: browsers write under any.
            copy: writes the copies of these sources' views, as they are stored; None where there are none.
            at: told of named points in the work.
        """
        self._stream = stream
        self._ids = ids
        self._types = types
        self._identify = identify
        self._tokens = tokens
        self._devices = devices
        self._geo = geo
        self._policy = policy.wanting(frozenset(), {})
        self._now_ms = now_ms
        self._new_id = new_id
        self._headless_counts = headless_counts
        self._guard = guard
        self._count = count
        self._conflicts = conflicts
        self._copy = copy
        self._at = at

    def accept(self, raw: RawRequest, items: Sequence[bytes], *, token: str | None = None) -> Taken:
        """Judge each event alone, and keep those that are right.

        Args:
            raw: the request that brought them: who sent it, and what it says of consent.
            items: one JSON text each.
            token: the user token of a browser.
        Raises:
            RateLimited: too much waits already; none was taken.
            ServiceUnavailable: they cannot be made durable now; none was taken.
        """
        context = derive(raw, self._policy, self._devices, self._geo)
        parsed = [read(item) for item in items]
        judged = self.judge(raw, context, parsed, token=token)
        rejected = [
            Rejected(one.index, one.pointer + unread.pointer, unread.detail)
            if isinstance(unread := parsed[one.index], Unread)
            else one
            for one in judged.rejected
        ]
        return self.keep(judged._replace(rejected=rejected))

    def judge(
        self,
        raw: RawRequest,
        context: Context,
        items: Sequence[object],
        *,
        visitor: str | None = None,
        makes_ids: bool = False,
        token: str | None = None,
    ) -> Judged:
        """What is right with events that a request brings; nothing is kept yet.

        Args:
            visitor: whose they are where they name nobody; None: whom the request names.
            makes_ids: whether those without an id get one.
            token: the user token of a browser; else that of the header `X-Tessera-User-Token`.
        """
        said = context.attributes
        named = said.get("visitor.id")
        guard = self._guard if not raw.trusted_body else None
        proof = guard.proof(token or next(iter(raw.headers.get(HEADER, ())), None)) if guard is not None else Proof()
        judged = judge(
            items,
            now_ms=self._now_ms(),
            types=self._types(),
            sources=self._identify,
            consent={
                name.removeprefix("consent."): value is True
                for name, value in said.items()
                if name.startswith("consent.")
            },
            default_visitor=visitor or (named if isinstance(named, str) else None),
            new_id=self._new_id if makes_ids else None,
            flags=self._flags(raw, context) | (UNPROVEN if guard is not None else 0),
            tokens=self._tokens,
            proven=proof.visitor,
        )
        if guard is None or not judged.events:
            return judged
        return guard.sift(judged, self._identify(proof.visitor).source if proof.visitor else None, proof)

    def keep(self, judged: Judged) -> Taken:
        """Make what was judged right durable.

        Raises:
            RateLimited, ServiceUnavailable: as `accept`.
        """
        fresh, duplicate, clashing = self._ids.sort(judged.events)
        rejected = list(judged.rejected)
        if clashing:
            places = dict(zip(map(id, judged.events), judged.places, strict=True))
            rejected += [Rejected(places[id(one)], f"/events/{places[id(one)]}/id", CLASH) for one in clashing]
            rejected.sort(key=lambda one: one.index)
        self._append(fresh)
        self._at("after append")
        self._ids.remember(fresh)
        self._tell(len(fresh), duplicate, judged, clashing)
        return Taken(
            *(len(fresh), duplicate, len(judged.ignored), tuple(rejected)),
            events=tuple(fresh),
            keys=tuple(map(self._ids.key, fresh)),
        )

    def applied(self, taken: Taken, wait_s: float) -> bool:
        """Whether all that was accepted is applied, and in the next decision, waiting so long for it at most."""
        found = self._ids.wait(taken.keys, wait_s)
        if found and self._copy is not None:
            # The worker does so after its commit, perhaps not yet.
            self._copy({one.source for one in taken.events})
        return found

    def _tell(self, accepted: int, duplicate: int, judged: Judged, clashing: Sequence[Event]) -> None:
        for outcome, number in (
            ("accepted", accepted),
            ("duplicate", duplicate),
            ("ignored", len(judged.ignored)),
            ("conflict", len(clashing)),
            ("rejected", len(judged.rejected)),
        ):
            if number:
                self._count(outcome, number)
        if clashing and self._conflicts is not None:
            self._conflicts.tell(one.type for one in clashing)

    def _append(self, events: Sequence[Event]) -> None:
        if not events:
            return
        count = self._stream.partitions
        records = [Record(partition_of(one.source, count), one.source, encoding.encode(one)) for one in events]
        try:
            self._stream.append(records)
        except StreamFull as fault:
            raise RateLimited(max(1, math.ceil(fault.retry_after_s))) from fault
        except RecordTooLarge as fault:
            raise ServiceUnavailable("The events are too large together; send fewer at a time.") from fault
        except StreamDown as fault:
            raise ServiceUnavailable("Events cannot be kept now; none was taken.", RETRY_AFTER_S) from fault

    def _flags(self, raw: RawRequest, context: Context) -> int:
        flags = PREFETCH if context.prefetch else 0
        agent = next(iter(raw.headers.get("user-agent", ())), "")
        headless = "headless" in (agent + "".join(raw.headers.get("sec-ch-ua", ()))).lower()
        if headless:
            return flags if self._headless_counts else flags | BOT
        if self._devices.identify(agent).type == "bot" and not _LIBRARIES.search(agent):
            flags |= BOT
        return flags


CLASH = "this id was sent before with another event; give each event an id of its own"
