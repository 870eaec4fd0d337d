"""Looking at one entry in its source after a notice: what is fetched, what of it is believed, when to look again.

What was fetched may be older than what is stored, for caches and replicas lag: an adapter that orders its versions is
believed when the version it brings is newer, and so is nothing else. In every other case the entry is read again, 1, 3,
10 and 30 seconds after the first time. Where the notice announced a version, an older one is not what it meant, however
new it is: it is read again until that one comes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from adapters.cms.port import BadResponse, Entry, NotFound, Ordering, Source
from plugin.ports import SYNC, Changes, Job, Mark, NoticeStore, Outcome
from plugin.service.content.sync import stored_entry
from plugin.service.content.versions import newer, reached, version_of

_log = logging.getLogger(__name__)

REREADS_S = (1.0, 3.0, 10.0, 30.0)
"""When an entry is read again, in seconds after the first time."""
OVERDUE_S = 300.0
"""How often an entry is read whose announced version did not come in that time."""
GIVEN_UP = timedelta(days=1)
"""So long an announced version is waited for: one that never comes was a mistake of the CMS's."""


class Looking:
    """Reads the entries of one source for its notices; writes nothing but marks."""

    def __init__(
        self,
        name: str,
        source: Source,
        notices: NoticeStore,
        *,
        clock: Callable[[], datetime],
        locales: Sequence[str],
        locales_of: Callable[[str], Sequence[str]],
        languages: Callable[[str], Sequence[str]],
        rereads_s: Sequence[float],
    ) -> None:
        """See `Converging`."""
        self._name = name
        self._source = source
        self._notices = notices
        self._clock = clock
        self._locales = tuple(dict.fromkeys(next(iter(locales_of(one)), one) for one in locales))
        self._locales_of = locales_of
        self._languages = languages
        self._rereads_s = tuple(rereads_s)

    def look(self, job: Job) -> Outcome:
        """Fetch every variant that the mark is about, and say what to make of it. Raises CmsError."""
        named = self._named(job)
        asked, found = self._fetch_all(job, job.locale if named is None else named)
        missing = [locale for locale in asked if locale in job.held and locale not in found]
        if named is None:
            missing = []
            if job.stage == 0 and job.held and not (found and found.keys() <= job.held.keys()):
                # Which of the stored variants was meant, if it is gone or has moved, the whole source can tell.
                self._notices.mark(self._name, [Mark(*SYNC)], now=self._clock())
        if missing:
            # A CMS that refuses us may say that there is nothing: only one that lets us list may take away.
            self._source.ping()
        if not found and not job.held and job.locale == "" and job.stage == 0 and self._source.spec.incremental:
            # Perhaps new, and only in a language that nothing has yet: the source itself can tell.
            self._notices.mark(self._name, [Mark(*SYNC)], now=self._clock())
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
            taken.append(stored_entry(self._name, entry))
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
            _log.warning("%s: %s: the announced version %s %s", self._name, job.id, job.announced, said)
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
        if found and not job.locale:
            ask(self._languages(job.id))  # one of them may be new: nothing is stored in it yet, nor configured
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
