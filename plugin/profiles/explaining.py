"""Says what is wrong with an event, for the few of which it is asked: exact, with no eye on speed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from plugin.profiles.limits import (
    AHEAD_MS,
    DAY_MS,
    DEEPEST_PROPERTIES,
    LARGEST_PROPERTIES_BYTES,
    LATEST_MS,
    LONGEST_CONTENT_ID,
    LONGEST_DECISION_ID,
    LONGEST_SLOT,
    LONGEST_TOKEN,
    LONGEST_VISITOR_ID,
    MINUTE_MS,
    MOST_PROPERTIES,
    MOST_VALUES,
)
from plugin.profiles.said import EVENT_ID, MEMBERS, Said
from rules.clock import parse_datetime
from rules.suggest import nearest
from rules.values import is_number

LONGEST_KEY = 64
_ID = re.compile(EVENT_ID)
_SURROGATE = re.compile("[\ud800-\udfff]")
_TEXTS = {
    "content_id": LONGEST_CONTENT_ID,
    "slot": LONGEST_SLOT,
    "decision_id": LONGEST_DECISION_ID,
    "decision_token": LONGEST_TOKEN,
}


class Bad(Exception):  # noqa: N818 - says what an event is, and ends its judging
    """What is wrong, and where in the event."""

    def __init__(self, path: Iterable[str | int], detail: str) -> None:
        self.path = tuple(path)
        self.detail = detail
        super().__init__(detail)


def pointer(path: Iterable[str | int]) -> str:
    """A JSON pointer (RFC 6901). Half a surrogate pair, which no answer can hold, becomes a question mark."""
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return _SURROGATE.sub("?", "".join(f"/{part}" for part in parts))


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'click'?`, or nothing where no word is near."""
    near = nearest(word, known)
    return f"; did you mean {near!r}?" if near is not None else ""


def read(item: object) -> Said:
    """An event's members, each judged by its form alone. Raises Bad for the first that is wrong."""
    if not isinstance(item, dict):
        raise Bad((), "an event is an object")
    for name in item:
        if name not in MEMBERS:
            raise Bad((name,), f"an event has no such member{suggestion(str(name), MEMBERS)}")
    given = {name: value for name, value in item.items() if value is not None}
    if "type" not in given:
        raise Bad(("type",), "an event needs a type")
    for name in ("type", "visitor_id"):
        if not isinstance(given.get(name, ""), str):
            raise Bad((name,), "a text")
    identifier = given.get("id")
    if identifier is not None and not (isinstance(identifier, str) and _ID.fullmatch(identifier)):
        raise Bad(("id",), "1 to 64 letters, digits, and . _ : -")
    for name, longest in _TEXTS.items():
        _text(given, name, longest)
    if "time" in given:
        given["time"] = _time(given["time"])
    if "value" in given:
        given["value"] = _value(given["value"])
    if not isinstance(given.get("properties", {}), dict):
        raise Bad(("properties",), "an object")
    return Said(**given)


def explain(said: Said) -> None:
    """Raises Bad where the properties of an event, or a text in it, are beyond their limits."""
    for name in (*_TEXTS, "type", "visitor_id"):
        text = getattr(said, name) or ""
        if _SURROGATE.search(text):
            raise Bad((name,), "a text without half a surrogate pair")
        if "\0" in text:
            raise Bad((name,), "a text without a NUL")
    properties = said.properties or {}
    _bounded(properties, ("properties",), 1)
    if _values(properties) > MOST_VALUES:
        raise Bad(("properties",), f"at most {MOST_VALUES} values in all")


def _text(given: Mapping[str, object], name: str, longest: int) -> None:
    value = given.get(name)
    if value is not None and not (isinstance(value, str) and 1 <= len(value) <= longest):
        raise Bad((name,), f"a text of 1 to {longest:,} characters")


def _time(value: object) -> datetime:
    moment = parse_datetime(value) if isinstance(value, str) else None
    if moment is None:
        raise Bad(("time",), "a date-time of ISO 8601, such as 2026-11-20T18:30:00Z")
    return moment


def _value(value: object) -> float:
    if not is_number(value):
        raise Bad(("value",), "a finite number; a whole one is at most 2^53")
    return float(value)  # type: ignore[arg-type]


def _bounded(value: object, path: tuple[str | int, ...], depth: int) -> None:
    if isinstance(value, dict | list):
        if depth > DEEPEST_PROPERTIES:
            raise Bad(path, f"properties go at most {DEEPEST_PROPERTIES} levels deep")
        if isinstance(value, list):
            for index, item in enumerate(value):
                _bounded(item, (*path, index), depth + 1)
            return
        if len(value) > MOST_PROPERTIES:
            raise Bad(path, f"at most {MOST_PROPERTIES} properties")
        for key, item in value.items():
            if not isinstance(key, str) or not 1 <= len(key) <= LONGEST_KEY or _SURROGATE.search(key):
                raise Bad(path, f"names of properties are texts of 1 to {LONGEST_KEY} characters")
            _bounded(item, (*path, key), depth + 1)
    elif isinstance(value, str):
        if _SURROGATE.search(value):
            raise Bad(path, "a text without half a surrogate pair")
    elif not (value is None or isinstance(value, bool) or is_number(value)):
        finite = isinstance(value, int) or (isinstance(value, float) and not math.isfinite(value))
        raise Bad(path, "a finite number; a whole one is at most 2^53" if finite else "a value of JSON")


def _values(value: object) -> int:
    """How many values there are in a value of bounded depth."""
    if isinstance(value, dict):
        return sum(map(_values, value.values()))
    return sum(map(_values, value)) + 1 if isinstance(value, list) else 1


def too_large() -> Bad:
    """Properties of too many bytes."""
    return Bad(("properties",), f"at most {LARGEST_PROPERTIES_BYTES:,} bytes of JSON")


def bad_visitor(given: object) -> Bad:
    """No visitor id, or one that is none; it is not repeated."""
    if given is None:
        return Bad(("visitor_id",), "an event needs the id of its visitor")
    return Bad(("visitor_id",), f"1 to {LONGEST_VISITOR_ID} characters, none of them a control")


def not_now(time_ms: int, now_ms: int) -> Bad:
    """An event of too long ago, or ahead."""
    if time_ms < now_ms:
        return Bad(("time",), f"too late: older than {LATEST_MS // DAY_MS} days; do not send it again")
    return Bad(
        ("time",), f"more than {AHEAD_MS // MINUTE_MS} minutes ahead of the server's clock; without a time it is now"
    )
