"""The waiting of tests can fail, and says what it saw."""

from __future__ import annotations

import os
from itertools import count

import pytest

from tests.waiting import allowed, in_time, until


def test_it_waits_until_it_holds_and_says_why_it_gave_up() -> None:
    numbers = count()
    assert until(lambda: next(numbers) == 3, poll_s=0) < 90
    with pytest.raises(AssertionError, match="in 0 s: the log"):
        until(lambda: False, 0, said=lambda: "the log")


def test_a_limit_grows_with_those_who_wait_for_a_processor_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.waiting._slowness", lambda: 1.0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    for load, wanted in ((0.1, 3.0), (2.0, 3.0), (8.0, 12.0)):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, load, load))
        assert allowed(3.0) == wanted


def test_what_is_late_each_time_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.waiting.allowed", lambda limit_s: limit_s)
    took = iter([2.0, 1.5, 0.5, 9.0, 9.0, 9.0])
    in_time(1.0, lambda: next(took))
    with pytest.raises(AssertionError, match="always took too long"):
        in_time(1.0, lambda: next(took))
    assert list(took) == []
