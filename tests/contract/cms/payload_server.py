"""An imitation of Payload 3's REST API over recorded documents.

It enforces what the recordings show: strangers (whoever bears a wrong API key is one) see what is published alone,
paging with `totalDocs` and `hasNextPage`, `sort`, `where` with `equals`, `in` and `greater_than`, `select`, `depth`,
`draft` and `locale=all`. It is no Payload: what it does not know, it refuses with the recorded 400.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters import registry
from tests.contract.clock import FakeTime
from tests.contract.http_server import Reply, Request, serve

if TYPE_CHECKING:
    from tests.contract.cms.harness import Piece

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "cms" / "payload"
KEY = "right-key"
# The fields that refer to other documents, and the collections they refer to.
RELATIONS = {"tags": "tags", "related": "articles", "cover": "media", "author": "users"}
KNOWN = re.compile(
    r"locale|depth|draft|limit|page|sort|select\[\w+\]|where\[id\]\[(equals|in|greater_than)\]"
    r"|where\[_status\]\[equals\]"
)


def recorded(name: str) -> dict[str, Any]:
    """One recording as a mapping."""
    loaded: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
    return loaded


def replay(name: str) -> Reply:
    """A recorded answer, byte for byte."""
    recording = recorded(name)
    return Reply(recording["status"], recording["body_raw"].encode(), {"Content-Type": "application/json"})


class PayloadServer:
    """Documents by collection, as Payload keeps them: relations are ids, localised fields hold every locale.

    `pending` has the drafts that were saved over published documents, by (collection, id).
    """

    def __init__(self) -> None:
        self.documents: dict[str, list[dict[str, Any]]] = {"articles": [], "tags": [], "media": [], "users": []}
        self.pending: dict[tuple[str, Any], dict[str, Any]] = {}
        self.with_drafts = {"articles"}
        self.requests: list[Request] = []
        self.faults: list[Reply] = []
        self.between: Callable[[Request], None] | None = None

    @classmethod
    def with_recordings(cls) -> PayloadServer:
        """The recorded site: three published articles and one that was unpublished, three tags, and a draft pending."""
        made = cls()
        made.documents["tags"] = recorded("list-tags")["body_json"]["docs"]
        made.documents["articles"] = [_kept(one) for one in recorded("list-articles")["body_json"]["docs"]]
        made.documents["articles"].append(_kept(recorded("unpublish")["body_json"]["doc"]))
        draft = recorded("save-draft-over-published")["body_json"]["doc"]
        made.pending[("articles", draft["id"])] = _kept(draft)
        return made

    def find(self, collection: str, document_id: object) -> dict[str, Any]:
        """The document, to be changed in place."""
        return next(one for one in self.documents[collection] if one["id"] == document_id)

    def answer(self, request: Request) -> Reply:
        """The answer to one request; faults that were queued come first."""
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)
        if self.between is not None:
            self.between(request)
        known = request.headers.get("authorization") == f"users API-Key {KEY}"
        _, api, collection, *rest = request.path.split("/")
        if (collection, rest) == ("users", ["me"]):
            return Reply.of({"user": {"id": 1, "collection": "users"} if known else None, "message": "Account"})
        if api != "api" or collection not in self.documents or rest:
            return Reply.of({"message": f'Route not found "{request.path}"'}, 404)
        if collection == "users" and not known:
            return replay("error-403-write")
        if not all(KNOWN.fullmatch(name) for name in request.query):
            return replay("error-400")
        if "where[_status][equals]" in request.query and collection not in self.with_drafts:
            message = "The following path cannot be queried: _status"
            return Reply.of(
                {"errors": [{"name": "QueryError", "data": [{"path": "_status"}], "message": message}]}, 400
            )
        return self._list(collection, request, known=known)

    def _list(self, collection: str, request: Request, *, known: bool) -> Reply:
        query = request.query
        rows = self.documents[collection]
        if query.get("draft") == "true" and known:
            rows = [self.pending.get((collection, row["id"]), row) for row in rows]
        status = query.get("where[_status][equals]") or (None if known else "published")
        if status and collection in self.with_drafts:
            rows = [row for row in rows if row["_status"] == status]
        if (after := query.get("where[id][greater_than]")) is not None:
            rows = [row for row in rows if _order(row["id"]) > _order(after)]
        if (wanted := query.get("where[id][in]") or query.get("where[id][equals]")) is not None:
            rows = [row for row in rows if str(row["id"]) in wanted.split(",")]
        for part in reversed(query.get("sort", "-createdAt").split(",")):
            name = part.removeprefix("-")
            rows = sorted(rows, key=lambda row: _order(row[name]), reverse=part.startswith("-"))
        size, page = int(query.get("limit", 10)), int(query.get("page", 1))
        shown = [self._shape(row, query) for row in rows[(page - 1) * size : page * size]]
        pages = max(1, -(-len(rows) // size))
        paging = {
            "hasNextPage": page < pages,
            "hasPrevPage": page > 1,
            "limit": size,
            "nextPage": page + 1 if page < pages else None,
            "page": page,
            "pagingCounter": (page - 1) * size + 1,
            "prevPage": page - 1 if page > 1 else None,
            "totalDocs": len(rows),
            "totalPages": pages,
        }
        return Reply.of({"docs": shown, **paging})

    def _shape(self, row: dict[str, Any], query: Any) -> dict[str, Any]:
        chosen = [name[7:-1] for name in query if name.startswith("select[")]
        made = self._resolved(row, int(query.get("depth", 2)))
        return {name: value for name, value in made.items() if name in ("id", *chosen)} if chosen else made

    def _resolved(self, row: dict[str, Any], depth: int) -> dict[str, Any]:
        made = copy.deepcopy(row)
        for name, collection in RELATIONS.items():
            if depth and name in made:
                made[name] = self._related(made[name], collection, depth)
        return made

    def _related(self, value: Any, collection: str, depth: int) -> Any:
        if isinstance(value, list):
            return [self._related(item, collection, depth) for item in value]
        if isinstance(value, dict):  # a localised relation
            return {locale: self._related(item, collection, depth) for locale, item in value.items()}
        row = next((one for one in self.documents[collection] if one["id"] == value), None)
        return value if row is None else self._resolved(row, depth - 1)


def _kept(document: dict[str, Any]) -> dict[str, Any]:
    """A document as it is kept: with the ids of its tags."""
    return {**document, "tags": [tag["id"] for tag in document["tags"]]}


def _order(value: Any) -> tuple[int, Any]:
    number = value if isinstance(value, int) else int(value) if str(value).isdigit() else None
    return (1, str(value)) if number is None else (0, number)


@contextmanager
def running(server: PayloadServer) -> Iterator[str]:
    """Serves it; gives the site's URL."""
    with serve(server.answer) as url:
        yield url


