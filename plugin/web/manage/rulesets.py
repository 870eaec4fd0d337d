"""Versions of the rules: check, keep, publish, take back, compare."""

from __future__ import annotations

import json
from typing import Any

from plugin.errors import FieldError, RulesRejected, ValidationFailed
from plugin.service.rulesets.checking import Source
from plugin.service.rulesets.publish import Publishing, Reference
from plugin.web.auth import Keyring
from plugin.web.manage.draft import MOST_DOCUMENT_BYTES
from plugin.web.operations import Answer, Body, Call, Operation, Text
from plugin.web.schemas import rulesets as shapes
from plugin.web.schemas.common import PageQuery

_TAG = "rulesets"


def operations(publishing: Publishing, keyring: Keyring) -> list[Operation]:
    """Every operation on versions. The keyring is asked where a body wants more than the route."""
    return [*_versions(publishing, keyring), *_pointer(publishing)]


def _versions(publishing: Publishing, keyring: Keyring) -> list[Operation]:
    def check(call: Call) -> Answer:
        asked = _asked(call.body)
        found = publishing.check(_source(call.body), content=asked.get("content"))
        return Answer(
            {
                "ok": found.ok,
                "digest": found.digest,
                "problems": RulesRejected(found.problems).members()["errors"],
                "tests": found.tests,
            }
        )

    def page(call: Call) -> Answer:
        found = publishing.page(after=call.query.get("cursor"), limit=call.query["limit"])
        last = next(iter(publishing.history(limit=1).items), None)
        served = {"published": last.number, "epoch": last.epoch} if last else {"published": None, "epoch": 0}
        return Answer({"items": found.items, "next": found.next, **served})

    def save(call: Call) -> Answer:
        asked, source, epoch = _asked(call.body), _source(call.body), None
        note = asked.get("note", "")
        if asked.get("publish"):
            if call.caller is not None:
                keyring.require(call.caller, "publish")
            version, moved = publishing.release(
                source, author=call.author, note=note, expected_epoch=asked.get("expected_epoch")
            )
            epoch = moved.epoch
        else:
            version = publishing.save(source, author=call.author, note=note)
        return Answer(
            {**_summary(version), "epoch": epoch}, 201, headers={"Location": f"/v1/rulesets/{version.number}"}
        )

    def read(call: Call) -> Answer:
        version = publishing.get(call.path["number"])
        return Answer({**_summary(version), "document": json.loads(version.document)}, tag=version.digest)

    def diff(call: Call) -> Answer:
        return Answer(publishing.diff(reference_of(call.path["a"]), reference_of(call.path["b"])))

    document = Body(shapes.CheckBody, required=False, yaml=True, limit_bytes=MOST_DOCUMENT_BYTES)
    return [
        Operation(
            name="check_ruleset",
            method="POST",
            path="/v1/rulesets/check",
            summary="Check a document, or the draft, and run its tests; nothing is kept",
            tag=_TAG,
            access="read",
            body=document,
            answers={200: shapes.CheckAnswer},
            run=check,
        ),
        Operation(
            name="list_rulesets",
            method="GET",
            path="/v1/rulesets",
            summary="Versions, newest first",
            tag=_TAG,
            access="read",
            query=PageQuery,
            answers={200: shapes.VersionPage},
            run=page,
        ),
        Operation(
            name="save_ruleset",
            method="POST",
            path="/v1/rulesets",
            summary="Keep a document, or the draft, as the next version",
            tag=_TAG,
            access="write",
            body=Body(shapes.SaveBody, required=False, yaml=True, limit_bytes=MOST_DOCUMENT_BYTES),
            answers={201: shapes.SavedVersion},
            refusals=(412,),
            run=save,
        ),
        Operation(
            name="read_ruleset",
            method="GET",
            path="/v1/rulesets/<int:number>",
            summary="One version with its document",
            tag=_TAG,
            access="read",
            answers={200: shapes.Version},
            run=read,
        ),
        Operation(
            name="diff_rulesets",
            method="GET",
            path="/v1/rulesets/<string:a>/diff/<string:b>",
            summary="What turns one version into another: numbers, 'draft' or 'published'",
            tag=_TAG,
            access="read",
            answers={200: shapes.DiffAnswer},
            refusals=(422,),
            run=diff,
        ),
    ]


def _pointer(publishing: Publishing) -> list[Operation]:
    def publish(call: Call) -> Answer:
        asked = _asked(call.body)
        return Answer(
            publishing.publish(
                call.path["number"],
                author=call.author,
                note=asked.get("note", ""),
                expected_epoch=asked.get("expected_epoch"),
            )
        )

    def rollback(call: Call) -> Answer:
        asked = _asked(call.body)
        return Answer(
            publishing.rollback(
                call.path["number"],
                author=call.author,
                note=asked.get("note", ""),
                expected_epoch=asked.get("expected_epoch"),
            )
        )

    def history(call: Call) -> Answer:
        found = publishing.history(after=call.query.get("cursor"), limit=call.query["limit"])
        return Answer({"items": found.items, "next": found.next})

    return [
        Operation(
            name="publish_ruleset",
            method="POST",
            path="/v1/rulesets/<int:number>/publish",
            summary="Serve a version from now on, where it checks and its tests pass",
            tag=_TAG,
            access="publish",
            body=Body(shapes.MoveBody, required=False),
            answers={200: shapes.PublicationAnswer},
            refusals=(412,),
            run=publish,
        ),
        Operation(
            name="rollback_ruleset",
            method="POST",
            path="/v1/rulesets/<int:number>/rollback",
            summary="Serve a version that was served before; its tests are not run",
            tag=_TAG,
            access="publish",
            body=Body(shapes.MoveBody, required=False),
            answers={200: shapes.PublicationAnswer},
            refusals=(409, 412),
            run=rollback,
        ),
        Operation(
            name="list_publications",
            method="GET",
            path="/v1/rulesets/history",
            summary="What was served from when on, newest first",
            tag=_TAG,
            access="read",
            query=PageQuery,
            answers={200: shapes.HistoryPage},
            run=history,
        ),
    ]


def _summary(version: object) -> dict[str, object]:
    return {name: getattr(version, name) for name in ("number", "digest", "created_at", "author", "note")}


def _asked(body: object) -> dict[str, Any]:
    return body if isinstance(body, dict) else {}


def _source(body: object) -> Source | None:
    """The document that a body brings; None: the draft."""
    if isinstance(body, Text):
        return body.content
    found: Source | None = _asked(body).get("document")
    return found


def reference_of(text: str) -> Reference:
    """The version that a text in a path names. Raises: ValidationFailed."""
    if text == "draft":
        return "draft"
    if text == "published":
        return "published"
    if text.isascii() and text.isdecimal():
        return int(text)
    raise ValidationFailed([FieldError("", f"{text[:80]!r} is no version: a number, 'draft' or 'published'")])
