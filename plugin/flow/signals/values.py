"""Typed values: JSON values of the body, and text parsed by the declared type."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from plugin.flow.signals.notes import Draft
from plugin.flow.signals.text import storable

LARGEST_INTEGER = 2**53
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?")
_LONGEST_NUMBER = 64


def parse_number(text: str) -> int | float | None:
    """A finite number in JSON's notation (leading zeros allowed), or None."""
    if len(text) > _LONGEST_NUMBER:
        return None
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    if found.lastindex is None:
        whole = int(text)
        return whole if -LARGEST_INTEGER <= whole <= LARGEST_INTEGER else None
    number = float(text)
    return number if math.isfinite(number) else None


def location(latitude: object, longitude: object) -> dict[str, float] | None:
    """`{"lat", "lon"}` in degrees, or None where either is missing or off the globe."""
    if isinstance(latitude, bool) or not isinstance(latitude, int | float):
        return None
    if isinstance(longitude, bool) or not isinstance(longitude, int | float):
        return None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):  # false for NaN, too
        return None
    return {"lat": float(latitude), "lon": float(longitude)}


def _boolean(values: Sequence[str]) -> bool | None:
    return {"true": True, "false": False}.get(values[0])


def _location(values: Sequence[str]) -> dict[str, float] | None:
    latitude, _, longitude = values[0].partition(",")
    return location(parse_number(latitude.strip()), parse_number(longitude.strip()))


def _numbers(values: Sequence[str]) -> list[int | float] | None:
    numbers = [parse_number(value) for value in values]
    return None if None in numbers else [number for number in numbers if number is not None]


_PARSERS: dict[str, Callable[[Sequence[str]], object | None]] = {
    "number": lambda values: parse_number(values[0]),
    "boolean": _boolean,
    "location": _location,
    "string_list": list,
    "number_list": _numbers,
}


def parse_text(kind: str, values: Sequence[str]) -> object | None:
    """The value of a query parameter, cookie or header as its declared type.

    Args:
        kind: a type name of the rule language; dates, versions and addresses stay text, as in JSON.
        values: in order; repeated for a list, else the first counts.
    Returns:
        None where there is no value or it does not parse.

    >>> parse_text("number", ["80"]), parse_text("boolean", ["true"]), parse_text("string_list", ["a", "b"])
    (80, True, ['a', 'b'])
    """
    if not values:
        return None
    parser = _PARSERS.get(kind)
    return values[0] if parser is None else parser(values)


def json_value(value: object, longest: int, most: int, name: str, draft: Draft) -> object | None:
    """A scalar, a list of strings or of numbers, or a location; None with a note for anything else."""
    if type(value) is str and len(value) <= longest and value.isprintable():  # what most are
        return value
    if (type(value) is float or type(value) is int) and -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        return value
    if isinstance(value, list):
        return _json_list(value, longest, most, name, draft)
    if isinstance(value, dict):
        found = location(value.get("lat"), value.get("lon"))
        if found is None:
            draft.note(name, "wrong_type")
        return found
    return _scalar(value, longest, name, draft)


def _json_list(value: list[object], longest: int, most: int, name: str, draft: Draft) -> list[object] | None:
    if len(value) > most:
        draft.note(name, "too_many")
        return None
    try:
        text = "".join(value)  # type: ignore[arg-type] # the quickest way to see that all of them are texts
    except TypeError:
        text = "\0"
    if len(text) <= longest and text.isprintable():
        return value  # plain texts, as most lists are
    items = [_scalar(item, longest, name, draft) for item in value]
    kinds = {"text" if isinstance(item, str) else type(item).__name__ for item in items}
    if None in items:
        return None
    if kinds <= {"text"} or kinds <= {"int", "float"}:
        return [item for item in items if item is not None]
    draft.note(name, "wrong_type")
    return None


def _scalar(value: object, longest: int, name: str, draft: Draft) -> str | int | float | bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if len(value) > longest:
            draft.note(name, "too_long")
        elif not storable(value):
            draft.note(name, "control")
        else:
            return value
        return None
    if isinstance(value, int):
        if -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            return value
        draft.note(name, "out_of_range")
        return None
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        draft.note(name, "out_of_range")
        return None
    if value is not None:  # null asks for absence and is no mistake
        draft.note(name, "wrong_type")
    return None
