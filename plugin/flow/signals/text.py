"""Text from strangers: limits, control characters, and the byte order of header text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from plugin.flow.signals.notes import Draft

_BAD = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BAD_IN_PROSE = re.compile("[\x00\ud800-\udfff]")


def clean(value: object, limit: int, name: str, draft: Draft) -> str | None:
    """One line of text without surrounding blanks, or None with a note.

    Args:
        value: anything; what is not a string is the wrong type.
        limit: most characters.
        name: what the note calls it.
    Returns:
        The text; None where it is empty or refused.
    """
    if not isinstance(value, str):
        draft.note(name, "wrong_type")
        return None
    if len(value) > limit:
        draft.note(name, "too_long")
        return None
    text = value.strip(" \t")
    # isprintable is a single pass in C and true of nearly all real input; the pattern settles the rest.
    if not text.isprintable() and _BAD.search(text):
        draft.note(name, "control")
        return None
    return text or None


def storable(text: str) -> bool:
    """Whether text of any number of lines is free of NUL and of half surrogate pairs."""
    return text.isprintable() or _BAD_IN_PROSE.search(text) is None


def header(headers: Mapping[str, Sequence[str]], name: str) -> str | None:
    """The first value of a header, None where it is absent.

    WSGI hands over header bytes as Latin-1; city names arrive in UTF-8 and are read as that where they can
    be.
    """
    values = headers.get(name)
    if not values:
        return None
    value = values[0]
    return value if value.isascii() else decoded(value)


def decoded(value: str) -> str:
    """A header's text as what it was meant to be."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
