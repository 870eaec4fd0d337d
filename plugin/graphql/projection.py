"""The answer to a plain selection, written at once: bytes joined, with no execution in between.

Plain is a query for one `personalize`; its `@skip` and `@include` are decided before. What of a slot is the same
wherever its blocks are shown is written once and kept with them, as `plugin.service.delivery.writer` keeps it. A test
says that what is written here is what `execute_sync` would answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
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

from plugin.flow.types import Render, SlotAsk
from plugin.graphql.plain_arguments import Arguments, arguments_of, flags_of
from plugin.graphql.shapes import PLAIN, Shape
from plugin.service.delivery.personalize import Answer
from plugin.service.delivery.tokens import DecisionTokens
from plugin.service.delivery.writer import RenderBlock
from rules.decision import Block, Decision

MOST_KEPT = 8
"""Projections whose bytes are kept with one decision: documents of strangers must not fill the memory."""
MOST_FLAGS = 4
_encode = msgspec.json.Encoder().encode
_KEPT = "graphql"


class Tools(NamedTuple):
    """What writing needs."""

    tokens: DecisionTokens
    render_block: RenderBlock


class Told(NamedTuple):
    """An answer, as it is told to somebody."""

    answer: Answer
    render: Render
    segments: tuple[str, ...]
    errors: Sequence[Mapping[str, object]]


Part = tuple[bytes, str]
"""A key as it is written, and the field that stands there."""


@dataclass(frozen=True, slots=True, eq=False)
class _Slots:
    """The selection in a slot."""

    parts: tuple[Part, ...]
    blocks: Mapping[bytes, Mapping[str, _Blocks]]
    """By key: the selection for each type of block."""
    types: Mapping[str, str]

    def write(self, told: Told, ask: SlotAsk, decision: Decision, tools: Tools, failed: list[str]) -> bytes:
        answer, notes = told.answer, decision.notes
        pieces: Sequence[bytes] | None = None
        mine: dict[object, Sequence[bytes]] | None = None
        if notes is not None and decision.trace is None:  # a trace is of one request
            mine = notes.setdefault(_KEPT, {})  # type: ignore[assignment]
            pieces = mine.get((self, answer.site.version, told.render)) if mine is not None else None
        if pieces is None:
            before = len(failed)
            pieces = self._around_ttl(told, ask, decision, tools, failed)
            if mine is not None and len(failed) == before:
                if len(mine) >= MOST_KEPT:
                    mine.clear()
                mine[self, answer.site.version, told.render] = pieces
        return (b"%d" % answer.settled.ttl_s[ask.id]).join(pieces)

    def _around_ttl(
        self, told: Told, ask: SlotAsk, decision: Decision, tools: Tools, failed: list[str]
    ) -> Sequence[bytes]:
        """What stands between the places where the seconds go that an answer may be kept."""
        pieces: list[bytes] = []
        now = b""
        html = _rendered(told, decision, tools, failed)
        for key, name in self.parts:
            now += key
            if name == "ttlS":
                pieces.append(now)
                now = b""
            elif name == "blocks":
                now += self._blocks(told, decision, html, self.blocks[key])
            else:
                now += _SLOT[name](told.answer, ask, decision, tools)
        return (*pieces, now + b"}")

    def _blocks(
        self, told: Told, decision: Decision, html: Sequence[bytes], selections: Mapping[str, _Blocks]
    ) -> bytes:
        found: list[bytes] = []
        for block, markup in zip(decision.blocks, html, strict=True):
            name = self.types.get(block.type or "", PLAIN)
            found.append(selections[name].write(block, markup, told.render))
        return b"[%b]" % b",".join(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """The selection in blocks of one type; a part's field is a name of ours, or the entry's own behind a dot."""

    parts: tuple[Part, ...]
    reasons: Mapping[bytes, tuple[Part, ...]]

    def write(self, block: Block, html: bytes, render: Render) -> bytes:
        found: list[bytes] = []
        for key, name in self.parts:
            if name[0] == ".":
                value = block.entry.get(name[1:])
                found += (key, b"null" if value is None else _encode(value))
            elif name == "html":
                found += (key, html)
            elif name == "fields":
                found += (key, b"{}" if render == "html" and html != b"null" else _encode(block.fields))
            elif name == "reason":
                found += (key, _members(self.reasons[key], block.reason.to_dict(), "Reason"))
            elif name[0] == "_":
                found += (key, name[1:].encode())
            else:
                found += (key, _encode(_BLOCK[name](block)))
        # Of a type that none of the fragments is for, nothing is told.
        return (b"".join(found) or b"{") + b"}"


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Writes the answers of one operation."""

    node: FieldNode
    key: str
    arguments: Arguments | None
    parts: tuple[Part, ...]
    slots: Mapping[bytes, _Slots]
    others: Mapping[bytes, tuple[Part, ...]] = field(default_factory=dict)

    def write(self, told: Told, tools: Tools, failed: list[str]) -> bytes:
        """The whole answer, as UTF-8; ``failed`` takes what could not be rendered, as `AnswerWriter.write` does."""
        answer = told.answer
        written = {
            key: b",".join([slots.write(told, *one, tools, failed) for one in answer.settled.decisions])
            for key, slots in self.slots.items()
        }
        if told.render != "json" and not written:
            for _ask, decision in answer.settled.decisions:
                _rendered(told, decision, tools, failed)
        found: list[bytes] = []
        for key, name in self.parts:
            found.append(key)
            if name == "slots":
                found.append(b"[%b]" % written[key])
            elif name == "ruleset":
                found.append(b"%d" % answer.site.version)
            elif name == "decisionId":
                found.append(_encode(answer.decision_id))
            elif name == "degraded":
                found.append(_encode([*answer.degraded, *dict.fromkeys(failed)]))
            elif name == "visitor":
                visitor = {"id": answer.visitor, "segments": told.segments}
                shared = b"null" if answer.shared else None
                found.append(shared or _members(self.others[key], visitor, "PersonalizedVisitor"))
            elif name == "errors":
                faults = [_members(self.others[key], one, "Fault") for one in told.errors]
                found.append(b"[%b]" % b",".join(faults))
            else:
                found.append(b'"Personalization"')
        return b'{"data":{%b:%b}}}' % (_encode(self.key), b"".join(found))


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
        if key not in self._made:
            self._made[key] = self._make(dict(zip(self._flags, key, strict=True)))
        return self._made[key]

    def _make(self, flags: Mapping[str, bool]) -> Projection | None:
        try:
            return _Compiling(self._fragments, self._shapes, flags).operation(self._operation, self._schema)
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


