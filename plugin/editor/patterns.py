"""Event patterns in words: what a visitor must have done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugin.editor.conditions import leaf
from plugin.editor.moments import duration
from plugin.editor.phrases import Phrase, as_written, mapping
from plugin.editor.subjects import quoted, spaced
from plugin.editor.vocabulary import Vocabulary


def pattern(data: object, vocabulary: Vocabulary) -> Phrase:
    """`the event view at least 3 times within 30 days, where topics is mountains`."""
    return (_pattern(data, vocabulary),)


def _pattern(data: object, vocabulary: Vocabulary) -> str:
    match data:
        case {"event": event}:
            found = mapping(data)
            count = mapping(found.get("count")).get("gte", 1)
            times = "once" if count == 1 else f"at least {count} times"
            return f"“{event}”{_where(found, vocabulary)} {times}{_within(found)}"
        case {"sequence": [*steps]}:
            told = " → ".join(_step(step, first=place == 0, vocabulary=vocabulary) for place, step in enumerate(steps))
            return f"{told}{_within(mapping(data), ', all ')}"
        case {"any": [*patterns]}:
            return ", or ".join(_pattern(one, vocabulary) for one in patterns)
    return as_written(data)


def _step(data: object, *, first: bool, vocabulary: Vocabulary) -> str:
    match data:
        case {"absent": event}:
            found = mapping(data)
            return f"then no “{event}”{_where(found, vocabulary)} for {duration(found.get('for'))}"
        case {"event": event}:
            found = mapping(data)
            return f"{'' if first else 'then '}“{event}”{_where(found, vocabulary)}{_within(found)}"
    return as_written(data)


def _within(data: Mapping[str, Any], lead: str = " ") -> str:
    return f"{lead}within {duration(data['within'])}" if data.get("within") is not None else ""


def _where(data: Mapping[str, Any], vocabulary: Vocabulary) -> str:
    where = data.get("where")
    if not isinstance(where, Mapping) or not where:
        return ""
    told = []
    for name, held in where.items():
        if name in ("all", "any", "not"):
            told.append(as_written({name: held}))
        elif isinstance(held, str | int | float) and name.startswith("content."):
            told.append(f"{spaced(name.removeprefix('content.'))} {quoted(str(held))}")
        else:
            told.extend(leaf(name, held, vocabulary))
    return f" with {' and '.join(told)}"
