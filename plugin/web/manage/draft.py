"""The working draft: slots, segments, rules, experiments and attributes one by one, and the whole document."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import quote

from plugin.errors import FieldError, ValidationFailed
from plugin.service.rulesets.draft import Drafting, Item
from plugin.service.rulesets.items import SECTIONS, SINGULAR, Section
from plugin.web.operations import Answer, Body, Call, Operation
from plugin.web.schemas import draft as shapes
from plugin.web.schemas.common import PageQuery

MOST_DOCUMENT_BYTES = 16 * 1024 * 1024


def operations(drafting: Drafting) -> list[Operation]:
    """The operations of every section, and of the draft as a whole."""
    found = [operation for section in SECTIONS for operation in _section(drafting, section)]
    return [*found, *_whole(drafting)]


def _section(drafting: Drafting, section: Section) -> list[Operation]:
    one = SINGULAR[section]
    an = f"an {one}" if one[0] in "aeiou" else f"a {one}"
    path, each = f"/v1/{section}", f"/v1/{section}/<id:id>"
    # A segment may list its members, and those are many.
    body = Body(shapes.Item, limit_bytes=MOST_DOCUMENT_BYTES if section == "segments" else 0)

    def page(call: Call) -> Answer:
        cursor = call.query.get("cursor")
        listing = drafting.page(section, after=_decode(cursor) if cursor else None, limit=call.query["limit"])
        return Answer(
            {
                "items": [item.value for item in listing.items],
                "next": None if listing.next is None else _encode(listing.next),
                "etags": {item.id: f'"{item.tag}"' for item in listing.items},
            },
            tag=listing.tag,
        )

    def read(call: Call) -> Answer:
        return _of(drafting.get(section, call.path["id"]))

    def create(call: Call) -> Answer:
        item = drafting.create(section, call.body, author=call.author)
        return _of(item, status=201, location=f"{path}/{quote(item.id, safe='')}")

    def put(call: Call) -> Answer:
        item, new = drafting.put(
            section, call.path["id"], call.body, precondition=call.precondition, author=call.author
        )
        return _of(item, status=201 if new else 200)

    def delete(call: Call) -> Answer:
        drafting.delete(section, call.path["id"], precondition=call.precondition, author=call.author)
        return Answer(status=204)

    return [
        Operation(
            name=f"list_{section}",
            method="GET",
            path=path,
            summary=f"The {section} of the draft",
            tag=section,
            access="read",
            query=PageQuery,
            answers={200: shapes.ItemPage},
            run=page,
        ),
        Operation(
            name=f"create_{one}",
            method="POST",
            path=path,
            summary=f"Add {an} under the id that it says",
            tag=section,
            access="write",
            body=body,
            answers={201: shapes.Item},
            refusals=(409,),
            run=create,
        ),
        Operation(
            name=f"read_{one}",
            method="GET",
            path=each,
            summary=f"One {one} of the draft",
            tag=section,
            access="read",
            answers={200: shapes.Item},
            run=read,
        ),
        Operation(
            name=f"put_{one}",
            method="PUT",
            path=each,
            summary=f"Put {an} in place",
            tag=section,
            access="write",
            body=body,
            answers={200: shapes.Item, 201: shapes.Item},
            refusals=(409,),
            conditional=True,
            run=put,
        ),
        Operation(
            name=f"delete_{one}",
            method="DELETE",
            path=each,
            summary=f"Take {an} out that nothing else uses",
            tag=section,
            access="write",
            answers={204: None},
            refusals=(409,),
            conditional=True,
            run=delete,
        ),
    ]


def _whole(drafting: Drafting) -> list[Operation]:
    def read(_call: Call) -> Answer:
        draft = drafting.document()
        return Answer(draft.document, tag=draft.tag)

    def replace(call: Call) -> Answer:
        draft = drafting.replace(call.body, precondition=call.precondition, author=call.author)
        return Answer(draft.document, tag=draft.tag)

    return [
        Operation(
            name="read_draft",
            method="GET",
            path="/v1/draft",
            summary="The whole working document; what is published, as long as nobody has edited it",
            tag="draft",
            access="read",
            answers={200: shapes.DraftDocument},
            run=read,
        ),
        Operation(
            name="replace_draft",
            method="PUT",
            path="/v1/draft",
            summary="Put a whole document in its place",
            tag="draft",
            access="write",
            body=Body(shapes.DraftDocument, limit_bytes=MOST_DOCUMENT_BYTES),
            answers={200: shapes.DraftDocument},
            refusals=(409,),
            conditional=True,
            run=replace,
        ),
    ]


def _of(item: Item, *, status: int = 200, location: str | None = None) -> Answer:
    return Answer(item.value, status, item.tag, {"Location": location} if location else {})


def _encode(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _decode(cursor: str) -> str:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (UnicodeError, binascii.Error) as error:
        raise ValidationFailed([FieldError("/cursor", "not a cursor of this list")]) from error
