"""What a document may ask for: judged before it is parsed, and again before it is validated.

A document is text of a stranger. Its text is scanned once, so that neither the parser nor validation, whose cost grows
with the square of what it finds, ever sees one that is large or deep.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from plugin.errors import FieldError, MalformedRequest, PayloadTooLarge, ValidationFailed
from plugin.web.body import escaped

MOST_BYTES = 16 * 1024
MOST_TOKENS = 2_000
MOST_ALIASES = 30
DEEPEST_BRACKETS = 24
DEEPEST = 16
MOST_FIELDS = 400
MOST_FRAGMENTS = 50
MOST_ROOTS = 10
MOST_BLOCKS = 5_000
"""Of all slots of a request together: the cost of an answer."""
MOST_TOLD = 100_000
"""Blocks, times the fields of the operation: what may be asked of each."""
MOST_VALUES = 20_000
LONGEST_LIST = 1_000
_TOKEN = re.compile(
    r'#[^\n\r]*+|"""(?:[^"\\]|\\"""|\\|"(?!""))*+"""|"(?:[^"\\\n\r]|\\.)*+"|\.\.\.'
    r"|[A-Za-z_][0-9A-Za-z_]*+|-?[0-9][0-9A-Za-z.+-]*+|[^\s,\ufeff]"
)
_OPEN, _CLOSE = frozenset("{[("), frozenset("}])")


def judge_text(text: str) -> None:
    """Refuse a document by its text alone. Raises: PayloadTooLarge, MalformedRequest."""
    if len(text) > MOST_BYTES or len(text.encode(errors="surrogatepass")) > MOST_BYTES:
        raise PayloadTooLarge(MOST_BYTES, FieldError("/query", f"The document may have {MOST_BYTES:,} bytes."))
    tokens = depth = parentheses = aliases = 0
    for found in _TOKEN.finditer(text):
        piece = found[0]
        if piece[0] == "#":
            continue
        tokens += 1
        if piece in _OPEN:
            depth += 1
            parentheses += piece == "("
            if depth > DEEPEST_BRACKETS:
                raise MalformedRequest(f"The document is nested more than {DEEPEST_BRACKETS} deep.")
        elif piece in _CLOSE:
            depth -= 1
            parentheses -= piece == ")"
        elif piece == ":" and parentheses <= 0:
            aliases += 1
    if tokens > MOST_TOKENS:
        raise MalformedRequest(f"The document has more than {MOST_TOKENS} tokens.")
    if aliases > MOST_ALIASES:
        raise MalformedRequest(f"The document has more than {MOST_ALIASES} aliases.")


class Weight(NamedTuple):
    """What a selection comes to with its fragments written out."""

    fields: int
    depth: int


def judge_document(document: DocumentNode) -> Sequence[int]:
    """Refuse a parsed document, fragments written out; the fields of each operation. Raises: MalformedRequest."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if not operations:
        raise MalformedRequest("The document has no operation.")
    if len(operations) + len(fragments) < len(document.definitions):
        raise MalformedRequest("A document has operations and fragments, and nothing else.")
    if len(fragments) > MOST_FRAGMENTS:
        raise MalformedRequest(f"The document has more than {MOST_FRAGMENTS} fragments.")
    known: dict[str, Weight] = {}
    for name in fragments:  # those that nobody spreads, too, may spread themselves
        _of_fragment(name, fragments, known, ())
    weights = [_weight(one.selection_set, fragments, known, ()) for one in operations]
    fields = [one.fields for one in weights]
    if sum(fields) > MOST_FIELDS:
        raise MalformedRequest(f"The document asks for more than {MOST_FIELDS} fields.")
    if max(one.depth for one in weights) > DEEPEST:
        raise MalformedRequest(f"The document asks for fields more than {DEEPEST} deep.")
    return fields


def judge_values(variables: object) -> None:
    """Refuse variables that are large before each is coerced. Raises: ValidationFailed."""
    left: list[tuple[_Place | None, object]] = [(None, variables)]
    count = 0
    while left:
        place, value = left.pop()
        count += 1
        if isinstance(value, Mapping):
            left.extend((_Place(place, name), part) for name, part in value.items())
        elif isinstance(value, list):
            if len(value) > LONGEST_LIST:
                raise ValidationFailed([FieldError(_pointer(place), f"a list of more than {LONGEST_LIST}")])
            left.extend((_Place(place, index), part) for index, part in enumerate(value))
        if count + len(left) > MOST_VALUES:
            raise ValidationFailed([FieldError(_pointer(None), f"more than {MOST_VALUES} values")])


class _Place(NamedTuple):
    """Where a value stands: written out only where that is told, for the names may be long."""

    within: _Place | None
    name: str | int


def _pointer(place: _Place | None) -> str:
    return "/variables" if place is None else f"{_pointer(place.within)}/{escaped(str(place.name))}"


def _weight(
    selected: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    known: dict[str, Weight],
    within: tuple[str, ...],
) -> Weight:
    parts = []
    for one in selected.selections:
        if isinstance(one, FieldNode):
            inner = Weight(0, 0)
            if one.selection_set is not None:
                inner = _weight(one.selection_set, fragments, known, within)
            parts.append(Weight(inner.fields + 1, inner.depth + 1))
        elif isinstance(one, FragmentSpreadNode):
            parts.append(_of_fragment(one.name.value, fragments, known, within))
        else:
            parts.append(_weight(one.selection_set, fragments, known, within))  # type: ignore[attr-defined]
    return _together(parts)


def _of_fragment(
    name: str, fragments: Mapping[str, FragmentDefinitionNode], known: dict[str, Weight], within: tuple[str, ...]
) -> Weight:
    """The weight of a fragment, worked out once however often it is spread."""
    if name in within:
        raise MalformedRequest(f"The fragment {name!r} spreads itself.")
    found = known.get(name)
    if found is None:
        node = fragments.get(name)
        if node is None:  # validation says so; it counts, for what spreads it twice may be spread twice
            return Weight(1, 0)
        found = known[name] = _weight(node.selection_set, fragments, known, (*within, name))
    return found


def _together(parts: Iterable[Weight]) -> Weight:
    """Of several beside each other."""
    fields = depth = 0
    for one in parts:
        fields += one.fields
        depth = max(depth, one.depth)
    return Weight(fields, depth)
