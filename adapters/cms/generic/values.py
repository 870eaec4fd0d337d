"""What JSON gives to what an entry holds: identities, instants, numbers; and what no store can keep."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import cast

from adapters.cms.locales import parse_locale
from adapters.cms.pointers import escaped
from adapters.cms.port import Json

MAX_ID = 255
MAX_DEPTH = 40
LARGEST = 2**63
MAX_DIGITS = 18
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class ItemFault(Exception):  # noqa: N818 - one complaint about an item, not a fault of ours
    """The message is one sentence that begins with what it is about."""


def name_of(value: object, what: str) -> str:
    """An identity, type or the like: a text, or a whole number as its digits. Raises ItemFault."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST:
        return str(value)
    if isinstance(value, str) and value.strip() and not _UNSTORABLE.search(value):
        if len(value) > MAX_ID:
            raise ItemFault(f"{what}: longer than {MAX_ID} characters")
        return value
    raise ItemFault(f"{what}: want a text or a whole number, not {kind(value)}")


def locale_of(value: object, what: str) -> str | None:
    """A language tag in its usual case; an underscore may stand for its hyphen. None for null or an empty text."""
    if value is None or value == "":
        return None
    locale = parse_locale(value.replace("_", "-")) if isinstance(value, str) else None
    if locale is None:
        raise ItemFault(f"{what}: want a language tag such as fr or fr-BE, not {kind(value)}")
    return locale


def instant(value: object, what: str, per_second: int) -> datetime | None:
    """ISO 8601 (UTC where it has no offset), or a number since the Unix epoch. None for null or an empty text.

    Args:
        per_second: 1 for numbers that count seconds, 1000 for milliseconds.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / per_second, UTC)
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as fault:
        raise ItemFault(f"{what}: no instant that there is") from fault
    raise ItemFault(f"{what}: want an ISO 8601 date-time or a number, not {kind(value)}")


def whole(value: object, what: str) -> int:
    """A whole number, or a text of its digits, within 64 bits. Raises ItemFault."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST:
        return value
    raise ItemFault(f"{what}: want a whole number within 64 bits, not {kind(value)}")


def texts(value: object, what: str) -> list[str]:
    """A text, or a list of texts; null is none, and so is an empty text. Raises ItemFault."""
    made = []
    for item in value if isinstance(value, list) else [value]:
        if item is None:
            continue
        if not isinstance(item, str) or _UNSTORABLE.search(item):
            raise ItemFault(f"{what}: want texts, not {kind(item)}")
        if item.strip():
            made.append(item.strip())
    return made


def check_storable(value: object, place: str = "", depth: int = 0) -> Json:
    """The same value, if all of it can be kept.

    Raises:
        ItemFault: numbers that are not finite or beyond 64 bits, NUL and half surrogate pairs, deep nesting.
    """
    if depth > MAX_DEPTH:
        raise ItemFault(f"{place[:80]}: nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise ItemFault(f"{place or 'text'}: a NUL or half a surrogate pair in a text")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ItemFault(f"{place or 'number'}: numbers must be finite")
    elif isinstance(value, int):
        if abs(value) >= LARGEST:
            raise ItemFault(f"{place or 'number'}: a whole number beyond 64 bits")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            check_storable(item, f"{place}/{number}", depth + 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            if _UNSTORABLE.search(name):
                raise ItemFault(f"{place or '/'}: a NUL or half a surrogate pair in a name")
            check_storable(item, f"{place}/{escaped(name)}", depth + 1)
    return cast(Json, value)


def kind(value: object) -> str:
    """A value's kind in JSON's words, without the value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "such a number"
    if isinstance(value, str):
        return "such a text"
    return "a list" if isinstance(value, list) else "an object"
