"""Whether this process can do its work, and how each thing that it needs stands."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from plugin.errors import TesseraError
from plugin.ports import ContentStore, RulesetStore, SourceState


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """The sync of one source; ``age`` since its last success, None: never yet. ``error`` is for operators only."""

    name: str
    ok: bool
    age: timedelta | None
    failures: int
    problems: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Health:
    """How everything stands.

    Attributes:
        database: what is wrong with it; None: it answers.
        published: the published version's number; None: none, or it cannot be read.
        serving: the version that this process decides with.
        sources: those configured; what is pushed has no sync that could fail.
    """

    database: str | None
    published: int | None
    serving: int | None
    sources: tuple[SourceHealth, ...]

    @property
    def ready(self) -> bool:
        """Whether requests may come. A sync that fails is no reason: what it last brought is served."""
        return self.database is None and self.serving is not None

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
        sources: Collection[str],
        serving: Callable[[], int | None],
        clock: Callable[[], datetime],
    ) -> None:
        """``sources`` are the names of those configured; ``serving`` gives the version this process decides with."""
        self._ping = ping
        self._rulesets = rulesets
        self._content = content
        self._sources = sources
        self._serving = serving
        self._clock = clock

    def look(self) -> Health:
        """Never raises for what is down: that is the answer."""
        try:
            self._ping()
            moves = self._rulesets.history(limit=1).items
            published = moves[0].number if moves else None
            states = {state.source: state for state in self._content.states()}
            sources = tuple(self._source(name, states.get(name, SourceState(name))) for name in sorted(self._sources))
        except TesseraError as error:
            return Health(str(error), None, self._serving(), ())
        return Health(None, published, self._serving(), sources)

    def _source(self, name: str, state: SourceState) -> SourceHealth:
        return SourceHealth(
            name=name,
            ok=state.failures == 0 and state.last_ok_at is not None,
            age=None if state.last_ok_at is None else self._clock() - state.last_ok_at,
            failures=state.failures,
            problems=len(self._content.problems(name)),
            error=state.last_error if state.failures else None,
        )
