"""What was worked out before is kept, bounded, and nothing that came first keeps out what comes later."""

from __future__ import annotations

from rules.keeping import keep


def test_at_its_bound_it_begins_anew() -> None:
    known: dict[int, int] = {}
    for number in range(5):
        keep(known, number, number * number, 3)
        assert len(known) <= 3
        assert known[number] == number * number
