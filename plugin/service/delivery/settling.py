"""The second half of every decision of a process: scores, settle, and what is said of slots that came down."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Lock

from plugin.flow.settle import settle
from plugin.flow.types import Planned, Settled
from plugin.service.delivery.models import Scoring

_log = logging.getLogger(__name__)
LONGEST_TTL_S = 60
QUIET_S = 60.0
"""So long the log has no second traceback of the same kind of fault in the same slot."""


class Settling:
    """Settles what was planned, asking models on the way; keeps count of the slots that came down, by rung."""

    def __init__(self, scoring: Scoring, *, new_id: Callable[[], str], monotonic: Callable[[], float]) -> None:
        self.scoring = scoring
        self._new_id = new_id
        self._monotonic = monotonic
        self._lock = Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._logged: dict[tuple[str, str], float] = {}

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """How often a slot came down to a rung, by both."""
        with self._lock:
            return dict(self._counts)

    def settle(self, planned: Planned, exposures: Mapping[str, Sequence[datetime]]) -> Settled:
        """Every planned slot; a fault that nobody foresaw is logged under an id that the trace of its slot has too."""
        scores, steps = self.scoring.scores(planned)
        settled = settle(planned, scores, exposures, longest_ttl_s=LONGEST_TTL_S, steps=steps)
        if not settled.steps:
            return settled
        with self._lock:
            self._counts.update((slot, step.rung) for slot, step in settled.steps.items())
        return self._told(settled) if settled.faults else settled

    def _told(self, settled: Settled) -> Settled:
        steps = dict(settled.steps)
        for slot, fault in settled.faults.items():
            incident = self._new_id()
            steps[slot] = steps[slot]._replace(why=f"{steps[slot].why}; the log has it as incident {incident}")
            again = self._is_known(slot, fault)
            _log.error(
                "incident %s: the slot %s cannot be decided (%s), its %s stands in",
                incident,
                slot,
                type(fault).__name__,
                steps[slot].rung,
                exc_info=None if again else fault,
            )
        decisions = tuple(
            (ask, one._replace(trace={**one.trace, "degraded": steps[ask.id].to_dict()}))
            if ask.id in settled.faults and one.trace is not None
            else (ask, one)
            for ask, one in settled.decisions
        )
        return settled._replace(steps=steps, decisions=decisions)

    def _is_known(self, slot: str, fault: Exception) -> bool:
        """Whether the log had such a fault with its traceback a moment ago: it may come with every request."""
        now, kind = self._monotonic(), (slot, type(fault).__name__)
        with self._lock:
            known = now - self._logged.get(kind, float("-inf")) < QUIET_S
            if not known:
                self._logged[kind] = now
        return known
