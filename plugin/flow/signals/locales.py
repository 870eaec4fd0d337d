"""Language tags (BCP 47) and the choice among those a visitor accepts (RFC 4647 lookup)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

MOST_RANGES = 50
_LONGEST = 35  # the length that RFC 5646 asks everyone to support
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_QUALITY = re.compile(r"q\s*=\s*(0(\.[0-9]*)?|1(\.0*)?|\.[0-9]+)", re.IGNORECASE)


class Choice(NamedTuple):
    """The tag chosen, and whether part of the header could not be read."""

    tag: str | None
    malformed: bool


def normal_tag(text: str) -> str | None:
    """A language tag in its customary case (`zh-Hant-TW`), underscores mended; None for what is no tag."""
    return _normal(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _normal(text: str) -> str | None:
    text = text.strip().replace("_", "-")
    if not _TAG.fullmatch(text):
        return None
    language, *rest = text.split("-")
    parts = [language.lower()]
    in_extension = False
    for part in rest:
        in_extension = in_extension or len(part) == 1
        if in_extension or not part.isalpha():
            parts.append(part.lower())
        elif len(part) == 4:
            parts.append(part.title())
        else:
            parts.append(part.upper() if len(part) == 2 else part.lower())
    return "-".join(parts)


def looks_up(tag: str, locales: frozenset[str]) -> bool:
    """Whether RFC 4647 lookup of the tag, cut from its end, finds a locale (they are in lower case)."""
    parts = tag.lower().split("-")
    while parts:
        if "-".join(parts) in locales:
            return True
        parts.pop()
        if parts and len(parts[-1]) == 1:  # a singleton goes with what it introduced
            parts.pop()
    return False


@lru_cache(maxsize=1024)
def accepted(header: str, locales: frozenset[str]) -> Choice:
    """The visitor's language from Accept-Language.

    The first, by quality and then order, whose lookup finds a locale of the site; else the first of all. The
    tag stays the visitor's own (`fr-CA` on a site in `fr`): falling back to a locale is the rules' work. A
    wildcard names no language, and quality 0 refuses one.
    """
    malformed = False
    ranges: list[tuple[float, str]] = []
    elements = header.split(",", MOST_RANGES)
    if len(elements) > MOST_RANGES:
        elements.pop()
        malformed = True
    for element in elements:
        name, _, parameter = element.partition(";")
        name = name.strip()
        if not name or name == "*":
            continue
        tag, quality = normal_tag(name), _quality(parameter)
        if tag is None or quality is None:
            malformed = True
        elif quality > 0:
            ranges.append((quality, tag))
    ranges.sort(key=lambda item: -item[0])
    tags = [tag for _, tag in ranges]
    best = next((tag for tag in tags if looks_up(tag, locales)), tags[0] if tags else None)
    return Choice(best, malformed)


def _quality(parameter: str) -> float | None:
    if not parameter.strip():
        return 1.0
    found = _QUALITY.fullmatch(parameter.strip())
    return float(found[1]) if found and found[1] != "." else None
