"""An imitation of Wagtail's API v2 over recorded items.

It enforces what the recordings show: the largest `limit`, `offset`, `order`, `type`, `fields` (all, or named after
`_`), filters by field, errors as `{"message": …}` for what is not known, and 404 for what is not live. With `module` it
has the fields that `tessera_wagtail` adds, and its endpoint for drafts. The real thing is in `tests/integration/cms`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters import registry
from tests.contract.clock import FakeTime
from tests.contract.http_server import Reply, Request, serve

if TYPE_CHECKING:
    from tests.contract.cms.harness import Piece

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "cms" / "wagtail"
PREVIEW_TOKEN = "right-preview-token"
TYPE = "cms.ArticlePage"
KNOWN = frozenset(("limit", "offset", "fields", "order", "type", "rich_text_format"))
COLUMNS = frozenset(("id", "translation_key", "last_published_at", "code", "slug", "title", "kind"))


def recorded(name: str) -> dict[str, Any]:
    """One recording as a mapping."""
    loaded: dict[str, Any] = json.loads((RECORDINGS / f"v2-{name}.json").read_text("utf-8"))
    return loaded


def replay(name: str) -> Reply:
    """A recorded answer, byte for byte."""
    recording = recorded(name)
    return Reply(recording["status"], recording["body_raw"].encode(), {"Content-Type": "application/json"})


class WagtailServer:
    """Pages and snippets as API v2 shows them with `fields=*`; drafts apart."""

    def __init__(self, *, limit_max: int = 20) -> None:
        self.limit_max = limit_max
        self.pages: list[dict[str, Any]] = []
        self.drafts: list[dict[str, Any]] = []
        self.snippets: dict[str, list[dict[str, Any]]] = {"banners": []}
        self.requests: list[Request] = []
        self.faults: list[Reply] = []
        self.between: Callable[[Request], None] | None = None

    @classmethod
    def with_recordings(cls, **options: int) -> WagtailServer:
        """The recorded site: six pages, one of them a variant, and two banners, of which one was shown alone."""
        made = cls(**options)
        made.pages = recorded("list-fields-all")["body_json"]["items"]
        banner = recorded("single-banner")["body_json"]
        second = recorded("list-banners-snippets")["body_json"]["items"][1]
        made.snippets["banners"] = [banner, {**second, "title": "Free delivery", "text": "Text", "tags": []}]
        return made

    def find(self, number: int) -> dict[str, Any]:
        """The live page, to be changed in place."""
        return next(page for page in self.pages if page["id"] == number)

    def answer(self, request: Request) -> Reply:
        """The answer to one request; faults that were queued come first."""
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)
        if self.between is not None:
            self.between(request)
        _, api, version, name, *rest = request.path.split("/")
        stores = {"pages": self.pages, "tessera-drafts": self.drafts + self.pages, **self.snippets}
        if (api, version) != ("api", "v2") or name not in stores or rest[-1:] != [""]:
            return Reply(404, b"<h1>Not Found</h1>", {"Content-Type": "text/html"})
        if name == "tessera-drafts" and request.headers.get("authorization") != f"Bearer {PREVIEW_TOKEN}":
            return Reply.of({"detail": "Authentication credentials were not provided."}, 403)
        unknown = sorted(set(request.query) - KNOWN - COLUMNS)
        if unknown:
            said = f"query parameter is not an operation or a recognised field: {', '.join(unknown)}"
            return Reply.of({"message": said}, 400)
        if rest[0]:
            row = next((one for one in stores[name] if str(one["id"]) == rest[0]), None)
            parent = {"id": 3, "meta": {"type": TYPE}, "title": "Home"}
            return Reply.of({**row, "meta": {**row["meta"], "parent": parent}}) if row else replay("error-404")
        return self._list(stores[name], request, pages=name not in self.snippets)

    def _list(self, rows: list[dict[str, Any]], request: Request, *, pages: bool) -> Reply:
        query = request.query
        limit = int(query.get("limit", 20))
        if limit > self.limit_max:
            return Reply.of({"message": f"limit cannot be higher than {self.limit_max}"}, 400)
        if pages and (type_ := query.get("type")):
            if type_ not in (TYPE, "cms.OtherPage"):
                return Reply.of({"message": "type doesn't exist"}, 400)
            rows = [row for row in rows if row["meta"]["type"] == type_]
        if pages:
            for name in COLUMNS & set(query):
                rows = [row for row in rows if str(row["meta"].get(name, row.get(name))) == query[name]]
        for name in reversed(query.get("order", "id").split(",")):
            column = name.removeprefix("-")
            if column not in COLUMNS:
                return Reply.of({"message": f"cannot order by '{name}' (unknown field)"}, 400)

            def value(row: dict[str, Any], column: str = column) -> Any:
                found = row.get(column, row["meta"].get(column))
                return found if isinstance(found, int) else found or ""

            rows = sorted(rows, key=value, reverse=name.startswith("-"))
        offset = int(query.get("offset", 0))
        shown = [_shape(row, query.get("fields", "")) for row in rows[offset : offset + limit]]
        return Reply.of({"meta": {"total_count": len(rows)}, "items": shown})


def _shape(row: dict[str, Any], fields: str) -> dict[str, Any]:
    made = copy.deepcopy(row)
    if fields.startswith("_"):
        names = {*fields.split(","), "meta"}
        made["meta"] = {name: value for name, value in made["meta"].items() if name in names}
        made = {name: value for name, value in made.items() if name in names}
    return made


@contextmanager
def running(server: WagtailServer) -> Iterator[str]:
    """Serves it; gives the site's URL."""
    with serve(server.answer) as url:
        yield url


