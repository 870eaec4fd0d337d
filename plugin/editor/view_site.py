"""What a document says beside its items: the site's time zone and languages, the holdout, and the tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask import Blueprint, Response, redirect, request, url_for

from plugin.editor import drafts
from plugin.editor.desk import Desk
from plugin.editor.drafts import DiffLine, Remark
from plugin.editor.sheets import Written
from plugin.editor.view_item import typed
from plugin.editor.yaml_text import written
from plugin.errors import PreconditionFailed, RulesRejected
from plugin.service.preconditions import Precondition, tag_of
from plugin.service.rulesets.draft import WholeDraft
from plugin.service.rulesets.items import SECTIONS, Document

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSheet(Written):
    """The text; ``theirs`` is what somebody else saved meanwhile, compared with it."""

    theirs: list[DiffLine] | None = None


def register(found: Blueprint, desk: Desk) -> None:
    """The page."""

    @found.get("/site")
    def site() -> Response:
        desk.require("read")
        return _page(desk, _sheet(desk.draft()))

    @found.post("/site")
    def save_site() -> Response:
        desk.require("write")
        sheet = SiteSheet(text=typed(), tag=request.form.get("tag", ""))
        try:
            parsed = desk.services.read_yaml(sheet.text)
        except RulesRejected as error:
            return _page(desk, replace(sheet, remarks=drafts.remarks_of_syntax(error)), 422)
        misplaced = [Remark(f"{name!r} have pages of their own") for name in SECTIONS if name in (parsed.data or {})]
        if not isinstance(parsed.data, Mapping) or misplaced:
            remarks = misplaced or [Remark("this is a mapping: lines such as 'timezone: Europe/Paris'", 1, 1)]
            return _page(desk, replace(sheet, remarks=remarks), 422)
        for _ in range(_ATTEMPTS):
            draft = desk.draft()
            if tag_of(_settings(draft.document)) != sheet.tag:
                return _conflict(desk, sheet, draft)
            whole = {**{name: draft.document[name] for name in SECTIONS if name in draft.document}, **parsed.data}
            known = Precondition(match=frozenset({draft.tag}))
            try:
                desk.services.drafting.replace(whole, precondition=known, author=desk.author)
            except RulesRejected as error:
                return _page(desk, replace(sheet, remarks=drafts.remarks_of_rules(error.problems, parsed)), 422)
            except PreconditionFailed:
                continue  # an item was changed meanwhile, which is no conflict with this text
            return redirect(url_for("editor.site", done="saved"), code=303)  # type: ignore[return-value]
        return _conflict(desk, sheet, desk.draft())


def _settings(document: Document) -> dict[str, object]:
    return {name: held for name, held in document.items() if name not in SECTIONS}


def _sheet(draft: WholeDraft) -> SiteSheet:
    settings = _settings(draft.document)
    return SiteSheet(text=written(settings), tag=tag_of(settings))


def _conflict(desk: Desk, mine: SiteSheet, draft: WholeDraft) -> Response:
    held = _sheet(draft)
    return _page(desk, replace(mine, tag=held.tag, theirs=drafts.compared(mine.text, held.text)), 412)


def _page(desk: Desk, sheet: SiteSheet, status: int = 200) -> Response:
    return desk.page("site", status=status, tab="site", sheet=sheet)
