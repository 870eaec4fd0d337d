"""What a cursor remembers, as text: the sync token, the space's model, and of each entry what the next delta needs.

A deletion names an entry and not its locales, and a changed asset not the entries that show it; both are found here
without a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.cms import cursor_text
from adapters.cms.contentful.model import Model, from_json, to_json

VERSION = 1
NO_LOCALE = ""


@dataclass(frozen=True, slots=True)
class Known:
    """One entry as it was last made.

    Attributes:
        variants: by locale, the beginning of the content's digest; "" for a variant that could not be made.
        depends: ids of the entries and assets that its content is made of.
    """

    variants: Mapping[str | None, str]
    depends: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a sync goes on. `read_at`: when the model was read, in seconds since the Unix epoch."""

    token: str
    model: Model
    read_at: float
    entries: Mapping[str, Known]


def dump(cursor: Cursor, fingerprint: str) -> str:
    """Compact JSON; `fingerprint` is of the options that shape entries."""
    entries = {
        one: [{locale or NO_LOCALE: digest for locale, digest in known.variants.items()}, sorted(known.depends)]
        for one, known in sorted(cursor.entries.items())
    }
    held = {
        "token": cursor.token,
        "read_at": cursor.read_at,
        "model": to_json(cursor.model),
        "entries": entries,
    }
    return cursor_text.dump(VERSION, fingerprint, held)


def load(text: str | None, fingerprint: str) -> Cursor | None:
    """The cursor in a text; None for none, one of another version or other options, or a broken one."""
    return cursor_text.load(text, VERSION, fingerprint, _cursor)


def _cursor(whole: Mapping[str, Any]) -> Cursor:
    entries = {
        str(one): Known({locale or None: str(digest) for locale, digest in variants.items()}, frozenset(depends))
        for one, (variants, depends) in whole["entries"].items()
    }
    return Cursor(str(whole["token"]), from_json(whole["model"]), float(whole["read_at"]), entries)
