"""The audit log, read; and that it was."""

from __future__ import annotations

import json
from collections.abc import Mapping

from plugin.ports import AuditEntry, Page
from plugin.profiles.readable import instant
from plugin.service.audit import Auditing


class AuditReading:
    """The service behind `GET /v1/audit`."""

    def __init__(self, auditing: Auditing) -> None:
        self._auditing = auditing

    def page(self, *, visitor: str | None, after: str | None, limit: int, actor: str) -> Page[Mapping[str, object]]:
        """Entries newest first, as values of JSON. Raises: ValidationFailed, MalformedRequest for a bad cursor."""
        found = self._auditing.page(visitor=visitor, after=after, limit=limit)
        if after is None:  # one entry for a reading, however many pages it has
            self._auditing.note(actor, "read_audit", detail={"of_one_visitor": visitor is not None})
        return Page(tuple(map(_shown, found.items)), found.next)


def _shown(entry: AuditEntry) -> Mapping[str, object]:
    return {
        "at": instant(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "source": entry.source,
        "detail": json.loads(entry.detail),
    }
