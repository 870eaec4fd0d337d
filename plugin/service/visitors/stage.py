"""What events are applied with: the published state, and what is made of it once for each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from plugin.flow.types import Site
from plugin.profiles.events import Event
from plugin.service.visitors.people import Evaluate
from rules.patterns.letters import PatternSet, patterns_of
from rules.patterns.live import Engine, Verdict, evaluate
from rules.patterns.windows import Window

MOST_QUARANTINED = 10_000


@dataclass(frozen=True, slots=True)
class Stage:
    """One published state.

    Attributes:
        entries: one variant of each entry by its id, as rules read it.
        evaluate: by the patterns, with the engine made for them.
    """

    site: Site | None
    patterns: PatternSet
    entries: Mapping[str, Mapping[str, object]]
    evaluate: Evaluate

    def letters(self, event: Event, entry: Mapping[str, object] | None) -> tuple[str, ...]:
        """What of an event patterns ask for; none where no pattern asks for its type."""
        if event.type not in self.patterns.event_types:
            return ()
        return self.patterns.letters(_flat(event), entry)


class Staging:
    """Gives the stage of now; for one thread. An engine is made anew where the patterns changed."""

    def __init__(
        self,
        site: Callable[[], Site | None],
        engine_for: Callable[[PatternSet], Engine | None],
        *,
        count: Callable[[int], None] | None = None,
    ) -> None:
        """Take what it works with.

        Args:
            site: the published state; None before there is any.
            engine_for: what evaluates the sequences and absences of a pattern set, in place of the one before.
            count: told how many windows are evaluated.
        """
        self._site = site
        self._engine_for = engine_for
        self._count = count
        self._engine: tuple[str, Engine | None] = ("", None)
        self._stage: Stage | None = None

    def __call__(self) -> Stage:
        """The stage."""
        site = self._site()
        if self._stage is None or self._stage.site is not site:
            self._stage = self._of(site)
        return self._stage

    def _of(self, site: Site | None) -> Stage:
        patterns = patterns_of(site.ruleset) if site is not None else PatternSet((), ZoneInfo("UTC"))
        if self._engine[0] != patterns.digest:
            self._engine = (patterns.digest, self._engine_for(patterns) if patterns.patterns else None)
        entries: dict[str, Mapping[str, object]] = {}
        for one in site.content.candidates if site is not None else ():
            entries.setdefault(one.id, one.entry)
        return Stage(site, patterns, entries, self._counted(Evaluation(patterns, self._engine[1])))

    def _counted(self, evaluate_: Evaluate) -> Evaluate:
        count = self._count
        if count is None:
            return evaluate_

        def counted(windows: Sequence[tuple[Window, int]]) -> Sequence[Verdict]:
            count(len(windows))
            return evaluate_(windows)

        return counted


def _flat(event: Event) -> dict[str, object]:
    """An event as where-conditions read it."""
    return {
        "event.id": event.id,
        "event.type": event.type,
        "event.time": datetime.fromtimestamp(event.time / 1000, UTC),
        "event.content_id": event.content_id,
        "event.slot": event.slot,
        "event.value": event.value,
        "event.properties": event.properties or {},
    }


class Evaluation:
    """By one set of patterns with its engine. A window that ended the engine twice is not given to it again."""

    def __init__(self, patterns: PatternSet, engine: Engine | None) -> None:
        self._patterns = patterns
        self._engine = engine
        self._quarantined: OrderedDict[Window, None] = OrderedDict()

    def __call__(self, windows: Sequence[tuple[Window, int]]) -> Sequence[Verdict]:
        """What the patterns say of each window at its instant."""
        mine = [window in self._quarantined for window, _now in windows]
        asked = [pair for pair, known in zip(windows, mine, strict=True) if not known]
        left = [pair for pair, known in zip(windows, mine, strict=True) if known]
        answered = iter(evaluate(self._patterns, asked, self._engine))
        reference = iter(evaluate(self._patterns, left))
        found = [next(reference if known else answered) for known in mine]
        for (window, _now), verdict in zip(windows, found, strict=True):
            if verdict.quarantined:
                self._quarantined[window] = None
        while len(self._quarantined) > MOST_QUARANTINED:
            self._quarantined.popitem(last=False)
        return found
