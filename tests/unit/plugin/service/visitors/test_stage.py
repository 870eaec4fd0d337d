"""What events are applied with: an engine is asked for what it can bear, and the reference for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import rules
from plugin.service.visitors.stage import Evaluation
from rules.patterns.letters import patterns_of
from rules.patterns.reference import Match
from rules.patterns.windows import Entry, Window

BOTH = {"sequence": [{"event": "view"}, {"event": "cart"}]}
PATTERNS = patterns_of(rules.load({"segments": [{"id": "s", "pattern": BOTH, "lasts": "1h"}]}))
VIEW, CART = (PATTERNS.letters({"event.type": type_}, None) for type_ in ("view", "cart"))


@dataclass
class Ended:
    """What an engine says of a window that ended it twice, or of one that it found nothing in."""

    quarantined: bool
    matches: Mapping[tuple[int, int], Sequence[Match]]
    left: frozenset[tuple[int, int]] = frozenset()


class Fragile:
    """Ends upon every window of three events; counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def evaluate(self, batch: Sequence[tuple[Sequence[Entry], int]]) -> Sequence[Ended]:
        self.asked += len(batch)
        return [Ended(len(entries) == 3, {}) for entries, _now in batch]


def window(*events: tuple[int, tuple[str, ...]]) -> Window:
    return Window().add([Entry(time, str(time), letters) for time, letters in events], PATTERNS.limits)


def test_a_window_that_ended_the_engine_is_not_given_to_it_again() -> None:
    engine = Fragile()
    evaluation = Evaluation(PATTERNS, engine)
    bad, good = window((1, VIEW), (2, VIEW), (3, CART)), window((1, VIEW), (2, CART))
    first = evaluation([(bad, 10), (good, 10)])
    assert engine.asked == 2
    assert [(one.quarantined, set(one.memberships)) for one in first] == [(True, {"s"}), (False, set())]
    again = evaluation([(good, 20), (bad, 20)])
    assert engine.asked == 3, "the other one alone"
    assert [set(one.memberships) for one in again] == [set(), {"s"}], "each answer belongs to its window"
