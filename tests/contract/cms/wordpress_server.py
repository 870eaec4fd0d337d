"""An imitation of WordPress' REST API over recorded posts.

It enforces what WordPress documents and the recordings show: the largest page (recorded 400), totals in headers,
`include`, `offset`, `orderby`, `modified_after`, `_fields`, `context=edit` for those who may, ten embedded terms of a
taxonomy at most, 401 for what is not published, application passwords, and both kinds of permalinks. `lang` and
`translations` are those that Polylang Pro documents. The real thing is in `tests/cms_servers`.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.contract.http_server import Reply, Request, serve

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "cms" / "wordpress"
USERNAME, PASSWORD = "editor", "abcd efgh ijkl mnop qrst uvwx"
TAXONOMIES = {"category": "categories", "post_tag": "tags", "segment": "segment"}
KNOWN = frozenset(
    "_embed _fields context include per_page offset orderby order modified_after lang rest_route".split()  # noqa: SIM905
)
EMBEDDED_TERMS = 10
HTML = {"Content-Type": "text/html; charset=UTF-8"}


def recorded(name: str) -> dict[str, Any]:
    """One recording as a mapping."""
    loaded: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
    return loaded


def replay(name: str) -> Reply:
    """A recorded answer, byte for byte."""
    recording = recorded(name)
    headers = {name: value for name, value in recording["headers"] if name.lower().startswith(("content-type", "x-wp"))}
    return Reply(recording["status"], recording["body_raw"].encode(), headers)


def refusal(code: str, status: int, message: str = "Sorry, you are not allowed to do that.") -> Reply:
    """An error in WordPress' words."""
    return Reply.of({"code": code, "message": message, "data": {"status": status}}, status)


