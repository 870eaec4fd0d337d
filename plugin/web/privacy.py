"""What is kept of a visitor, given out whole or erased, and who read or changed it."""

from __future__ import annotations

from collections.abc import Iterator

from plugin.service.privacy.services import PrivacyServices
from plugin.web.operations import JSON_TYPE, Answer, Call, Flow, Operation
from plugin.web.schemas import privacy as shapes

SCOPE = "visitors"
_TAG = "privacy"
_EACH = "/v1/visitors/<id:id>"
_PIECE = 64 * 1_024


def operations(services: PrivacyServices) -> list[Operation]:
    """Access, erasure, audit."""

    def export(call: Call) -> Answer:
        parts = _pieces(services.access.export(call.path["id"], actor=call.author))
        headers = {"Content-Disposition": 'attachment; filename="visitor.json"'}
        return Answer(Flow(parts, JSON_TYPE), headers=headers)

    def erase(call: Call) -> Answer:
        found = services.erasing.erase(call.path["id"], actor=call.author)
        return Answer(found, 200 if found.done else 202, headers={"Location": f"/v1/erasures/{found.id}"})

    def receipt(call: Call) -> Answer:
        return Answer(services.erasing.receipt(call.path["id"]))

    def audit(call: Call) -> Answer:
        page = services.reading.page(
            visitor=call.query.get("visitor"),
            after=call.query.get("cursor"),
            limit=call.query["limit"],
            actor=call.author,
        )
        return Answer(page)

    return [
        Operation(
            name="export_visitor",
            method="GET",
            path=f"{_EACH}/export",
            summary="Everything that is kept of a visitor, as a file",
            description=(
                "Of all linked ids: profiles, consent, events, segments with entries and exits, links, what is in "
                "flight, and who read or changed it; with what each part is for and how long it is kept. An answer "
                "that breaks off is no JSON: ask again. Noted in the audit log."
            ),
            tag=_TAG,
            access=SCOPE,
            answers={200: shapes.Export},
            refusals=(422,),
            run=export,
        ),
        Operation(
            name="erase_visitor",
            method="DELETE",
            path=_EACH,
            summary="Erase a visitor, under all linked ids",
            description=(
                "Once it is answered, nothing that was accepted before comes back. 200: all that can be reached is "
                "gone; 202: a worker goes on with what the receipt names. Again is safe. What the visitor does "
                "afterwards begins a new profile, where consent lets it. Noted in the audit log."
            ),
            tag=_TAG,
            access=SCOPE,
            answers={200: shapes.Erasure, 202: shapes.Erasure},
            refusals=(422, 503),
            run=erase,
        ),
        Operation(
            name="read_erasure",
            method="GET",
            path="/v1/erasures/<string:id>",
            summary="An erasure, by its receipt",
            tag=_TAG,
            access=SCOPE,
            answers={200: shapes.Erasure},
            run=receipt,
        ),
        Operation(
            name="list_audit",
            method="GET",
            path="/v1/audit",
            summary="Who read or changed personal data",
            description="Newest first. Reading it is noted too.",
            tag=_TAG,
            access=SCOPE,
            query=shapes.AuditQuery,
            answers={200: shapes.AuditPage},
            run=audit,
        ),
    ]


def _pieces(texts: Iterator[str]) -> Iterator[bytes]:
    """In pieces that are worth sending."""
    held: list[str] = []
    size = 0
    for text in texts:
        held.append(text)
        size += len(text)
        if size >= _PIECE:
            yield "".join(held).encode()
            held, size = [], 0
    yield "".join(held).encode()
