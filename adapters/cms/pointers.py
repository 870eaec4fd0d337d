"""Places in an item, as JSON Pointers (RFC 6901)."""

from __future__ import annotations


def escaped(name: str) -> str:
    """A member's name as it stands in a pointer."""
    return name.replace("~", "~0").replace("/", "~1")
