"""Phrases: text with the names of items in it, so that a page can make links of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Name:
    """An item that a phrase names: its section of the document (`content`, too), its id, and how it is called."""

    section: str
    id: str
    text: str


Phrase: TypeAlias = "tuple[str | Name, ...]"
EMPTY: Phrase = ()


def plain(phrase: Phrase) -> str:
    """The words alone."""
    return "".join(piece.text if isinstance(piece, Name) else piece for piece in phrase)


def of(*pieces: str | Name | Phrase) -> Phrase:
    """One phrase of pieces and other phrases."""
    found: list[str | Name] = []
    for piece in pieces:
        found.extend(piece if isinstance(piece, tuple) else [piece])
    return tuple(found)


def listed(phrases: Iterable[Phrase], last: str = "and") -> Phrase:
    """`a, b and c`."""
    parts = list(phrases)
    if not parts:
        return EMPTY
    found = parts[0]
    for number, part in enumerate(parts[1:], start=2):
        found = of(found, f" {last} " if number == len(parts) else ", ", part)
    return found


def first_upper(phrase: Phrase) -> Phrase:
    """The phrase as the beginning of a sentence."""
    if phrase and isinstance(phrase[0], str) and phrase[0]:
        return (phrase[0][:1].upper() + phrase[0][1:], *phrase[1:])
    return phrase


def as_written(value: object) -> str:
    """What no words are known for, as it stands in the document."""
    return json.dumps(value, ensure_ascii=False, default=str)


def many(value: object) -> list[Any]:
    """A value that may be one or a list, as a list."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return [value]


def mapping(value: object) -> Mapping[str, Any]:
    """A value that should be a mapping; anything else counts as empty."""
    return value if isinstance(value, Mapping) else {}
