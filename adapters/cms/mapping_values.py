"""What a field says, whatever shape a CMS gives it: texts, instants, and values to compare."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from adapters.cms.port import Json

NAMES = ("slug", "key", "identifier", "name", "title", "label", "value", "rendered", "id", "$ref")
"""Of an object, such as a term or a linked entry, the fields that may name it; the first that is a text does."""

ENTRY_PROPERTIES = frozenset(("id", "type", "tags", "locale", "published_at", "expires_at"))
"""What every entry says of itself; none of its fields has such a name."""

_LISTED = re.compile(r"[,;\n]")
_NO_DATE = ("0000-00-00", "0000-00-00 00:00:00")  # how SQL databases write that there is none
_MILLISECONDS = 1e11  # as seconds, this number is a date of the year 5138
_DEEPEST = 8


def field_name(name: str) -> str:
    """A name that the CMS gives, as a field's: one like a property of entries becomes `cms_<name>`."""
    return f"cms_{name}" if name in ENTRY_PROPERTIES else name


class NotUnderstood(ValueError):  # noqa: N818 - named for what happened
    """A value has another shape than what was looked for; the message says which, and never the value itself."""


class Fields:
    """The fields of one entry, found by their path: names joined with dots.

    A name is taken as it is written, else without regard to case, `_` and `-`, so that `starts_at` finds `startsAt`.
    Where there is no field of a name like a property of entries, the one that adapters call `cms_<name>` is meant.
    Lists are looked through item by item, and a linked entry's own `fields` where it has no such field itself.
    """

    def __init__(self, fields: Mapping[str, Json]) -> None:
        self._fields = fields
        self._plain = {_plain(name): name for name in reversed(list(fields))}

    def get(self, path: str, *, renamed: bool = True) -> Json:
        """The value at a path; None where there is none.

        Args:
            renamed: whether `cms_<name>` is looked for, too.
        """
        whole = self._named(path, renamed)
        if whole is not None or "." not in path:
            return whole
        first, *rest = path.split(".")
        value = self._named(first, renamed)
        for name in rest:
            if isinstance(value, list):
                found = [_child(item, name) for item in value if isinstance(item, dict)]
                value = [part for item in found for part in (item if isinstance(item, list) else [item])]
            elif isinstance(value, dict):
                value = _child(value, name)
            else:
                return None
        return value

    def _named(self, name: str, renamed: bool) -> Json:
        if name in self._fields:
            return self._fields[name]
        own = self._plain.get(_plain(name))
        if own is None and renamed and _plain(name) in _PROPERTIES:
            own = self._plain.get(_plain(f"cms_{name}"))
        return None if own is None else self._fields[own]


def _child(fields: Mapping[str, Json], name: str) -> Json:
    if name in fields:
        return fields[name]
    plain = _plain(name)
    for other, value in fields.items():
        if _plain(other) == plain:
            return value
    inner = fields.get("fields")
    return _child(inner, name) if isinstance(inner, dict) else None


@lru_cache(maxsize=10_000)
def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").casefold()


_PROPERTIES = frozenset(map(_plain, ENTRY_PROPERTIES))


def is_empty(value: Json) -> bool:
    """Whether a field holds nothing; `false` is how some CMSs say so."""
    return value is None or value is False or value in ("", [], {})


def texts(value: Json, inside: Sequence[str] = ()) -> list[str]:
    """The texts in a field: of a list each, of a text its parts between commas, semicolons and line ends.

    Args:
        inside: names of fields that hold the texts where the value is an object, as in `{"segments": [...]}`.
    Raises:
        NotUnderstood: there is something in it that has no name.
    """
    if isinstance(value, str):
        return [part.strip() for part in _LISTED.split(value) if part.strip()]
    return list(_texts(value, inside, 0))


def _texts(value: Json, inside: Sequence[str], depth: int) -> Iterator[str]:
    if is_empty(value):
        return
    if isinstance(value, str):
        if value.strip():
            yield value.strip()
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, list) and depth < _DEEPEST:
        for item in value:
            yield from _texts(item, inside, depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST:
        for name in inside:
            if name in value:
                yield from texts(value[name], inside)
                return
        for name in NAMES:
            part = _child(value, name)
            if isinstance(part, str | dict) and not is_empty(part):
                yield from _texts(part, (), depth + 1)
                return
        raise NotUnderstood("holds an object without a name")
    else:
        raise NotUnderstood(f"holds {_kind(value)}, not texts")


def instant(value: Json, zone: tzinfo) -> datetime | None:
    """The moment that a field names, in UTC; None where it is empty.

    ISO 8601 (a date alone is its midnight; without an offset, in `zone`), or seconds or milliseconds since 1970.

    Raises:
        NotUnderstood: it names none.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if is_empty(value) or value in _NO_DATE:
        return None
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if abs(value) >= _MILLISECONDS else value, UTC)
    except (ValueError, OverflowError, OSError) as fault:
        raise NotUnderstood("is no date or date-time as ISO 8601 writes it, such as 2026-12-24T18:00:00Z") from fault
    raise NotUnderstood(f"holds {_kind(value)}, not a date")


def holds(value: Json, wanted: Iterable[Json]) -> bool:
    """Whether a field has one of these values; of a list, whether an item has; of an object, its name."""
    wanted = tuple(wanted)
    if isinstance(value, list):
        return any(holds(item, wanted) for item in value)
    if isinstance(value, dict):
        return any(_same(value.get(name), one) for name in NAMES for one in wanted)
    return any(_same(value, one) for one in wanted)


def _same(value: Json, wanted: Json) -> bool:
    """Equal, and of one kind: 1 is not true."""
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool) and value is not None


def _kind(value: Json) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    return "a text" if isinstance(value, str) else "a list" if isinstance(value, list) else "an object"
