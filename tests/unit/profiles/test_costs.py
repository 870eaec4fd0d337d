"""What judging and reading cost, as multiples of a loop timed beside them: the machine's own speed cancels out."""

from __future__ import annotations

import time
from collections.abc import Callable

from plugin.profiles import fold as folding
from plugin.profiles.fold import fold
from plugin.profiles.identity import Hasher
from plugin.profiles.judging import judge
from plugin.profiles.types import BUILT_IN
from plugin.profiles.view import attributes_of
from tests.unit.profiles.support import NOW
from tests.unit.profiles.test_view import DECLARED, typical

LOOP_US = 24.0
"""What the loop takes on the machine by which the bars were set, undisturbed."""
HASHER = Hasher([(1, "a key")], "another key")


def loops(work: Callable[[], object], times: int) -> float:
    """The least of several runs, in loops of a thousand additions."""

    def least(one: Callable[[], object], number: int) -> float:
        best = float("inf")
        for _ in range(9):
            start = time.process_time_ns()
            for _ in range(number):
                one()
            best = min(best, (time.process_time_ns() - start) / number)
        return best

    def loop() -> int:
        total = 0
        for number in range(1_000):
            total += number * number
        return total

    return least(work, times) / least(loop, 100)


def test_judging_an_event_costs_ten_microseconds_at_most() -> None:
    batch = [
        {
            "id": f"e-{number}",
            "type": ("view", "click", "impression")[number % 3],
            "visitor_id": f"v-{number // 5}",
            "time": "2026-11-22T00:00:00.5Z",
            "content_id": "a-3",
            "slot": "home.feed",
            "properties": {"ref": "x", "n": 3},
        }
        for number in range(50)
    ]

    def work() -> object:
        return judge(batch, now_ms=NOW, types=BUILT_IN, sources=HASHER.identity, consent={"personalization": True})

    assert loops(work, 20) / len(batch) * LOOP_US < 10


def test_reading_ten_attributes_costs_twenty_microseconds_at_most() -> None:
    view = folding.decode(folding.encode(fold([("s", typical())], uid="u")))
    names = ("topics", "engagement", "view_30d", "value_30d", "view_decayed", "recency_days", "attribute_3", "plan")
    wanted = frozenset((*(f"profile.{name}" for name in names), "visitor.visits", "visitor.new"))
    assert len(attributes_of(view, NOW, wanted, DECLARED)) == 9
    assert loops(lambda: attributes_of(view, NOW, wanted, DECLARED), 300) * LOOP_US < 20
