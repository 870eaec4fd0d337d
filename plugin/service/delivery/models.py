"""Asking models for scores: each slot within its deadline, once per audience and interval, in no visitor's way."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import NamedTuple

from adapters.models.port import ModelAdapter, ModelError
from plugin.flow.scores import Row, rows_for
from plugin.flow.types import Planned, Step
from plugin.service.delivery.last_scores import Key, LastScores, Remembered, key_of
from plugin.service.delivery.model_calls import Call, Calls
from rules import Plan

_log = logging.getLogger(__name__)
INTERVAL_S = 60.0
MAX_AGE_S = 86_400.0
TELL_EVERY_S = 60.0
_NOBODY_KNOWS: Mapping[str, float] = {}


class _Asked(NamedTuple):
    """A slot whose model was asked: the call under way, or what came of it at once."""

    slot: str
    name: str
    key: Key | None
    answer: Call | Mapping[str, float] | ModelError


class _Failures:
    """Counts how often each model gave no scores, and says so in the log, of each model and slot once a minute at most:
    while a model is down it comes with every request. Safe for threads."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._said: dict[tuple[str, str], tuple[float, int]] = {}
        """When it was said of a model and slot, and how often it was not said since."""
        self._counts: Counter[str] = Counter()

    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)

    def tell(self, model: str, slot: str, fault: ModelError) -> None:
        now = self._monotonic()
        with self._lock:
            self._counts[model] += 1
            said_at, since = self._said.get((model, slot), (None, 0))
            if said_at is not None and now - said_at < TELL_EVERY_S:
                self._said[model, slot] = said_at, since + 1
                return
            self._said[model, slot] = now, 0
        before = f"; {since} times more since this was last said" if since else ""
        _log.warning("model %s gave no scores for the slot %s: %s%s", model, slot, fault, before)


class Scoring:
    """The models by name, and what they answered last for each audience.

    Where a model fails, the last scores for the same audience are used if they are not too old, though the content may
    have changed since: an entry that is new has none. Where there are none, the slot is decided by rules alone.
    """

    def __init__(
        self,
        models: Mapping[str, ModelAdapter],
        *,
        timeout_s: float,
        monotonic: Callable[[], float],
        interval_s: float = INTERVAL_S,
        max_age_s: float = MAX_AGE_S,
    ) -> None:
        """Ask nothing yet.

        Args:
            timeout_s: how long a slot waits for its model, where the slot itself does not say.
            interval_s: so long scores are fresh, and nobody is asked.
            max_age_s: so old last scores may be that stand in for a model.
        """
        self.models = dict(models)
        self._timeout_s = timeout_s
        self._monotonic = monotonic
        self._interval_s = interval_s
        self._max_age_s = max_age_s
        self._last = LastScores()
        self._calls = Calls(monotonic)
        self._failures = _Failures(monotonic)

    @property
    def failures(self) -> Mapping[str, int]:
        """How often each model gave no scores: those that are configured, and others that rules name."""
        return {**dict.fromkeys(self.models, 0), **self._failures.counts()}

    def scores(self, planned: Planned) -> tuple[dict[str, Mapping[str, float]], dict[str, Step]]:
        """Scores by slot and entry, and the step of each slot whose model gave none.

        The models of all slots are asked at the same time, so that a visitor waits no longer than the longest deadline.
        """
        found: dict[str, Mapping[str, float]] = {}
        steps: dict[str, Step] = {}
        asked: list[_Asked] = []
        begun: float | None = None
        for ask, plan in planned.plans:
            name = plan.model.name
            if name is None or plan.model.weight == 0 or not plan.left:
                continue
            if begun is None:
                begun = self._monotonic()
            key = key_of(plan, name, planned.site.revision)
            kept = self._last.get(key)
            fresh = kept is not None and kept.revision == planned.site.revision and begun - kept.at < self._interval_s
            if kept is not None and fresh:
                found[ask.id] = kept.scores
                continue
            asked.append(_Asked(ask.id, name, key, self._begin(name, key, plan, planned.site.revision, begun)))
        for slot, name, key, answer in asked:
            try:
                if isinstance(answer, ModelError):
                    raise answer
                found[slot] = answer.result() if isinstance(answer, Call) else answer
            except ModelError as fault:
                self._failures.tell(name, slot, fault)
                found[slot], steps[slot] = self._instead(name, key, fault)
        return found, steps

    def _begin(
        self, name: str, key: Key | None, plan: Plan, revision: str, begun: float
    ) -> Call | Mapping[str, float] | ModelError:
        model = self.models.get(name)
        if model is None:
            return ModelError("no such model is configured")
        deadline_ms = plan.slot.deadline_ms
        patience_s = self._timeout_s if deadline_ms is None else deadline_ms / 1000

        def work(left_s: float) -> Mapping[str, float]:
            scores = _asked(model, ids, rows, left_s)
            if key is not None:  # also what came too late: it is there for whoever asks next
                self._last.put(key, Remembered(begun, revision, scores))
            return scores

        try:
            ids, rows = _rows(model, plan)  # here: what a thread is given is nobody else's any more
            if model.spec.local:
                return work(patience_s)
            return self._calls.begin(name, work, patience_s, begun)
        except ModelError as fault:
            return fault

    def _instead(self, name: str, key: Key | None, fault: ModelError) -> tuple[Mapping[str, float], Step]:
        """The next rung: last scores, else none at all."""
        cause, why = f"model:{name}", str(fault)
        kept = self._last.get(key)
        age_s = self._monotonic() - kept.at if kept is not None else 0.0
        if kept is not None and age_s <= self._max_age_s:
            return kept.scores, Step("last_scores", cause, why, round(age_s, 1))
        return _NOBODY_KNOWS, Step("rules", cause, why)


def _rows(model: ModelAdapter, plan: Plan) -> tuple[list[str], list[Row]]:
    try:
        return rows_for(plan, model.spec.features)
    except Exception as error:  # its text may tell of the visitor
        raise ModelError(f"its features cannot be worked out: {type(error).__name__}") from error


def _asked(model: ModelAdapter, ids: Sequence[str], rows: Sequence[Row], timeout_s: float) -> dict[str, float]:
    """Raises: ModelError for whatever goes wrong in an adapter, which may be somebody else's code."""
    try:
        scores = dict(zip(ids, model.score(rows, timeout_s=timeout_s), strict=True))
        if not all(0.0 <= score <= 1.0 for score in scores.values()):
            raise ModelError("it gave a score that is not between 0 and 1")
    except ModelError:
        raise
    except Exception as error:  # as above
        raise ModelError(f"the adapter failed: {type(error).__name__}") from error
    return scores
