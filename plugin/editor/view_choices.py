"""The form of choices: for a new item, and for one that is there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from flask import Response, request

from plugin.editor import choices
from plugin.editor.changes import Line
from plugin.editor.choices import Choices
from plugin.editor.desk import Desk
from plugin.editor.drafts import template
from plugin.editor.parts import Item
from plugin.editor.parts_what import EVERYWHERE, SEVERAL, slots_in
from plugin.editor.phrases import Phrase, many
from plugin.editor.sheets import Sheet, conflict, page_of, sheet_of, to_item
from plugin.editor.tree_fields import DO
from plugin.editor.yaml_text import written
from plugin.errors import FieldError, NotFound, PreconditionFailed, RulesRejected, ValidationFailed
from plugin.service.preconditions import Precondition, tag_of
from plugin.service.rulesets.items import SINGULAR, Document, Section, items

BASE = "base"
"""The field with the item that a form was made of, as JSON: so that it is known what was changed in it."""


def new(desk: Desk, sheet: Sheet, given: Mapping[str, str]) -> Response:
    """The page of a new item with the form, and with what the choices come to once that was asked for."""
    document = desk.draft().document
    form = _form(desk, sheet.section, given, document)
    if "write" not in given:
        return page_of(desk, replace(sheet, choices=form))
    form = replace(form, problems=choices.problems(form))
    if form.problems:
        return page_of(desk, replace(sheet, choices=form), 422)
    made = choices.item(form, document)
    told = desk.words(document).facts(sheet.section, made)
    return page_of(desk, replace(sheet, choices=form, text=written(made), facts=told))


def given() -> dict[str, str]:
    """The form as it was sent; where boxes have one name, the values of those that are ticked, each on a line."""
    return {name: "\n".join(filter(None, held)) for name, held in request.form.lists()}


def create(desk: Desk, section: Section) -> Response:
    """Add what was chosen for a new item."""
    sheet = Sheet(section=section, id=None, name=f"New {SINGULAR[section]}", text="")
    sent = given()
    sheet = replace(
        sheet, text=template(section, slot if (slot := sent.get("slot")) not in (SEVERAL, EVERYWHERE) else None)
    )
    if "add" not in sent:
        return new(desk, sheet, sent)
    document = desk.draft().document
    form = _form(desk, section, sent, document)
    form = replace(form, problems=choices.problems(form))
    if form.problems:
        return page_of(desk, replace(sheet, choices=form), 422)
    try:
        made = desk.services.drafting.create(section, choices.item(form, document), author=desk.author)
    except RulesRejected as error:
        at_fields, general = choices.placed(form, error.problems)
        return page_of(desk, replace(sheet, choices=replace(form, problems=at_fields, general=general)), 422)
    return to_item(section, made.id, "created")


def form_of(desk: Desk, section: Section, id_: str) -> Choices:
    """The form of an item as it is in the draft."""
    document = desk.draft().document
    return _form(desk, section, {}, document, items(document, section)[id_])


def save(desk: Desk, section: Section, id_: str) -> Response:
    """Take the form of an item that was there.

    Raises: ValidationFailed, for a form that no page of these made.
    """
    base, document = _base(id_), desk.draft().document
    tag = tag_of(base)
    form = _form(desk, section, given(), document, base)
    sheet = Sheet(section=section, id=id_, name=str(base.get("name") or id_), text="", tag=tag)
    if "follow" in request.form or DO in request.form:
        return _again(desk, sheet, form, 200)
    form = replace(form, problems=choices.problems(form))
    if form.problems:
        return _again(desk, sheet, form, 422)
    made = choices.item(form, document)
    if "as_text" in request.form:
        return _again(desk, replace(sheet, text=written(made), as_text=True), form, 200)
    known = Precondition(match=frozenset({tag}))
    try:
        put, _new = desk.services.drafting.put(section, id_, made, precondition=known, author=desk.author)
    except RulesRejected as error:
        at_fields, general = choices.placed(form, error.problems)
        return _again(desk, sheet, replace(form, problems=at_fields, general=general), 422)
    except PreconditionFailed:
        return _conflict(desk, replace(sheet, text=written(made)), form)
    return to_item(section, id_, "saved" if put.tag != tag else "unchanged")


def _base(id_: str) -> Item:
    try:
        found = json.loads(request.form[BASE])
    except (KeyError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("id") != id_:
        raise ValidationFailed([FieldError(f"/{BASE}", "this form is not of this item: load the page again")])
    return found


def _form(
    desk: Desk, section: Section, given: Mapping[str, str], document: Document, base: Item | None = None
) -> Choices:
    words = desk.words(document)
    form = choices.form(section, given, document, words, base)
    form = replace(form, said=choices.sentence(form, document, words))
    if not form.asks("entry") and form.effects is None:
        return form
    named = (
        slots_in(form.values, document)
        if form.asks("slot")
        else [str(one) for one in many((base or {}).get("slot", []))]
    )
    may_stand = dict.fromkeys(id_ for slot in named for id_ in desk.services.publishing.entries_for(document, slot))
    entries = {id_: words.vocabulary.entry(id_).text for id_ in may_stand}
    missing = {
        id_: f"{words.vocabulary.entry(id_).text}, which may not stand there at present"
        for id_ in (form.values.get("entry"), form.values.get("other"), *(one.entry for one in form.effects or ()))
        if base is not None and id_ and id_ not in entries
    }
    return replace(form, entries={**entries, **missing})


def _again(desk: Desk, sent: Sheet, form: Choices, status: int) -> Response:
    """The page with the form as it was sent."""
    try:
        held = sheet_of(desk, sent.section, sent.id or "", brief=True)
    except NotFound:  # deleted meanwhile: that is told once the choices can be saved
        held = replace(sent, text=written(form.base or {}))
    text = sent.text or held.text
    return page_of(desk, replace(held, choices=form, text=text, tag=sent.tag, as_text=sent.as_text), status)


def _conflict(desk: Desk, mine: Sheet, form: Choices) -> Response:
    """Somebody else changed the item: what was changed here is put upon theirs, and looked at before it is saved."""
    document = desk.draft().document
    words, theirs = desk.words(document), items(document, mine.section).get(mine.id or "")
    values = choices.merged(form, theirs, document, words) if theirs is not None else None
    if theirs is None or values is None:
        return conflict(desk, mine)
    both = _form(desk, mine.section, values, document, theirs)
    held = sheet_of(desk, mine.section, mine.id or "")
    lines: tuple[Line, ...] = ()
    if not choices.problems(both):
        made = choices.item(both, document)
        before, after = ({one.label: one.phrase for one in words.facts(mine.section, it)} for it in (theirs, made))
        lines = (*_texts(theirs, made), *_differing(before, after))
    return page_of(desk, replace(held, choices=both, merging=lines), 412)


def _texts(before: Item, after: Item) -> Iterator[Line]:
    for key in ("name", "description"):
        one, other = before.get(key), after.get(key)
        if one != other:
            yield Line(key.capitalize(), (str(one),) if one else None, (str(other),) if other else None)


def _differing(before: Mapping[str, Phrase], after: Mapping[str, Phrase]) -> Iterator[Line]:
    for label in dict.fromkeys([*before, *after]):
        if before.get(label) != after.get(label):
            yield Line(label, before.get(label), after.get(label))
