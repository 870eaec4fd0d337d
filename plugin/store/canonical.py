"""One text for one JSON value, so that equal documents have equal digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from plugin.ports import JSON


class NotJson(ValueError):  # noqa: N818  # says what the value is
    """The value has no JSON text that every database can hold; the message says why."""


def canonical(value: JSON) -> str:
    """Write a value as JSON: keys sorted by code point, no spaces, characters as themselves.

    Raises:
        NotJson: NaN and infinities, lone surrogates, keys that are not text, cycles, too deep a nesting.
    """
    try:
        text = json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
        )
        text.encode()
    except UnicodeEncodeError as error:
        raise NotJson("it has a lone surrogate") from error
    except RecursionError as error:
        raise NotJson("it is nested too deeply") from error
    except (ValueError, TypeError) as error:
        raise NotJson(str(error)) from error
    return text


def digest(text: str) -> str:
    """SHA-256 of the UTF-8 bytes, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> Any:  # noqa: ANN401  # the json module's own signature
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")
