"""YAML by the 1.2 core schema: nodes with their places, and the data that they are."""

from __future__ import annotations

import math
import re
from typing import Protocol

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]

from rules.errors import Problem, RuleError
from rules.values import LARGEST_INTEGER

DEEPEST = 64
MOST_ALIASED = 10_000
"""How many nodes aliases may add in all: enough for shared conditions, too few for a bomb."""
_PLAIN, _QUOTED, _SEQUENCE, _MAPPING = "plain", "quoted", "sequence", "mapping"
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
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


def failure(message: str, name: str | None, mark: _Mark | None, word: str | None = None) -> RuleError:
    """One problem, at its place."""
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    return RuleError([Problem(message, "", name, line, column, word)])


def compose(text: str, name: str | None) -> yaml.Node | None:
    """The nodes of a text; None where it is empty. Raises RuleError: it is not one document of YAML."""
    parser = _Composer(text)
    try:
        root: yaml.Node | None = parser.get_single_node()
    except yaml.MarkedYAMLError as error:
        if "single document" in str(error.context):
            raise failure("a file holds one document; remove the '---'", name, error.problem_mark) from error
        raise failure(f"not YAML: {error.problem}", name, error.problem_mark) from error
    except yaml.reader.ReaderError as error:
        read = text.encode()[: error.position] if isinstance(error.position, int) else b""  # libyaml counts bytes
        shown = read.decode("utf-8", "ignore")
        line, column = shown.count("\n") + 1, len(shown) - (shown.rfind("\n") + 1) + 1
        problem = Problem("not YAML: a character that YAML does not allow", "", name, line, column)
        raise RuleError([problem]) from error
    finally:
        parser.dispose()
    return root


def refuse_depth(text: str, name: str | None) -> None:
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
                    raise failure(f"nested deeper than {DEEPEST} levels", name, event.start_mark)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:  # so far it is not too deep, and composing says what is wrong
        return
    finally:
        parser.dispose()


def scalar(node: yaml.Node) -> object:
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


class Construction:
    """Data from nodes, with every problem of the text noted."""

    def __init__(self, name: str | None) -> None:
        self._name = name
        self._problems: list[Problem] = []
        self._built: dict[int, tuple[object, int]] = {}
        self._open: set[int] = set()
        self._aliased = 0

    def build(self, root: yaml.Node) -> tuple[object, list[Problem]]:
        """The data, and what is wrong with it. Raises RuleError: aliases that contain themselves or expand too far."""
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
                return scalar(node), 1
            except ValueError as error:
                self._note(str(error), node, node.value)
                return None, 1
        key = id(node)
        if key in self._built:
            data, size = self._built[key]
            self._aliased += size
            if self._aliased > MOST_ALIASED:
                raise failure("aliases expand to too much", self._name, node.start_mark)
            return data, size
        if key in self._open:
            raise failure("an alias contains itself", self._name, node.start_mark)
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
