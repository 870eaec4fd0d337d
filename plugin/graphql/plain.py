"""Plain selections compiled to what writes their answers, once for each document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphql import (
    BooleanValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)

from plugin.graphql.plain_arguments import arguments_of, conditions_of, flags_of
from plugin.graphql.projection import OTHER, OWN, TEXT, Blocks, Part, Projection, Slots
from plugin.graphql.shapes import PLAIN, TEXTS, Shape

MOST_FLAGS = 4
MOST_MADE = 8
"""Of the ways in which the flags of one operation may turn out; others begin anew."""
MOST_PARTS = 500
"""Of a projection, those of its blocks' types together: what asks for more is executed, and nothing kept for it."""
Collected = dict[str, tuple[FieldNode, list[SelectionSetNode]]]


class Plain:
    """The projections of one operation: one for each way in which its `@skip` and `@include` may turn out."""

    def __init__(
        self,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        shapes: Mapping[str, Shape],
        schema: GraphQLSchema,
        flags: Mapping[str, bool | None],
    ) -> None:
        """Take a validated operation; ``flags`` are the variables that directives read, with their defaults."""
        self._operation = operation
        self._fragments = fragments
        self._shapes = shapes
        self._schema = schema
        self._flags = flags
        self._made: dict[tuple[bool, ...], Projection | None] = {}

    def projection(self, variables: Mapping[str, Any]) -> Projection | None:
        """That of a request; None where it is to be executed."""
        said = []
        for name, default in self._flags.items():
            value = variables.get(name, default)
            if type(value) is not bool:
                return None
            said.append(value)
        key = tuple(said)
        if key in (made := self._made):
            return made[key]
        found = self._make(dict(zip(self._flags, key, strict=True)))
        self._made = {key: found} if len(made) >= MOST_MADE else {**made, key: found}
        return found

    def _make(self, flags: Mapping[str, bool]) -> Projection | None:
        try:
            return _Compiling(self._operation, self._fragments, self._shapes, flags).projection(self._schema)
        except _NotPlainError:
            return None


def plain_of(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    shapes: Mapping[str, Shape],
    schema: GraphQLSchema,
) -> Plain | None:
    """The projections of a validated operation; None where it must be executed whatever its variables say."""
    flags = flags_of(operation, fragments)
    if operation.operation is not OperationType.QUERY or operation.directives or len(flags) > MOST_FLAGS:
        return None
    return Plain(operation, fragments, shapes, schema, flags)


class _NotPlainError(Exception):
    """To be executed."""


class _Compiling:
    def __init__(
        self,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        shapes: Mapping[str, Shape],
        flags: Mapping[str, bool],
    ) -> None:
        self._operation = operation
        self._fragments = fragments
        self._flags = flags
        self._types = {type_: shape.name for type_, shape in shapes.items()}
        self._raw = {shape.name: {name: raw for name, raw, _ in shape.fields} for shape in shapes.values()}
        self._named = (self._raw.keys() | {PLAIN}) & conditions_of(operation, fragments)
        self._left = MOST_PARTS

    def projection(self, schema: GraphQLSchema) -> Projection:
        roots = self._collect([self._operation.selection_set], {"Query"})
        if len(roots) != 1:
            raise _NotPlainError
        ((key, (node, inner)),) = roots.items()
        if node.name.value != "personalize":
            raise _NotPlainError
        slots: dict[bytes, Slots] = {}
        others: dict[bytes, tuple[Part, ...]] = {}
        parts: list[Part] = []
        for name, (one, selected) in self._collect(inner, {"Personalization"}).items():
            at = _key(name, not parts)
            parts.append((at, one.name.value))
            if one.name.value == "slots":
                slots[at] = self._slots(selected)
            elif one.name.value == "visitor":
                others[at] = self._flat(selected, "PersonalizedVisitor")
            elif one.name.value == "errors":
                others[at] = self._flat(selected, "Fault")
        arguments = arguments_of(node, self._operation, schema, self._flags)
        return Projection(node, key, arguments, tuple(parts), slots, others)

    def _slots(self, selected: Sequence[SelectionSetNode]) -> Slots:
        parts: list[Part] = []
        blocks = {}
        for name, (one, inner) in self._collect(selected, {"Slot"}).items():
            at = _key(name, not parts)
            parts.append((at, one.name.value))
            if one.name.value == "blocks":
                blocks[at] = {kind: self._blocks(inner, kind) for kind in (*self._named, OTHER)}
        return Slots(tuple(parts), blocks, self._types)

    def _blocks(self, selected: Sequence[SelectionSetNode], kind: str) -> Blocks:
        parts: list[Part] = []
        reasons = {}
        raw = self._raw.get(kind, {})
        for name, (one, inner) in self._collect(selected, {"Block", kind}).items():
            at, field_ = _key(name, not parts), one.name.value
            if field_ == "reason":
                reasons[at] = self._flat(inner, "Reason")
            own = raw.get(field_)
            parts.append((at, field_ if own is None else f"{TEXT if own in TEXTS else OWN}{own}"))
        self._left -= len(parts) + sum(map(len, reasons.values()))
        if self._left < 0:
            raise _NotPlainError
        return Blocks(tuple(parts), reasons)

    def _flat(self, selected: Sequence[SelectionSetNode], kind: str) -> tuple[Part, ...]:
        parts: list[Part] = []
        for name, (one, _inner) in self._collect(selected, {kind}).items():
            parts.append((_key(name, not parts), one.name.value))
        return tuple(parts)

    def _includes(self, node: SelectionNode) -> bool:
        for one in node.directives or ():
            if one.name.value not in {"skip", "include"} or not one.arguments:
                raise _NotPlainError
            said = one.arguments[0].value
            if isinstance(said, VariableNode):
                holds = self._flags[said.name.value]
            elif isinstance(said, BooleanValueNode):
                holds = said.value
            else:
                raise _NotPlainError
            if holds is (one.name.value == "skip"):
                return False
        return True

    def _collect(self, selected: Iterable[SelectionSetNode], kinds: set[str]) -> Collected:
        """The fields by their keys in the order of the answer, fragments written out."""
        found: Collected = {}
        spread: set[str] = set()

        def add(one: SelectionSetNode) -> None:
            for node in one.selections:
                if not self._includes(node):
                    continue
                if isinstance(node, FieldNode):
                    name = node.alias.value if node.alias else node.name.value
                    _, inner = found.setdefault(name, (node, []))
                    if node.selection_set is not None:
                        inner.append(node.selection_set)
                elif isinstance(node, FragmentSpreadNode):
                    fragment = self._fragments[node.name.value]
                    if node.name.value not in spread and fragment.type_condition.name.value in kinds:
                        spread.add(node.name.value)
                        add(fragment.selection_set)
                elif isinstance(node, InlineFragmentNode) and (
                    node.type_condition is None or node.type_condition.name.value in kinds
                ):
                    add(node.selection_set)

        for one in selected:
            add(one)
        return found


def _key(name: str, first: bool) -> bytes:
    return b'%b"%b":' % (b"{" if first else b",", name.encode())
