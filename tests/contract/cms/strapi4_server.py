"""An imitation of Strapi 4's REST API, in the forms that were recorded from Strapi 4.26.

It enforces what was seen of the real one: the bearer token, `publicationState` (of rows, of relations and of
localizations in lists), `locale` (one, or all), `filters[id]`, `sort`, paging with a largest page size, `fields` that a
type must have, and localizations only where they are asked for. What it does not know it refuses.
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

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "cms" / "strapi4"
TOKEN = "right-token"
DEFAULT_LOCALE = "en"
KNOWN = re.compile(
    r"publicationState|locale|populate(\[.*)?|sort\[\d\]|fields\[\d\]|filters\[id\]\[\$(gt|eq|in)\](\[\d+\])?"
    r"|pagination\[(page|pageSize|withCount)\]"
)

Row = dict[str, Any]


def recorded(name: str) -> dict[str, Any]:
    """One recording as a mapping."""
    loaded: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
    return loaded


def replay(name: str) -> Reply:
    """A recorded answer, byte for byte."""
    recording = recorded(name)
    return Reply(recording["status"], recording["body_raw"].encode(), {"Content-Type": "application/json"})


class Strapi4Server:
    """Rows by type, drafts among them, each as Strapi sends it with everything populated."""

    def __init__(self, *, max_page_size: int = 100) -> None:
        self.max_page_size = max_page_size
        self.rows: dict[str, list[Row]] = {"articles": [], "tags": []}
        self.requests: list[Request] = []
        self.faults: list[Reply] = []
        self.between: Callable[[Request], None] | None = None

    @classmethod
    def with_recordings(cls, **options: int) -> Strapi4Server:
        """The recorded site: three articles, one of them in two languages, and a draft."""
        made = cls(**options)
        made.rows["articles"] = recorded("list-articles-preview")["body_json"]["data"]
        made.rows["tags"] = recorded("list-tags")["body_json"]["data"]
        return made

    def find(self, api_id: str, row: int) -> Row:
        """A row, to be changed in place."""
        return next(item for item in self.rows[api_id] if item["id"] == row)

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
        _, api, api_id, *rest = request.path.split("/")
        if api != "api" or api_id not in self.rows or rest:
            return replay("error-404")
        rows = self.rows[api_id]
        asked = [value for name, value in request.query.items() if name.startswith("fields[")]
        known = {name for row in rows for name in row["attributes"]}
        if not all(KNOWN.fullmatch(name) for name in request.query) or (rows and not known.issuperset(asked)):
            return replay("error-400-fields-locale")
        return self._list([row for row in rows if self._matches(row, request)], request)

    def _matches(self, row: Row, request: Request) -> bool:
        query, attributes = request.query, row["attributes"]
        wanted = [int(value) for name, value in query.items() if re.match(r"filters\[id\]\[\$(eq|in)\]", name)]
        locale = query.get("locale", DEFAULT_LOCALE)
        return (
            (locale == "all" or attributes.get("locale", locale) == locale)
            and (not wanted or row["id"] in wanted)
            and row["id"] > int(query.get("filters[id][$gt]", 0))
            and _shown(row, query.get("publicationState", "live"))
        )

    def _list(self, rows: list[Row], request: Request) -> Reply:
        query = request.query
        for number in (1, 0):
            if order := query.get(f"sort[{number}]"):
                name, _, direction = order.partition(":")
                rows = sorted(rows, key=lambda row: _sortable(row, name), reverse=direction == "desc")
        size = min(int(query.get("pagination[pageSize]", 25)), self.max_page_size)
        page = int(query.get("pagination[page]", 1))
        shown = [self._shape(row, request) for row in rows[(page - 1) * size : page * size]]
        paging = {"page": page, "pageSize": size, "pageCount": -(-len(rows) // size), "total": len(rows)}
        return Reply.of({"data": shown, "meta": {"pagination": paging}})

    def _shape(self, row: Row, request: Request) -> Row:
        populate = [name for name in request.query if name.startswith("populate")]
        fields = [value for name, value in request.query.items() if name.startswith("fields[")]
        state = request.query.get("publicationState", "live")
        attributes = copy.deepcopy(row["attributes"])
        made: dict[str, Any] = {}
        for name, value in attributes.items():
            if not (isinstance(value, dict) and value.keys() == {"data"}):
                made |= {name: value} if not fields or name in fields else {}
            elif "populate" in populate or any(one.startswith(f"populate[{name}]") for one in populate):
                held = value["data"]
                if isinstance(held, list):
                    made[name] = {"data": [item for item in held if _shown(item, state)]}
                else:
                    made[name] = {"data": held if held and _shown(held, state) else None}
        return {"id": row["id"], "attributes": made}


def _shown(row: Row, state: str) -> bool:
    attributes = row["attributes"]
    return state == "preview" or "publishedAt" not in attributes or attributes["publishedAt"] is not None


def _sortable(row: Row, name: str) -> Any:
    return row["id"] if name == "id" else str(row["attributes"][name])


@contextmanager
def running(server: Strapi4Server) -> Iterator[str]:
    """Serves it; gives the site's URL."""
    with serve(server.answer) as url:
        yield url
