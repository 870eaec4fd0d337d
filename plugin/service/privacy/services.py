"""Everything that is done for privacy, as routes and commands are given it."""

from __future__ import annotations

from dataclasses import dataclass

from plugin.service.privacy.access import Access
from plugin.service.privacy.audit_reading import AuditReading
from plugin.service.privacy.erase import Erasing


@dataclass(frozen=True, slots=True)
class PrivacyServices:
    """One service for each thing that is done."""

    access: Access
    erasing: Erasing
    reading: AuditReading
