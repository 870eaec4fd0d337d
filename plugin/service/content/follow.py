"""Following the sources: threads that see to notices, sync, sweep and relay purges until they are told to stop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Event, Thread

from plugin.errors import TesseraError
from plugin.ports import SYNC, Job, Mark, NoticeStore, Outcome
from plugin.service.content.converge import LEASE, Converging, backoff_s, give_back, waits
from plugin.service.content.looking import REREADS_S
from plugin.service.content.sync import Syncing

_log = logging.getLogger(__name__)

POLL_S = 0.05
"""How often the marks are looked at: of the second from publish to served, next to nothing."""
REST_S = 0.2
"""The same where whoever looks is woken by what is committed, and only what comes due by itself is not told."""
STOP_S = 10.0
"""How long the threads may finish what they have begun; what they do not is taken over by whoever comes next."""
CATCH_UP = (timedelta(0), timedelta(seconds=15))
"""When each source is looked at after a start: many a CMS tries once only, and nobody was there to listen; at the
second time, the server surely listens again."""
FIRST_SWEEP = timedelta(minutes=1)
"""After a start, until a sweep can be due."""
READ_ANYWAY = timedelta(seconds=10)
"""How often a source that is followed is read though nothing of it seems to have changed."""
_AFTER_A_FAULT_S = 1.0


class SourceSyncing:
    """Syncs one source: where a notice says no more than that something changed, where a sweep is due, and each
    `every` where it is to be followed."""

    def __init__(
        self,
        name: str,
        syncing: Syncing,
        notices: NoticeStore,
        *,
        clock: Callable[[], datetime],
        random: Callable[[], float],
        new_lease: Callable[[], str],
        sweep: timedelta | None,
        every: timedelta | None = None,
        catch_up: Sequence[timedelta] = CATCH_UP,
        rereads_s: Sequence[float] = REREADS_S,
    ) -> None:
        """Ask nothing yet.

        Args:
            rereads_s: when an entry is read again after a notice; a source that is to be looked at as a whole is so
                at every second of these times, and read from the beginning at the last only.
        """
        self.name = name
        self.lease: str | None = None
        self._syncing = syncing
        self._notices = notices
        self._clock = clock
        self._random = random
        self._new_lease = new_lease
        self._sweep = sweep
        self._every = every
        self._rereads_s = tuple(rereads_s[1::2]) if every is None else ()
        self._next_sync: datetime | None = None
        self._next_read: datetime | None = None
        self._glance: object | None = None
        self._next_sweep: datetime | None = None
        self._catch_up = list(catch_up)
        self._began: datetime | None = None

    def step(self) -> bool:
        """Do what is due. False where nothing was."""
        now = self._clock()
        self._look_for_what_was_missed(now)
        self._look_for_sweep(now)
        lease = self._new_lease()
        job = self._notices.claim(self.name, whole=True, lease=lease, now=now, until=now + LEASE)
        if job is None:
            return self._follow(now)
        self.lease = lease
        try:
            synced = self._syncing.sync(self.name, full=job.locale == "full")
            if synced.applied is None:
                wait = backoff_s(job.attempts, synced.retry_after, self._random())
                due_at = self._clock() + timedelta(seconds=wait)
                self._notices.postpone(job, synced.error or "", due_at=due_at)
            else:
                self._notices.finish(job, self._settled(job), now=self._clock())
        except TesseraError:
            give_back(self._notices, job)
            raise
        finally:
            self.lease = None
        return True

    def _settled(self, job: Job) -> Outcome:
        """A list may lag behind the notice that made us read it: then it is read again."""
        times = self._rereads_s[-1:] if job.locale else self._rereads_s
        if job.cause != "notice" or job.stage >= len(times):
            return Outcome()
        wait = times[job.stage] - (times[job.stage - 1] if job.stage else 0.0)
        return Outcome(again_at=self._clock() + timedelta(seconds=wait), stage=job.stage + 1)

    def _look_for_what_was_missed(self, now: datetime) -> None:
        self._began = self._began or now
        if self._catch_up and not waits(now, self._began + self._catch_up[0], self._catch_up[0]):
            self._notices.mark(self.name, [Mark(*SYNC)], now=now, cause="link")
            del self._catch_up[0]

    def _look_for_sweep(self, now: datetime) -> None:
        if self._next_sweep is None:  # what is asked for at the start may be a reading of everything already
            self._next_sweep = now + FIRST_SWEEP
        if self._sweep is None or waits(now, self._next_sweep, FIRST_SWEEP):
            return
        self._notices.sweep_due(self.name, before=now - self._sweep, now=now)
        self._next_sweep = now + min(self._sweep, timedelta(seconds=10))

    def _follow(self, now: datetime) -> bool:
        if self._every is None or waits(now, self._next_sync, self._every):
            return False
        glance = self._syncing.glance(self.name)
        if glance is None or glance != self._glance or not waits(now, self._next_read, READ_ANYWAY):
            synced = self._syncing.sync(self.name)
            self._glance = glance if synced.applied is not None else None
            self._next_read = self._clock() + READ_ANYWAY
        self._next_sync = self._clock() + self._every
        return False


class Loop:
    """Does the same step again and again in a thread: at once where there was something to do, else after a while, or
    when it is woken."""

    def __init__(self, name: str, step: Callable[[], bool], *, poll_s: float | None = POLL_S) -> None:
        """``poll_s``: None: it waits until it is woken."""
        self._name = name
        self._step = step
        self._poll_s = poll_s
        self._stop = Event()
        self._woken = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._stop.clear()
        self._thread = Thread(target=self._run, name=f"tessera-{self._name}", daemon=True)
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Begin nothing new."""
        self._stop.set()
        self._woken.set()

    def wake(self) -> None:
        """There may be something to do."""
        self._woken.set()

    def join(self, timeout_s: float) -> None:
        """Wait so long for what is under way."""
        if self._thread is None:
            return
        self._thread.join(timeout=timeout_s)
        if self._thread.is_alive():
            _log.warning("%s does not end; what it had begun is taken over by whoever comes next", self._name)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._woken.clear()  # before it looks: what comes while it does wakes it again
            try:
                if not self._step() and not self._stop.is_set():
                    self._woken.wait(self._poll_s)
            except TesseraError as fault:  # the database is busy or gone; what was taken is given back by itself
                _log.warning("%s: %s", self._name, fault)
                self._stop.wait(_AFTER_A_FAULT_S)
            except Exception:  # noqa: BLE001 - the thread must outlive what nobody foresaw
                _log.exception("%s failed", self._name)
                self._stop.wait(_AFTER_A_FAULT_S)


