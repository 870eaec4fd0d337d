"""A cursor as text: what a source remembers, in JSON, with the version and the options that it was made by."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def dump(version: int, fingerprint: str, held: Mapping[str, object]) -> str:
    """Compact JSON, the same for equal `held`.

    Args:
        version: of the form of `held`.
        fingerprint: of the options that shape entries.
    """
    return json.dumps({"v": version, "options": fingerprint, **held}, separators=(",", ":"), sort_keys=True)


def load(text: str | None, version: int, fingerprint: str, read: Callable[[Any], T]) -> T | None:
    """What is held in a text; None for no text, one of another version or other options, or a broken one.

    Args:
        read: makes it of the JSON object; raises what Python raises where that is not of its form.
    """
    if text is None:
        return None
    try:
        whole = json.loads(text)
        if whole["v"] != version or whole["options"] != fingerprint:
            return None
        return read(whole)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # A cursor only saves work: one that cannot be read costs a full answer and nothing else.
        return None
