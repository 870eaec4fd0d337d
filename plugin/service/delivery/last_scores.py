"""What models answered last, by audience: fresh, it spares a question; older, it stands in for a model that fails."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import NamedTuple

from rules import Plan

MOST_REMEMBERED = 20_000


class Key(NamedTuple):
    """Whom scores are for. `state` is "" for whatever is published, else the name of another state of the site:
    what a model said of a preview or a draft is for nobody else."""

    model: str
    slot: str
    audience_key: str
    state: str


class Remembered(NamedTuple):
    """Scores by entry, when they were given (monotonic seconds), and for which state of the site."""

    at: float
    revision: str
    scores: Mapping[str, float]


class LastScores:
    """The last scores of each audience, the least recently given ones forgotten first. Safe between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[Key, Remembered] = OrderedDict()

    def get(self, key: Key | None) -> Remembered | None:
        """What is remembered, of whatever age."""
        if key is None:
            return None
        with self._lock:
            return self._kept.get(key)

    def put(self, key: Key, remembered: Remembered) -> None:
        """Remember, in place of what there is, unless that is newer."""
        with self._lock:
            before = self._kept.get(key)
            if before is not None and before.at > remembered.at:
                return
            self._kept[key] = remembered
            self._kept.move_to_end(key)
            while len(self._kept) > MOST_REMEMBERED:
                self._kept.popitem(last=False)


def key_of(plan: Plan, model: str, revision: str) -> Key | None:
    """Under which name the scores of a plan are kept; None where they are one visitor's."""
    if plan.model.per == "visitor":
        return None
    published = revision.replace(".", "").isdigit()
    return Key(model, plan.slot.id, plan.audience_key, "" if published else revision)
