"""Segments as files: lists of visitor ids in, who is in a segment out."""

from __future__ import annotations

from dataclasses import asdict

from plugin.errors import MalformedRequest, UnsupportedMediaType
from plugin.service.segments.asked import Terms
from plugin.service.segments.export import csv_of
from plugin.service.segments.importing import SegmentImport
from plugin.service.segments.reading import SegmentReading
from plugin.web.operations import Answer, Call, Flow, Incoming, Operation, RawBody
from plugin.web.schemas import segments as shapes

CSV = "text/csv"
MOST_BYTES = 16 * 1024 * 1024
_TAG = "segments"
_TYPES = frozenset({CSV, "text/plain", ""})


def operations(imports: SegmentImport, reading: SegmentReading) -> list[Operation]:
    """The way in and the way out."""

    def import_(call: Call) -> Answer:
        sent: Incoming = call.body
        if sent.headers.get("content-type", "").partition(";")[0].strip().lower() not in _TYPES:
            raise UnsupportedMediaType([CSV])
        if "content-length" not in sent.headers:  # of JSON that broke off half is none; half a list is a list
            raise MalformedRequest("Send a list with its Content-Length: without it nobody can tell that it broke off.")
        done = imports.run(
            call.path["id"],
            sent.read(),
            Terms(call.query.get("expires_at"), call.query.get("ttl")),
            column=call.query.get("column"),
            replace=call.query["mode"] == "replace",
            skip=call.query["on_error"] == "skip",
            author=call.author,
        )
        numbers = {"lines": done.lines, "rejected": done.rejected, "bad": done.bad}
        return Answer(asdict(done.written) | numbers)

    def export(call: Call) -> Answer:
        listed, kept = reading.everybody(call.path["id"], author=call.author)
        return Answer(
            Flow(csv_of(listed, kept), f"{CSV}; charset=utf-8"),
            headers={"Content-Disposition": 'attachment; filename="segment.csv"'},
        )

    return [
        Operation(
            name="import_members",
            method="POST",
            path="/v1/segments/<id:id>/import",
            summary="Put a list of visitors in a segment: CSV, an id a line, or a header that names the column",
            description=(
                "The file is looked through before anything is written: with `on_error=stop` one bad line keeps all of "
                "it out, and every bad line is listed with its number."
            ),
            tag=_TAG,
            access="visitors",
            query=shapes.ImportQuery,
            body=RawBody(MOST_BYTES, media=CSV),
            answers={200: shapes.ImportAnswer},
            refusals=(409, 415),
            run=import_,
        ),
        Operation(
            name="export_segment",
            method="GET",
            path="/v1/segments/<id:id>/export",
            summary="Everybody in a segment as CSV",
            description=(
                "Columns: id, source, from, since, until, score. Ids are not kept, so only those that the document "
                "itself lists are there; all others come by their source, a keyed hash that no id can be read from."
            ),
            tag=_TAG,
            access="visitors",
            answers={200: None},
            gives=CSV,
            refusals=(409,),
            run=export,
        ),
    ]
