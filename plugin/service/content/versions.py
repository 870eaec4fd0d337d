"""Versions of entries as a source orders them: stored, announced by a notice, and compared."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from adapters.cms.hooks import MOST_VERSION
from adapters.cms.port import Entry, Ordering

_DIGITS = len(str(MOST_VERSION))


def version_of(stored: str | None, ordering: Ordering) -> int | datetime | None:
    """A stored or announced version as the source orders them; None where it is none of its kind."""
    if stored is None or ordering.kind == "none":
        return None
    try:
        return int(stored) if ordering.kind == "integer" else datetime.fromisoformat(stored)
    except ValueError:  # of another adapter, which had the source's name before
        return None


def announced(version: int | datetime | None) -> str | None:
    """A version that a notice announces, as text whose order is that of the versions; None where it is out of range."""
    if version is None:
        return None
    if isinstance(version, int):
        return f"{version:0{_DIGITS}d}" if 0 <= version <= MOST_VERSION else None
    return version.astimezone(UTC).isoformat(timespec="microseconds")


def newer(version: int | datetime | None, stored: int | datetime | None, ordering: Ordering) -> bool:
    """Whether a version is certainly newer than a stored one."""
    if ordering.kind == "none" or version is None or stored is None:
        return False
    if isinstance(version, datetime) and isinstance(stored, datetime):
        return version - stored >= (ordering.resolution or timedelta.resolution)
    if isinstance(version, int) and isinstance(stored, int):
        return version > stored
    return False


def reached(wanted: int | datetime, found: Iterable[Entry], held: Iterable[str | None], ordering: Ordering) -> bool:
    """Whether the announced version, or a newer one, was found or is held already.

    A notice that names no language announces the version of one of the variants, whichever it is.
    """
    if any(not ordering.older(entry, wanted) for entry in found):
        return True
    stored = (version_of(one, ordering) for one in held)
    return any(one is not None and not newer(wanted, one, ordering) for one in stored)
