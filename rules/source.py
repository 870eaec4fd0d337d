"""Text to data, and back to the place in the text: YAML by the 1.2 core schema, and JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import yaml
from yaml.constructor import ConstructorError
from yaml.cyaml import CParser  # type: ignore[attr-defined]

from rules.errors import Problem, RuleError
from rules.report import Path, Place, pointer
from rules.values import LARGEST_INTEGER

LONGEST_TEXT = 32 * 1024 * 1024
DEEPEST = 64
MOST_ALIASED = 10_000
"""How many nodes aliases may add in all: enough for shared conditions, too few for a bomb."""

_PLAIN, _QUOTED, _SEQUENCE, _MAPPING = "plain", "quoted", "sequence", "mapping"
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHOWN, _MOST_BITS = 40, 128
_STARTS = frozenset("-+.0123456789~nNtTfF")


class _Mark(Protocol):
    """Where something stands, from 0; libyaml's and PyYAML's own marks alike."""

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


class _Composer(CParser):
    """libyaml's parser without PyYAML's schema: plain and quoted scalars stay apart, explicit tags visible."""

    def resolve(self, kind: type, _value: object, implicit: object) -> str:
        if kind is yaml.ScalarNode:
            return _PLAIN if isinstance(implicit, tuple) and implicit[0] else _QUOTED
        return _SEQUENCE if kind is yaml.SequenceNode else _MAPPING

    def descend_resolver(self, _parent: object, _index: object) -> None:
        """PyYAML calls it; there is nothing to resolve by path."""

    def ascend_resolver(self) -> None:
        """Likewise."""


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
                    if _scalar(key) == part or key.value == part:
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
        raise _failure(f"the document is longer than {LONGEST_TEXT // 2**20} MiB; split it", name, None)
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped[:1] in ("{", "["):
        found = _parse_json(text, name)
        if found is not None:
            return found
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _failure("the text has a lone surrogate, which is no character", name, None) from error
    _refuse_depth(text, name)
    root = _compose(text, name)
    if root is None:
        return Source({}, name, None)
    data, problems = _Construction(name).build(root)
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


def _failure(message: str, name: str | None, mark: _Mark | None, word: str | None = None) -> RuleError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    return RuleError([Problem(message, "", name, line, column, word)])


def _compose(text: str, name: str | None) -> yaml.Node | None:
    parser = _Composer(text)
    try:
        root: yaml.Node | None = parser.get_single_node()
    except yaml.MarkedYAMLError as error:
        if "single document" in str(error.context):
            raise _failure("a file holds one document; remove the '---'", name, error.problem_mark) from error
        raise _failure(f"not YAML: {error.problem}", name, error.problem_mark) from error
    except yaml.reader.ReaderError as error:
        read = text.encode()[: error.position] if isinstance(error.position, int) else b""  # libyaml counts bytes
        shown = read.decode("utf-8", "ignore")
        line, column = shown.count("\n") + 1, len(shown) - (shown.rfind("\n") + 1) + 1
        problem = Problem("not YAML: a character that YAML does not allow", "", name, line, column)
        raise RuleError([problem]) from error
    finally:
        parser.dispose()
    return root


def _refuse_depth(text: str, name: str | None) -> None:
    """libyaml's composer recurses in C: how deep it would go is counted first, by events, which do not.

    Brackets in quotes and comments count as well, so that only a text that cannot be too deep is spared the count.
    """
    widest = max((len(found[0]) for found in re.finditer(r"(?m)^[ \t?:-]+", text)), default=0)
    if text.count("[") + text.count("{") + widest <= DEEPEST:
        return
    depth = 0
    parser = _Composer(text)
    try:
        while event := parser.get_event():
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > DEEPEST:
                    raise _failure(f"nested deeper than {DEEPEST} levels", name, event.start_mark)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:  # so far it is not too deep, and composing says what is wrong
        return
    finally:
        parser.dispose()


def _scalar(node: yaml.Node) -> object:
    """The value of a scalar node by the YAML 1.2 core schema. Raises ValueError for a number that is none."""
    text: str = node.value
    if node.tag != _PLAIN or (text[:1] not in _STARTS and text):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text in _WORDS_BOOL:
        return _WORDS_BOOL[text]
    if _INTEGER.fullmatch(text):
        if len(text) > 40:
            raise ValueError(f"{text[:20]}… is beyond 2**53, where systems stop to agree on integers; quote it")
        value = int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if abs(value) > LARGEST_INTEGER:
            raise ValueError(f"{text} is beyond 2**53, where systems stop to agree on integers; quote it")
        return value
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise ValueError(f"{text} is too large for a number")
        return number
    if _INFINITE.fullmatch(text):
        raise ValueError(f"{text} is no finite number; quote it if text is meant")
    return text


class _Construction:
    """Data from nodes, with every problem of the text noted."""

    def __init__(self, name: str | None) -> None:
        self._name = name
        self._problems: list[Problem] = []
        self._built: dict[int, tuple[object, int]] = {}
        self._open: set[int] = set()
        self._aliased = 0

    def build(self, root: yaml.Node) -> tuple[object, list[Problem]]:
        data, _size = self._value(root)
        return data, self._problems

    def _note(self, message: str, node: yaml.Node, word: str | None = None) -> None:
        mark = node.start_mark
        self._problems.append(Problem(message, "", self._name, mark.line + 1, mark.column + 1, word))

    def _value(self, node: yaml.Node) -> tuple[object, int]:
        """The data of a node and how many nodes it holds."""
        if isinstance(node, yaml.ScalarNode):
            if node.tag not in (_PLAIN, _QUOTED):
                self._note(f"tags such as {_shown(node.tag)} are not read", node, node.tag)
            try:
                return _scalar(node), 1
            except ValueError as error:
                self._note(str(error), node, node.value)
                return None, 1
        key = id(node)
        if key in self._built:
            data, size = self._built[key]
            self._aliased += size
            if self._aliased > MOST_ALIASED:
                raise _failure("aliases expand to too much", self._name, node.start_mark)
            return data, size
        if key in self._open:
            raise _failure("an alias contains itself", self._name, node.start_mark)
        if node.tag not in (_SEQUENCE, _MAPPING):
            self._note(f"tags such as {_shown(node.tag)} are not read", node, node.tag)
        self._open.add(key)
        data, size = self._list(node) if isinstance(node, yaml.SequenceNode) else self._mapping(node)
        self._open.discard(key)
        self._built[key] = (data, size)
        return data, size

    def _list(self, node: yaml.Node) -> tuple[object, int]:
        items, size = [], 1
        for child in node.value:
            value, more = self._value(child)
            items.append(value)
            size += more
        return items, size

    def _mapping(self, node: yaml.Node) -> tuple[object, int]:
        mapping: dict[str, object] = {}
        size = 1
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._note("a key is a string", key_node)
                continue
            if key_node.tag not in (_PLAIN, _QUOTED):
                self._note(f"tags such as {_shown(key_node.tag)} are not read", key_node, key_node.tag)
            # A key is what was written: `on:` and `404:` are names here, never booleans or numbers.
            key: str = key_node.value
            if key in mapping:
                self._note(f"{key!r} is given twice", key_node, key)
            value, more = self._value(value_node)
            mapping[key] = value
            size += more + 1
        return mapping, size


def _shown(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


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
        raise _failure(f"nested deeper than {DEEPEST} levels", name, None) from error
    except json.JSONDecodeError as error:
        if name is None or not name.endswith(".json"):
            return None  # YAML's flow style begins alike
        problem = Problem(f"not JSON: {error.msg}", "", name, error.lineno, error.colno)
        raise RuleError([problem]) from error
    except ValueError:
        return None
    sound = _is_sound(data)
    if sound is None:
        raise _failure(f"nested deeper than {DEEPEST} levels", name, None)
    try:
        root = _compose(text, name)
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
    problems = _Construction(name).build(root)[1] if root is not None else []
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
