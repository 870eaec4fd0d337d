"""IANA time zone names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import available_timezones

# Files of the time zone database that name no place: the machine's own zone, and the placeholder of an unset
# one.
_NO_ZONES = frozenset({"localtime", "Factory", "posixrules"})


@lru_cache(maxsize=1)
def known_zones() -> Mapping[str, str]:
    """Every zone of this machine, by its name in lower case; read once, with the first policy."""
    return MappingProxyType({name.lower(): name for name in available_timezones() - _NO_ZONES})
