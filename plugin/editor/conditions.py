"""A condition about a visitor as a part of a sentence, from the document's JSON: whatever stands there, it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from plugin.editor.comparisons import all_tests, bare_test, one_test
from plugin.editor.phrases import Phrase, as_written, listed, many, of
from plugin.editor.vocabulary import Vocabulary

ALWAYS: Phrase = ("always",)
NEVER: Phrase = ("never",)
_DEEPEST = 40


class _Part(NamedTuple):
    phrase: Phrase
    joined: str | None  # "and", "or": what holds it together, so that parentheses come where they are needed


def condition(data: object, vocabulary: Vocabulary) -> Phrase:
    """`the visitor is in Big spenders and it is between 18:00 and 22:59`; `always` where nothing is asked."""
    return _part(data, vocabulary, 0).phrase


def _part(data: object, vocabulary: Vocabulary, depth: int) -> _Part:
    if not isinstance(data, Mapping) or depth > _DEEPEST:
        return _Part((as_written(data),), None)
    return _joined(list(_members(data, vocabulary, depth)), "and")


def _members(data: Mapping[str, Any], vocabulary: Vocabulary, depth: int) -> Iterator[_Part]:
    for key, held in data.items():
        if key in ("all", "any") and isinstance(held, list | tuple):
            parts = [_part(item, vocabulary, depth + 1) for item in held]
            yield _joined(parts, "and" if key == "all" else "or")
        elif key == "not":
            yield _Part(_negated(held, vocabulary, depth), None)
        elif key == "segment":
            yield _Part(_segment(held, vocabulary, "is in"), None)
        else:
            yield from (_Part((text,), None) for text in leaf(key, held, vocabulary))


def _joined(parts: list[_Part], word: str) -> _Part:
    if not parts:
        return _Part(ALWAYS if word == "and" else NEVER, None)
    if len(parts) == 1:
        return parts[0]
    inner = [of("(", part.phrase, ")") if part.joined not in (None, word) else part.phrase for part in parts]
    found = inner[0]
    for phrase in inner[1:]:
        found = of(found, f" {word} ", phrase)
    return _Part(found, word)


def leaf(name: str, held: object, vocabulary: Vocabulary) -> Iterator[str]:
    """Each test of one attribute."""
    if isinstance(held, Mapping) and set(held) != {"ref"}:
        yield from all_tests(name, held, vocabulary)
    else:
        yield one_test(name, bare_test(name, held, vocabulary), held, vocabulary)


def _segment(held: object, vocabulary: Vocabulary, verb: str) -> Phrase:
    names = [(vocabulary.named("segments", name),) for name in many(held)]
    return of(f"the visitor {verb} ", listed(names, "or"))


def _negated(held: object, vocabulary: Vocabulary, depth: int) -> Phrase:
    """`not` of one thing reads as the opposite; of several it encloses them."""
    if isinstance(held, Mapping) and len(held) == 1:
        ((key, value),) = held.items()
        if key == "segment":
            return _segment(value, vocabulary, "is not in")
        simple = not isinstance(value, Mapping) or set(value) == {"ref"}
        if simple and key not in ("all", "any", "not") and isinstance(value, bool | str | int | float):
            op = bare_test(key, value, vocabulary)
            if op == "eq":
                return (one_test(key, "ne", value, vocabulary),)
        if simple and isinstance(value, list | tuple) and key not in ("all", "any"):
            op = bare_test(key, value, vocabulary)
            if op == "in":
                return (one_test(key, "not_in", value, vocabulary),)
    inner = _part(held, vocabulary, depth + 1).phrase
    return of("it is not so that (", inner, ")")
