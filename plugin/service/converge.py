"""Seeing to notices: each entry is fetched, compared, applied, and looked at again until nothing can be stale.

A notice says where to look, and nothing else. What was fetched may be older than what is stored, for caches and
replicas lag: an adapter that orders its versions is believed when the version it brings is newer, and so is nothing
else. In every other case the entry is read again, 1, 3, 10 and 30 seconds after the first time. Where the notice
announced a version, an older one is not what it meant, however new it is: it is read again until that one comes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from adapters.cms.port import (
    AuthError,
    BadResponse,
    CmsError,
    Entry,
    NotFound,
    Ordering,
    RateLimited,
    Source,
    Unavailable,
)
from plugin.errors import ServiceUnavailable, TesseraError
from plugin.ports import LONGEST_WAIT, SYNC, Changes, ContentStore, EntryProblem, Job, Mark, NoticeStore, Outcome
from plugin.service.notices import nowhere
from plugin.service.sync import stored_entry
from plugin.service.versions import newer, reached, version_of

_log = logging.getLogger(__name__)

REREADS_S = (1.0, 3.0, 10.0, 30.0)
"""When an entry is read again, in seconds after the first time."""
OVERDUE_S = 300.0
"""How often an entry is read whose announced version did not come in that time."""
GIVEN_UP = timedelta(days=1)
"""So long an announced version is waited for: one that never comes was a mistake of the CMS's."""
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
        rereads_s: Sequence[float] = REREADS_S,
        at: Callable[[str], None] = nowhere,
    ) -> None:
        """Ask nothing yet.

        Args:
            locales: those that the source is configured to have; none: whatever is stored of it.
            locales_of: what a language in the source's terms may be called here; see `MappedSource.locales_of`.
        """
        self.name = name
        self.lease: str | None = None  # of what is being worked on, for whoever renews it
        self._source = source
        self._notices = notices
        self._content = content
        self._clock = clock
        self._random = random
        self._new_lease = new_lease
        self._locales = tuple(dict.fromkeys(next(iter(locales_of(one)), one) for one in locales))
        self._locales_of = locales_of
        self._rereads_s = tuple(rereads_s)
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
            outcome = self._look(job)
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

    def _look(self, job: Job) -> Outcome:
        """Fetch every variant that the mark is about, and say what to make of it. Raises CmsError."""
        named = self._named(job)
        asked, found = self._fetch_all(job, job.locale if named is None else named)
        missing = [locale for locale in asked if locale in job.held and locale not in found]
        if named is None:
            missing = []
            if job.stage == 0 and job.held and not (found and found.keys() <= job.held.keys()):
                # Which of the stored variants was meant, if it is gone or has moved, the whole source can tell.
                self._notices.mark(self.name, [Mark(*SYNC)], now=self._clock())
        if missing:
            # A CMS that refuses us may say that there is nothing: only one that lets us list may take away.
            self._source.ping()
        if not found and not job.held and job.locale == "" and job.stage == 0 and self._source.spec.incremental:
            # Perhaps new, and only in a language that nothing has yet: the source itself can tell.
            self._notices.mark(self.name, [Mark(*SYNC)], now=self._clock())
        ordering = self._source.spec.ordering
        taken = []
        wanted = version_of(job.announced, ordering)
        held = [job.held[locale] for locale in asked if locale in job.held]
        awaits = wanted is not None and not reached(wanted, found.values(), held, ordering)
        # Of several notices nobody knows which of their versions this is, however new it is.
        certain = not missing and bool(found) and job.counter == 1 and not awaits
        for locale, entry in found.items():
            before = job.held.get(locale, job.gone.get(locale))
            is_newer = newer(entry.version, version_of(before, ordering), ordering)
            if locale in job.held and ordering.older(entry, version_of(before, ordering)):
                certain = False
                continue
            if awaits and locale not in job.held and self._hopes(job):
                continue  # nobody sees it yet, and it comes in the version that was announced
            if locale in job.gone and job.stage == 0 and not is_newer:
                certain = False  # it was deleted, and may be what a cache remembers: a second look decides
                continue
            certain = certain and locale not in job.gone
            certain = certain and (is_newer or (locale not in job.held and _ordered(entry, ordering)))
            taken.append(stored_entry(self.name, entry))
        changes = Changes(entries=tuple(taken), deleted=tuple((job.id, locale) for locale in missing))
        wait = None if certain else self._wait_s(job)
        # What is not there at all is gone, however new it was said to be.
        overdue = awaits and bool(found) and wait is None and self._still_waits(job)
        if overdue:
            wait = OVERDUE_S
        return Outcome(
            changes=changes,
            again_at=None if wait is None else self._clock() + timedelta(seconds=wait),
            stage=job.stage + 1,
            spread=job.cause == "notice",
            awaits=awaits and wait is not None,
            overdue=overdue,
        )

    def _hopes(self, job: Job) -> bool:
        """Whether the announced version may come any moment: notices that follow each other do not put that off."""
        last_s = self._rereads_s[-1] if self._rereads_s else 0.0
        age = self._clock() - (job.announced_at or job.noticed_at)
        return self._wait_s(job) is not None and age < timedelta(seconds=last_s)

    def _still_waits(self, job: Job) -> bool:
        """Say at first that the announced version did not come, and after a day that it never will."""
        at_first = job.stage == len(self._rereads_s)
        over = job.announced_at is not None and self._clock() - job.announced_at > GIVEN_UP
        if at_first or over:
            said = "is not waited for any more" if over else "did not come"
            _log.warning("%s: %s: the announced version %s %s", self.name, job.id, job.announced, said)
        return not over

    def _named(self, job: Job) -> str | None:
        """The language that the mark is about, as it is stored; "" for all, None where only an entry can tell."""
        if not job.locale:
            return ""
        may_be = self._locales_of(job.locale)
        return next((one for one in may_be if one in job.held or one in job.gone), next(iter(may_be), None))

    def _fetch_all(self, job: Job, named: str) -> tuple[list[str], dict[str, Entry]]:
        """The locales that were asked for, and what there is by locale; "" for none."""
        asked: list[str] = []
        found: dict[str, Entry] = {}

        def ask(locales: Iterable[str]) -> None:
            for locale in locales:
                if locale in asked or ("" in found and locale not in job.held):
                    continue  # in the second case it has no languages
                asked.append(locale)
                entry = self._fetch(job, locale)
                if entry is not None:
                    found[entry.locale or ""] = entry

        ask(locales_of(job, named, self._locales))
        if named not in ("", *job.held):
            may_be = self._locales_of(job.locale)
            for one in may_be:
                ask(() if found else [one])
            if may_be and not found:
                ask(job.held)  # it may be a name of one of these that the mapping does not know
        return asked, found

    def _fetch(self, job: Job, locale: str) -> Entry | None:
        # The hint of a notice may be wrong: without it, there must be nothing either.
        for hint in dict.fromkeys((job.type, None)):
            try:
                entry = self._source.fetch(job.id, locale or None, content_type=hint)
            except NotFound:
                continue
            if entry.id != job.id:
                raise BadResponse(f"{job.id}: the source answered with the entry {entry.id}")
            return entry
        return None

    def _wait_s(self, job: Job) -> float | None:
        """Until the next look; None: that was the last."""
        # What merely depends on something that changed may be many: fewer looks, and as long.
        times = self._rereads_s if job.cause == "notice" else self._rereads_s[2:]
        if job.stage >= len(times):
            return None
        return times[job.stage] - (times[job.stage - 1] if job.stage else 0.0)

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


