"""An entry of the audit log, which goes with the change that it tells of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what with personal data. ``source`` None: with that of many. ``detail`` is JSON text, no values."""

    at: int
    actor: str
    action: str
    source: str | None
    key_version: int
    detail: str
