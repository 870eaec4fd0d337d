"""Places from a MaxMind database file (GeoLite2 or GeoIP2, City or Country, or one of the same layout)."""

from __future__ import annotations

import logging
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.geo.port import GeoError, Place

if TYPE_CHECKING:
    from maxminddb import Reader

_log = logging.getLogger(__name__)
# No address, an IPv6 address in an IPv4 database, a closed file; a broken record shows in more than one way, and
# maxminddb's own error for it is a RuntimeError.
_UNREADABLE = (ValueError, RuntimeError, LookupError, TypeError, struct.error)
_KINDS = ("city", "country", "enterprise")
# Any address will do: the lookup proves that records can be read, which the metadata alone does not.
_PROBES = ("1.1.1.1", "8.8.8.8", "81.2.69.160", "89.160.20.128", "2001:218::1")


class MaxmindGeo:
    """A database opened once. Replace the file, then restart: it is mapped into memory and not read again.

    Looked-up addresses are kept in a bounded cache in memory, and nowhere else.

    Args:
        path: of the `.mmdb` file.
        cache_size: most addresses kept; a lookup costs some 17 µs, a kept one under 1 µs.
        use_extension: read through the C extension, and refuse to start without it; plain Python is ten times
            as slow.
    Raises:
        GeoError: the file is missing, broken, or of another kind, or maxminddb or its extension is.
    """

    def __init__(self, path: str | Path, *, cache_size: int = 10_000, use_extension: bool = True) -> None:
        self._path = Path(path)
        self._reader = _open(self._path, use_extension)
        self.extension = use_extension
        try:
            metadata = self._reader.metadata()
            self.kind: str = metadata.database_type
            self.build: datetime = datetime.fromtimestamp(metadata.build_epoch, tz=UTC)
            self._check()
        except BaseException:
            self._reader.close()
            raise
        self.failures = 0
        """Lookups that the file could not answer since the start; each counted as an unknown place."""
        self._cached = lru_cache(maxsize=cache_size)(self._look_up)

    def find(self, address: str, /) -> Place | None:
        """See the port. A record that cannot be read is counted in `failures`, logged once, and unknown."""
        try:
            return self._cached(address)
        except _UNREADABLE:
            self._failed()
            return None

    @property
    def cached(self) -> int:
        """How many addresses are kept."""
        return self._cached.cache_info().currsize

    def close(self) -> None:
        """See the port."""
        self._cached.cache_clear()
        self._reader.close()

    def _look_up(self, address: str) -> Place | None:
        return _place(self._reader.get(address))

    def _failed(self) -> None:
        self.failures += 1
        if self.failures == 1:  # the address stays out of the log
            _log.warning("geography database %s could not answer a lookup; further ones are only counted", self._path)

    def _check(self) -> None:
        if not any(kind in self.kind.lower() for kind in _KINDS):
            raise GeoError(f"{self._path}: a {self.kind} database holds no places; want a City or Country database")
        for address in _PROBES:
            if ":" in address and self._reader.metadata().ip_version == 4:
                continue
            try:
                self._reader.get(address)
            except _UNREADABLE as error:
                raise GeoError(f"{self._path}: the database is broken, fetch it again ({error})") from error


def _open(path: Path, use_extension: bool) -> Reader:
    try:
        import maxminddb  # noqa: PLC0415  # loaded where it is used
    except ImportError as error:
        raise GeoError("the package maxminddb is not installed") from error
    if use_extension and not has_extension():
        raise GeoError("maxminddb has no C extension here: install a wheel of it, or allow plain Python")
    try:
        mode = maxminddb.MODE_MMAP_EXT if use_extension else maxminddb.MODE_MMAP
        return maxminddb.open_database(path, mode)
    except maxminddb.InvalidDatabaseError as error:
        raise GeoError(f"{path}: no usable MaxMind database, fetch it again ({error})") from error
    except OSError as error:
        raise GeoError(f"{path}: cannot be opened: {error.strerror or error}") from error


def has_extension() -> bool:
    """Whether maxminddb was built with its C extension."""
    try:
        import maxminddb.extension  # noqa: PLC0415
    except ImportError:
        return False
    return hasattr(maxminddb.extension, "Reader")


def _place(record: object) -> Place | None:
    """The parts of a record that have the documented shape; a record of any other shape is an empty place."""
    if record is None:
        return None
    country, place = _part(record, "country"), _part(record, "location")
    iso_code = _text(country, "iso_code")
    latitude, longitude = place.get("latitude"), place.get("longitude")
    found = isinstance(latitude, float | int) and isinstance(longitude, float | int)
    subdivisions = record.get("subdivisions") if isinstance(record, Mapping) else None
    largest = subdivisions[0] if isinstance(subdivisions, list) and subdivisions else None
    return Place(
        continent=_text(_part(record, "continent"), "code"),
        country=iso_code,
        region=_text(largest, "iso_code"),
        city=_text(_part(_part(record, "city"), "names"), "en"),
        timezone=_text(place, "time_zone"),
        latitude=latitude if found else None,
        longitude=longitude if found else None,
        # The flag is written only where it is true.
        eu=country.get("is_in_european_union") is True if iso_code is not None else None,
    )


def _part(record: object, name: str) -> Mapping[str, Any]:
    part = record.get(name) if isinstance(record, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _text(record: object, name: str) -> str | None:
    value = record.get(name) if isinstance(record, Mapping) else None
    return value if isinstance(value, str) else None
