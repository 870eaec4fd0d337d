"""What all adapters do alike when they make entries: names of fields, and the mark of the options that shape them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from urllib.parse import urljoin

from adapters.cms.mapping_options import BASE, DEFAULTS
from adapters.cms.mapping_values import ENTRY_PROPERTIES, field_name

__all__ = ["ENTRY_PROPERTIES", "absolute", "field_name", "fingerprint", "mapping_defaults"]


def absolute(base: str, url: str) -> str:
    """An address with the host and path of the base, where it has none; as it is where it is no address."""
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def mapping_defaults(adapter: str = "") -> Mapping[str, tuple[str, ...]]:
    """Defaults by which a field `expires_at` ends an entry though it has another name here."""
    ends = {**BASE, **DEFAULTS.get(adapter, {})}["ends_at"]
    return {"ends_at": (*ends, field_name("expires_at"))}


def fingerprint(*shape: object) -> str:
    """Sixteen hex digits, equal for equal options in every process; a cursor of others is void.

    Args:
        shape: dataclasses, mappings (whose order counts), sets and lists of values whose repr says all of them.
            Members of a dataclass that are not in its repr are left out.
    """
    return hashlib.sha256(_told(shape).encode()).hexdigest()[:16]


def _told(value: object) -> str:
    """Like repr, but for sets, whose order is that of the hashes of this one process."""
    if is_dataclass(value) and not isinstance(value, type):
        named = (f"{one.name}={_told(getattr(value, one.name))}" for one in fields(value) if one.repr)
        return f"{type(value).__name__}({', '.join(named)})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_told(name)}: {_told(item)}" for name, item in value.items()) + "}"
    if isinstance(value, Set):
        return "{" + ", ".join(sorted(map(_told, value))) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_told, value)) + "]"
    return repr(value)
