"""The port that finds an IP address on the map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address is; None for what is not known.

    Attributes:
        continent: two letters, such as EU.
        country: ISO 3166-1 alpha-2.
        region: ISO 3166-2 of the largest subdivision, without the country.
        city: its English name.
        timezone: IANA name.
        latitude: degrees; the middle of an area, never a household.
        longitude: degrees.
        eu: whether the country is a member of the European Union.
    """

    continent: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    timezone: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    eu: bool | None = None


class GeoError(Exception):
    """The database cannot be used. The text says which, why, and what to do."""


class Geo(Protocol):
    """Finds addresses. Safe to share between threads."""

    def find(self, address: str, /) -> Place | None:
        """Where an IPv4 or IPv6 address is, None where that is not known; never raises."""
        ...

    def close(self) -> None:
        """Give back what is held; `find` then knows nothing. May be called twice."""
        ...
