"""What a condition looks at: one visitor, one moment, and for selectors one entry of content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from .catalogue import declared, type_of
from .instants import zone
from .values import MISSING, read

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Visitor:
    """`given` are the segments that the caller says are held; `entry` is set inside selectors only.

    Where attributes are not `typed`, their values tell what they are.
    """

    document: dict[str, Any]
    attributes: Mapping[str, Any]
    given: tuple[str, ...] = ()
    now: datetime | None = None
    entry: Mapping[str, Any] | None = None
    typed: bool = True

    def looking_at(self, entry: Mapping[str, Any]) -> Visitor:
        """The same visitor, judging that entry."""
        return replace(self, entry=entry)

    @property
    def document_zone(self) -> tzinfo:
        """The site's zone."""
        return zone(self.document.get("timezone")) or UTC

    @property
    def own_zone(self) -> tzinfo:
        """The visitor's zone: what the page told, else where they are, else the site's."""
        told = self.attributes.get("context.timezone"), self.attributes.get("geo.timezone")
        return zone(told[0]) or zone(told[1]) or self.document_zone

    def value(self, name: str) -> Any:
        """An attribute as its type; MISSING where absent, null, of a wrong type, or without consent."""
        if not self.may_use(name):
            return MISSING
        return read(self.raw(name), type_of(self.document, name) if self.typed else None)

    def raw(self, name: str) -> Any:
        if name.startswith("content."):
            return None if self.entry is None else self.entry.get(name.removeprefix("content."))
        if name in self.attributes:
            return self.attributes[name]
        return self.from_clock(name) if name.startswith("time.") else None

    def may_use(self, name: str) -> bool:
        """Consent is refused where it is known and not true; unknown consent refuses nothing here."""
        purpose = declared(self.document, name).get("purpose")
        if purpose is None:
            return True
        known = self.attributes.get(f"consent.{purpose}")
        return known is None or known is True

    def from_clock(self, name: str) -> Any:
        if self.now is None:
            return None
        local = self.now.astimezone(self.own_zone)
        derived = {
            "time.hour": local.hour,
            "time.of_day": local.strftime("%H:%M"),
            "time.weekday": WEEKDAYS[local.weekday()],
            "time.date": local.date(),
            "time.now": self.now,
        }
        return derived.get(name)
