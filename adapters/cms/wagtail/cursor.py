"""What a cursor remembers of each listing (a page type, or an endpoint of snippets), as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from adapters.cms import cursor_text
from adapters.cms.port import Key

VERSION = 1


class Record(NamedTuple):
    """One item as it was last seen.

    Attributes:
        id: the entry's identity; None for what is listed and no entry (another type, another locale).
        locale: of the variant.
        stamp: when it was last published as Wagtail wrote it, or a digest of it; "" where it is to be looked at again.
    """

    id: str | None
    locale: str | None
    stamp: str

    @property
    def key(self) -> Key | None:
        """Identity of the variant; None for no entry."""
        return None if self.id is None else Key(self.id, self.locale)


Records: TypeAlias = Mapping[int, Record]
"""By the item's number."""


def dump(listings: Mapping[str, Records], fingerprint: str) -> str:
    """Compact JSON; `fingerprint` is of the options that shape entries."""
    made = {name: {str(n): list(record) for n, record in sorted(of.items())} for name, of in sorted(listings.items())}
    return cursor_text.dump(VERSION, fingerprint, {"listings": made})


def load(text: str | None, fingerprint: str) -> dict[str, Records] | None:
    """The listings in a text; None for none, one of another version or other options, or a broken one."""
    return cursor_text.load(text, VERSION, fingerprint, _listings)


def _listings(whole: Mapping[str, Any]) -> dict[str, Records]:
    return {name: {int(n): _record(raw) for n, raw in of.items()} for name, of in whole["listings"].items()}


def _record(raw: object) -> Record:
    if not isinstance(raw, list) or len(raw) != 3 or not isinstance(raw[2], str):
        raise TypeError("want three texts")
    if not all(one is None or isinstance(one, str) for one in raw[:2]):
        raise TypeError("want texts or null")
    return Record(*raw)
