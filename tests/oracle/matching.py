"""One condition for one visitor, the way `rules.matches` is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from .conditions import holds
from .segments import held_segments
from .visitor import Visitor


def matches(
    condition: Any,
    attributes: Mapping[str, Any],
    segments: Iterable[str] = (),
    now: datetime | None = None,
    document: dict[str, Any] | None = None,
) -> bool:
    """Without a document every segment given is held, and no attribute has a type but that of its value."""
    visitor = Visitor(document or {}, attributes, tuple(segments), now, typed=document is not None)
    held = set(visitor.given) if document is None else held_segments(visitor)
    return holds(condition, visitor, held)