class Waking:
    """Looks for commits in the place of several loops: one thread that wakes often, and not each of them."""

    def __init__(self, mark: Callable[[], object | None], loops: Sequence[Loop]) -> None:
        """``mark``: equal ones where nothing was committed in between; None where that cannot be told."""
        self._mark = mark
        self._loops = loops
        self._seen: object | None = None

    def step(self) -> bool:
        """Wake them where anything was committed, or may have been."""
        mark = self._mark()
        if mark is None or mark != self._seen:
            self._seen = mark
            for loop in self._loops:
                loop.wake()
        return False


class Keeping:
    """Renews the leases of what takes long, so that nobody else begins the same."""

    def __init__(
        self, workers: Sequence[Converging | SourceSyncing], notices: NoticeStore, *, clock: Callable[[], datetime]
    ) -> None:
        self._workers = workers
        self._notices = notices
        self._clock = clock

    def step(self) -> bool:
        """Renew what is held."""
        leases = [worker.lease for worker in self._workers if worker.lease is not None]
        if leases:
            self._notices.renew(leases, until=self._clock() + LEASE)
        return False


class Following:
    """All the threads of one process."""

    def __init__(self, loops: Sequence[Loop], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._loops = loops
        self._monotonic = monotonic

    def start(self) -> None:
        """Begin."""
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        """End, after what is under way."""
        for loop in self._loops:
            loop.ask_to_stop()
        ends = self._monotonic() + STOP_S
        for loop in self._loops:
            loop.join(max(0.0, ends - self._monotonic()))
