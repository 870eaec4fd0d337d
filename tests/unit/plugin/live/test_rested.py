"""A database that is away is not asked by everybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event, Thread

import pytest

from plugin.errors import ServiceUnavailable
from plugin.live.rested import RestedViews
from plugin.ports import Viewed, VisitorRow


class Stored:
    """What is behind: it counts, and fails as a test wants."""

    def __init__(self) -> None:
        self.asked = 0
        self.fault: Exception | None = None
        self.before: Callable[[], object] = lambda: None

    def view(self, source: str) -> Viewed:
        self.asked += 1
        self.before()
        if self.fault is not None:
            raise self.fault
        return Viewed(source.encode())

    def group(self, source: str) -> Sequence[VisitorRow]:
        self.view(source)
        return ()


class Bench:
    def __init__(self) -> None:
        self.now = 0.0
        self.stored = Stored()
        self.views = RestedViews(self.stored, monotonic=lambda: self.now)

    def fails(self) -> int:
        """How often the database was asked by a request that got nothing."""
        before = self.stored.asked
        with pytest.raises(ServiceUnavailable):
            self.views.view("s")
        return self.stored.asked - before


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_while_all_is_well_everybody_asks(bench: Bench) -> None:
    assert [bench.views.view("s").octets for _ in range(3)] == [b"s"] * 3
    assert bench.stored.asked == 3


def test_after_a_failure_nobody_waits_for_a_while_and_then_one_tries(bench: Bench) -> None:
    bench.stored.fault = ServiceUnavailable("away")
    assert bench.fails() == 1
    bench.now = 0.9
    assert bench.fails() == 0
    bench.now = 1.0
    assert bench.fails() == 1
    bench.now = 1.9
    assert bench.fails() == 0
    bench.now, bench.stored.fault = 2.0, None
    assert bench.views.view("s").octets == b"s"
    assert bench.views.view("s").octets == b"s"


def test_whoever_asks_for_all_sources_of_a_person_waits_no_longer(bench: Bench) -> None:
    bench.stored.fault = ServiceUnavailable("away")
    with pytest.raises(ServiceUnavailable):
        bench.views.group("s")
    assert bench.fails() == 0
    bench.now = 1.0
    assert bench.fails() == 1
    with pytest.raises(ServiceUnavailable):
        bench.views.group("s")
    assert bench.stored.asked == 2
    bench.now, bench.stored.fault = 2.0, None
    assert bench.views.group("s") == ()
    assert bench.views.view("s").octets == b"s"


def test_the_one_that_tries_is_alone(bench: Bench) -> None:
    bench.stored.fault = ServiceUnavailable("away")
    assert bench.fails() == 1
    bench.now, bench.stored.fault = 1.0, None
    trying, go_on = Event(), Event()

    def wait() -> None:
        trying.set()
        assert go_on.wait(90)

    bench.stored.before = wait
    thread = Thread(target=bench.views.view, args=("s",))
    thread.start()
    assert trying.wait(90)
    assert bench.fails() == 0
    go_on.set()
    thread.join(90)
    assert bench.views.view("s").octets == b"s"


def test_a_fault_that_nobody_foresaw_keeps_nobody_from_trying(bench: Bench) -> None:
    bench.stored.fault = ServiceUnavailable("away")
    assert bench.fails() == 1
    bench.now, bench.stored.fault = 1.0, ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        bench.views.view("s")
    bench.stored.fault = None
    assert bench.views.view("s").octets == b"s"