Collected = dict[str, tuple[FieldNode, list[SelectionSetNode]]]


class _Compiling:
    def __init__(
        self,
        fragments: Mapping[str, FragmentDefinitionNode],
        shapes: Mapping[str, Shape],
        flags: Mapping[str, bool],
    ) -> None:
        self._fragments = fragments
        self._flags = flags
        self._types = {type_: shape.name for type_, shape in shapes.items()}
        self._raw = {shape.name: {name: raw for name, raw, _ in shape.fields} for shape in shapes.values()}

    def operation(self, operation: OperationDefinitionNode, schema: GraphQLSchema) -> Projection:
        roots = self._collect([operation.selection_set], {"Query"})
        if len(roots) != 1:
            raise _NotPlainError
        ((key, (node, inner)),) = roots.items()
        if node.name.value != "personalize":
            raise _NotPlainError
        slots: dict[bytes, _Slots] = {}
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
        arguments = arguments_of(node, operation, schema)
        return Projection(node, key, arguments, tuple(parts), slots, others)

    def _slots(self, selected: Sequence[SelectionSetNode]) -> _Slots:
        parts: list[Part] = []
        blocks = {}
        for name, (one, inner) in self._collect(selected, {"Slot"}).items():
            at = _key(name, not parts)
            parts.append((at, one.name.value))
            if one.name.value == "blocks":
                blocks[at] = {kind: self._blocks(inner, kind) for kind in (*self._raw, PLAIN)}
        return _Slots(tuple(parts), blocks, self._types)

    def _blocks(self, selected: Sequence[SelectionSetNode], kind: str) -> _Blocks:
        parts: list[Part] = []
        reasons = {}
        raw = self._raw.get(kind, {})
        for name, (one, inner) in self._collect(selected, {"Block", kind}).items():
            at, field_ = _key(name, not parts), one.name.value
            if field_ == "reason":
                reasons[at] = self._flat(inner, "Reason")
            if field_ == "__typename":
                field_ = f'_"{kind}"'
            parts.append((at, f".{raw[field_]}" if field_ in raw else field_))
        return _Blocks(tuple(parts), reasons)

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


def _members(parts: Iterable[Part], value: Mapping[str, object], kind: str) -> bytes:
    found = [key + _encode(kind if name == "__typename" else value.get(name)) for key, name in parts]
    return b"".join(found) + b"}"


def _rendered(told: Told, decision: Decision, tools: Tools, failed: list[str]) -> Sequence[bytes]:
    """The markup of each block, as JSON."""
    if told.render == "json":
        return [b"null"] * len(decision.blocks)
    found = []
    for block in decision.blocks:
        markup = tools.render_block(block, decision.presentation)
        if markup is None:
            failed.append(f"template:{block.type}")
        found.append(_encode(markup))
    return found


_BLOCK: Mapping[str, Callable[[Block], Any]] = {
    "id": lambda block: block.id,
    "type": lambda block: block.type,
    "position": lambda block: block.position,
    "score": lambda block: block.score,
    "tags": lambda block: block.tags,
}
_SLOT: Mapping[str, Callable[[Answer, SlotAsk, Decision, Tools], bytes]] = {
    "id": lambda _answer, ask, _decision, _tools: _encode(ask.id),
    "presentation": lambda _answer, _ask, decision, _tools: _encode(decision.presentation),
    "fallback": lambda _answer, _ask, decision, _tools: _encode(decision.fallback),
    "audienceKey": lambda _answer, _ask, decision, _tools: _encode(decision.audience_key),
    "decisionToken": lambda answer, ask, decision, tools: _encode(
        tools.tokens.make(answer.site.version, ask.id, decision.audience_key, decision.arms)
    ),
    "trace": lambda _answer, _ask, decision, _tools: _encode(decision.trace),
    "__typename": lambda _answer, _ask, _decision, _tools: b'"Slot"',
}