class WordPressServer:
    """Rows by rest_base as `context=edit` tells them, whatever their status; terms, users and files beside."""

    def __init__(self, *, permalinks: str = "pretty") -> None:
        self.permalinks = permalinks
        self.rows: dict[str, list[dict[str, Any]]] = {"posts": [], "heroes": []}
        self.autosaves: dict[int, list[dict[str, Any]]] = {}
        self.terms: dict[str, list[dict[str, Any]]] = {"categories": [], "tags": [], "segment": []}
        self.users: list[dict[str, Any]] = []
        self.media: list[dict[str, Any]] = []
        self.requests: list[Request] = []
        self.faults: list[Reply] = []
        self.between: Callable[[Request], None] | None = None

    @classmethod
    def with_recordings(cls, **options: str) -> WordPressServer:
        """The recorded site: five published posts, a hero, a draft, three tags and two segments."""
        made = cls(**options)
        made.rows["posts"] = recorded("list-posts")["body_json"] + [recorded("single-post-edit-context")["body_json"]]
        made.rows["heroes"] = recorded("list-heroes")["body_json"]
        made.terms["tags"] = recorded("list-tags")["body_json"]
        made.terms["segment"] = recorded("list-custom-taxonomy")["body_json"]
        embedded = recorded("list-posts-embed")["body_json"][0]["_embedded"]
        made.terms["categories"] = embedded["wp:term"][0]
        made.users = embedded["author"]
        return made

    def find(self, number: int, route: str = "posts") -> dict[str, Any]:
        """The row, to be changed in place."""
        return next(row for row in self.rows[route] if row["id"] == number)

    def answer(self, request: Request) -> Reply:
        """The answer to one request; faults that were queued come first."""
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)
        if self.between is not None:
            self.between(request)
        path = request.path if self.permalinks == "pretty" else "/wp-json" + request.query.get("rest_route", "")
        if self.permalinks != "pretty" and request.path != "/":
            return Reply(404, b"<html>Page not found</html>", HTML)
        parts = path.strip("/").split("/")
        if parts[:3] != ["wp-json", "wp", "v2"] or len(parts) < 4:
            return Reply(404, b"<html>Page not found</html>", HTML)
        header = request.headers.get("authorization")
        editor = header is not None
        if editor and header != "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode():
            return refusal("incorrect_password", 401, "The provided password is an invalid application password.")
        if not set(request.query) <= KNOWN:
            return replay("error-400-param")
        if request.query.get("context") == "edit" and not editor:
            return refusal("rest_forbidden_context", 401)
        return self._routed(parts[3:], request, editor)

    def _routed(self, parts: list[str], request: Request, editor: bool) -> Reply:
        route, *rest = parts
        if parts == ["users", "me"]:
            return Reply.of({"id": 1}) if editor else refusal("rest_not_logged_in", 401)
        if route == "media" and not rest:
            return self._list([one for one in self.media if one.get("status", "inherit") == "inherit"], request)
        if route in self.terms and not rest:
            return self._list(self.terms[route], request)
        if route not in self.rows:
            return refusal("rest_no_route", 404, "No route was found matching the URL and request method.")
        if not rest:
            rows = [row for row in self.rows[route] if row["status"] == "publish"]
            if code := request.query.get("lang"):
                rows = [row for row in rows if row.get("lang", code) == code]
            return self._list(rows, request)
        row = next((row for row in self.rows[route] if str(row["id"]) == rest[0]), None)
        if row is None:
            return replay("error-404")
        if row["status"] != "publish" and not editor:
            return replay("error-401-draft")
        if rest[1:] == ["autosaves"]:
            return Reply.of(self.autosaves.get(row["id"], []))
        return Reply.of(self._shape(row, request))

    def _list(self, rows: list[dict[str, Any]], request: Request) -> Reply:
        query = request.query
        size = int(query.get("per_page", 10))
        if not 1 <= size <= 100:
            return replay("error-400-param")
        if named := query.get("include"):
            rows = [row for row in rows if str(row["id"]) in named.split(",")]
        if after := query.get("modified_after"):
            rows = [row for row in rows if row["modified_gmt"] + "Z" > after]
        column = {"id": "id", "date": "date_gmt"}[
            query.get("orderby", "date" if rows and "date_gmt" in rows[0] else "id")
        ]
        rows = sorted(rows, key=lambda row: (row[column], row["id"]), reverse=query.get("order", "desc") == "desc")
        start = int(query.get("offset", 0))
        shown = [self._shape(row, request) for row in rows[start : start + size]]
        return Reply.of(shown, X_WP_Total=str(len(rows)), X_WP_TotalPages=str(-(-len(rows) // size)))

    def _shape(self, row: dict[str, Any], request: Request) -> dict[str, Any]:
        made = copy.deepcopy(row)
        if request.query.get("context") != "edit":
            hidden = bool(made.pop("password", ""))
            for name in ("title", "content", "excerpt"):
                if isinstance(part := made.get(name), dict):
                    part.pop("raw", None)
                    if hidden and name != "title":
                        part |= {"rendered": "", "protected": True}
        if number := made.get("parent"):
            place = next((f"wp/v2/{base}/{number}" for base in self.rows if self._is_in(base, number)), "")
            made["_links"]["up"] = [{"embeddable": True, "href": f"http://x.example/wp-json/{place}"}]
        if "_embed" in request.query:
            made["_embedded"] = self._embedded(made, request)
        if fields := request.query.get("_fields"):
            wanted = {name.partition(".")[0] for name in fields.split(",")}
            made = {name: value for name, value in made.items() if name in wanted}
        return made

    def _is_in(self, base: str, number: int) -> bool:
        return any(row["id"] == number for row in self.rows[base])

    def _embedded(self, row: dict[str, Any], request: Request) -> dict[str, Any]:
        """As `context=embed` has it: without the status, and of what the reader may read, whatever its status."""
        made: dict[str, Any] = {}
        wanted, editor = request.query["_embed"].split(","), "authorization" in request.headers
        missing = {"code": "rest_post_invalid_id", "message": "Invalid post ID.", "data": {"status": 404}}
        if "author" in wanted and row.get("author"):
            made["author"] = [next((one for one in self.users if one["id"] == row["author"]), missing)]
        if "wp:featuredmedia" in wanted and row.get("featured_media"):
            files = [one for one in self.media if editor or one.get("status", "inherit") == "inherit"]
            made["wp:featuredmedia"] = [_bare(files, row["featured_media"]) or missing]
        if "up" in wanted and row.get("parent"):
            posts = [one for rows in self.rows.values() for one in rows if editor or one["status"] == "publish"]
            made["up"] = [_bare(posts, row["parent"]) or missing]
        if "wp:term" in wanted:
            made["wp:term"] = [
                [term for term in self.terms[base] if term["id"] in row.get(base, [])][:EMBEDDED_TERMS]
                for base in TAXONOMIES.values()
                if base in row
            ]
        return made


def _bare(rows: list[dict[str, Any]], number: int) -> dict[str, Any] | None:
    """The row of a number as it is embedded."""
    hidden = ("status", "password", "content", "modified_gmt")
    row = next((one for one in rows if one["id"] == number), None)
    made = {name: row[name] for name in row if name not in hidden} if row else None
    if made and row and row.get("password"):
        made["excerpt"] = {"rendered": "", "protected": True}
    return made


@contextmanager
def running(server: WordPressServer) -> Iterator[str]:
    """Serves it; gives the site's URL."""
    with serve(server.answer) as url:
        yield url