class PayloadHarness:
    def __init__(self, server: PayloadServer, url: str, time: FakeTime, **options: object) -> None:
        self.server = server
        self.url = url
        self.time = time
        settings: dict[str, object] = {
            "url": url,
            "token": KEY,
            "collections": ["articles"],
            "locales": ["en", "fr"],
            "ids": "plain",
            "page_size": 2,
            "markdown_fields": ["text"],
            "allow_private": True,
        }
        self.options = {**settings, **options}
        self.source = registry.cms("payload")(self.options, time.runtime())
        self._second = 0

    def _moment(self) -> str:
        self._second += 1
        return f"2025-11-22T{self._second // 3600:02}:{self._second // 60 % 60:02}:{self._second % 60:02}.000Z"

    def _document(self, piece: Piece) -> dict[str, Any]:
        rows = self.server.documents["articles"]
        row = next((row for row in rows if row["id"] == piece.id), None)
        moment = self._moment()
        if row is None:
            row = {"id": piece.id, "createdAt": moment, "_status": "published"}
            rows.append(row)
        row["updatedAt"] = moment
        return row

    def put(self, piece: Piece) -> None:
        row = self._document(piece)
        known = {tag["id"] for tag in self.server.documents["tags"]}
        for tag in piece.tags:
            if tag not in known:
                moment = self._moment()
                made = {"id": tag, "name": tag, "createdAt": moment, "updatedAt": moment}
                self.server.documents["tags"].append(made)
                known.add(tag)
        localised = {
            "title": piece.title,
            "text": piece.html,
            "tags": list(piece.tags),
            "related": piece.link,
            "expires_at": piece.expires,
            "publishedAt": row["createdAt"],
        }
        for name, value in localised.items():
            row.setdefault(name, {})[piece.locale] = value

    def draft(self, piece: Piece) -> None:
        self.put(piece)
        self._document(piece)["_status"] = "draft"

    def remove(self, piece: Piece) -> None:
        row = self._document(piece)
        for value in row.values():
            if isinstance(value, dict):
                value.pop(piece.locale, None)
        if not row["title"]:
            self.server.documents["articles"].remove(row)

    def damage(self, piece: Piece) -> None:
        self.put(piece)
        self._document(piece)["publishedAt"][piece.locale] = "yesterday, about noon"

    def go_down(self) -> None:
        self.server.between = None
        self.server.faults = [Reply(503)] * 20


@contextmanager
def payload(tmp_path: Path) -> Iterator[PayloadHarness]:
    server = PayloadServer()
    with running(server) as url:
        harness = PayloadHarness(server, url, FakeTime())
        yield harness
        harness.source.close()
