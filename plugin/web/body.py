"""Reading JSON strictly: what systems read differently is refused, and never found out later."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from flask import Request

from plugin.errors import FieldError, MalformedRequest, PayloadTooLarge, ValidationFailed

DEEPEST = 64
_LARGEST_INTEGER = 2**53
_MOST_REPORTED = 100
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)


def read_body(asked: Request, limit_bytes: int) -> bytes:
    """Read the whole body, and no more of it than the limit.

    Raises:
        PayloadTooLarge: by the length that it states, before anything is read; of unknown length, as soon as it is.
    """
    if asked.content_length is not None and asked.content_length > limit_bytes:
        raise PayloadTooLarge(limit_bytes)
    # Werkzeug cuts a chunked body off at its own limit, silently: one byte more tells that there was more.
    asked.max_content_length = limit_bytes + 1
    raw = asked.get_data(cache=False)
    if len(raw) > limit_bytes:
        raise PayloadTooLarge(limit_bytes)
    return raw


def read_json(raw: bytes) -> Any:  # noqa: ANN401  # any JSON
    """Parse a body.

    Raises:
        MalformedRequest: not UTF-8, not JSON (NaN and Infinity are none), a key twice, nested too deeply.
        ValidationFailed: values that no JSON of ours may hold; see `refuse_unsafe`.
    """
    text = utf8(raw)
    _refuse_depth(text)
    try:
        value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=unique, parse_int=_integer)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise MalformedRequest(f"The body is not JSON: {error.msg}, at {place}.") from error
    refuse_unsafe(value)
    return value


def utf8(raw: bytes) -> str:
    """Raises: MalformedRequest where it is not UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedRequest(f"The body is not UTF-8 at byte {error.start}.") from error


def refuse_unsafe(value: object) -> None:
    """Refuse lone surrogates and NULs in texts and keys, infinite numbers, and integers beyond 2**53.

    Raises:
        ValidationFailed: with the place of each.
    """
    faults = []
    for pointer, reason in _unsafe(value, ""):
        faults.append(FieldError(pointer, reason))
        if len(faults) == _MOST_REPORTED:
            break
    if faults:
        raise ValidationFailed(faults)


def _unsafe(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    kind = type(value)
    if kind is str:
        reason = _text_fault(value)  # type: ignore[arg-type]
        if reason:
            yield pointer, reason
    elif kind is int:
        if not -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER:  # type: ignore[operator]
            yield pointer, "an integer beyond 2**53, which systems read differently"
    elif kind is float:
        if not math.isfinite(value):  # type: ignore[arg-type]
            yield pointer, "a number too large for a double"
    elif isinstance(value, Mapping):
        for key, part in value.items():
            reason = _text_fault(key)
            if reason:
                yield pointer, f"a key has {reason}"
            else:
                yield from _unsafe(part, f"{pointer}/{escaped(key)}")
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _unsafe(part, f"{pointer}/{place}")


def _text_fault(text: str) -> str | None:
    if "\0" in text:
        return "a NUL, which no database can hold"
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return "a lone surrogate, which is no character"
    return None


def escaped(key: str) -> str:
    """A member's name as a JSON pointer has it (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _refuse_depth(text: str) -> None:
    """Before parsing: the parser itself would go as deep as the stack allows."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        token = found[0]
        if token in {"[", "{"}:
            depth += 1
            if depth > DEEPEST:
                raise MalformedRequest(f"The body is nested more than {DEEPEST} deep.")
        elif token in {"]", "}"}:
            depth -= 1


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedRequest(f"The body is not JSON: {name} is no number there.")


def _integer(digits: str) -> int | float:
    """An integer of more digits than a double has is out of range whatever it is: no need to compute it."""
    return int(digits) if len(digits) <= 20 else math.inf


def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of its members. Raises: MalformedRequest where one is there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise MalformedRequest(f"The body has the key {ascii(twice)[1:-1][:80]!r} twice in one object.")
    return found
