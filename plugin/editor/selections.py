"""Selectors in words: which entries a slot takes, and which ones an effect is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugin.editor import moments
from plugin.editor.comparisons import bare_test, predicate
from plugin.editor.phrases import Phrase, as_written, listed, many, mapping, of
from plugin.editor.subjects import noun, quoted, spaced
from plugin.editor.vocabulary import Vocabulary


def entries(data: object, vocabulary: Vocabulary) -> Phrase:
    """`entries of type hero, tagged vip`; `every entry`; `the entry “Winter box” (hero-winter)`."""
    ids = _ids(data)
    if ids is not None:
        return _named(ids, vocabulary)
    described = _described(data, vocabulary)
    return of("entries ", described) if described else ("every entry",)


def best_entry(data: object, most: int, vocabulary: Vocabulary) -> Phrase:
    """What a pin takes: `the best-ranked entry tagged vip`, `the 3 best-ranked entries …`, or a certain entry."""
    ids = _ids(data)
    if ids is not None and len(ids) <= most:
        return _named(ids, vocabulary)
    count = "the best-ranked entry" if most == 1 else f"the {most} best-ranked entries"
    if ids is not None:
        return of(count, " of ", listed([(vocabulary.entry(one),) for one in ids]))
    described = _described(data, vocabulary)
    return of(count, " ", described) if described else (count,)


def _named(ids: list[str], vocabulary: Vocabulary) -> Phrase:
    names = listed([(vocabulary.entry(one),) for one in ids])
    return of("the entry " if len(ids) == 1 else "the entries ", names)


def _ids(data: object) -> list[str] | None:
    """The entries that a selector names by id and by nothing else."""
    if not isinstance(data, Mapping) or len(data) != 1:
        return None
    ((key, held),) = data.items()
    if key not in ("id", "content.id"):
        return None
    if isinstance(held, Mapping):
        held = held.get("in", held.get("eq"))
    named = many(held)
    return [str(one) for one in named] if named and all(isinstance(one, str) for one in named) else None


def _described(data: object, vocabulary: Vocabulary) -> Phrase:
    """What follows the word `entries`; empty where all are meant."""
    if not isinstance(data, Mapping):
        return (as_written(data),)
    parts: list[Phrase] = []
    for key, held in data.items():
        if key == "all" and isinstance(held, list | tuple):
            parts.extend(part for item in held if (part := _described(item, vocabulary)))
        elif key == "any" and isinstance(held, list | tuple):
            choices = [_described(item, vocabulary) or ("of any kind",) for item in held]
            parts.append(of("(", listed(choices, "or"), ")") if len(choices) > 1 else of(*choices))
        elif key == "not":
            parts.append(of("not ", _described(held, vocabulary)))
        else:
            parts.extend(_field(key, held, vocabulary))
    return listed(parts, "and")


def _field(key: str, held: object, vocabulary: Vocabulary) -> list[Phrase]:
    name = "content.id" if key == "id" else key
    if isinstance(held, Mapping) and set(held) != {"ref"}:
        any_case = held.get("any_case") is True
        return [_tested(name, op, one, vocabulary, any_case) for op, one in held.items() if op != "any_case"]
    return [_tested(name, bare_test(name, held, vocabulary), held, vocabulary, False)]


def _tested(name: str, op: str, operand: object, vocabulary: Vocabulary, any_case: bool) -> Phrase:
    field = spaced(name.removeprefix("content."))
    reference = mapping(operand).get("ref")
    match name, op:
        case ("content.id", "eq" | "in") if reference is None:
            return of("with the id ", listed([(vocabulary.entry(one),) for one in many(operand)], "or"))
        case ("content.type", "eq" | "in") if reference is None:
            return (f"of type {_either(operand)}",)
        case ("content.locale", "eq" | "in") if reference is None:
            return (f"in the language {_either(operand)}",)
        case ("content.tags", "contains" | "contains_any") if reference is None:
            return _tags(many(operand), vocabulary)
        case ("content.tags", "contains_all") if reference is None:
            return (f"tagged {' and '.join(quoted(str(one)) for one in many(operand))}",)
        case "content.published_at", "after" | "before":
            return (_published(op, operand),)
        case _, "exists":
            return (f"that have {field}" if operand else f"without {field}",)
    if op in ("eq", "in") and not any_case:
        with_value = noun(str(reference), vocabulary) if reference is not None else _either(operand)
        return (f"with {field} {'equal to ' if reference is not None else ''}{with_value}",)
    said = predicate(name, op, operand, vocabulary, any_case=any_case)
    if field.endswith("s"):
        said = said.replace("is ", "are ", 1) if said.startswith("is ") else said
    return (f"whose {field} {said}",)


def _tags(tags: list[Any], vocabulary: Vocabulary) -> Phrase:
    shown: list[Phrase] = []
    for tag in tags:
        text = str(tag)
        segment = text.removeprefix("audience:")
        shown.append(of("audience:", vocabulary.named("segments", segment)) if segment != text else (quoted(text),))
    return of("tagged ", listed(shown, "or"))


def _published(op: str, operand: object) -> str:
    span = mapping(operand).get("ago")
    if span is not None:
        return f"published {'less' if op == 'after' else 'more'} than {moments.duration(span)} ago"
    return f"published {op} {moments.instant(operand)}"


def _either(operand: object) -> str:
    words = [quoted(one) if isinstance(one, str) else as_written(one) for one in many(operand)]
    return " or ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} or {words[-1]}"
