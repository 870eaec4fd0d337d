"""One item: told in words, changed by choosing or as YAML, and added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask import Blueprint, Response, request

from plugin.editor import drafts, view_choices
from plugin.editor.desk import Desk
from plugin.editor.drafts import Remark
from plugin.editor.guard import CHOSEN
from plugin.editor.parts import MADE
from plugin.editor.services import Parsed
from plugin.editor.sheets import Sheet, conflict, page_of, sheet_of, to_item
from plugin.editor.view_lists import section_of
from plugin.errors import Conflict, NotFound, PreconditionFailed, RulesRejected, ValidationFailed
from plugin.service.preconditions import Precondition
from plugin.service.rulesets.items import SINGULAR, Section, items


def register(found: Blueprint, desk: Desk) -> None:
    """The pages of items."""

    @found.get("/items/<section>/<id:id_>")
    def item(section: str, id_: str) -> Response:
        desk.require("read")
        sheet = sheet_of(desk, section_of(section), id_)
        if sheet.section not in MADE or not desk.may("write"):
            return page_of(desk, sheet)
        as_text = request.args.get("as") == "text"
        return page_of(desk, replace(sheet, choices=view_choices.form_of(desk, sheet.section, id_), as_text=as_text))

    @found.post("/items/<section>/<id:id_>")
    def save(section: str, id_: str) -> Response:
        desk.require("write")
        kind, text = section_of(section), typed()
        if CHOSEN in request.form and kind in MADE:
            return view_choices.save(desk, kind, id_)
        sheet = Sheet(section=kind, id=id_, name=id_, text=text, tag=request.form.get("tag", ""))
        parsed, remarks = _read(desk, kind, text)
        if parsed is None:
            return _again(desk, sheet, remarks)
        known = Precondition(match=frozenset({sheet.tag}))
        try:
            put, _new = desk.services.drafting.put(kind, id_, parsed.data, precondition=known, author=desk.author)
        except RulesRejected as error:
            return _again(desk, sheet, drafts.remarks_of_rules(error.problems, parsed))
        except ValidationFailed as error:
            return _again(desk, sheet, drafts.remarks_of_fields(error.errors, parsed))
        except PreconditionFailed:
            return conflict(desk, sheet)
        return to_item(kind, id_, "saved" if put.tag != sheet.tag else "unchanged")

    @found.get("/new/<section>")
    def new(section: str) -> Response:
        desk.require("write")
        kind = section_of(section)
        slot = request.args.get("slot") or _first_slot(desk)
        sheet = Sheet(section=kind, id=None, name=f"New {SINGULAR[kind]}", text=drafts.template(kind, slot))
        if kind not in MADE:
            return page_of(desk, sheet)
        return view_choices.new(desk, sheet, {**request.args.to_dict(), "slot": slot or ""})

    @found.post("/new/<section>")
    def create(section: str) -> Response:
        desk.require("write")
        kind, text = section_of(section), typed()
        if CHOSEN in request.form and kind in MADE:
            return view_choices.create(desk, kind)
        sheet = Sheet(section=kind, id=None, name=f"New {SINGULAR[kind]}", text=text)
        parsed, remarks = _read(desk, kind, text)
        if parsed is None:
            return page_of(desk, replace(sheet, remarks=remarks), 422)
        try:
            made = desk.services.drafting.create(kind, parsed.data, author=desk.author)
        except RulesRejected as error:
            return page_of(desk, replace(sheet, remarks=drafts.remarks_of_rules(error.problems, parsed)), 422)
        except ValidationFailed as error:
            return page_of(desk, replace(sheet, remarks=drafts.remarks_of_fields(error.errors, parsed)), 422)
        except Conflict:
            place = parsed.place(("id",))
            taken = f"there is a {SINGULAR[kind]} of this id already; choose another"
            return page_of(desk, replace(sheet, remarks=[Remark(taken, place.line, place.column)]), 409)
        return to_item(kind, made.id, "created")


def typed() -> str:
    """The text of the form; browsers send its lines with carriage returns."""
    return request.form.get("text", "").replace("\r\n", "\n")


def _read(desk: Desk, section: Section, text: str) -> tuple[Parsed | None, list[Remark]]:
    try:
        parsed = desk.services.read_yaml(text)
    except RulesRejected as error:
        return None, drafts.remarks_of_syntax(error)
    if not isinstance(parsed.data, Mapping) or not parsed.data:
        return None, drafts.no_mapping(section)
    return parsed, []


def _first_slot(desk: Desk) -> str | None:
    return next(iter(items(desk.draft().document, "slots")), None)


def _again(desk: Desk, typed: Sheet, remarks: Sequence[Remark]) -> Response:
    """The page with the text as it was typed, and what is wrong with it."""
    try:
        held = sheet_of(desk, typed.section, typed.id or "")
    except NotFound:
        return conflict(desk, typed)
    return page_of(desk, replace(held, text=typed.text, tag=typed.tag, remarks=remarks), 422)
