"""Fills segments: people are put in, replaced and taken out. Ids are hashed before anything else happens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from plugin.errors import Conflict
from plugin.ports import Leases, Member, SegmentLists
from plugin.profiles.identity import Hasher
from plugin.service.audit import Auditing
from plugin.service.segments.asked import Asked, Terms, members_of, sources_of
from plugin.service.segments.kinds import STORED, Declared, Segments

LEASE_MS = 120_000
"""For so long a replacement that died keeps the next one waiting."""


@dataclass(slots=True)
class Written:
    """What became of a batch.

    Attributes:
        entered: who was not in before.
        kept: who was, and is; a name that comes twice in a large batch may count here.
        removed: who was taken out: by name, by a replacement, or because their time or score is over.
        over: how many were named whose time or score is over already.
        erased: how many were left out because they were erased since the batch began.
    """

    entered: int = 0
    kept: int = 0
    removed: int = 0
    over: int = 0
    erased: int = 0


class SegmentMembers:
    """Writes members. Every change is noted in the audit log before it is made."""

    def __init__(
        self,
        segments: Segments,
        lists: SegmentLists,
        leases: Leases,
        audit: Auditing,
        *,
        hasher: Hasher,
        now_ms: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        """Take what it works with. ``new_id`` names who holds a lease."""
        self._segments = segments
        self._lists = lists
        self._leases = leases
        self._audit = audit
        self._hasher = hasher
        self._now_ms = now_ms
        self._new_id = new_id

    def put(self, id_: str, asked: Sequence[Asked], terms: Terms, *, replace: bool, author: str) -> Written:
        """Put people in, or (``replace``) these and nobody else.

        Raises:
            NotFound, Conflict: see `Segments.filled`; Conflict, too, where another replacement is under way.
            ValidationFailed: with every id, instant and score that is not right.
        """
        segment, now = self._segments.filled(id_), self._now_ms()
        members = members_of(segment, asked, terms, self._hasher, now)
        return self.write(segment, [members], terms, replace=replace, author=author, via="api")

    def write(
        self,
        segment: Declared,
        chunks: Iterable[Sequence[Member]],
        terms: Terms,
        *,
        replace: bool,
        author: str,
        via: str,
    ) -> Written:
        """Write members in chunks, as they come; with ``replace``, whoever was not named goes at the end.

        A failure on the way leaves everybody in who was, and those written so far: the same may be done again.
        """
        decay = {"half_life": terms.half_life, "threshold": terms.threshold} if terms.decays else {}
        why = _json({"by": author, "via": via, **decay})
        done = Written()
        self._note(author, segment.id, "replace" if replace else "add", via)
        with self._alone(segment.id, needed=replace) as still_alone:
            now = at = self._now_ms()
            if replace:  # what was written before is before, whatever the clock says that it was written by
                at = max(now, (self._lists.newest(segment.id) or 0) + 1)
            for chunk in chunks:
                self._write(segment, chunk, why, now, at, done)
                still_alone()
            while replace and (gone := self._lists.keep(segment.id, at=at, reason=why)):
                done.removed += gone
                still_alone()
        return done

    def remove(self, id_: str, ids: Sequence[str], *, author: str) -> Written:
        """Take people out by name. Raises: NotFound, Conflict, ValidationFailed."""
        now = self._now_ms()
        self._emptiable(id_, now)
        sources = sources_of(ids, self._hasher)
        self._note(author, id_, "remove", "api")
        return Written(removed=self._lists.remove(id_, sources, at=now, reason=_json({"by": author, "via": "api"})))

    def clear(self, id_: str, *, author: str) -> Written:
        """Take everybody out. Raises: NotFound, Conflict."""
        now, done = self._now_ms(), Written()
        self._emptiable(id_, now)
        self._note(author, id_, "clear", "api")
        with self._alone(id_, needed=True) as still_alone:
            while gone := self._lists.clear(id_, at=now):
                done.removed += gone
                still_alone()
        return done

    def _write(self, segment: Declared, chunk: Sequence[Member], why: str, now: int, at: int, done: Written) -> None:
        lasting = [one for one in chunk if one.until is None or one.until > now]
        over = [one.source for one in chunk if one.until is not None and one.until <= now]
        kind, version = STORED[segment.kind], self._hasher.version
        put = self._lists.put(segment.id, kind, lasting, key_version=version, at=at, reason=why)
        done.entered += put.entered
        done.kept += put.kept
        done.erased += put.erased
        done.over += len(over)
        if over:
            done.removed += self._lists.remove(segment.id, over, at=at, reason=why)

    def _emptiable(self, id_: str, now: int) -> None:
        """Members outlive their segment, and its becoming a condition: then they may be taken out, and no more."""
        found = self._segments.every().get(id_)
        left_over = (found is None or found.kind == "when") and self._lists.size(id_, now=now) > 0
        if not left_over:
            self._segments.filled(id_)

    @contextmanager
    def _alone(self, id_: str, *, needed: bool) -> Iterator[Callable[[], None]]:
        """Of two replacements at once, each would take out whom the other put in."""
        if not needed:
            yield lambda: None
            return
        name = f"segment:{id_}"
        token = self._leases.acquire(name, self._new_id(), now=self._now_ms(), ttl=LEASE_MS)
        if token is None:
            raise Conflict(f"The members of {id_!r} are being replaced just now; try again when that is done.")

        def still_alone() -> None:
            if not self._leases.renew(name, token, now=self._now_ms(), ttl=LEASE_MS):
                raise Conflict(f"Others replaced the members of {id_!r} meanwhile; do it again.")

        try:
            yield still_alone
        finally:
            self._leases.release(name, token)

    def _note(self, author: str, segment: str, how: str, via: str) -> None:
        self._audit.note(author, "change_members", detail={"segment": segment, "how": how, "via": via})


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