class WagtailHarness:
    """Pieces as pages, whose identity is a field `code` of the site's own: translation keys are not for reading."""

    def __init__(self, server: WagtailServer, url: str, time: FakeTime, **options: object) -> None:
        self.server = server
        self.url = url
        self.time = time
        settings: dict[str, object] = {
            "url": url,
            "types": [TYPE],
            "module": True,
            "identity": "code",
            "markdown_fields": ["text"],
            "page_size": 3,
            "allow_private": True,
        }
        self.options = {**settings, **options}
        self.source = registry.cms("wagtail")(self.options, time.runtime())
        self._second = 0
        self._number = 100

    def _page(self, piece: Piece, number: int) -> dict[str, Any]:
        self._second += 120
        stamp = f"2026-11-22T{self._second // 3600:02}:{self._second // 60 % 60:02}:{self._second % 60:02}.123456Z"
        made = copy.deepcopy(recorded("list-fields-all")["body_json"]["items"][1])
        made |= {"id": number, "code": piece.id, "title": piece.title, "text": piece.html, "related": None}
        made["meta"] |= {"slug": piece.id, "locale": piece.locale, "first_published_at": "2026-11-01T00:00:00Z"}
        made |= {"body": "", "blocks": [], "expires_at": piece.expires}
        made["tags"] = list(dict.fromkeys(piece.tags))  # an editor's tag is there once
        references: dict[str, Any] = {}
        if piece.link:
            target = next((page for page in self.server.pages if page["code"] == piece.link), None)
            if target is not None:
                url = f"{self.url}/api/v2/pages/{target['id']}/"
                meta = {"type": TYPE, "detail_url": url}
                made["related"] = {"id": target["id"], "meta": meta, "title": target["title"]}
                if "related(code)" in str(self.options.get("fields")):
                    made["related"]["code"] = piece.link
                references[f"page:{target['id']}"] = {"id": piece.link, "type": TYPE, "url": f"/{piece.link}/"}
        if self.options["module"]:
            made["meta"]["last_published_at"] = stamp
            made["meta"]["tessera"] = {"live": True, "references": references}
        return made

    def put(self, piece: Piece) -> None:
        known = next((page for page in self.server.pages if self._same(page, piece)), None)
        if known is None:
            self._number += 1
        self.remove(piece)
        self.server.pages.append(self._page(piece, known["id"] if known else self._number))

    def draft(self, piece: Piece) -> None:
        self._number += 1
        self.server.drafts.append(self._page(piece, self._number))

    def remove(self, piece: Piece) -> None:
        self.server.pages = [page for page in self.server.pages if not self._same(page, piece)]

    def damage(self, piece: Piece) -> None:
        self.put(piece)
        page = next(page for page in self.server.pages if self._same(page, piece))
        page["meta"]["first_published_at"] = "yesterday, about noon"

    def go_down(self) -> None:
        self.server.between = None
        self.server.faults = [Reply(503)] * 20

    @staticmethod
    def _same(page: dict[str, Any], piece: Piece) -> bool:
        return bool(page["code"] == piece.id and page["meta"]["locale"] == piece.locale)


@contextmanager
def wagtail(tmp_path: Path, **options: object) -> Iterator[WagtailHarness]:
    """A site that has the app, for the contract suite."""
    server = WagtailServer()
    with running(server) as url:
        harness = WagtailHarness(server, url, FakeTime(), **options)
        yield harness
        harness.source.close()
