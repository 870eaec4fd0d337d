"""The file of registered documents: a JSON object of texts by their SHA-256, as build tools of clients write it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)

from plugin.errors import SettingsError, TesseraError
from plugin.graphql.limits import MOST_TOKENS, judge_document, judge_text
from plugin.graphql.names import OWN_TYPES
from plugin.graphql.persisted import hash_of
from plugin.graphql.shapes import BLOCK_FIELDS, Shapes, key_of_none, own_shape

MOST_BYTES = 16 * 1024 * 1024
_OF_CONTENT = re.compile(r"[0-9A-Za-z_]*Block(_[0-9a-f]{8})*")
"""Names of types of content; of several that would have one name, all but one end in a digest."""


def read_registered(path: Path) -> dict[str, str]:
    """Read it. Raises: SettingsError with everything that is wrong.

    Whether a document holds in the schema is found out when it is asked for.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SettingsError([f"graphql_documents: {path.name} has more than {MOST_BYTES} bytes"])
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError([f"graphql_documents: {path.name} cannot be read as JSON: {error}"]) from error
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise SettingsError([f"graphql_documents: {path.name} is no JSON object of texts by their SHA-256"])
    problems = [problem for name, text in found.items() if (problem := _problem(name, text))]
    if problems:
        raise SettingsError([f"graphql_documents: {problem}" for problem in problems])
    return found


def shapes_named(documents: Iterable[str]) -> Shapes:
    """The types of content that documents have fragments for, with the fields that they ask of them.

    These are there whatever entries hold: content may bring them later, and take them away.
    """
    found: dict[str, set[str]] = {}
    for text in sorted(documents):
        for one in parse(text, max_tokens=2 * MOST_TOKENS, allow_empty_selection_sets=False).definitions:
            if isinstance(one, FragmentDefinitionNode):
                _name_fields(one.selection_set, one.type_condition.name.value, found)
            elif isinstance(one, OperationDefinitionNode):
                _name_fields(one.selection_set, "", found)
    return tuple((key_of_none(name), own_shape(name, found[name])) for name in sorted(found))


def _name_fields(selected: SelectionSetNode, kind: str, found: dict[str, set[str]]) -> None:
    """Note the fields that are asked of each type of content; ``kind`` is the type that this is a selection of."""
    is_own = _OF_CONTENT.fullmatch(kind) and not kind.startswith("__") and kind not in OWN_TYPES
    names = found.setdefault(kind, set()) if is_own else set()
    for one in selected.selections:
        if isinstance(one, FieldNode):
            name = one.name.value
            if name not in BLOCK_FIELDS and not name.startswith("__"):
                names.add(name)
            if one.selection_set is not None:
                _name_fields(one.selection_set, "", found)
        elif isinstance(one, InlineFragmentNode):
            inner = one.type_condition.name.value if one.type_condition is not None else kind
            _name_fields(one.selection_set, inner, found)


def _problem(name: str, text: str) -> str | None:
    if name != hash_of(text):
        return f"{name[:80]!r} is not the SHA-256 of its document"
    try:
        judge_text(text)
        judge_document(parse(text, max_tokens=2 * MOST_TOKENS, allow_empty_selection_sets=False))
    except (GraphQLError, TesseraError) as error:
        return f"{name}: {error}"
    return None
