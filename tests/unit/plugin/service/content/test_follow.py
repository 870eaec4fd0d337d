"""When a whole source is looked at: at the start, by a notice, by a sweep, after a failure."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from threading import Event

import pytest

from adapters.cms.port import Changes as Fetched
from adapters.cms.port import CmsError, Ordering, RateLimited, SourceSpec, Unavailable
from plugin.ports import SWEEP, SYNC, Changes, Mark, StoredEntry
from plugin.service.content.follow import Following, Loop, SourceSyncing, Waking
from plugin.service.content.looking import REREADS_S
from plugin.service.content.sync import Syncing
from plugin.store import Store
from tests.unit.plugin.service.site_support import NOW
from tests.waiting import allowed, until


class Cms:
    """Remembers from where it was asked to tell."""

    spec = SourceSpec("cms", Ordering("integer"), incremental=True)

    def __init__(self) -> None:
        self.asked: list[str | None] = []
        self.fails: CmsError | None = None

    def changes(self, cursor: str | None) -> Fetched:
        self.asked.append(cursor)
        if self.fails is not None:
            raise self.fails
        return Fetched((), (), str(len(self.asked)), full=cursor is None, present=frozenset())


class GlancedAt(Cms):
    """Can be looked at without being read."""

    looks: str | None = "so"

    def glance(self) -> object | None:
        return self.looks


class Bench:
    def __init__(
        self,
        store: Store,
        *,
        sweep_s: float | None = None,
        catch_up_s: Sequence[float] = (),
        every_s: float | None = None,
        rereads_s: Sequence[float] = (),
        cms: Cms | None = None,
    ) -> None:
        self.now = NOW
        self.cms = cms or Cms()
        self.store = store
        leases = count(1)
        self.worker = SourceSyncing(
            "cms",
            Syncing({"cms": self.cms}, store.content, clock=lambda: self.now),  # type: ignore[dict-item]  # enough of one
            store.notices,
            clock=lambda: self.now,
            random=lambda: 1.0,
            new_lease=lambda: f"lease-{next(leases)}",
            sweep=None if sweep_s is None else timedelta(seconds=sweep_s),
            every=None if every_s is None else timedelta(seconds=every_s),
            catch_up=[timedelta(seconds=one) for one in catch_up_s],
            rereads_s=rereads_s,
        )

    def later(self, seconds: float = 0) -> list[str | None]:
        """From where the source was asked to tell by then."""
        self.now += timedelta(seconds=seconds)
        before = len(self.cms.asked)
        while self.worker.step():
            pass
        return self.cms.asked[before:]


def test_a_source_is_looked_at_when_it_begins_to_be_followed_and_once_more(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, catch_up_s=(0, 15))
    assert [bench.later(), bench.later(14), bench.later(1), bench.later(1_000)] == [[None], [], ["1"], []]


def test_notices_that_name_nothing_are_one_sync(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store)
    for _ in range(3):
        sqlite_store.notices.mark("cms", [Mark(*SYNC)], now=NOW)
    assert [bench.later(), bench.later(1)] == [[None], []]


def test_a_sweep_reads_everything_now_and_then(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, sweep_s=3_600, catch_up_s=(0,))
    assert [bench.later(), bench.later(120), bench.later(3_600), bench.later(60), bench.later(3_600)] == [
        [None],
        [],
        [None],
        [],
        [None],
    ]


def test_a_folder_is_followed(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, every_s=1)
    assert [bench.later(), bench.later(0.5), bench.later(0.5)] == [[None], [], ["1"]]


def test_a_folder_that_looks_the_same_is_read_now_and_then_only(sqlite_store: Store) -> None:
    cms = GlancedAt()
    bench = Bench(sqlite_store, every_s=1, cms=cms)
    assert len(bench.later()) == 1
    assert [len(bench.later(1)) for _second in range(12)] == [0] * 9 + [1, 0, 0]
    cms.looks = "otherwise"
    assert [len(bench.later(1)), len(bench.later(1))] == [1, 0]
    cms.looks = None  # it cannot be told
    assert [len(bench.later(1)), len(bench.later(1))] == [1, 1]
    cms.looks, cms.fails = "third", Unavailable("down")
    assert [len(bench.later(1)), len(bench.later(1))] == [1, 1]


def test_a_sync_that_fails_is_tried_again_later_and_later(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, catch_up_s=(0,))
    bench.cms.fails = Unavailable("down")
    waits = [0, 0.4, 0.1, 0.9, 0.1, 1.9, 0.1]
    assert [len(bench.later(wait)) for wait in waits] == [1, 0, 1, 0, 1, 0, 1]
    bench.cms.fails = None
    assert len(bench.later(30)) == 1
    assert bench.later(1_000) == []


def test_a_source_that_asks_to_wait_is_given_the_time(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, catch_up_s=(0,))
    bench.cms.fails = RateLimited("429", retry_after=60)
    bench.later()
    assert [len(bench.later(59)), len(bench.later(8))] == [0, 1]


def test_a_source_whose_list_lags_behind_a_notice_is_read_again(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, rereads_s=REREADS_S, catch_up_s=(0,), sweep_s=60)
    bench.later(120)
    asked = len(bench.cms.asked)
    sqlite_store.notices.mark("cms", [Mark(*SYNC)], now=bench.now)
    assert [len(bench.later(wait)) for wait in (0, 2.9, 0.1, 26.9, 0.1)] == [1, 0, 1, 0, 1]
    assert len(bench.cms.asked) == asked + 3
    assert sqlite_store.notices.backlogs() == ()


def test_what_nobody_announced_is_read_once(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, rereads_s=REREADS_S, catch_up_s=(0,), sweep_s=60)
    assert [len(bench.later(wait)) for wait in (0, 3, 27)] == [1, 0, 0]
    assert [len(bench.later(wait)) for wait in (61, 3, 27)] == [1, 0, 0]


def test_a_whole_reading_that_a_notice_asked_for_is_repeated_once(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, rereads_s=REREADS_S)
    sqlite_store.notices.mark("cms", [Mark(*SWEEP)], now=bench.now)
    assert [bench.later(wait) for wait in (0, 3, 26.9, 0.1)] == [[None], [], [], [None]]
    assert sqlite_store.notices.backlogs() == ()


def test_a_clock_that_is_put_back_holds_up_no_folder_and_no_sweep(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, every_s=1, sweep_s=3_600)
    bench.later(1)
    bench.later(120)
    assert len(bench.later(-86_400)) > 0
    assert len(bench.later(1)) == 1


def test_who_rests_for_long_is_woken_by_what_is_committed(sqlite_store: Store) -> None:
    seen: list[int] = []
    resting = Loop("resting", lambda: bool(seen.append(sqlite_store.content.epoch())), poll_s=3_600)
    found = Following([resting, Loop("commits", Waking(sqlite_store.watch.mark, [resting]).step)])
    found.start()
    try:
        until(lambda: len(seen) > 0)
        for number in (1, 2):
            entry = StoredEntry("cms", f"e{number}", None, "card", (), {}, None, None, ())
            sqlite_store.content.apply("cms", Changes(entries=(entry,)), now=NOW)
            until(lambda: seen[-1] == number)  # noqa: B023 - asked here and now
    finally:
        began = time.monotonic()
        found.stop()
    assert time.monotonic() - began < allowed(5), "who is told to stop rests no longer"


def test_what_is_committed_during_a_look_wakes_for_another() -> None:
    looks, looking, go_on = count(), Event(), Event()
    seen: list[int] = []

    def look() -> bool:
        seen.append(next(looks))
        looking.set()
        go_on.wait(60)
        return False

    loop = Loop("looking", look, poll_s=3_600)
    loop.start()
    looking.wait(60)
    loop.wake()
    go_on.set()
    until(lambda: len(seen) == 2)
    loop.ask_to_stop()
    loop.join(10)


def test_where_nobody_can_tell_everybody_is_woken_each_time() -> None:
    woken: list[str] = []

    class Noted(Loop):
        def wake(self) -> None:
            woken.append("once")

    marks = iter([None, None, "a", "a", "b"])
    waking = Waking(lambda: next(marks), [Noted("noted", lambda: False)])
    for _ in range(5):
        assert not waking.step()
    assert woken == ["once"] * 4


def test_threads_that_hang_delay_the_end_once_and_not_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("plugin.service.content.follow.STOP_S", 0.2)
    let_go = Event()
    found = Following([Loop(f"hung-{number}", let_go.wait) for number in range(5)])
    found.start()
    began = time.monotonic()
    found.stop()
    took = time.monotonic() - began
    let_go.set()
    assert took < allowed(0.6)
    assert "hung-4 does not end" in caplog.text
