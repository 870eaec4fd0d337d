"""Who has no copy is looked up in the database, and not more often than it can bear."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from plugin.errors import ServiceUnavailable
from plugin.live.missing import NOBODY_S, Missing
from plugin.ports import Viewed, VisitorRow


class Behind:
    """The database."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.stored: dict[str, bytes] = {}

    def view(self, source: str) -> Viewed:
        self.asked.append(source)
        return Viewed(self.stored.get(source))

    def group(self, _source: str) -> Sequence[VisitorRow]:
        return ()


def test_nobody_is_looked_up_again_only_after_a_while() -> None:
    behind, now = Behind(), [100.0]
    missing = Missing(behind, monotonic=lambda: now[0])
    assert [missing.view("a") for _ in range(3)] == [Viewed(None)] * 3
    assert behind.asked == ["a"]
    now[0] += NOBODY_S
    behind.stored["a"] = b"view"
    assert [missing.view("a") for _ in range(2)] == [Viewed(b"view")] * 2
    assert behind.asked == ["a"] * 3, "what is kept is read each time: it changes"


def test_a_flood_of_new_ids_does_not_reach_the_database() -> None:
    behind, now = Behind(), [100.0]
    missing = Missing(behind, monotonic=lambda: now[0], most_a_second=10)
    refused = 0
    for number in range(100):
        try:
            missing.view(f"v-{number}")
        except ServiceUnavailable:
            refused += 1
    assert (len(behind.asked), refused) == (10, 90)
    assert missing.view("v-3") == Viewed(None), "who is known to be nobody needs no look"
    now[0] += 1.0
    assert missing.view("v-99") == Viewed(None)
    with pytest.raises(ServiceUnavailable):
        Missing(behind, monotonic=lambda: now[0], most_a_second=0).view("b")
