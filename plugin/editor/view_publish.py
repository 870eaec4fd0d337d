"""Publishing the draft, what was published before, and the way back to it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request, url_for

from plugin.editor.changes import Change, told
from plugin.editor.costs import costs_in_all
from plugin.editor.desk import Desk
from plugin.editor.problems import health_of
from plugin.errors import Conflict, NotFound, PreconditionFailed, RulesRejected
from plugin.service.rulesets.diff import compare
from plugin.service.rulesets.items import Document

_LONGEST_NOTE = 500
_PAGE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the history."""

    epoch: int
    number: int
    previous: int | None
    action: str
    at: str
    author: str
    note: str
    current: bool


def register(found: Blueprint, desk: Desk) -> None:
    """The publish page, the history, and the pages of versions."""

    @found.get("/publish")
    def publish() -> Response:
        desk.require("read")
        return _publish_page(desk)

    @found.post("/publish")
    def publish_draft() -> Response:
        desk.require("publish")
        note = " ".join(request.form.get("note", "").split())[:_LONGEST_NOTE]
        draft = desk.draft()
        if not note:
            return _publish_page(desk, "Say in a few words what changes: the history is read by others.", 422)
        if request.form.get("draft") != draft.tag:
            return _publish_page(
                desk, "The draft was changed meanwhile. This is what would be published now.", 412, note
            )
        try:
            desk.services.publishing.release(
                draft.document, author=desk.author, note=note, expected_epoch=_whole("epoch")
            )
        except RulesRejected:
            return _publish_page(desk, "It was not published, because it has problems or a test fails.", 422, note)
        except PreconditionFailed:
            return _publish_page(desk, "Somebody published meanwhile. This is what your draft changes now.", 412, note)
        return redirect(url_for("editor.overview", done="published"), code=303)  # type: ignore[return-value]

    @found.get("/history")
    def history() -> Response:
        desk.require("read")
        return _history_page(desk)

    @found.post("/rollback")
    def rollback() -> Response:
        desk.require("publish")
        number, note = _whole("number"), " ".join(request.form.get("note", "").split())[:_LONGEST_NOTE]
        if number is None:
            raise NotFound("There is no such version.")
        if not note:
            return _history_page(desk, "Say in a few words why you go back: the history is read by others.", 422)
        try:
            desk.services.publishing.rollback(number, author=desk.author, note=note, expected_epoch=_whole("epoch"))
        except PreconditionFailed:
            return _history_page(desk, "Somebody published meanwhile. Look again before you roll back.", 412)
        except (Conflict, RulesRejected) as error:
            return _history_page(desk, f"It was not rolled back. {error}", error.status.value)
        return redirect(url_for("editor.overview", done="rolled-back"), code=303)  # type: ignore[return-value]

    @found.get("/versions/<int:number>")
    def version(number: int) -> Response:
        desk.require("read")
        publishing = desk.services.publishing
        held = publishing.get(number)
        before = request.args.get("before", type=int) or (number - 1 if number > 1 else None)
        new: Document = json.loads(held.document)
        old: Document = json.loads(publishing.get(before).document) if before else {}
        return desk.page(
            "version",
            tab="history",
            version=held,
            made_at=desk.moment(held.created_at, new),
            before=before,
            changes=_changes(desk, old, new),
        )


def _publish_page(desk: Desk, refused: str | None = None, status: int = 200, note: str = "") -> Response:
    publishing = desk.services.publishing
    draft, published = desk.draft(), publishing.published()
    old: Document = json.loads(published.version.document) if published is not None else {}
    words = desk.words(draft.document)
    return desk.page(
        "publish",
        status=status,
        tab="publish",
        draft=draft,
        version=published.version.number if published is not None else None,
        epoch=published.epoch if published is not None else 0,
        changes=_changes(desk, old, draft.document),
        health=health_of(desk, draft.document, words),
        costs=costs_in_all(desk, draft.document),
        refused=refused,
        note=note,
    )


def _changes(desk: Desk, old: Document, new: Document) -> list[Change]:
    return told(compare(old, new), (old, desk.words(old)), (new, desk.words(new)))


def _history_page(desk: Desk, refused: str | None = None, status: int = 200) -> Response:
    publishing = desk.services.publishing
    published = publishing.published()
    epoch = published.epoch if published is not None else 0
    page = publishing.history(after=request.args.get("after"), limit=_PAGE)
    document = desk.draft().document
    entries = [
        Entry(
            epoch=one.epoch,
            number=one.number,
            previous=one.previous,
            action=one.action,
            at=desk.moment(one.at, document),
            author=one.author,
            note=one.note,
            current=one.epoch == epoch,
        )
        for one in page.items
    ]
    serving = published.version.number if published is not None else None
    return desk.page(
        "history",
        status=status,
        tab="history",
        entries=entries,
        next=page.next,
        epoch=epoch,
        serving=serving,
        refused=refused,
    )


def _whole(name: str) -> int | None:
    text = request.form.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None
