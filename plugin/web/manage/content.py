"""Content entries: those of every source to read, those of the source `api` to write."""

from __future__ import annotations

from urllib.parse import quote

from plugin.service.content.management import Contents
from plugin.web.operations import Answer, Body, Call, Operation
from plugin.web.schemas import content as shapes

_TAG = "content"
_EACH = "/v1/content/<id:id>"


def operations(contents: Contents) -> list[Operation]:
    """Every operation on content."""

    def page(call: Call) -> Answer:
        filters = {name: call.query.get(name) for name in ("source", "type", "locale", "tag")}
        return Answer(contents.page(**filters, after=call.query.get("cursor"), limit=call.query["limit"]))

    def read(call: Call) -> Answer:
        entry = contents.get(call.path["id"])
        return Answer(entry, tag=entry.tag)

    def create(call: Call) -> Answer:
        entry = contents.create(call.body["id"], call.body["variants"])
        return Answer(entry, 201, entry.tag, {"Location": f"/v1/content/{quote(entry.id, safe='')}"})

    def put(call: Call) -> Answer:
        entry, new = contents.put(call.path["id"], call.body["variants"], precondition=call.precondition)
        return Answer(entry, 201 if new else 200, entry.tag)

    def delete(call: Call) -> Answer:
        contents.delete(call.path["id"], precondition=call.precondition)
        return Answer(status=204)

    return [
        Operation(
            name="list_content",
            method="GET",
            path="/v1/content",
            summary="Entries of every source, a language each",
            tag=_TAG,
            access="read",
            query=shapes.ContentQuery,
            answers={200: shapes.ContentPage},
            run=page,
        ),
        Operation(
            name="create_entry",
            method="POST",
            path="/v1/content",
            summary="Push a new entry",
            tag=_TAG,
            access="write",
            body=Body(shapes.NewEntryBody),
            answers={201: shapes.EntryAnswer},
            refusals=(409,),
            run=create,
        ),
        Operation(
            name="read_entry",
            method="GET",
            path=_EACH,
            summary="An entry in every language",
            tag=_TAG,
            access="read",
            answers={200: shapes.EntryAnswer},
            run=read,
        ),
        Operation(
            name="put_entry",
            method="PUT",
            path=_EACH,
            summary="Push an entry, with these languages and no others",
            tag=_TAG,
            access="write",
            body=Body(shapes.EntryBody),
            answers={200: shapes.EntryAnswer, 201: shapes.EntryAnswer},
            refusals=(409,),
            conditional=True,
            run=put,
        ),
        Operation(
            name="delete_entry",
            method="DELETE",
            path=_EACH,
            summary="Take back a pushed entry",
            tag=_TAG,
            access="write",
            answers={204: None},
            refusals=(409,),
            conditional=True,
            run=delete,
        ),
    ]
