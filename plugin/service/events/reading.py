"""Events as they came, each a JSON text of its own, so that one that is none spoils no other."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from plugin.profiles.explaining import pointer

NOT_JSON = "not JSON in UTF-8; the events around it are judged all the same"
_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Unread:
    """Stands for what cannot be read, and is no event either: where in it that is, as a JSON pointer, and why."""

    pointer: str
    detail: str


def read(item: bytes) -> object:
    """A value of JSON, or `Unread`.

    One with half a surrogate pair or a number beyond all is a value, too: judging says where it is. An object with a
    member twice is none: parsers keep the last, and who sent it may have meant the first.
    """
    try:
        value = _decode(item)
        # A member that was dropped leaves quotation marks missing; an escape may stand for one more.
        if b"\\" not in item and _encode(value).count(b'"') == item.count(b'"'):
            return value
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        found = json.loads(item.decode(), object_pairs_hook=_Members)
        path = _twice(found, ())
        if path is None:
            return _plain(found)
        return Unread(pointer(path), f"{str(path[-1])[:80]!r} is there twice; send it once")
    except (ValueError, RecursionError):
        return Unread("", NOT_JSON)


class _Members(list[tuple[str, object]]):
    """An object, with what came twice."""


def _twice(value: object, path: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
    """Where the first member is that is there twice."""
    seen = set()
    inner: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, _Members):
        inner = value
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, one in inner:
        if key in seen:
            return (*path, key)
        seen.add(key)
        found = _twice(one, (*path, key))
        if found is not None:
            return found
    return None


def _plain(value: object) -> object:
    if isinstance(value, _Members):
        return {key: _plain(one) for key, one in value}
    return [_plain(one) for one in value] if isinstance(value, list) else value
