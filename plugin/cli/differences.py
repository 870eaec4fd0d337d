"""A difference between two rule documents, for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from plugin.ports import JSON
from plugin.service.rulesets.diff import Diff, FieldChange


def lines(found: Diff) -> Iterator[str]:
    """`+` for what is new, `-` for what is gone, `~` for what changed, with the fields below it."""
    if found.same:
        yield "no difference"
    for section, part in found.sections.items():
        for name in part.added:
            yield f"+ {section} {name}"
        for name in part.removed:
            yield f"- {section} {name}"
        for item in part.changed:
            yield f"~ {section} {item.id}"
            for change in item.changes:
                yield f"    {_change(change)}"
    for change in found.settings:
        yield f"~ {_change(change)}"


def as_json(found: Diff) -> dict[str, object]:
    """The same for scripts."""
    return asdict(found)


def _change(change: FieldChange) -> str:
    place = change.pointer.removeprefix("/") or "whole"
    match change.op:
        case "add":
            return f"{place}: + {_short(change.after)}"
        case "remove":
            return f"{place}: - {_short(change.before)}"
        case _:
            return f"{place}: {_short(change.before)} -> {_short(change.after)}"


def _short(value: JSON) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:199]}…"
