"""Items as YAML that people like to read.

What is written here is read back as exactly the same value: texts stand plain only where the 1.2 core schema, by which
documents are read, takes them for texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import yaml

ORDER = (
    *("version", "id", "name", "description", "enabled", "slot", "priority", "type", "unit", "values", "purpose"),
    *("limit", "select", "default", "blend", "deadline_ms", "diversify"),
    *("when", "pattern", "members", "computed", "lasts"),
    *("from", "until", "on", "timezone", "locales", "holdout", "traffic", "at", "given", "segments", "arms"),
    *("weight", "then", "goal", "cap", "strict", "public", "content", "expect", "tests"),
)
"""Fields in the order in which people think of them; others follow as they come."""
_ONE_LINE = 76
_WIDTH = 96
_TEXT, _MAP, _LIST = "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+")
_WORDS = {"", "~", "null", "true", "false"}
_UNSEEN = re.compile("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\xa0\\u2028\\u2029\\ufeff]")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE)


class _Plain(yaml.SafeDumper):
    """Writes nodes as they were made; which scalars may be plain was decided with them."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own name

    def ignore_aliases(self, _data: object) -> bool:
        return True


def written(item: Mapping[str, object]) -> str:
    """The text of an item: its fields line by line, what is short in one line."""
    node = _mapping(item, top=True)
    text: str = yaml.serialize(node, Dumper=_Plain, width=_WIDTH, allow_unicode=True, explicit_end=False)
    return text


def _node(value: object) -> yaml.Node:
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return yaml.SequenceNode(_LIST, [_node(one) for one in value], flow_style=_is_short(value))
    if isinstance(value, str):
        return yaml.ScalarNode(_TEXT, value, style=_style(value))
    # Tagged as text, so that PyYAML writes it plain and adds no tag: it reads back as the number or the word it is.
    return yaml.ScalarNode(_TEXT, json.dumps(value))


def _mapping(value: Mapping[str, object], *, top: bool = False) -> yaml.MappingNode:
    keys = sorted(value, key=lambda key: ORDER.index(key) if key in ORDER else len(ORDER))
    pairs = [(_key(key), _node(value[key])) for key in keys]
    return yaml.MappingNode(_MAP, pairs, flow_style=not top and _is_short(value))


def _key(text: str) -> yaml.Node:
    """Keys are always texts to the reader, so only what cannot be seen or stand in a line is quoted."""
    return yaml.ScalarNode(_TEXT, text, style='"' if "\n" in text or _UNSEEN.search(text) else None)


def _is_short(value: object) -> bool:
    return not value or len(json.dumps(value, ensure_ascii=False, default=dict)) <= _ONE_LINE


def _style(text: str) -> str | None:
    """How a text stands: quoted where it must be, line by line where it has several, else as it is."""
    if _reads_as_other(text) or _UNSEEN.search(text):
        return '"'
    return "|" if "\n" in text else None


def _reads_as_other(text: str) -> bool:
    """Whether a plain scalar of this text would be read as something else than a text."""
    return text.lower() in _WORDS or bool(_NUMBER.fullmatch(text)) or bool(_SPECIAL.fullmatch(text))
