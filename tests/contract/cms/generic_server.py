"""A plain JSON API of no CMS in particular, and harnesses for the generic adapter over it and over a file.

`GET /api/v2/things` lists, in pages of `limit` (at most `max_page`), from `page`, `offset` or `after`; the next page is
also linked in the body and in the `Link` header. `changed_since` lists what is newer. `GET /api/v2/things/{uid}?lang=`
gives one. Both want the key in `X-API-Key`, and show drafts.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

from adapters import registry
from tests.contract.clock import FakeTime
from tests.contract.http_server import Reply, Request, serve

KEY = "right-key"
LIST = "/api/v2/things"
MAPPING: dict[str, object] = {
    "id": "$.uid",
    "locale": "$.lang",
    "type": "$.kind",
    "tags": "$.labels[*].name",
    "published_at": "$.published",
    "version": "$.rev",
    "ordering": "integer",
    "keep": "@.status == 'live'",
    "without": ["status", "updated"],
    "markdown_fields": ["text"],
    "link_fields": ["related"],
    "items": "$.data.things",
}
PAGINGS: dict[str, dict[str, object]] = {
    "next": {"paging": "next", "next": "$.links.next"},
    "header": {"paging": "header"},
    "cursor": {"paging": "cursor", "next": "$.meta.after", "cursor_param": "after"},
    "page": {"paging": "page"},
    "offset": {"paging": "offset"},
}


def thing(uid: str, lang: str | None = "en", **more: Any) -> dict[str, Any]:
    """An item, published."""
    made = {"uid": uid, "lang": lang, "kind": "article", "title": uid.title(), "labels": [], "status": "live"}
    return {**made, "published": "2026-01-02T03:04:05Z", "updated": "2026-11-01T00:00:00Z", "rev": 1, **more}


class GenericServer:
    """`things` are the items, in the order of the list."""

    def __init__(self, *, max_page: int = 2) -> None:
        self.max_page = max_page
        self.things: list[dict[str, Any]] = []
        self.requests: list[Request] = []
        self.faults: list[Reply] = []
        self.between: Callable[[Request], None] | None = None

    def find(self, uid: str, lang: str | None = "en") -> dict[str, Any]:
        """An item, to be changed in place."""
        return next(one for one in self.things if (one["uid"], one["lang"]) == (uid, lang))

    def answer(self, request: Request) -> Reply:
        """The answer to one request; faults that were queued come first."""
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)
        if self.between is not None:
            self.between(request)
        if request.headers.get("x-api-key") != KEY:
            return Reply.of({"message": "who are you?"}, 401)
        if request.path == LIST:
            return self._list(request)
        uid = unquote(request.path.removeprefix(f"{LIST}/"))
        lang = request.query.get("lang") or None
        found = next((one for one in self.things if one["uid"] == uid and lang in (None, one["lang"])), None)
        return Reply.of({"data": found}) if found else Reply.of({"message": "no such thing"}, 404)

    def _list(self, request: Request) -> Reply:
        query = request.query
        rows = self.things
        if since := query.get("changed_since"):
            rows = [one for one in rows if one["updated"] >= since]
        size = min(int(query.get("limit", 100)), self.max_page)
        start = int(query.get("offset", query.get("after", (int(query.get("page", 1)) - 1) * size)))
        shown, end = rows[start : start + size], start + size
        more = end < len(rows)
        link = f"{LIST}?{urlencode({**query, 'offset': end})}" if more else None
        body = {
            "data": {"things": copy.deepcopy(shown)},
            "meta": {"total": len(rows), "after": end if more else None},
            "links": {"next": link},
        }
        headers = {"Link": f'<{link}>; rel="next"'} if link else {}
        return Reply.of(body, **headers)


class GenericHarness:
    """Over HTTP. An option that is None is left out."""

    def __init__(self, server: GenericServer, url: str, time: FakeTime, **options: object) -> None:
        self.server = server
        self.time = time
        merged: dict[str, object] = {
            **MAPPING,
            "url": f"{url}/api",
            "path": "v2/things",
            "headers": {"X-API-Key": KEY},
            "entry_path": "v2/things/{id}",
            "entry_params": {"lang": "{locale}"},
            "entry": "$.data",
            "total": "$.meta.total",
            "allow_private": True,
            **(PAGINGS["next"] if "paging" not in options else {}),
            **options,
        }
        self.options = {name: value for name, value in merged.items() if value is not None}
        self.source = registry.cms("generic")(self.options, time.runtime())
        self._rev = 0

    def moment(self) -> str:
        """A later one each time."""
        self._rev += 1
        return f"2026-11-22T{self._rev // 60:02}:{self._rev % 60:02}:00Z"

    def _thing(self, piece: Any) -> dict[str, Any]:
        moment = self.moment()
        made = thing(piece.id, piece.locale, title=piece.title, rev=self._rev, related=piece.link)
        made["labels"] = [{"name": tag} for tag in piece.tags]
        made["updated"] = moment
        if piece.expires:
            made["expires_at"] = piece.expires
        return {**made, "text": piece.html} if piece.html else made

    def save(self, made: dict[str, Any]) -> None:
        """Puts an item where the one of that identity was, or at the end."""
        same = [
            n for n, one in enumerate(self.server.things) if (one["uid"], one["lang"]) == (made["uid"], made["lang"])
        ]
        self.server.things[slice(same[0], same[0] + 1) if same else slice(len(self.server.things), None)] = [made]

    def put(self, piece: Any) -> None:
        self.save(self._thing(piece))

    def draft(self, piece: Any) -> None:
        self.save({**self._thing(piece), "status": "draft"})

    def remove(self, piece: Any) -> None:
        keep = [one for one in self.server.things if (one["uid"], one["lang"]) != (piece.id, piece.locale)]
        self.server.things[:] = keep

    def damage(self, piece: Any) -> None:
        self.save({**self._thing(piece), "published": "yesterday, about noon"})

    def go_down(self) -> None:
        self.server.between = None
        self.server.faults = [Reply(503)] * 20


class GenericFileHarness(GenericHarness):
    """Over a file, written anew at each change."""

    def __init__(self, file: Path, time: FakeTime, **options: object) -> None:
        self.server = GenericServer()
        self.time = time
        self.file = file
        self.options = {**MAPPING, "file": str(file), **options}
        self.source = registry.cms("generic")(self.options, time.runtime())
        self._rev = 0
        self._write()

    def _write(self) -> None:
        self.file.write_text(json.dumps({"data": {"things": self.server.things}}))

    def save(self, made: dict[str, Any]) -> None:
        super().save(made)
        self._write()

    def remove(self, piece: Any) -> None:
        super().remove(piece)
        self._write()

    def go_down(self) -> None:
        self.file.unlink()


@contextmanager
def generic(tmp_path: Path, **options: object) -> Iterator[GenericHarness]:
    """The harness over HTTP; `options` beside the usual ones."""
    server = GenericServer()
    with serve(server.answer) as url:
        harness = GenericHarness(server, url, FakeTime(), **options)
        yield harness
        harness.source.close()


@contextmanager
def generic_file(tmp_path: Path, **options: object) -> Iterator[GenericFileHarness]:
    """The harness over a file."""
    harness = GenericFileHarness(tmp_path / "things.json", FakeTime(), **options)
    yield harness
    harness.source.close()


def path_of(uid: str) -> str:
    """The path of one thing."""
    return f"{LIST}/{quote(uid, safe='')}"
