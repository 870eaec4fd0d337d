"""Lists: the slots, the rules of one slot in the order in which they apply, and the other kinds of items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response

from plugin.editor import moments
from plugin.editor.desk import Desk
from plugin.editor.order import acting_in
from plugin.editor.phrases import Phrase
from plugin.editor.words import Fact, Words
from plugin.errors import NotFound
from plugin.service.preconditions import tag_of
from plugin.service.rulesets.items import SECTIONS, Section, items

ABOUT: Mapping[str, str] = {
    "slots": "A slot is a place on a page. It says which entries may stand there; rules say which ones do.",
    "segments": "A segment is a group of visitors that rules can name.",
    "experiments": "An experiment shows different things to different shares of the visitors.",
    "attributes": "What this site knows of its visitors and pages beside what every request tells.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One item of a list."""

    section: Section
    id: str
    name: str
    description: str | None
    enabled: bool
    tag: str
    facts: tuple[Fact, ...]
    phrase: Phrase = ()
    schedule: str | None = None
    span: str = "on"
    priority: object = 0


def register(found: Blueprint, desk: Desk) -> None:
    """The lists."""

    @found.get("/slots")
    def slots() -> Response:
        desk.require("read")
        document = desk.draft().document
        words = desk.words(document)
        rows = [
            (_row("slots", item, words, desk), len(acting_in(document, id_)))
            for id_, item in items(document, "slots").items()
        ]
        return desk.page("slots", tab="slots", rows=rows, about=ABOUT["slots"])

    @found.get("/slots/<id:id_>")
    def slot(id_: str) -> Response:
        desk.require("read")
        document = desk.draft().document
        item = items(document, "slots").get(id_)
        if item is None:
            raise NotFound(f"There is no slot {id_!r} in the draft.")
        words = desk.words(document)
        rows = [_row(section, one, words, desk) for section, one in acting_in(document, id_)]
        return desk.page("slot", tab="slots", slot=_row("slots", item, words, desk), rows=rows)

    @found.get("/list/<section>")
    def listing(section: str) -> Response:
        desk.require("read")
        kind = section_of(section)
        if kind not in ABOUT:
            raise NotFound("There is nothing at this address.")
        document = desk.draft().document
        words = desk.words(document)
        rows = [_row(kind, item, words, desk) for item in items(document, kind).values()]
        return desk.page("list", tab=section, section=section, rows=rows, about=ABOUT[section])


def section_of(name: str) -> Section:
    """A part of an address as a section of the document. Raises: NotFound."""
    if name not in SECTIONS:
        raise NotFound("There is nothing at this address.")
    return name


def _row(section: Section, item: Mapping[str, Any], words: Words, desk: Desk) -> Row:
    acts = section in ("rules", "experiments")
    zone = words.vocabulary.zone
    return Row(
        section=section,
        id=str(item["id"]),
        name=str(item.get("name") or item["id"]),
        description=item.get("description"),
        enabled=item.get("enabled") is not False,
        tag=tag_of(item),
        facts=tuple(fact for fact in words.facts(section, item) if fact.label not in ("State", "Priority")),
        phrase=words.rule(item) if section == "rules" else (),
        schedule=words.schedule(item) if acts else None,
        span=moments.state(item, desk.services.clock(), zone) if acts else "on",
        priority=item.get("priority", 0),
    )
