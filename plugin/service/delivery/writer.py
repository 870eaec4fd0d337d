"""An answer as bytes: the JSON that was prepared at publication, joined with what is of this request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from plugin.errors import FieldError, unknown_slots
from plugin.flow.types import Render, SlotAsk
from plugin.service.delivery.personalize import Answer
from plugin.service.delivery.tokens import DecisionTokens
from rules import Block, Decision, Reason

RenderBlock = Callable[[Block, Mapping[str, object]], str | None]
_encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=10_000)
def _reason(reason: Reason) -> bytes:
    return _encode(reason.to_dict())


@lru_cache(maxsize=1_000)
def _name(slot: str) -> bytes:
    return _encode(slot)


class AnswerWriter:
    """Writes answers. The same writer serves HTTP and the command line."""

    def __init__(self, tokens: DecisionTokens, render_block: RenderBlock) -> None:
        self._tokens = tokens
        self._render_block = render_block

    def write(
        self,
        answer: Answer,
        *,
        render: Render,
        all_segments: bool,
        failed: list[str] | None = None,
        told: Sequence[FieldError] = (),
    ) -> bytes:
        """The JSON of an answer, as UTF-8.

        Args:
            render: whether blocks carry their fields, their markup, or both.
            all_segments: whether segments that are not public are named too.
            failed: takes what could not be rendered, as `degraded` names it; no cache should keep the answer then.
            told: what of the request nothing reads.
        """
        failed = [] if failed is None else failed
        site, ttl_s = answer.site, answer.settled.ttl_s
        parts = [b'{"ruleset":', b"%d" % site.version]
        if not answer.shared:
            parts += [
                b',"decision_id":',
                _encode(answer.decision_id),
                b',"visitor":',
                _encode({"id": answer.visitor, "segments": _segments(answer, all_segments)}),
            ]
        parts.append(b',"slots":{')
        before = b""
        kept = (site.version, render)
        for ask, decision in answer.settled.decisions:
            notes = decision.notes
            around: Any = notes.get(kept) if notes is not None else None
            if around is None:
                around = self._around_ttl(answer, ask, decision, render, failed, kept)
            head, tail = around
            trace = b"}" if decision.trace is None else b',"trace":%b}' % _encode(decision.trace)
            parts += (before, head, b"%d" % ttl_s[ask.id], tail, trace)
            before = b","
        errors, degraded = b"[]", b"[]"
        if answer.unknown or answer.rejected or told:
            errors = _encode(
                [
                    *unknown_slots(answer.unknown, answer.site.ruleset.slots),
                    *({"pointer": one.pointer, "detail": one.detail} for one in answer.rejected),
                    *({"pointer": one.pointer, "detail": one.detail} for one in told),
                ]
            )
        if answer.degraded or failed:
            degraded = _encode([*answer.degraded, *dict.fromkeys(failed)])
        parts += [b'},"errors":', errors, b',"degraded":', degraded, b"}"]
        return b"".join(parts)  # the only one: each would copy all that was prepared

    def _around_ttl(
        self,
        answer: Answer,
        ask: SlotAsk,
        decision: Decision,
        render: Render,
        failed: list[str],
        kept: tuple[int, Render],
    ) -> tuple[bytes, bytes]:
        """What stands before the seconds that a slot may be kept, and what after them.

        It is the same wherever these blocks are shown, and kept with them under `kept`.
        """
        notes = decision.notes
        before = len(failed)
        found = self._written(answer, ask, decision, render, failed)
        if notes is not None and len(failed) == before:
            notes[kept] = found
        return found

    def _written(
        self, answer: Answer, ask: SlotAsk, decision: Decision, render: Render, failed: list[str]
    ) -> tuple[bytes, bytes]:
        blocks = b",".join([self._block(answer, block, decision, render, failed) for block in decision.blocks])
        token = self._tokens.make(answer.site.version, ask.id, decision.audience_key, decision.arms)
        head = b'%b:{"blocks":[%b],"presentation":%b,"fallback":%b,"audience_key":"%b","ttl_s":' % (
            _name(ask.id),
            blocks,
            _encode(decision.presentation) if decision.presentation else b"{}",
            b"true" if decision.fallback else b"false",
            decision.audience_key.encode(),
        )
        return head, b',"decision_token":"%b"' % token.encode()

    def _block(self, answer: Answer, block: Block, decision: Decision, render: Render, failed: list[str]) -> bytes:
        html = b"null"
        if render != "json":
            markup = self._render_block(block, decision.presentation)
            if markup is None:
                failed.append(f"template:{block.type}")
            else:
                html = _encode(markup)
        own = answer.site.texts.get(id(block.entry))
        if own is None or (render == "html" and html != b"null"):
            own = _own(block, with_fields=render != "html" or html == b"null")
        score, reason = _encode(block.score), _reason(block.reason)
        return b'%b,"position":%d,"score":%b,"html":%b,"reason":%b}' % (own, block.position, score, html, reason)


def _own(block: Block, *, with_fields: bool) -> bytes:
    own = {
        "id": block.id,
        "type": block.type,
        "fields": block.fields if with_fields else {},
        "tags": list(block.tags),
    }
    return _encode(own)[:-1]


def _segments(answer: Answer, all_segments: bool) -> list[str]:
    planned = answer.settled.planned
    held = planned.facts.held
    if not all_segments:
        held &= planned.site.public_segments
    return sorted(held)
