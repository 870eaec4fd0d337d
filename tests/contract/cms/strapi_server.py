"""An imitation of Strapi 5's REST API over recorded documents.

It enforces what Strapi documents and the recordings show: the bearer token (recorded 401 and 403 bodies),
paging with a largest page size, `sort`, `filters[documentId][$gt]`, `fields`, `populate`, `locale` (one at a
time) and `status`. It is no Strapi: what it does not know, it refuses with the recorded 400.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.contract.http_server import Reply, Request, serve

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "cms" / "strapi"
TOKEN = "right-token"
DEFAULT_LOCALE = "en"
RELATIONS = ("tags", "localizations", "articles", "related", "cover")
KNOWN = re.compile(
    r"status|locale|populate(\[.*)?|sort\[\d\]|fields\[\d\]|filters\[documentId\]\[\$gt\]"
    r"|pagination\[(page|pageSize|withCount)\]"
)


def recorded(name: str) -> dict[str, Any]:
    """One recording as a mapping."""
    loaded: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
    return loaded


def replay(name: str) -> Reply:
    """A recorded answer, byte for byte."""
    recording = recorded(name)
    return Reply(
        recording["status"],
        recording["body_raw"].encode(),
        {"Content-Type": "application/json; charset=utf-8"},
    )


class StrapiServer:
    """Documents by type; each published row and each draft is a mapping as Strapi sends it, populated."""

    def __init__(self, *, max_page_size: int = 100) -> None:
        self.max_page_size = max_page_size
        self.published: dict[str, list[dict[str, Any]]] = {"articles": [], "tags": []}
        self.drafts: dict[str, list[dict[str, Any]]] = {"articles": [], "tags": []}
        self.requests: list[Request] = []
        self.faults: list[Reply] = []
        self.between: Callable[[Request], None] | None = None

    @classmethod
    def with_recordings(cls, **options: int) -> StrapiServer:
        """The recorded site: five published articles, three tags, one draft."""
        made = cls(**options)
        made.published["articles"] = recorded("list-articles-populate")["body_json"]["data"]
        made.published["tags"] = recorded("list-tags")["body_json"]["data"]
        made.drafts["articles"] = [recorded("single-article-draft")["body_json"]["data"]]
        return made

    def find(self, api_id: str, document_id: str, locale: str | None = DEFAULT_LOCALE) -> dict[str, Any]:
        """The published row, to be changed in place."""
        return next(
            row
            for row in self.published[api_id]
            if row["documentId"] == document_id and row.get("locale") in (locale, None)
        )

    def answer(self, request: Request) -> Reply:
        """The answer to one request; faults that were queued come first."""
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)
        if self.between is not None:
            self.between(request)
        if "authorization" not in request.headers:
            return replay("error-403-no-token")
        if request.headers["authorization"] != f"Bearer {TOKEN}":
            return replay("error-401-bad-token")
        if not all(KNOWN.fullmatch(name) for name in request.query):
            return replay("error-400-bad-filter")
        _, api, api_id, *rest = request.path.split("/")
        if api != "api" or api_id not in self.published or len(rest) > 1:
            return replay("error-404")
        rows = self._rows(api_id, request)
        if rest:
            row = next((row for row in rows if row["documentId"] == rest[0]), None)
            return Reply.of({"data": self._shape(row, request), "meta": {}}) if row else replay("error-404")
        return self._list(rows, request)

    def _rows(self, api_id: str, request: Request) -> list[dict[str, Any]]:
        drafts = request.query.get("status") == "draft"
        locale = request.query.get("locale", DEFAULT_LOCALE)
        rows = (self.drafts if drafts else self.published)[api_id]
        return [row for row in rows if row.get("locale") in (locale, None)]

    def _list(self, rows: list[dict[str, Any]], request: Request) -> Reply:
        query = request.query
        if after := query.get("filters[documentId][$gt]"):
            rows = [row for row in rows if row["documentId"] > after]
        for number in (1, 0):
            if order := query.get(f"sort[{number}]"):
                name, _, direction = order.partition(":")
                rows = sorted(rows, key=lambda row: str(row[name]), reverse=direction == "desc")
        size = min(int(query.get("pagination[pageSize]", 25)), self.max_page_size)
        page = int(query.get("pagination[page]", 1))
        shown = [self._shape(row, request) for row in rows[(page - 1) * size : page * size]]
        paging = {"page": page, "pageSize": size, "pageCount": -(-len(rows) // size), "total": len(rows)}
        return Reply.of({"data": shown, "meta": {"pagination": paging}})

    def _shape(self, row: dict[str, Any], request: Request) -> dict[str, Any]:
        fields = [value for name, value in request.query.items() if name.startswith("fields[")]
        made = copy.deepcopy(row)
        if fields:
            return {name: value for name, value in made.items() if name in (*fields, "id", "documentId")}
        if not any(name.startswith("populate") for name in request.query):
            made = {name: value for name, value in made.items() if name not in RELATIONS}
        return made


@contextmanager
def running(server: StrapiServer) -> Iterator[str]:
    """Serves it; gives the site's URL."""
    with serve(server.answer) as url:
        yield url
