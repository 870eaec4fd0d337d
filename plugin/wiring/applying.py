"""The applying of events, wired: its threads in this process, and what they hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress

from plugin.errors import ServiceUnavailable, TesseraError
from plugin.flow.types import Site
from plugin.live.pattern_engine import Counts, Limits, PatternEngine
from plugin.live.views import StoredViews
from plugin.processes import has_ended, own_name
from plugin.service.content.follow import Loop
from plugin.service.content.notices import nowhere
from plugin.service.events.apply import Applier
from plugin.service.events.conflicts import Conflicts
from plugin.service.events.partitions import Partitions
from plugin.service.events.waiting import Evaluations
from plugin.service.events.working import Worker
from plugin.service.segments.expiry import EVERY_S, SegmentExpiry
from plugin.service.visitors.copying import Copying
from plugin.service.visitors.stage import Staging
from plugin.settings import Settings
from plugin.store import Store
from plugin.wiring.visiting import Visiting, keeps_of, now_ms
from rules.patterns.letters import PatternSet

_STOP_S = 10.0
ENGINE_WINDOW_S = 1.0
"""For one visitor's window, of which most take a millisecond: a transaction waits for it."""


def _unheard(_seconds: Sequence[float]) -> None:
    """Nobody measures."""


def start_applying(
    settings: Settings,
    visiting: Visiting,
    store: Store,
    site: Callable[[], Site | None],
    count: Callable[[str, int], None],
    closing: ExitStack,
    at: Callable[[str], None] = nowhere,
    *,
    late: Callable[[Sequence[float]], None] = _unheard,
) -> Applying:
    """Apply events in a thread of this process until `closing` ends it; call after forking."""
    applying = Applying(
        visiting,
        store,
        site,
        deny_unknown=settings.deny_consent_by_default,
        in_flight_ms=keeps_of(settings).in_flight_ms,
        count=count,
        late=late,
        at=at,
    )
    applying.start()
    closing.callback(applying.stop)
    return applying


class Applying:
    """The threads of this process that apply events and keep copies, and what they hold."""

    def __init__(
        self,
        visiting: Visiting,
        store: Store,
        site: Callable[[], Site | None],
        *,
        deny_unknown: bool,
        in_flight_ms: int,
        count: Callable[[str, int], None],
        late: Callable[[Sequence[float]], None] = _unheard,
        at: Callable[[str], None] = nowhere,
    ) -> None:
        """Begin nothing yet. ``count`` and ``late`` are told as by `Worker`."""
        self._engine: PatternEngine | None = None
        self._windows = 0
        self._before = Counts()  # of the engines that others took the place of
        self._site = site
        self._rulesets = store.rulesets
        owner = own_name()
        # Without Redis there is nothing to copy; what erasures put in line is taken out all the same.
        views = visiting.copies or StoredViews(store.visitors)
        self._copying = copying = Copying(store.hot_outbox, views, store.leases, owner, now_ms=now_ms)
        self._partitions = Partitions(
            store.leases,
            visiting.stream.partitions,
            owner,
            now_ms=now_ms,
            claim=visiting.stream.claim,
            is_gone=has_ended,
        )
        applier = Applier(
            applying=store.applying,
            ids=visiting.ids,
            stage=Staging(self._published, self._engine_for, count=self._evaluated),
            settings=visiting.settings,
            lift=visiting.hasher.lift,
            key_version=visiting.hasher.version,
            deny_unknown=deny_unknown,
            keeps_copies=visiting.copies is not None,
            in_flight_ms=in_flight_ms,
            now_ms=now_ms,
            at=at,
        )
        self._worker = Worker(
            stream=visiting.stream,
            partitions=self._partitions,
            applier=applier,
            applying=store.applying,
            copying=copying,
            count=count,
            late=late,
            conflicts=Conflicts(monotonic=time.monotonic),
            now_ms=now_ms,
            sleep=time.sleep,
            at=at,
        )
        self._loops = [
            Loop("events", self._worker.step, poll_s=0.0),
            Loop("copies", copying.step, poll_s=1.0),
            Loop("segments", SegmentExpiry(store.segment_lists, now_ms=now_ms).step, poll_s=EVERY_S),
        ]

    def start(self) -> None:
        """Begin; call after forking."""
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        """End after what is under way, and give the partitions back, so that others need not wait."""
        for loop in self._loops:
            loop.ask_to_stop()
        for loop in self._loops:
            loop.join(_STOP_S)
        self._copying.settle(idle=True)
        with suppress(TesseraError):  # else they are over in a few seconds, or at once for those of this machine
            self._partitions.release()
        if self._engine is not None:
            self._engine.close()

    def evaluations(self) -> Evaluations:
        """How often patterns were evaluated, and how the engine fares, since the start."""
        engine = self._engine
        counts = self._before if engine is None else self._before.plus(engine.counts)
        return Evaluations(self._windows, counts.carried, counts.left, counts.started, counts.ended, counts.quarantined)

    def _evaluated(self, windows: int) -> None:
        self._windows += windows

    def _published(self) -> Site | None:
        """What is published; None where nothing ever was. Raises ServiceUnavailable where it cannot be built yet.

        Events wait for it: without patterns and content they would count for neither, and people would leave segments.
        """
        site = self._site()
        if site is None and self._rulesets.published() is not None:
            raise ServiceUnavailable("What is published is not built yet; events wait for it.")
        return site

    def _engine_for(self, patterns: PatternSet) -> PatternEngine:
        if self._engine is not None:
            self._engine.close()
            self._before, self._engine = self._before.plus(self._engine.counts), None
        self._engine = PatternEngine(patterns, Limits(window=ENGINE_WINDOW_S))
        self._engine.start()
        return self._engine
