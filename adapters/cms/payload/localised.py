"""Documents that hold every locale at once, as `locale=all` gives them, and one locale of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import TypeGuard

from adapters.cms.port import BadResponse, Json

MAX_DEPTH = 120
SHORT = 40  # characters
_CODE_LIKE = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


def pick(value: Json, code: str | None, codes: Collection[str], shared: dict[str, str] | None = None) -> Json:
    """The value in one locale: each mapping from locales to values gives way to the locale's value, or null.

    Args:
        shared: short texts that were met before. Every node of rich text says anew what it is, and a first sync holds
            a whole site's; equal ones are kept once.
    """
    if isinstance(value, str):
        return value if shared is None or len(value) > SHORT else shared.setdefault(value, value)
    if isinstance(value, list):
        return [pick(item, code, codes, shared) for item in value]
    if not isinstance(value, dict):
        return value
    if is_localised(value, codes):
        return pick(value.get(code), code, codes, shared) if code is not None else None
    return {name: pick(item, code, codes, shared) for name, item in value.items()}


def is_localised(value: Mapping[str, Json], codes: Collection[str]) -> bool:
    """Whether a mapping is the values of one localised field by locale."""
    return bool(value) and all(name in codes for name in value)


def is_document(value: Json) -> TypeGuard[dict[str, Json]]:
    """Whether a value is a document that a relation or an upload was resolved to."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("id"), (str, int))
        and isinstance(value.get("createdAt"), str)
        and isinstance(value.get("updatedAt"), str)
    )


def spoken(document: Mapping[str, Json], codes: Collection[str], where: str) -> frozenset[str] | None:
    """The locales in which a document has content of its own; None where nothing in it is localised.

    Raises:
        BadResponse: it has a locale that is not among the codes, or is nested too deeply.
    """
    own = [(name, item) for name, item in document.items() if name != "_status"]  # which may be one for each locale
    found = [(code, value) for name, item in own for code, value in _values(item, codes, where, name, 1)]
    return frozenset(code for code, value in found if value not in (None, "", [], {})) if found else None


def _values(value: Json, codes: Collection[str], where: str, name: str, depth: int) -> Iterator[tuple[str, Json]]:
    if depth > MAX_DEPTH:
        raise BadResponse(f"{where}.{name}: nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, list):
        for item in value:
            yield from _values(item, codes, where, name, depth + 1)
    elif isinstance(value, dict):
        if is_localised(value, codes):
            yield from value.items()
        elif codes and _has_other(value, codes):
            others = ", ".join(sorted(set(value) - set(codes)))
            raise BadResponse(f"{where}.{name}: has values in {others[:60]}: `locales` must name all of the site's")
        # What a related document speaks says nothing of this one, but its depth and locales matter all the same.
        inner = [
            pair for key, item in value.items() for pair in _values(item, codes, where, f"{name}.{key}", depth + 1)
        ]
        yield from () if is_document(value) else inner


def _has_other(value: Mapping[str, Json], codes: Collection[str]) -> bool:
    return any(name in codes for name in value) and all(_CODE_LIKE.fullmatch(name) for name in value)
