"""Locale tags as sources write them."""

from __future__ import annotations

import re

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?(?:-[A-Za-z0-9]{5,8})*")


def parse_locale(text: str) -> str | None:
    """The BCP 47 tag in its usual case ("fr-be" gives "fr-BE"), or None where the text is no such tag."""
    if not _TAG.fullmatch(text):
        return None
    first, *rest = text.split("-")
    cased = {2: str.upper, 4: str.title}
    return "-".join([first.lower(), *(cased.get(len(part), str.lower)(part) for part in rest)])
