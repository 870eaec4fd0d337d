"""The port of notices: what is to be looked at again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias

from plugin.ports.content import Applied, Changes, EntryProblem

Cause: TypeAlias = Literal["notice", "link"]
"""Why something is looked at: it was announced; or what it depends on was, or it is time."""
LONGEST_WAIT = timedelta(minutes=20)
"""No mark is put off for longer: a moment further ahead says that the clock was put back."""
SYNC = ("", "")
"""The mark of a whole source that is to be synced."""
SWEEP = ("", "full")
"""The mark of a whole source that is to be read from the beginning."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a notice names: an id and locale of a source, "" for any. ``type`` is a hint, in the source's terms.

    ``version`` is the one that was announced, as text that sorts as versions do; None: none was.
    """

    id: str
    locale: str = ""
    type: str | None = None
    version: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Of the mark: there is one of each."""
        return self.id, self.locale


@dataclass(frozen=True, slots=True)
class Job:
    """A mark taken by one worker, with what was held when it was taken.

    Attributes:
        counter: how often it was marked; ``done``: up to where that is settled.
        cause: see `Cause`.
        noticed_at: of the first notice that is not settled.
        stage: how often it was read again after the first time.
        attempts: that failed, in a row.
        taken_at: when; what was noticed later is not seen to by it.
        lease: whose it is; of a worker that stops renewing it, another takes it over.
        serial: the source's, at that moment.
        held: version of each stored variant by locale; "" for none.
        gone: version of each variant that was deleted, by locale.
        locales: of all entries of the source, "" among them; empty where the mark names one.
        announced: the highest version that was announced and not seen yet, in the form of `Mark.version`.
        announced_at: when the first such version was.
    """

    source: str
    id: str
    locale: str
    type: str | None
    counter: int
    done: int
    cause: Cause
    noticed_at: datetime
    stage: int
    attempts: int
    taken_at: datetime
    lease: str
    serial: int
    held: Mapping[str, str | None]
    gone: Mapping[str, str | None]
    locales: tuple[str, ...]
    announced: str | None = None
    announced_at: datetime | None = None

    @property
    def whole(self) -> bool:
        """Whether it is the whole source that is to be looked at."""
        return self.id == ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a worker found. ``again_at``: read again then, as ``stage``; None: settled.

    ``spread``: what depends on the entry is marked, at the first look and wherever it changed. ``awaits``: the version
    that was announced has not been seen; ``overdue``: nor should it have taken so long.
    """

    changes: Changes = field(default_factory=Changes)
    again_at: datetime | None = None
    stage: int = 0
    spread: bool = False
    awaits: bool = False
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in one source.

    Attributes:
        waiting: marks that were never looked at since their last notice.
        settling: those that are read again for certainty.
        overdue: those whose announced version did not come in all that time, the first of them announced ``since``.
        failing: those whose last attempt failed, and ``error`` of the latest.
        oldest: when the first notice of the longest waiting came.
    """

    source: str
    waiting: int = 0
    settling: int = 0
    failing: int = 0
    oldest: datetime | None = None
    error: str | None = None
    overdue: int = 0
    since: datetime | None = None


class NoticeStore(Protocol):
    """Marks, and the work that they ask for."""

    def mark(self, source: str, marks: Sequence[Mark], *, now: datetime, cause: Cause = "notice") -> None:
        """Raise the counter of each, in one transaction: durable when it returns.

        Where very many wait already, the whole source is marked instead.
        """
        ...

    def claim(self, source: str, *, whole: bool, lease: str, now: datetime, until: datetime) -> Job | None:
        """Take what is due first, of entries or of the whole source; None: nothing is due."""
        ...

    def renew(self, leases: Sequence[str], *, until: datetime) -> None:
        """Keep what is still being worked on."""
        ...

    def finish(self, job: Job, outcome: Outcome, *, now: datetime) -> Applied | None:
        """Write what was found, settle the mark and put the purge in line, in one transaction.

        None where it must be looked at again, because the job is another's by now, or something wrote to the
        entry since it was taken: then nothing is written. A mark whose counter moved stays due.
        """
        ...

    def postpone(self, job: Job, error: str, *, due_at: datetime, problems: Sequence[EntryProblem] = ()) -> None:
        """The attempt failed: note why, and when to try again. What is held stays."""
        ...

    def release(self, job: Job) -> None:
        """Give it back as it was taken, to be taken at once: who took it could not write what it found."""
        ...

    def sweep_due(self, source: str, *, before: datetime, now: datetime) -> bool:
        """Mark a sweep where the last began before then; of several callers one is told True."""
        ...

    def backlogs(self) -> tuple[Backlog, ...]:
        """Of each source in which anything waits."""
        ...
