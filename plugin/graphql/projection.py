"""The answer to a plain selection, written at once: bytes joined, with no execution in between.

Plain is a query for one `personalize`; its `@skip` and `@include` are decided before, in `plain`. What of a slot is the
same wherever its blocks are shown is written once and kept with them, as `plugin.service.delivery.writer` keeps it. A
test says that what is written here is what `execute_sync` would answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from graphql import FieldNode

from plugin.flow.types import Render, SlotAsk
from plugin.graphql.plain_arguments import Arguments
from plugin.graphql.shapes import PLAIN, text_of
from plugin.service.delivery.personalize import Answer
from plugin.service.delivery.tokens import DecisionTokens
from plugin.service.delivery.writer import RenderBlock
from rules.decision import Block, Decision

MOST_KEPT = 8
"""Projections whose bytes are kept with one decision: documents of strangers must not fill the memory."""
MOST_TIMES = 4
"""And no more of them together than so many times what its blocks hold: fields may be asked for again and again."""
BESIDE = 512
"""Octets that a block comes to beside what it holds, and a slot."""
OTHER = ""
"""The selection in blocks of a type that no fragment is for."""
OWN, TEXT = ".", ":"
"""What stands before the name of a field of the entry's own; and before one that is told as a text."""
_encode = msgspec.json.Encoder().encode
_KEPT = "graphql"
_EMPTY = b"{}"
"""What is asked for may all be left out, by `@skip` and `@include`."""


class Tools(NamedTuple):
    """What writing needs."""

    tokens: DecisionTokens
    render_block: RenderBlock


class Told(NamedTuple):
    """An answer, as it is told to somebody."""

    answer: Answer
    render: Render
    segments: Sequence[str]
    errors: Sequence[Mapping[str, object]]


Part = tuple[bytes, str]
"""A key as it is written, and the field that stands there."""


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """The selection in a slot."""

    parts: tuple[Part, ...]
    blocks: Mapping[bytes, Mapping[str, Blocks]]
    """By key: the selection for each type of block that a fragment is for, and for all `OTHER`."""
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
            html = _rendered(told, decision, tools, failed)
            pieces = self._around_ttl(told, ask, decision, tools, html)
            if mine is not None and len(failed) == before:
                _keep(mine, (self, answer.site.version, told.render), pieces, _most(answer, decision, html))
        return (b"%d" % answer.settled.ttl_s[ask.id]).join(pieces)

    def _around_ttl(
        self, told: Told, ask: SlotAsk, decision: Decision, tools: Tools, html: Sequence[bytes]
    ) -> Sequence[bytes]:
        """What stands between the places where the seconds go that an answer may be kept."""
        pieces: list[bytes] = []
        now = b""
        for key, name in self.parts:
            now += key
            if name == "ttlS":
                pieces.append(now)
                now = b""
            elif name == "blocks":
                now += self._blocks(told, decision, html, self.blocks[key])
            else:
                now += _SLOT[name](told.answer, ask, decision, tools)
        return (*pieces, (now + b"}") if self.parts else _EMPTY)

    def _blocks(self, told: Told, decision: Decision, html: Sequence[bytes], selections: Mapping[str, Blocks]) -> bytes:
        found: list[bytes] = []
        for block, markup in zip(decision.blocks, html, strict=True):
            name = self.types.get(block.type or "", PLAIN)
            selection = selections.get(name) or selections[OTHER]
            found.append(selection.write(block, name, markup, told.render))
        return b"[%b]" % b",".join(found)


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """The selection in blocks of one type; a part's field is a name of ours, or behind `OWN` or `TEXT` the entry's."""

    parts: tuple[Part, ...]
    reasons: Mapping[bytes, tuple[Part, ...]]

    def write(self, block: Block, kind: str, html: bytes, render: Render) -> bytes:
        found: list[bytes] = []
        for key, name in self.parts:
            if name[0] in {OWN, TEXT}:
                value = block.entry.get(name[1:])
                if name[0] == TEXT:
                    value = text_of(value)
                found += (key, b"null" if value is None else _encode(value))
            elif name == "html":
                found += (key, html)
            elif name == "fields":
                found += (key, b"{}" if render == "html" and html != b"null" else _encode(block.fields))
            elif name == "reason":
                found += (key, _members(self.reasons[key], block.reason.to_dict(), "Reason"))
            elif name == "__typename":
                found += (key, _encode(kind))
            else:
                found += (key, _encode(_BLOCK[name](block)))
        # Of a type that none of the fragments is for, nothing is told.
        return b"".join(found) + b"}" if found else _EMPTY


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Writes the answers of one operation."""

    node: FieldNode
    key: str
    arguments: Arguments | None
    parts: tuple[Part, ...]
    slots: Mapping[bytes, Slots]
    others: Mapping[bytes, tuple[Part, ...]] = field(default_factory=dict)

    head: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "head", b'{"data":{%b:' % _encode(self.key))

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
                whole = not answer.degraded and not failed
                found.append(b"[]" if whole else _encode([*answer.degraded, *dict.fromkeys(failed)]))
            elif name == "visitor":
                visitor = {"id": answer.visitor, "segments": told.segments}
                shared = b"null" if answer.shared else None
                found.append(shared or _members(self.others[key], visitor, "PersonalizedVisitor"))
            elif name == "errors":
                faults = [_members(self.others[key], one, "Fault") for one in told.errors]
                found.append(b"[%b]" % b",".join(faults))
            else:
                found.append(b'"Personalization"')
        return b"%b%b}}" % (self.head, b"".join(found) + b"}" if found else _EMPTY)


def _most(answer: Answer, decision: Decision, html: Sequence[bytes]) -> int:
    """Octets that may be kept with a decision."""
    texts = answer.site.texts
    own = sum(len(texts.get(id(block.entry), b"")) for block in decision.blocks)
    return MOST_TIMES * (own + sum(map(len, html)) + BESIDE * (len(html) + 1))


def _keep(
    kept: dict[object, Sequence[bytes]], key: tuple[Slots, int, Render], pieces: Sequence[bytes], most: int
) -> None:
    size = sum(map(len, pieces))
    if 2 * size > most:
        return
    if len(kept) >= MOST_KEPT or size + sum(len(one) for found in list(kept.values()) for one in found) > most:
        kept.clear()
    kept[key] = pieces


def _members(parts: Iterable[Part], value: Mapping[str, object], kind: str) -> bytes:
    found = [key + _encode(kind if name == "__typename" else value.get(name)) for key, name in parts]
    return b"".join(found) + b"}" if found else _EMPTY


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
