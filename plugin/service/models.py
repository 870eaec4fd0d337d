"""Asking models for scores: with a deadline, once per audience and interval, and never at the visitor's expense."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock

from adapters.models.port import ModelAdapter, ModelError
from plugin.flow.scores import rows_for
from plugin.flow.types import Planned
from rules import Plan

_log = logging.getLogger(__name__)
INTERVAL_S = 60.0
MOST_REMEMBERED = 20_000
_Key = tuple[str, str, str, str]


class Scoring:
    """The models by name, and what they answered last for each audience.

    Where a model fails, the last scores for the same audience and content are used, whatever their age; where there are
    none, the slot is decided by rules alone. Both are reported as degraded.
    """

    def __init__(
        self,
        models: Mapping[str, ModelAdapter],
        *,
        timeout_s: float,
        monotonic: Callable[[], float],
        interval_s: float = INTERVAL_S,
    ) -> None:
        self.models = dict(models)
        self._timeout_s = timeout_s
        self._monotonic = monotonic
        self._interval_s = interval_s
        self._lock = Lock()
        self._last: OrderedDict[_Key, tuple[float, Mapping[str, float]]] = OrderedDict()
        self.failures = 0

    def scores(self, planned: Planned) -> tuple[dict[str, Mapping[str, float]], list[str]]:
        """Scores by slot and entry, and what was degraded, such as `model:feed-linear`; one deadline for all slots."""
        found: dict[str, Mapping[str, float]] = {}
        degraded: list[str] = []
        deadline: float | None = None
        for ask, plan in planned.plans:
            name = plan.model.name
            if name is None or plan.model.weight == 0 or not plan.left:
                continue
            if deadline is None:
                deadline = self._monotonic() + self._timeout_s
            scores, failed = self._for_slot(name, plan, planned.site.revision, deadline)
            found[ask.id] = scores
            if failed:
                degraded.append(f"model:{name}")
        return found, list(dict.fromkeys(degraded))

    def _for_slot(self, name: str, plan: Plan, revision: str, deadline: float) -> tuple[Mapping[str, float], bool]:
        model = self.models.get(name)
        if model is None:
            return {}, True
        key = None if plan.model.per == "visitor" else (name, revision, plan.slot.id, plan.audience_key)
        now = self._monotonic()
        remembered = self._remembered(key)
        if remembered is not None and now - remembered[0] < self._interval_s:
            return remembered[1], False
        try:
            if deadline <= now:
                raise ModelError("no time is left for another model")
            scores = _asked(model, plan, deadline - now)
        except ModelError as error:
            self.failures += 1
            _log.warning("model %s gave no scores: %s", name, error)
            return (remembered[1] if remembered is not None else {}), True
        if key is not None:
            with self._lock:
                self._last[key] = (now, scores)
                self._last.move_to_end(key)
                while len(self._last) > MOST_REMEMBERED:
                    self._last.popitem(last=False)
        return scores, False

    def _remembered(self, key: _Key | None) -> tuple[float, Mapping[str, float]] | None:
        if key is None:
            return None
        with self._lock:
            return self._last.get(key)


def _asked(model: ModelAdapter, plan: Plan, timeout_s: float) -> dict[str, float]:
    """Raises: ModelError for whatever goes wrong in an adapter, which may be somebody else's code."""
    ids, rows = rows_for(plan, model.spec.features)
    try:
        scores = dict(zip(ids, model.score(rows, timeout_s=timeout_s), strict=True))
        if not all(0.0 <= score <= 1.0 for score in scores.values()):
            raise ModelError("it gave a score that is not between 0 and 1")
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{type(error).__name__}: {error}") from error
    return scores
