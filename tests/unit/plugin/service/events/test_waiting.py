"""Waiting until events are applied: whoever waits in vain keeps others from waiting, for there are few threads."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from plugin.service.events.ids import EventIds


def test_after_waiting_in_vain_nobody_waits_for_a_while() -> None:
    clock, applied = [100.0], set[bytes]()

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    def known(wanted: Collection[bytes]) -> Mapping[bytes, bytes]:
        return dict.fromkeys(applied.intersection(wanted), b"")

    ids = EventIds(b"k" * 32, known, monotonic=lambda: clock[0], sleep=sleep)
    assert not ids.wait([b"a"], 2.0)
    assert clock[0] >= 102.0
    began = clock[0]
    for _ in range(50):
        assert not ids.wait([b"a"], 5.0)
    assert clock[0] == began, "a process of one thread would do nothing else"
    applied.add(b"a")
    assert ids.wait([b"a"], 5.0), "what is applied already needs no waiting"
    clock[0] = began + 21.0
    assert not ids.wait([b"b"], 2.0)
    assert clock[0] >= began + 23.0, "then it is tried again"
