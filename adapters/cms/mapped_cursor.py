"""The cursor of a mapped source: that of the source itself, and which entries have another language than there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from adapters.cms.port import Key

FORM = "mapped-1"
Moves: TypeAlias = Mapping[Key, Key]
"""Keys as the source has them to those that the mapping gave; only where they differ."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a cursor says; `inner` None begins anew."""

    inner: str | None = None
    moves: Moves = field(default_factory=dict)


def dump(inner: str, moves: Moves, fingerprint: str) -> str:
    """The cursor as text: ids grouped by the two languages, which is short where a site has few."""
    groups: dict[tuple[str | None, str | None], list[str]] = {}
    for key, moved in moves.items():
        groups.setdefault((key.locale, moved.locale), []).append(key.id)
    listed = [[said, tag, sorted(ids)] for (said, tag), ids in sorted(groups.items(), key=repr)]
    return json.dumps([FORM, fingerprint, inner, listed], separators=(",", ":"))


def load(cursor: str | None, fingerprint: str) -> Known:
    """Reads a cursor; that of another mapping, or of no mapping at all, begins anew.

    The moves of another mapping stay: what the store holds has the keys that it gave.
    """
    if cursor is None:
        return Known()
    try:
        match json.loads(cursor):
            case [str(form), str(mark), str(inner), list(groups)] if form == FORM:
                moves = {key: moved for group in groups for key, moved in _moves(group)}
                return Known(inner if mark == fingerprint else None, moves)
    except (ValueError, TypeError, RecursionError):
        return Known()
    return Known()


def _moves(group: Any) -> list[tuple[Key, Key]]:  # noqa: ANN401 - any JSON; raises ValueError or TypeError
    said, tag, ids = group
    return [(Key(str(id_), said), Key(str(id_), tag)) for id_ in ids]
