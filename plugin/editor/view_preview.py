"""Preview: a made-up visitor, what they would get from the published rules and from the draft, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request
from markupsafe import escape

from plugin.editor import links, situation
from plugin.editor.desk import BLOCKS, Desk, title_in
from plugin.editor.failing import failures
from plugin.editor.moments import moment
from plugin.editor.phrases import Phrase, many
from plugin.editor.reads import Reads, reads_of
from plugin.editor.situation import VISITOR, Situation
from plugin.editor.why import Why, because, why
from plugin.errors import NotFound, RulesRejected, ServiceUnavailable, UnknownSlots
from plugin.service.commands import RulesetChoice, SimulateRequest, SlotRequest
from plugin.service.rulesets.items import Document, items


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block; ``frame`` is a document of its own, shown in a frame that runs nothing."""

    position: int
    id: str
    type: str
    title: str
    because: Phrase
    frame: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one of the two rule sets gives; ``refused`` says why it gives nothing."""

    title: str
    key: str
    refused: str | None = None
    blocks: tuple[Block, ...] = ()
    fallback: bool = False
    hints: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    why: Why | None = None
    moment: str = ""

    @property
    def visible(self) -> tuple[object, ...]:
        """What a visitor would notice."""
        return (self.refused, tuple((block.id, block.frame) for block in self.blocks), self.hints)


def register(found: Blueprint, desk: Desk) -> None:
    """The preview."""

    @found.get("/preview")
    def preview() -> Response:
        desk.require("read")
        return _page(desk, {key: request.args.getlist(key) for key in request.args})

    @found.post("/preview/link")
    def link() -> Response:
        desk.require("read")
        desk.require(links.SCOPE)
        if desk.services.previews is None:
            raise NotFound("There is nothing at this address.")
        answers = {key: request.form.getlist(key) for key in request.form if key != "csrf"}
        return _page(desk, answers, sends=True)


def _page(desk: Desk, answers: Mapping[str, list[str]], *, sends: bool = False) -> Response:
    """The page for what was filled in; ``sends``: the form that makes a link, too."""
    draft = desk.draft().document
    published = desk.services.publishing.published()
    old: Document | None = json.loads(published.version.document) if published is not None else None
    documents = [draft] if old is None else [draft, old]
    slots = {id_: str(item.get("name") or id_) for one in documents for id_, item in items(one, "slots").items()}
    slot = next((one for one in answers.get("slot", ()) if one), next(iter(slots), ""))
    words = desk.words(draft)
    now = desk.services.clock()
    form, made_up = situation.read(answers, _reads(documents, slot), documents, words.vocabulary, now)
    which = next(iter(answers.get("rules", ())), "both")
    outcomes: list[Outcome] = []
    if slot and form.ok:
        if which != "draft" and old is not None and published is not None:
            title = f"Published, version {published.version.number}"
            outcomes.append(_outcome(desk, "published", old, title, slot, made_up))
        if which != "published" or old is None:
            outcomes.append(_outcome(desk, "draft", draft, "Draft", slot, made_up))
    same = len(outcomes) == 2 and outcomes[0].visible == outcomes[1].visible
    if same:
        outcomes = [replace(outcomes[1], title="Published and draft alike")]
    made = _link(desk, answers, draft, outcomes)
    previews = desk.services.previews
    if made is not None and previews is not None and sends and form.ok:
        made = links.sent(made, previews, slot, made_up, desk.author)
        if made.made is not None:
            made = replace(made, until=desk.moment(made.made.expires_at, draft))
    return desk.page(
        "preview",
        status=422 if made is not None and made.problems else 200,
        link=made,
        tab="preview",
        slots=slots,
        slot=slot,
        which=which,
        form=form,
        outcomes=outcomes,
        same=same,
        asked=bool(answers),
    )


def _link(
    desk: Desk, answers: Mapping[str, list[str]], draft: Document, outcomes: Sequence[Outcome]
) -> links.LinkForm | None:
    """The form for a link; None where there is none to be made, or not with this key."""
    previews = desk.services.previews
    if previews is None or not previews.sources or not desk.may(links.SCOPE):
        return None
    entries = [entry for one in outcomes if one.why is not None for entry in one.why.candidates]
    return links.filled(
        links.LinkForm(
            sources=previews.sources,
            source=previews.sources[0],
            page=desk.services.preview_page,
            locales=tuple(str(one) for one in many(draft.get("locales") or ())),
            known={entry.id: entry.title for entry in entries},
            carried=tuple(
                (name, text) for name, held in answers.items() if not name.startswith("link.") for text in held
            ),
        ),
        answers,
    )


def _reads(documents: Sequence[Document], slot: str) -> Reads:
    found = Reads()
    for document in documents:
        one = reads_of(document, slot)
        for name, values in one.attributes.items():
            found.attributes.setdefault(name, {}).update(values)
        found.segments.update(one.segments)
    return found


def _outcome(
    desk: Desk, choice: RulesetChoice, document: Document, title: str, slot: str, made_up: Situation
) -> Outcome:
    key = str(choice)
    attributes = {name: held for name, held in made_up.attributes.items() if name != VISITOR}
    visitor = made_up.attributes.get(VISITOR)
    asked = SimulateRequest(
        slots=(SlotRequest(slot),),
        attributes=attributes,
        segments=made_up.segments,
        at=made_up.at,
        draft=choice,
        visitor_id=visitor if isinstance(visitor, str) else None,
    )
    try:
        answer = desk.services.simulate(asked)
    except UnknownSlots:
        return Outcome(title=title, key=key, refused="This slot is not there, or it is switched off.")
    except RulesRejected as error:
        problems = "; ".join(problem.message for problem in error.problems[:5])
        return Outcome(title=title, key=key, refused=f"These rules have problems, so they decide nothing: {problems}.")
    except ServiceUnavailable as error:
        return Outcome(title=title, key=key, refused=str(error))
    return _told(desk, answer, document, title, key, slot)


def _told(desk: Desk, answer: Mapping[str, Any], document: Document, title: str, key: str, slot: str) -> Outcome:
    words = desk.words(document)
    found = answer["slots"][slot]
    trace = found["trace"]
    pinning = {one["reason"]["rule"] for one in found["blocks"] if one["reason"]["kind"] == "pin"}
    blocks = tuple(
        Block(
            position=one["position"],
            id=one["id"],
            type=one["type"] or "",
            title=title_in(one["fields"]) or one["id"],
            because=because(one["reason"], words),
            frame=None if one["html"] is None else _frame(desk, one["html"]),
        )
        for one in found["blocks"]
    )
    return Outcome(
        title=title,
        key=key,
        blocks=blocks,
        fallback=found["fallback"],
        hints=tuple(f"{name}: {held}" for name, held in sorted(found["presentation"].items())),
        degraded=tuple(failures(answer["degraded"], trace)),
        why=why(trace, document, words, words.vocabulary.title, pinning),
        moment=moment(_instant(trace["now"]), trace["zone"]),
    )


def _frame(desk: Desk, html: str) -> str:
    """The document that a block is shown in: the block's own markup, between style sheets and nothing else."""
    sheets = "".join(
        f'<link rel="stylesheet" href="{escape(href)}">' for href in (desk.static(BLOCKS), *desk.services.block_styles)
    )
    head = f'<meta charset="utf-8"><meta name="color-scheme" content="light dark">{sheets}'
    return f'<!doctype html><html><head>{head}</head><body><div class="cell">{html}</div></body></html>'


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
