"""Locale tags as sources write them, and which variant a link between entries means."""

from __future__ import annotations

import re
from collections.abc import Sequence

from adapters.cms.port import Key

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?(?:-[A-Za-z0-9]{5,8})*")


def parse_locale(text: str) -> str | None:
    """The BCP 47 tag in its usual case ("fr-be" gives "fr-BE"), or None where the text is no such tag."""
    if not _TAG.fullmatch(text):
        return None
    first, *rest = text.split("-")
    cased = {2: str.upper, 4: str.title}
    return "-".join([first.lower(), *(cased.get(len(part), str.lower)(part) for part in rest)])


def order_of_locales(wanted: str | None, available: Sequence[str | None], chain: Sequence[str]) -> list[str | None]:
    """The available locales, best first, for a link from an entry in `wanted`; unfit ones left out.

    The language range is shortened from its end (RFC 4647 lookup), then no locale, then `chain` in its order.
    """
    ranges: list[str | None] = []
    part = wanted or ""
    while part:
        ranges.append(part)
        part = part.rpartition("-")[0]
    return [locale for locale in dict.fromkeys([*ranges, None, *chain]) if locale in available]


def target_key(target: str, wanted: str | None, available: Sequence[str | None], chain: Sequence[str]) -> Key | None:
    """The variant that a link means, or None."""
    order = order_of_locales(wanted, available, chain)
    return Key(target, order[0]) if order else None
