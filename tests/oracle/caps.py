"""Frequency caps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any

from .instants import duration, instant
from .visitor import Visitor


def is_over(cap: dict[str, Any] | None, name: str, visitor: Visitor, exposures: Mapping[str, Iterable[Any]]) -> bool:
    """Whether the entry was shown `per_visitor` times after now − `within`, up to now."""
    if cap is None:
        return False
    assert visitor.now is not None
    since = visitor.now.astimezone(UTC) - duration(cap["within"])
    seen = [moment for moment in exposures.get(name, ()) if since < instant(moment, UTC) <= visitor.now]
    return bool(len(seen) >= cap["per_visitor"])
