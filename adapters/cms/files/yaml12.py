"""YAML 1.2, core schema, for content: no surprises, no references, a place for every complaint.

PyYAML resolves by YAML 1.1 (`NO` is false, `1:30` is 90, dates are objects), so only its parser is used and
the values are built here from its events.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from adapters.cms.port import Json

MAX_DEPTH = 32
MAX_EXACT_INTEGER = 2**53
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class YamlProblem(Exception):  # noqa: N818 - one complaint about a text, not a fault of ours
    """Attributes: `line` counts from 1 in the text given; `reason` is one sentence."""

    def __init__(self, line: int, reason: str) -> None:
        self.line = line
        self.reason = reason
        super().__init__(f"line {line}: {reason}")


@dataclass(frozen=True, slots=True)
class Mapping12:
    """A document's top mapping, and the line (from 1) of each of its keys."""

    values: dict[str, Json]
    lines: dict[str, int]


def parse_mapping(text: str) -> Mapping12:
    """The one document in `text`, which must be a mapping; an empty text is an empty one.

    Raises:
        YamlProblem: for the first thing that is wrong.
    """
    events = _events(text)
    for event in events:
        if isinstance(event, (yaml.StreamStartEvent, yaml.StreamEndEvent)):
            continue
        if isinstance(event, yaml.DocumentStartEvent):
            break
    else:
        return Mapping12({}, {})
    first = next(events)
    document = Mapping12({}, {})
    if isinstance(first, yaml.MappingStartEvent):
        document = _mapping(events, first, 1)
    elif not (isinstance(first, yaml.ScalarEvent) and first.implicit[0] and first.value in _NULLS):
        raise YamlProblem(_line(first), "want a mapping (key: value) here")
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            raise YamlProblem(_line(event), "a second document in one file")
    return document


def _events(text: str) -> Iterator[yaml.Event]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        raise YamlProblem(mark.line + 1 if mark else 1, fault.problem or "is not YAML") from fault
    except yaml.reader.ReaderError as fault:
        line = text.count("\n", 0, fault.position) + 1
        raise YamlProblem(line, f"a character that YAML does not allow: #x{ord_of(fault):04x}") from fault


def ord_of(fault: yaml.reader.ReaderError) -> int:
    """The code point that a reader error is about; PyYAML gives it as a number or as text."""
    character = fault.character
    return character if isinstance(character, int) else ord(character[:1])


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _value(events: Iterator[yaml.Event], event: yaml.Event, depth: int) -> Json:
    if isinstance(event, yaml.AliasEvent):
        raise YamlProblem(_line(event), f"aliases (*{event.anchor}) are not taken")
    if depth > MAX_DEPTH:
        raise YamlProblem(_line(event), f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(event, yaml.ScalarEvent):
        _plain_node(event)
        return _scalar(event)
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(events, event, depth).values
    _plain_node(event)
    items: list[Json] = []
    for item in events:
        if isinstance(item, yaml.SequenceEndEvent):
            break
        items.append(_value(events, item, depth + 1))
    return items


def _mapping(events: Iterator[yaml.Event], start: yaml.Event, depth: int) -> Mapping12:
    _plain_node(start)
    values: dict[str, Json] = {}
    lines: dict[str, int] = {}
    for key in events:
        if isinstance(key, yaml.MappingEndEvent):
            break
        if not isinstance(key, yaml.ScalarEvent):
            raise YamlProblem(_line(key), "a key must be plain text")
        _plain_node(key)
        name = _text(key)
        if name in values:
            raise YamlProblem(_line(key), f"duplicate key {name!r}, first on line {lines[name]}")
        lines[name] = _line(key)
        values[name] = _value(events, next(events), depth + 1)
    return Mapping12(values, lines)


def _plain_node(event: yaml.Event) -> None:
    anchor = getattr(event, "anchor", None)
    if anchor is not None:
        raise YamlProblem(_line(event), f"anchors (&{anchor}) are not taken")
    tag = getattr(event, "tag", None)
    if tag is not None:
        raise YamlProblem(_line(event), f"tags ({tag}) are not taken")


def _text(event: yaml.ScalarEvent) -> str:
    value = str(event.value)
    if _UNSTORABLE.search(value):
        raise YamlProblem(_line(event), "a NUL or half a surrogate pair in a text")
    return value


def _scalar(event: yaml.ScalarEvent) -> Json:
    text = _text(event)
    plain = event.implicit[0]
    if not plain:
        return text
    if text in _NULLS:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _INTEGER.fullmatch(text):
        return _integer(text, _line(event))
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isfinite(number):
            return number
        raise YamlProblem(_line(event), "a number beyond the range of doubles")
    if _NOT_FINITE.fullmatch(text):
        raise YamlProblem(_line(event), "numbers must be finite")
    return text


def _integer(text: str, line: int) -> int:
    if len(text) <= 24:  # longer ones are out of range whatever their digits, unless padded
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        number = int(text, base)
        if abs(number) <= MAX_EXACT_INTEGER:
            return number
    raise YamlProblem(line, "an integer beyond 2^53; quote it to keep it as text")
