"""A file of visitor ids into a segment: looked through to its end before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from plugin.errors import FieldError, ValidationFailed
from plugin.ports import Member
from plugin.profiles.identity import Hasher
from plugin.service.segments.asked import Terms
from plugin.service.segments.kinds import Segments
from plugin.service.segments.lines import BadLine, read
from plugin.service.segments.members import SegmentMembers, Written
from plugin.service.segments.times import duration_ms, epoch_ms, until

CHUNK = 5_000
MOST_LISTED = 10_000
"""Bad lines that are listed one by one; all of them are counted."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file.

    Attributes:
        lines: how many held an id.
        rejected: how many places held none; ``bad`` lists the first 10,000 of them.
    """

    written: Written
    lines: int
    rejected: int
    bad: tuple[BadLine, ...]


class BadLines(ValidationFailed):
    """A file with lines that hold no id, of which nothing was written."""

    def __init__(self, looked: Looked) -> None:
        self.looked = looked
        if looked.lines:
            lines = "1 line holds" if looked.rejected == 1 else f"{looked.rejected:,} lines hold"
            why = f"{lines} no visitor id. With on_error=skip the others are imported."
        else:
            why = "the file holds no visitor id."
        super().__init__([], f"Nothing was imported: {why}")

    def members(self) -> dict[str, object]:
        lines = [{"pointer": "", "line": one.line, "to": one.to, "detail": one.detail} for one in self.looked.bad]
        return {"errors": lines, "rejected": self.looked.rejected}


@dataclass(slots=True)
class Looked:
    """What looking through a file found."""

    lines: int = 0
    rejected: int = 0
    bad: list[BadLine] = field(default_factory=list)


class SegmentImport:
    """Imports files. What it holds beside the file itself does not grow with it, but for the bad lines listed."""

    def __init__(
        self, segments: Segments, members: SegmentMembers, *, hasher: Hasher, now_ms: Callable[[], int]
    ) -> None:
        self._segments = segments
        self._members = members
        self._hasher = hasher
        self._now_ms = now_ms

    def run(
        self, id_: str, raw: bytes, terms: Terms, *, column: str | None, replace: bool, skip: bool, author: str
    ) -> Imported:
        """Import a file; see `plugin.service.segments.lines` for its form.

        Args:
            terms: when those of the file leave again; nothing of it decays.
            replace: whether whoever is not in the file leaves.
            skip: whether lines that hold no id are passed over; else one of them keeps the file from being imported.
        Raises:
            NotFound, Conflict: see `SegmentMembers.put`.
            BadLines: nothing was written; all the bad lines. So is a file without any id that would empty a segment.
            MalformedRequest, ValidationFailed: the file cannot be read, a column is not there, a term is not right.
        """
        segment, now = self._segments.filled(id_), self._now_ms()
        end = _end(terms, now)
        looked = look(raw, column)
        if (looked.rejected and not skip) or (replace and not looked.lines):
            raise BadLines(looked)
        sources = (self._hasher.source(one) for one in read(raw, column) if isinstance(one, str))
        chunks = _chunks(Member(one, end) for one in sources)
        written = self._members.write(segment, chunks, terms, replace=replace, author=author, via="import")
        return Imported(written, looked.lines, looked.rejected, tuple(looked.bad))


def look(raw: bytes, column: str | None) -> Looked:
    """Look through a file. Raises: MalformedRequest, ValidationFailed."""
    found = Looked()
    for one in read(raw, column):
        if isinstance(one, str):
            found.lines += 1
        else:
            found.rejected += 1
            if len(found.bad) < MOST_LISTED:
                found.bad.append(one)
    return found


def _end(terms: Terms, now: int) -> int | None:
    try:
        ttl = duration_ms(terms.ttl)
    except ValueError as error:
        raise ValidationFailed([FieldError("/ttl", str(error))]) from error
    return until(now, expires=epoch_ms(terms.expires_at), ttl=ttl)


def _chunks(members: Iterator[Member]) -> Iterator[list[Member]]:
    while chunk := list(islice(members, CHUNK)):
        yield chunk
