"""Opaque cursors of keyset pages: the last item's key, so that a page costs the same however far on it is."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from plugin.errors import FieldError, ValidationFailed
from plugin.ports import Page
from plugin.store.types import storable

LARGEST_PAGE = 1_000
_LARGEST_NUMBER = 2**31 - 1  # an INTEGER of PostgreSQL
_MOST_DIGITS = 18  # fit into a BIGINT

Item = TypeVar("Item")
Key = Sequence[str | int]


def encode(key: Key) -> str:
    text = json.dumps(list(key), separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str, *kinds: type[str] | type[int]) -> Key:
    """Read a key of these types back.

    Raises:
        ValidationFailed: the cursor was not given out by `encode`.
    """
    key = _parts(cursor)
    if [type(part) for part in key] != list(kinds):
        raise refused()
    return key


def number(cursor: str) -> int:
    """Read the cursor of a list in order of big numbers, each encoded as a text of its own.

    Raises:
        ValidationFailed: as `decode`.
    """
    return big(str(decode(cursor, str)[0]))


def big(text: str) -> int:
    """A number that fits into a BIGINT, in decimal digits. Raises: ValidationFailed."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise refused()
    return int(text)


def step(cursor: str, steps: int) -> tuple[int, tuple[str, ...]]:
    """Read the cursor of a list that comes in steps: the step's number as a text, and texts of its key, if any.

    Raises:
        ValidationFailed: as `decode`.
    """
    texts = [part for part in _parts(cursor) if isinstance(part, str)]
    if not texts or encode(texts) != cursor or big(texts[0]) >= steps:
        raise refused()
    return int(texts[0]), tuple(texts[1:])


def _parts(cursor: str) -> list[str | int]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeError, binascii.Error, ValueError, RecursionError) as error:
        raise refused() from error
    if not isinstance(key, list) or not all(type(part) in {str, int} for part in key):
        raise refused()
    if not all(storable(part) if isinstance(part, str) else 0 <= part <= _LARGEST_NUMBER for part in key):
        raise refused()
    return key


def size(limit: int) -> int:
    """Raises: ValidationFailed unless 1 to 1,000."""
    if not 1 <= limit <= LARGEST_PAGE:
        raise ValidationFailed([FieldError("/limit", f"want 1 to {LARGEST_PAGE}")])
    return limit


def page(items: Sequence[Item], limit: int, key: Callable[[Item], Key]) -> Page[Item]:
    """Make a page of the ``limit`` + 1 items that were asked for: the one too many tells of more."""
    if len(items) <= limit:
        return Page(tuple(items), None)
    return Page(tuple(items[:limit]), encode(key(items[limit - 1])))


def refused() -> ValidationFailed:
    """For a cursor that was not given out by the list that it is shown to."""
    return ValidationFailed([FieldError("/cursor", "not a cursor of this list")])
