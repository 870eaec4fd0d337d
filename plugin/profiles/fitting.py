"""Whether an event fits its type. Looks closely only where something is out of the ordinary."""

from __future__ import annotations

from collections.abc import Mapping

from plugin.profiles import explaining
from plugin.profiles.events import canonical
from plugin.profiles.explaining import Bad
from plugin.profiles.limits import LARGEST_PROPERTIES_BYTES, MOST_PROPERTIES
from plugin.profiles.said import Said
from plugin.profiles.types import EventType
from rules.values import LARGEST_INTEGER

_PLAIN = frozenset({str, bool, type(None)})


def fits(said: Said, type_: EventType) -> None:
    """Raises Bad where an event lacks what its type needs, or has a value that it does not take."""
    for name in type_.needs:
        if getattr(said, name) is None:
            raise Bad((name,), f"an event of type {type_.name} needs this")
    if said.value is not None and not type_.value.takes(said.value):
        raise Bad(("value",), str(type_.value))
    for name in type_.required:
        if not said.properties or name not in said.properties:
            raise Bad(("properties", name), f"an event of type {type_.name} needs this: {type_.properties[name]}")


def properties_of(said: Said, type_: EventType) -> bytes:
    """The properties as JSON, judged. Raises Bad."""
    given = said.properties or {}
    if not _is_plain(given):
        explaining.explain(said)
    for name, kind in type_.properties.items():
        if name in given and not kind.takes(given[name]):
            raise Bad(("properties", name), str(kind))
    try:
        octets = canonical(given)
    except UnicodeEncodeError:
        explaining.explain(said)
        raise
    if len(octets) > LARGEST_PROPERTIES_BYTES:
        raise explaining.too_large()
    if type_.check is not None:
        for path, detail in type_.check(given):
            raise Bad(("properties", *path), detail)
    return octets


def _is_plain(given: Mapping[str, object]) -> bool:
    """Whether there is nothing in it that has to be looked at more closely: the common case."""
    if len(given) > MOST_PROPERTIES:
        return False
    for key, value in given.items():
        if not 0 < len(key) <= explaining.LONGEST_KEY:
            return False
        kind = type(value)
        if kind not in _PLAIN and not (
            kind in (int, float) and -LARGEST_INTEGER <= value <= LARGEST_INTEGER  # type: ignore[operator]
        ):
            return False
    return True
