"""The breaker's three states, and calls that report late."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

import pytest

from adapters.models.breaker import Breaker
from adapters.models.port import BreakerOpen


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_only_failures_in_a_row_open_it() -> None:
    breaker = Breaker(3, 10, Clock())
    for _ in range(5):
        breaker.failed(breaker.admit(), "down")
        breaker.failed(breaker.admit(), "down")
        breaker.succeeded(breaker.admit())
    assert breaker.state == "closed"


def test_it_opens_for_its_time_and_then_lets_one_call_through() -> None:
    clock = Clock()
    breaker = Breaker(2, 10, clock)
    breaker.failed(breaker.admit(), "down")
    breaker.failed(breaker.admit(), "down")
    assert breaker.state == "open"
    clock.seconds = 4
    with pytest.raises(BreakerOpen) as caught:
        breaker.admit()
    assert caught.value.retry_in_s == 6
    clock.seconds = 10
    assert breaker.state == "half-open"
    probe = breaker.admit()
    with pytest.raises(BreakerOpen):
        breaker.admit()
    breaker.succeeded(probe)
    assert breaker.state == "closed"
    breaker.failed(breaker.admit(), "down")
    assert breaker.state == "closed", "the count began anew"


def test_a_failed_probe_opens_it_for_the_whole_time_again() -> None:
    clock = Clock()
    breaker = Breaker(1, 10, clock)
    breaker.failed(breaker.admit(), "down")
    clock.seconds = 12
    breaker.failed(breaker.admit(), "down")
    clock.seconds = 21
    with pytest.raises(BreakerOpen) as caught:
        breaker.admit()
    assert caught.value.retry_in_s == 1


def test_a_call_from_before_says_nothing_about_the_service_now() -> None:
    clock = Clock()
    breaker = Breaker(1, 10, clock)
    early, late = breaker.admit(), breaker.admit()
    breaker.failed(early, "down")
    breaker.succeeded(late)
    assert breaker.state == "open", "a late success does not close it"
    clock.seconds = 10
    probe = breaker.admit()
    breaker.failed(late, "down")
    breaker.succeeded(late)
    with pytest.raises(BreakerOpen):
        breaker.admit()
    breaker.succeeded(probe)
    assert breaker.state == "closed"


def test_of_many_threads_one_alone_gets_the_probe() -> None:
    clock = Clock()
    breaker = Breaker(1, 1, clock)
    breaker.failed(breaker.admit(), "down")
    clock.seconds = 5
    start = Barrier(8)

    def attempt(_: int) -> bool:
        start.wait(90)
        try:
            breaker.admit()
        except BreakerOpen:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
