"""The first page: what is published, what the draft would change, and whether it could be published."""

from __future__ import annotations

import json

from flask import Blueprint, Response

from plugin.editor.changes import told
from plugin.editor.desk import Desk
from plugin.editor.problems import health_of
from plugin.service.rulesets.diff import compare


def register(found: Blueprint, desk: Desk) -> None:
    """The overview."""

    @found.get("/")
    def overview() -> Response:
        desk.require("read")
        publishing = desk.services.publishing
        draft, published = desk.draft(), publishing.published()
        words = desk.words(draft.document)
        history = publishing.history(limit=1).items
        old = json.loads(published.version.document) if published is not None else {}
        return desk.page(
            "overview",
            tab="overview",
            published=published,
            publication=history[0] if history else None,
            published_at=desk.moment(history[0].at, draft.document) if history else None,
            draft=draft,
            edited_at=desk.moment(draft.updated_at, draft.document),
            changes=told(compare(old, draft.document), (old, desk.words(old)), (draft.document, words)),
            health=health_of(desk, draft.document, words),
        )
