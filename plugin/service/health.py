"""Whether this process can do its work, and how each thing that it needs stands."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from plugin.errors import TesseraError
from plugin.ports import Backlog, ContentStore, NoticeStore, PurgeStore, RulesetStore, SourceState
from plugin.service.content.sync import removals_held
from plugin.service.events.waiting import Waiting


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How content comes from one source; ``error`` is for operators only.

    Attributes:
        age: since the last sync that went well; None: never yet.
        failures: in a row, of syncs and fetches.
        problems: entries that could not be taken.
        waiting: marks that were not looked at since their last notice, ``oldest`` of them since when.
        settling: those that are read again, for certainty.
        failing: those whose last attempt failed.
        overdue: those whose announced version did not come: what the CMS answers is older; the first of them was
            announced ``overdue_for`` ago.
        lag: of the latest notice: from when it came to when what it brought was stored; None: there was none of late.
        held_removals: removals that wait for somebody's word.
        swept: since the source was last read as a whole; None: never.
    """

    name: str
    adapter: str
    webhook: bool
    ok: bool
    age: timedelta | None
    failures: int
    problems: int
    error: str | None
    waiting: int = 0
    settling: int = 0
    failing: int = 0
    oldest: timedelta | None = None
    lag: timedelta | None = None
    held_removals: int = 0
    swept: timedelta | None = None
    overdue: int = 0
    overdue_for: timedelta | None = None


class Configured(Protocol):
    """A source of the settings."""

    @property
    def name(self) -> str: ...
    @property
    def adapter(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Health:
    """How everything stands.

    Attributes:
        database: what is wrong with it; None: it answers.
        published: the published version's number; None: none, or it cannot be read.
        serving: the version that this process decides with.
        sources: those configured; what is pushed has no sync that could fail.
        events: how those stand that wait to be applied.
    """

    database: str | None
    published: int | None
    serving: int | None
    sources: tuple[SourceHealth, ...]
    events: Waiting = field(default_factory=Waiting)

    @property
    def ready(self) -> bool:
        """Whether requests may come. A sync that fails is no reason against it, nor a database that is away: what was
        read last is served, and a load balancer that took every process away would leave nothing at all.
        """
        return self.serving is not None

    @property
    def content_age(self) -> timedelta | None:
        """Since the least recently synced source was synced; None where none ever was."""
        ages = [source.age for source in self.sources if source.age is not None]
        return max(ages, default=None)


class Readiness:
    """Looks at the stores anew at each call: a few small queries, each with the store's own time-out."""

    def __init__(
        self,
        *,
        ping: Callable[[], None],
        rulesets: RulesetStore,
        content: ContentStore,
        notices: NoticeStore,
        purges: PurgeStore,
        sources: Collection[Configured],
        webhooks: Collection[str],
        serving: Callable[[], int | None],
        clock: Callable[[], datetime],
        events: Callable[[], Waiting] = Waiting,
    ) -> None:
        """``webhooks`` names the sources that have one; ``serving`` gives the version this process decides with."""
        self._ping = ping
        self._rulesets = rulesets
        self._content = content
        self._notices = notices
        self._purges = purges
        self._webhooks = webhooks
        self._sources = sources
        self._serving = serving
        self._clock = clock
        self._events = events

    def look(self) -> Health:
        """Never raises for what is down: that is the answer."""
        try:
            self._ping()
            moves = self._rulesets.history(limit=1).items
            published = moves[0].number if moves else None
            sources = self.sources()
        except TesseraError as error:
            return Health(str(error), None, self._serving(), (), self._events())
        return Health(None, published, self._serving(), sources, self._events())

    def sources(self) -> tuple[SourceHealth, ...]:
        """How each source stands, by name. Raises: ServiceUnavailable."""
        states = {state.source: state for state in self._content.states()}
        backlogs = {backlog.source: backlog for backlog in self._notices.backlogs()}
        lags = self._purges.lags()
        return tuple(
            self._source(
                one,
                states.get(one.name, SourceState(one.name)),
                backlogs.get(one.name, Backlog(one.name)),
                lags.get(one.name),
            )
            for one in sorted(self._sources, key=lambda one: one.name)
        )

    def _source(self, source: Configured, state: SourceState, backlog: Backlog, lag: timedelta | None) -> SourceHealth:
        error = state.last_error if state.failures else backlog.error
        if state.held_removals and error is None:
            error = removals_held(source.name, state.held_removals)
        overdue_for = self._since(backlog.since)
        if overdue_for is not None and error is None:
            error = (
                f"{backlog.overdue} waiting for the announced version, the first for "
                f"{overdue_for.total_seconds():.0f} s: what the CMS answers is older"
            )
        return SourceHealth(
            name=source.name,
            adapter=source.adapter,
            webhook=source.name in self._webhooks,
            ok=state.failures == 0 and state.last_ok_at is not None and not state.held_removals,
            age=self._since(state.last_ok_at),
            failures=state.failures,
            problems=len(self._content.problems(source.name)),
            error=error,
            waiting=backlog.waiting,
            settling=backlog.settling,
            failing=backlog.failing,
            oldest=self._since(backlog.oldest),
            lag=lag,
            held_removals=state.held_removals,
            swept=self._since(state.swept_at),
            overdue=backlog.overdue,
            overdue_for=overdue_for,
        )

    def _since(self, moment: datetime | None) -> timedelta | None:
        return None if moment is None else self._clock() - moment
