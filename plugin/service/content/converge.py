"""Seeing to notices: each entry is fetched, compared, applied, and looked at again until nothing can be stale.

A notice says where to look, and nothing else; see `looking`. One worker sees to a source, one entry after the other:
here is what it does about faults, of the source, of one entry, of the database.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from adapters.cms.port import AuthError, CmsError, RateLimited, Source, Unavailable
from plugin.errors import ServiceUnavailable, TesseraError
from plugin.ports import LONGEST_WAIT, ContentStore, EntryProblem, Job, NoticeStore, Outcome
from plugin.service.content.looking import REREADS_S, Looking
from plugin.service.content.notices import nowhere

_log = logging.getLogger(__name__)

LEASE = timedelta(seconds=10)
"""A worker that dies gives back what it had taken after so long."""
LONGEST_PAUSE_S = 30.0
"""Between two attempts; for a source that was repaired must be served well within a minute."""
LONGEST_ASKED_S = 900.0
"""A source that asks to be left alone for longer is asked again all the same."""
_ATTEMPTS_TO_WRITE = 3


class Converging:
    """Sees to the notices of one source, one after the other."""

    def __init__(
        self,
        name: str,
        source: Source,
        notices: NoticeStore,
        content: ContentStore,
        *,
        clock: Callable[[], datetime],
        random: Callable[[], float],
        new_lease: Callable[[], str],
        locales: Sequence[str] = (),
        locales_of: Callable[[str], Sequence[str]] = lambda said: (said,),
        languages: Callable[[str], Sequence[str]] = lambda _id: (),
        rereads_s: Sequence[float] = REREADS_S,
        at: Callable[[str], None] = nowhere,
    ) -> None:
        """Ask nothing yet.

        Args:
            locales: those that the source is configured to have; none: whatever is stored of it.
            locales_of: what a language in the source's terms may be called here; see `MappedSource.locales_of`.
            languages: those of an entry that was just fetched, where the source can tell; see `MappedSource.languages`.
            rereads_s: when an entry is read again, in seconds after the first time.
        """
        self.name = name
        self.lease: str | None = None  # of what is being worked on, for whoever renews it
        self._source = source
        self._notices = notices
        self._content = content
        self._clock = clock
        self._random = random
        self._new_lease = new_lease
        self._looking = Looking(
            name,
            source,
            notices,
            clock=clock,
            locales=locales,
            locales_of=locales_of,
            languages=languages,
            rereads_s=rereads_s,
        )
        self._at = at
        self._failures = 0
        self._paused_until: datetime | None = None

    def step(self) -> bool:
        """See to one entry. False where nothing is due, or the source is given time to recover."""
        now = self._clock()
        if waits(now, self._paused_until):
            return False
        lease = self._new_lease()
        job = self._notices.claim(self.name, whole=False, lease=lease, now=now, until=now + LEASE)
        if job is None:
            return False
        self.lease = lease
        try:
            self._see_to(job)
        except TesseraError:
            give_back(self._notices, job)
            raise
        finally:
            self.lease = None
        return True

    def _see_to(self, job: Job) -> None:
        try:
            outcome = self._looking.look(job)
        except RateLimited as fault:
            self._pause(job, fault)
            return
        except (AuthError, Unavailable) as fault:
            if job.attempts and self._answers():
                self._recover()
                self._set_aside(job, str(fault))  # the trouble is with this entry, and must not hold up the others
            else:
                self._pause(job, fault)
            return
        except CmsError as fault:
            self._set_aside(job, str(fault))
            return
        except TesseraError:
            raise  # of the database: what was taken is given back
        except Exception as fault:  # noqa: BLE001 - of an adapter, which must not be asked again at once for ever
            _log.exception("%s: %s", self.name, job.id)
            self._set_aside(job, f"{job.id}: the adapter failed: {type(fault).__name__}")
            return
        self._at("after fetch")
        self._recover()
        self._finish(job, outcome)
        self._at("after commit")

    def _finish(self, job: Job, outcome: Outcome) -> None:
        for attempt in range(1, _ATTEMPTS_TO_WRITE + 1):
            try:
                self._notices.finish(job, outcome, now=self._clock())
                return
            except ServiceUnavailable:  # a deadlock, or a lock that others held for long
                if attempt == _ATTEMPTS_TO_WRITE:
                    raise

    def _answers(self) -> bool:
        """Whether the source itself is well."""
        try:
            self._source.ping()
        except CmsError:
            return False
        return True

    def _set_aside(self, job: Job, reason: str) -> None:
        """Try this entry again later, and list it; the others go on."""
        _log.warning("%s: %s: %s", self.name, job.id, reason)
        wait = timedelta(seconds=backoff_s(job.attempts, None, self._random()))
        problem = EntryProblem(reason, job.id, job.locale or None)
        self._notices.postpone(job, reason, due_at=self._clock() + wait, problems=[problem])

    def _pause(self, job: Job, fault: CmsError) -> None:
        """Leave the source alone for a while: asking for the next entry would be no better."""
        wait = backoff_s(self._failures, getattr(fault, "retry_after", None), self._random())
        if self._failures == 0:
            _log.warning("%s: %s; trying again", self.name, fault)
        self._failures += 1
        self._paused_until = self._clock() + timedelta(seconds=wait)
        self._notices.postpone(job, str(fault), due_at=self._paused_until)
        self._content.failed(self.name, str(fault), now=self._clock())

    def _recover(self) -> None:
        if self._failures:
            self._failures = 0
            self._paused_until = None
            self._content.recovered(self.name)


def give_back(notices: NoticeStore, job: Job) -> None:
    """Of a database that was busy for too long, so that nobody waits for the lease to end; it still may."""
    with suppress(TesseraError):
        notices.release(job)


def backoff_s(failures: int, retry_after: float | None, chance: float) -> float:
    """Seconds to wait after so many failures in a row: doubling, with jitter, never less than the source asks.

    It may ask for up to `LONGEST_ASKED_S`.
    """
    doubled = min(LONGEST_PAUSE_S, 0.5 * 2.0 ** min(failures, 10)) * (0.5 + chance / 2)
    return max(doubled, min(retry_after or 0.0, LONGEST_ASKED_S) * (1.0 + chance / 10))


def waits(now: datetime, until: datetime | None, longest: timedelta = LONGEST_WAIT) -> bool:
    """Whether a moment is yet to come. What is further away than it can be set says that the clock was put back."""
    return until is not None and now < until <= now + longest
