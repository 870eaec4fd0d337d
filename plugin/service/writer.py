"""An answer as bytes: the JSON that was prepared at publication, joined with what is of this request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import msgspec

from plugin.flow.types import Render, SlotAsk
from plugin.service.personalize import Answer
from plugin.service.tokens import DecisionTokens
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

    def write(self, answer: Answer, *, render: Render, all_segments: bool) -> bytes:
        """The JSON of an answer, as UTF-8.

        Args:
            render: whether blocks carry their fields, their markup, or both.
            all_segments: whether segments that are not public are named too.
        """
        failed: list[str] = []
        slots = b",".join(
            self._slot(answer, ask, decision, render, failed) for ask, decision in answer.settled.decisions
        )
        parts = [b'{"ruleset":', b"%d" % answer.site.version]
        if not answer.shared:
            parts += [
                b',"decision_id":',
                _encode(answer.decision_id),
                b',"visitor":',
                _encode({"id": answer.visitor, "segments": _segments(answer, all_segments)}),
            ]
        errors = [{"slot": name, "detail": f"there is no slot {name!r}"} for name in answer.unknown]
        parts += [
            b',"slots":{',
            slots,
            b'},"errors":',
            _encode(errors),
            b',"degraded":',
            _encode([*answer.degraded, *dict.fromkeys(failed)]),
            b"}",
        ]
        return b"".join(parts)

    def _slot(self, answer: Answer, ask: SlotAsk, decision: Decision, render: Render, failed: list[str]) -> bytes:
        texts = answer.site.texts
        blocks = []
        for block in decision.blocks:
            html = b"null"
            if render != "json":
                markup = self._render_block(block, decision.presentation)
                if markup is None:
                    failed.append(f"template:{block.type}")
                else:
                    html = _encode(markup)
            own = texts.get(id(block.entry))
            if own is None or (render == "html" and html != b"null"):
                own = _own(block, with_fields=render != "html" or html == b"null")
            blocks.append(
                b'%b,"position":%d,"score":%b,"html":%b,"reason":%b}'
                % (own, block.position, _encode(block.score), html, _reason(block.reason))
            )
        token = self._tokens.make(answer.site.version, ask.id, decision.audience_key, tuple(decision.arms.items()))
        parts = [
            _name(ask.id),
            b':{"blocks":[',
            b",".join(blocks),
            b'],"presentation":',
            _encode(decision.presentation) if decision.presentation else b"{}",
            b',"fallback":true' if decision.fallback else b',"fallback":false',
            b',"audience_key":"',
            decision.audience_key.encode(),
            b'","ttl_s":%d,"decision_token":"' % answer.settled.ttl_s[ask.id],
            token.encode(),
            b'"',
        ]
        if decision.trace is not None:
            parts += [b',"trace":', _encode(decision.trace)]
        parts.append(b"}")
        return b"".join(parts)


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
