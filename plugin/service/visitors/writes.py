"""How profiles are changed but by events: in one transaction, with the views made anew, the copies and the audit."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from plugin.errors import Conflict, ServiceUnavailable
from plugin.ports import AuditEntry, Linking
from plugin.profiles.identity import Identity
from plugin.service.visitors.people import Draft, People, remake
from plugin.service.visitors.stage import Stage

T = TypeVar("T")
MOST_TRIES = 4


@dataclass(slots=True)
class Writing:
    """One transaction, as those who change something in it see it.

    Attributes:
        tx: links, memberships and ticks are written here; rows are not, see `draft`.
        people: those whose rows were read. What is changed in a draft is written at the end.
        now: of the transaction, in milliseconds since the epoch.
        touched: the sources whose people's views are made anew.
    """

    tx: Linking
    people: People
    stage: Stage
    now: int
    touched: set[str] = field(default_factory=set)
    notes: list[AuditEntry] = field(default_factory=list)

    def draft(self, identity: Identity) -> Draft:
        """A source to be changed, made where it is new."""
        self.touched.add(identity.source)
        draft = self.people.draft(identity)
        draft.row = replace(draft.row, seen=max(draft.row.seen, self.now))  # what the site keeps up is kept
        return draft

    def reserve(self, identity: Identity) -> None:
        """Have browsers need a user token for an id, where anything is kept of it."""
        row = self.people.draft(identity).row
        if (row.version or identity.source in self.touched) and not row.reserved:
            draft = self.draft(identity)
            draft.row = replace(draft.row, reserved=True)

    def audit(self, actor: str, action: str, identity: Identity, **detail: object) -> None:
        """Note who does what, in the same transaction; see `audit_entry`."""
        self.notes.append(audit_entry(self.now, actor, action, identity, **detail))


class ProfileWrites:
    """Lets services change profiles. Safe for threads."""

    def __init__(
        self,
        *,
        begin: Callable[[], AbstractContextManager[Linking]],
        stage: Callable[[], Stage],
        now_ms: Callable[[], int],
        keeps_copies: bool,
        copy: Callable[[], None],
    ) -> None:
        """Take what it works with.

        Args:
            begin: `Identity.begin` of the store.
            stage: what is published now; raises ServiceUnavailable before there is any, for without the patterns
                everybody would leave their segments.
            keeps_copies: whether views are copied to a store of their own.
            copy: writes the hot copies that are in line; never raises for an outage.
        """
        self._begin = begin
        self._stage = stage
        self._now_ms = now_ms
        self._keeps_copies = keeps_copies
        self._copy = copy

    def write(self, sources: Collection[str], change: Callable[[Writing], T]) -> T:
        """Change profiles in one transaction: kept with views, copies in line and audit, or not at all.

        Args:
            sources: all that may be changed; everybody in their groups comes along, locked in order of source.
            change: works on the drafts; called again where another was faster, so it keeps nothing outside. What it
                raises undoes all.
        Returns:
            what ``change`` gave, after the commit and the copies.
        Raises:
            ServiceUnavailable: nothing is published, the store cannot be used now, or one of the sources is being
                erased just now.
        """
        stage = self._stage()
        for left in reversed(range(MOST_TRIES)):
            try:
                found = self._write(sources, change, stage)
            except Conflict:
                if not left:
                    raise
            else:
                break
        self._copy()
        return found

    def _write(self, sources: Collection[str], change: Callable[[Writing], T], stage: Stage) -> T:
        with self._begin() as tx:
            now = self._now_ms()
            if any(at >= now for at in tx.fences(sources).values()):
                raise ServiceUnavailable("The visitor is being erased just now.", retry_after_s=1)
            writing = Writing(tx, People(tx.groups(sources), now), stage, now)
            found = change(writing)
            persons = {writing.people.person_of(one) for one in writing.touched}
            if persons:
                copies = remake(tx, writing.people, persons, stage.patterns, stage.evaluate, now)
                if self._keeps_copies:
                    tx.outbox({one.source: one.version for one in copies})
            if writing.notes:
                tx.audit(writing.notes)
        return found


def audit_entry(now: int, actor: str, action: str, identity: Identity, **detail: object) -> AuditEntry:
    """An entry of the audit log. ``detail`` holds names and counts, and never a value that is kept of somebody."""
    text = json.dumps(detail, ensure_ascii=False, separators=(",", ":"))
    return AuditEntry(now, actor, action, identity.source, identity.key_version, text)
