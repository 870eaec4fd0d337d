"""What a rule does, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugin.editor.moments import duration
from plugin.editor.phrases import Phrase, as_written, listed, mapping, of
from plugin.editor.selections import best_entry, entries
from plugin.editor.subjects import number, quoted, spaced
from plugin.editor.vocabulary import Vocabulary

NOTHING: Phrase = ("change nothing",)


def effects(data: object, vocabulary: Vocabulary) -> tuple[Phrase, ...]:
    """Each effect of a `then`, as an order: `pin the entry “Winter box” to place 1`."""
    if not isinstance(data, list | tuple):
        return (NOTHING if data is None else (as_written(data),),)
    return tuple(effect(one, vocabulary) for one in data) or (NOTHING,)


def effect(data: object, vocabulary: Vocabulary) -> Phrase:
    """One effect."""
    found = mapping(data)
    match found:
        case {"pin": chosen}:
            return _pin(chosen, found, vocabulary)
        case {"boost": chosen}:
            return _boost(chosen, found.get("by"), vocabulary)
        case {"hide": chosen}:
            return of("hide ", entries(chosen, vocabulary))
        case {"only": chosen}:
            return of("keep only ", entries(chosen, vocabulary))
        case {"set": hints} if isinstance(hints, Mapping):
            return listed(
                [
                    (f"set {spaced(str(key).removeprefix('presentation.'))} to {_hint(held)}",)
                    for key, held in hints.items()
                ]
            )
        case {"model": model}:
            return _model(mapping(model))
        case {"stop": True}:
            return ("skip the rules of lower priority",)
    return (as_written(data),)


def _pin(chosen: object, data: Mapping[str, Any], vocabulary: Vocabulary) -> Phrase:
    most = data.get("max", 1)
    what = best_entry(chosen, most if isinstance(most, int) else 1, vocabulary)
    place = data.get("position")
    where = "the first free place" if place is None else f"place {place}"
    if isinstance(most, int) and most > 1 and place is not None:
        where += " and the next ones"
    how = ", however often it was shown" if data.get("uncapped") is True else ""
    return of("pin ", what, f" to {where}{how}")


def _boost(chosen: object, by: object, vocabulary: Vocabulary) -> Phrase:
    if isinstance(by, int | float) and not isinstance(by, bool) and by < 0:
        return of("lower ", entries(chosen, vocabulary), f" by {number(-by)}")
    amount = number(by) if isinstance(by, int | float) else as_written(by)
    return of("raise ", entries(chosen, vocabulary), f" by {amount}")


def _hint(held: object) -> str:
    return quoted(held) if isinstance(held, str) else as_written(held)


def _model(data: Mapping[str, Any]) -> Phrase:
    parts = []
    if data.get("name") is not None:
        parts.append(f"rank with the model {quoted(str(data['name']))}")
    if data.get("weight") is not None:
        parts.append(f"{'' if parts else 'give the model '}weight {_hint(data['weight'])}")
    if data.get("per") is not None:
        parts.append("for each visitor" if data["per"] == "visitor" else "for each audience")
    return (", ".join(parts),)


def cap(data: object) -> str:
    """`at most 3 times to one visitor within 1 day`."""
    found = mapping(data)
    times = found.get("per_visitor", 1)
    return f"at most {times} time{'' if times == 1 else 's'} to one visitor within {duration(found.get('within'))}"
