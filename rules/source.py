"""Text to data, and back to the place in the text: YAML (in `source_yaml`) and JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from rules.errors import Problem, RuleError
from rules.report import Path, Place, pointer
from rules.source_yaml import DEEPEST, Construction, compose, failure, refuse_depth, scalar
from rules.values import LARGEST_INTEGER

LONGEST_TEXT = 32 * 1024 * 1024
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHOWN, _MOST_BITS = 40, 128


@dataclass(frozen=True, slots=True)
class Source:
    """One parsed file.

    Attributes:
        data: mappings, lists and scalars.
        name: of the file, for messages.
        problems: of the text, where these leave the rest readable; null stands for what they concern.
    """

    data: Any
    name: str | None
    _root: yaml.Node | None
    problems: Sequence[Problem] = ()

    def place(self, path: Path, at_key: bool = False) -> Place:
        """Where the value at a path stands, or its key; of the nearest part there is, if the path leads nowhere."""
        node, mark = self._root, self._root.start_mark if self._root else None
        for depth, part in enumerate(path):
            if isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if scalar(key) == part or key.value == part:
                        last = depth == len(path) - 1
                        mark = key.start_mark if at_key and last else value.start_mark
                        node = value
                        break
                else:
                    break
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                mark = node.start_mark
            else:
                break
        if mark is None:
            return Place(self.name)
        return Place(self.name, mark.line + 1, mark.column + 1)


def parse(text: str, name: str | None = None) -> Source:
    """Parse YAML or JSON text.

    Args:
        text: at most 32 MiB, nested at most 64 deep.
        name: of the file, for messages.
    Raises:
        RuleError: with the places of what does not parse: syntax, duplicate keys, tags, several documents, too many
            aliases, numbers that systems read differently.
    """
    return _sound(parse_on(text, name))


def parse_on(text: str, name: str | None = None) -> Source:
    """As `parse`, but duplicate keys, tags and numbers that are none are left to the caller in `problems`."""
    if len(text) > LONGEST_TEXT:
        raise failure(f"the document is longer than {LONGEST_TEXT // 2**20} MiB; split it", name, None)
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped[:1] in ("{", "["):
        found = _parse_json(text, name)
        if found is not None:
            return found
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise failure("the text has a lone surrogate, which is no character", name, None) from error
    refuse_depth(text, name)
    root = compose(text, name)
    if root is None:
        return Source({}, name, None)
    data, problems = Construction(name).build(root)
    return Source({} if data is None else data, name, root, problems)


def from_data(data: object, name: str | None = None) -> Source:
    """A document that came as mappings and lists, copied into plain ones; dates become ISO 8601 texts.

    Raises:
        RuleError: with every part that JSON could not carry: keys that are no text, other types, numbers that systems
            read differently, lone surrogates, more than 64 levels.
    """
    return _sound(from_data_on(data, name))


def from_data_on(data: object, name: str | None = None) -> Source:
    """As `from_data`, but what JSON could not carry is left to the caller in `problems`, more than 64 levels apart."""
    problems: list[Problem] = []
    copied = _plain(data, (), problems, Source(None, name, None))
    return Source(copied, name, None, problems)


def _sound(source: Source) -> Source:
    if source.problems:
        raise RuleError(source.problems)
    return source


def _plain(value: object, path: Path, problems: list[Problem], source: Source) -> object:
    """A plain copy; what cannot stay is noted, with its place in the source."""

    def note(message: str, word: str) -> None:
        place = source.place(path)
        problems.append(Problem(message, pointer(path), source.name, place.line, place.column, word))

    if isinstance(value, Mapping | list | tuple) and len(path) >= DEEPEST:
        raise RuleError([Problem(f"nested deeper than {DEEPEST} levels", pointer(path), source.name)])
    if isinstance(value, Mapping):
        copied: dict[str, object] = {}
        for key, item in value.items():
            fault = _fault(key) if isinstance(key, str) else f"a key is a text, not {_short(key)}"
            if fault is None:
                copied[str(key)] = _plain(item, (*path, str(key)), problems, source)
            else:
                note(fault, _short(key))
        return copied
    if isinstance(value, list | tuple):
        return [_plain(item, (*path, index), problems, source) for index, item in enumerate(value)]
    if isinstance(value, date):
        return value.isoformat()
    fault = _fault(value)
    if fault is not None:
        note(fault, _short(value))
        return None
    return str(value) if isinstance(value, str) else value


def _fault(value: object) -> str | None:
    """What is wrong with a scalar, or None."""
    if isinstance(value, str):
        if not value.isascii() and _SURROGATE.search(value):
            return "the text has a lone surrogate, which is no character"
        return None
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return None if abs(value) <= LARGEST_INTEGER else f"{_short(value)} is beyond 2**53; quote it"
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{value} is no finite number"
    return f"{_short(value)} is nothing that a document holds: texts, numbers, true, false, lists and mappings"


def _short(value: object) -> str:
    """A value for a message; of other types than JSON's the type alone, for their repr may be anything."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > _MOST_BITS:
        return "an integer"
    if value is None or isinstance(value, str | int | float):
        text = repr(value)
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return f"a {type(value).__name__}"


def _parse_json(text: str, name: str | None) -> Source | None:
    """JSON by the JSON parser; None where it is not JSON (YAML's flow style begins alike)."""
    twice: list[str] = []

    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(items)
        if len(found) < len(items):
            seen: set[str] = set()
            twice.extend(key for key, _value in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return found

    try:
        data = json.loads(text.lstrip("\ufeff"), object_pairs_hook=pairs)
    except RecursionError as error:
        raise failure(f"nested deeper than {DEEPEST} levels", name, None) from error
    except json.JSONDecodeError as error:
        if name is None or not name.endswith(".json"):
            return None  # YAML's flow style begins alike
        problem = Problem(f"not JSON: {error.msg}", "", name, error.lineno, error.colno)
        raise RuleError([problem]) from error
    except ValueError:
        return None
    sound = _is_sound(data)
    if sound is None:
        raise failure(f"nested deeper than {DEEPEST} levels", name, None)
    try:
        root = compose(text, name)
    except (RuleError, ConstructorError):  # JSON that YAML reads differently: places are then unknown
        root = None
    problems: list[Problem] = _twice(root, name, twice[0]) if twice else []
    if not sound:
        noted = {(problem.line, problem.column) for problem in problems if problem.line is not None}
        found: list[Problem] = []
        data = _plain(data, (), found, Source(data, name, root))
        problems += [problem for problem in found if (problem.line, problem.column) not in noted]
    return Source(data, name, root, problems)


def _twice(root: yaml.Node | None, name: str | None, key: str) -> list[Problem]:
    """Every key that is given twice, with its place; where the places are not known, the first."""
    problems = Construction(name).build(root)[1] if root is not None else []
    return problems or [Problem(f"{key!r} is given twice", "", name, word=key)]


def _is_sound(data: object) -> bool | None:
    """Whether every scalar of parsed JSON may stay; None where it is nested too deep. No paths, for they cost time."""
    sound, stack = True, [(data, 1)]
    while stack:
        value, depth = stack.pop()
        if isinstance(value, dict):
            sound = sound and not any(_fault(key) for key in value)
            inner: Iterable[object] = value.values()
        elif isinstance(value, list):
            inner = value
        else:
            sound = sound and _fault(value) is None
            continue
        if depth > DEEPEST:
            return None
        stack.extend((item, depth + 1) for item in inner)
    return sound