def locales_of(job: Job, named: str, configured: Sequence[str]) -> Iterator[str]:
    """Which variants a mark is about, "" for the one without a language.

    A notice that names no language is about all that the entry has or may have: those stored or deleted, and those
    of the source. One that names a language is about that one, and the variant without, where there is one.
    """
    known = [*job.held, *job.gone]
    if named:
        wanted = [named, *([""] if "" in known else [])]
    else:
        everywhere = [locale for locale in configured or job.locales if locale]
        wanted = [*([""] if "" in known or not known else []), *known, *everywhere]
    yield from dict.fromkeys(wanted)


def _ordered(entry: Entry, ordering: Ordering) -> bool:
    return ordering.kind != "none" and entry.version is not None


def backoff_s(failures: int, retry_after: float | None, chance: float) -> float:
    """Seconds to wait after so many failures in a row: doubling, with jitter, never less than the source asks.

    It may ask for up to `LONGEST_ASKED_S`.
    """
    doubled = min(LONGEST_PAUSE_S, 0.5 * 2.0 ** min(failures, 10)) * (0.5 + chance / 2)
    return max(doubled, min(retry_after or 0.0, LONGEST_ASKED_S) * (1.0 + chance / 10))


def waits(now: datetime, until: datetime | None, longest: timedelta = LONGEST_WAIT) -> bool:
    """Whether a moment is yet to come. What is further away than it can be set says that the clock was put back."""
    return until is not None and now < until <= now + longest
