"""An imitation of Contentful's Delivery, Preview and Sync API, and of the signature on its webhooks.

It enforces what Contentful documents: one token for published content and another for drafts, the rate limit and its
header, `limit`, `skip` and `include` within their bounds, the largest response, sync tokens that are opaque, sent
alone and refused when unknown, links that resolve to published things only, locales published one by one where the
header asks for it. It is no Contentful, and nothing here was recorded: what it does not know, it refuses.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters import registry
from tests.contract.clock import FakeTime
from tests.contract.http_server import Reply, Request, serve

if TYPE_CHECKING:
    from tests.contract.cms.harness import Harness, Piece

SPACE = "cfspace12345"
TOKEN = "delivery-token"
PREVIEW_TOKEN = "preview-token"
CREATED = "2026-01-02T03:04:05.678Z"
KNOWN = {
    "sync": {"initial", "limit", "sync_token", "type", "content_type"},
    "entries": {"sys.id", "sys.id[in]", "include", "locale", "limit", "skip", "select", "order"},
    "locales": {"limit", "skip"},
    "content_types": {"limit", "skip", "order"},
    "tags": {"limit", "skip", "order"},
    "taxonomy/concepts": {"limit", "pageNext"},
}


def link(kind: str, one: str) -> dict[str, Any]:
    """A link to an entry, an asset, a tag."""
    return {"sys": {"type": "Link", "linkType": kind, "id": one}}


def error(status: int, one: str, message: str, **headers: str) -> Reply:
    """An error as Contentful words it."""
    return Reply.of({"sys": {"type": "Error", "id": one}, "message": message, "requestId": "r-1"}, status, **headers)


def localized(kind: str, *names: str, **more: Any) -> list[dict[str, Any]]:
    """Fields of a content type that are translated."""
    return [{"id": name, "name": name, "type": kind, "localized": True, **more} for name in names]


ARTICLE = {
    "sys": {"type": "ContentType", "id": "article"},
    "displayField": "title",
    "fields": [
        *localized("Symbol", "title"),
        *localized("Text", "text"),
        *localized("Object", "data"),
        *localized("RichText", "body"),
        *localized("Link", "related"),
        {"id": "cover", "name": "cover", "type": "Link", "linkType": "Asset", "localized": False},
        {"id": "price", "name": "price", "type": "Number", "localized": False},
        {"id": "slug", "name": "slug", "type": "Symbol", "localized": False},
        {"id": "locale", "name": "locale", "type": "Symbol", "localized": False},
        {"id": "more", "name": "more", "type": "Array", "localized": False},
    ],
}
BADGE = {
    "sys": {"type": "ContentType", "id": "badge"},
    "displayField": "name",
    "fields": [{"id": "name", "name": "name", "type": "Symbol", "localized": False}],
}


class ContentfulServer:
    """Entries and assets by id, in the form that holds all locales."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0, *, per_second: int = 0, max_bytes: int = 7_340_032):
        self.clock, self.per_second, self.max_bytes = clock, per_second, max_bytes
        self.locales: list[dict[str, Any]] = []
        self.add_locale("en")
        self.add_locale("fr")
        self.types: dict[str, dict[str, Any]] = {"article": copy.deepcopy(ARTICLE), "badge": copy.deepcopy(BADGE)}
        self.tags: dict[str, str] = {}
        self.concepts: dict[str, str] = {}
        self.published: dict[tuple[str, str], dict[str, Any]] = {}
        self.drafts: dict[str, dict[str, Any]] = {}
        self.unpublished_locales: dict[str, set[str]] = {}
        self.log: list[tuple[str, str]] = []
        self.revisions: dict[tuple[str, str], int] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.requests: list[Request] = []
        self.faults: list[Reply] = []
        self.between: Callable[[Request], None] | None = None
        self._second, self._served = 0, 0

    # What editors do

    def add_locale(self, code: str, fallback: str | None = None) -> None:
        """The first is the default."""
        sys = {"id": f"locale-{code}", "type": "Locale"}
        self.locales.append({"sys": sys, "code": code, "default": not self.locales, "fallbackCode": fallback})

    def item(
        self, one: str, fields: Mapping[str, Any], kind: str = "article", **metadata: Iterable[str]
    ) -> dict[str, Any]:
        """An entry or, of the kind "Asset", an asset."""
        thing = "Asset" if kind == "Asset" else "Entry"
        linked = {"tags": "Tag", "concepts": "TaxonomyConcept"}
        made: dict[str, Any] = {
            "metadata": {name: [link(linked[name], to) for to in ids] for name, ids in metadata.items()},
            "sys": {
                "space": link("Space", SPACE),
                "id": one,
                "type": thing,
                "createdAt": CREATED,
                "updatedAt": CREATED,
                "environment": link("Environment", "master"),
                "revision": self.revisions.get((thing, one), 0),
            },
            "fields": copy.deepcopy(dict(fields)),
        }
        if thing == "Entry":
            made["sys"]["contentType"] = link("ContentType", kind)
        return made

    def publish(self, one: str, fields: Mapping[str, Any], kind: str = "article", **metadata: Iterable[str]) -> None:
        """A new entry or asset, or a new revision of it."""
        key = ("Asset" if kind == "Asset" else "Entry", one)
        self.revisions[key] = self.revisions.get(key, 0) + 1
        self.published[key] = self.item(one, fields, kind, **metadata)
        self.published[key]["sys"]["updatedAt"] = f"2026-02-01T00:00:{len(self.log) % 60:02}.000Z"
        self.log.append(key)

    def unpublish(self, one: str, kind: str = "Entry") -> None:
        """Or delete: the Delivery API makes no difference."""
        del self.published[kind, one]
        self.log.append((kind, one))

    # What the API answers

    def answer(self, request: Request) -> Reply:
        """The answer to one request; faults that were queued come first."""
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)
        if self.between is not None:
            self.between(request)
        preview = request.path.startswith("/preview/")
        if request.headers.get("authorization") != f"Bearer {PREVIEW_TOKEN if preview else TOKEN}":
            said = "The access token you sent could not be found or is invalid."
            return error(401, "AccessTokenInvalid", said)
        if self._too_fast():
            said = "You have exceeded the rate limit of the Organization this Space belongs to."
            return error(429, "RateLimitExceeded", said, X_Contentful_RateLimit_Reset="1")
        base = f"{'/preview' if preview else ''}/spaces/{SPACE}/environments/master/"
        path = request.path.removeprefix(base)
        if path == request.path or path not in KNOWN:
            return error(404, "NotFound", "The resource could not be found.")
        if unknown := request.query.keys() - KNOWN[path]:
            return error(400, "InvalidQuery", f"The query you sent was invalid: {sorted(unknown)}")
        if not 1 <= int(request.query.get("limit", 100)) <= 1000 or not 0 <= int(request.query.get("include", 1)) <= 10:
            return error(400, "InvalidQuery", "limit or include is out of its bounds")
        reply = self._reply(path, request, preview)
        if len(reply.body) > self.max_bytes:
            return error(400, "BadRequest", f"Response size too big. Maximum allowed response size: {self.max_bytes}B.")
        return reply

    def _too_fast(self) -> bool:
        if int(self.clock()) != self._second:
            self._second, self._served = int(self.clock()), 0
        self._served += 1
        return bool(self.per_second) and self._served > self.per_second

    def _reply(self, path: str, request: Request, preview: bool) -> Reply:
        if path == "sync":
            return self._sync(request)
        if path == "entries":
            return self._entries(request, preview)
        if path == "taxonomy/concepts":
            return self._concepts(request)
        listed: list[Any] = {
            "locales": self.locales,
            "content_types": list(self.types.values()),
            "tags": [{"sys": {"id": one, "type": "Tag"}, "name": name} for one, name in self.tags.items()],
        }[path]
        return self._page(listed, request)

    @staticmethod
    def _page(items: list[Any], request: Request, **more: Any) -> Reply:
        skip, limit = int(request.query.get("skip", 0)), int(request.query.get("limit", 100))
        shown = items[skip : skip + limit]
        return _json(
            {"sys": {"type": "Array"}, "total": len(items), "skip": skip, "limit": limit, "items": shown, **more}
        )

    def _concepts(self, request: Request) -> Reply:
        listed = [
            {"sys": {"id": one, "type": "TaxonomyConcept"}, "prefLabel": {"en": label}}
            for one, label in self.concepts.items()
        ]
        start = int(request.query.get("pageNext", "0"))
        after = start + 2  # smaller pages than asked for, so that paging is followed
        pages = {"next": f"/taxonomy/concepts?limit=2&pageNext={after}"} if after < len(listed) else {}
        return _json({"sys": {"type": "Array"}, "items": listed[start:after], "limit": 2, "pages": pages})

    def _shown(self, item: dict[str, Any], request: Request) -> dict[str, Any]:
        hidden = self.unpublished_locales.get(item["sys"]["id"], set())
        if not hidden or request.headers.get("x-contentful-locale-based-publishing") != "true":
            return item
        made = copy.deepcopy(item)
        made["fields"] = {
            name: kept
            for name, values in made["fields"].items()
            if (kept := {code: value for code, value in values.items() if code not in hidden})
        }
        return made

    def _entries(self, request: Request, preview: bool) -> Reply:
        if request.query.get("locale") != "*" and "select" not in request.query:
            return error(400, "BadRequest", "This imitation knows locale=* only.")
        visible = dict(self.published)
        if preview:
            visible.update({("Entry", one): item for one, item in self.drafts.items()})
        wanted = request.query.get("sys.id[in]", request.query.get("sys.id"))
        ids = [one for kind, one in visible if kind == "Entry"] if wanted is None else wanted.split(",")
        items = [visible["Entry", one] for one in dict.fromkeys(ids) if ("Entry", one) in visible]
        found: dict[tuple[str, str], dict[str, Any]] = {}
        layer = items
        for _ in range(int(request.query.get("include", 1))):
            near = [visible[to] for item in layer for to in links(item["fields"]) if to in visible]
            layer = [item for item in near if _key(item) not in found]
            found.update((_key(item), item) for item in layer)
        has = {_key(item) for item in items}
        includes: dict[str, list[Any]] = {}
        for key, item in found.items():
            if key not in has:
                includes.setdefault(key[0], []).append(self._shown(item, request))
        more = {"includes": includes} if includes else {}
        return self._page([self._shown(item, request) for item in items], request, **more)

    def _sync(self, request: Request) -> Reply:
        query = request.query
        if "sync_token" in query:
            if len(query) > 1:
                return error(400, "BadRequest", "When passing a sync token you can not pass any other parameters.")
            state = self.tokens.get(query["sync_token"])
            if state is None:
                return error(400, "BadRequest", "The sync token is not valid.")
            if "rest" not in state:
                touched = list(dict.fromkeys(reversed(self.log[state["seen"] :])))
                state = {**state, "rest": list(reversed(touched)), "seen": len(self.log)}
        elif query.get("initial") == "true":
            limit = int(query.get("limit", 1000))
            state = {"limit": limit, "rest": list(self.published), "seen": len(self.log)}
        else:
            return error(400, "BadRequest", "Want initial or sync_token.")
        now, later = state["rest"][: state["limit"]], state["rest"][state["limit"] :]
        items = [
            self._shown(self.published[key], request) if key in self.published else self._deleted(*key) for key in now
        ]
        if later:
            following = {"nextPageUrl": self._url({**state, "rest": later})}
        else:
            following = {"nextSyncUrl": self._url({"limit": state["limit"], "seen": state["seen"]})}
        return _json({"sys": {"type": "Array"}, "items": items, **following})

    def _url(self, state: dict[str, Any]) -> str:
        token = f"w5{len(self.tokens)}-{hashlib.sha256(json.dumps(state).encode()).hexdigest()[:20]}"
        self.tokens[token] = state
        return f"https://cdn.contentful.com/spaces/{SPACE}/environments/master/sync?sync_token={token}"

    def _deleted(self, kind: str, one: str) -> dict[str, Any]:
        moment = "2026-03-01T00:00:00.000Z"
        revision = self.revisions[kind, one]
        return {"sys": {"type": f"Deleted{kind}", "id": one, "revision": revision, "deletedAt": moment}}


def _json(value: object) -> Reply:
    return Reply(200, json.dumps(value).encode(), {"Content-Type": "application/vnd.contentful.delivery.v1+json"})


def _key(item: dict[str, Any]) -> tuple[str, str]:
    return item["sys"]["type"], item["sys"]["id"]


def links(value: Any) -> Iterator[tuple[str, str]]:
    """Kind and id of everything that a value links to."""
    if isinstance(value, list):
        for item in value:
            yield from links(item)
    elif isinstance(value, dict):
        sys = value.get("sys")
        if isinstance(sys, dict) and sys.get("type") == "Link":
            yield sys["linkType"], sys["id"]
        else:
            yield from links(list(value.values()))


@contextmanager
def running(server: ContentfulServer) -> Iterator[str]:
    """Serves it; gives the URL of its Delivery API. That of its Preview API ends in `/preview`."""
    with serve(server.answer) as url:
        yield url


def signed(
    secret: str, body: bytes, *, path: str, at_ms: int, topic: str, method: str = "POST", **more: str
) -> dict[str, str]:
    """The headers of a webhook request as Contentful's documentation says to compute them, for a plain path."""
    headers = {
        "content-type": "application/vnd.contentful.management.v1+json",
        "x-contentful-topic": topic,
        "x-contentful-timestamp": str(at_ms),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    names = sorted([*headers, "x-contentful-signed-headers"])
    headers["x-contentful-signed-headers"] = ",".join(names)
    lines = [method, path, ";".join(f"{name}:{headers[name]}" for name in names), body.decode()]
    headers["x-contentful-signature"] = hmac.new(secret.encode(), "\n".join(lines).encode(), "sha256").hexdigest()
    return headers


class ContentfulHarness:
    """Hands of an editor on one space. A piece in two languages is one entry with two locales."""

    def __init__(self, server: ContentfulServer, url: str, time: FakeTime, **options: object) -> None:
        self.server, self.time = server, time
        settings: dict[str, object] = {
            "url": url,
            "preview_url": f"{url}/preview",
            "space": SPACE,
            "token": TOKEN,
            "preview_token": PREVIEW_TOKEN,
            "page_size": 2,
            "allow_private": True,
        }
        self.source = registry.cms("contentful")({**settings, **options}, time.runtime())
        self._fields: dict[str, dict[str, dict[str, Any]]] = {}

    def _edited(self, piece: Piece, **more: Any) -> dict[str, dict[str, Any]]:
        fields = copy.deepcopy(self._fields.get(piece.id, {}))
        related = link("Entry", piece.link) if piece.link else None
        own = {"title": piece.title, "text": piece.html, "expires_at": piece.expires, "related": related, "data": None}
        for name, value in {**own, **more}.items():
            values = fields.setdefault(name, {})
            values.pop(piece.locale or "en", None)
            if value is not None:
                values[piece.locale or "en"] = value
        return {name: values for name, values in fields.items() if values}

    def _tags(self, piece: Piece) -> list[str]:
        made = []
        for tag in piece.tags:
            one = "".join(part.capitalize() for part in tag.split(":"))
            self.server.tags[one] = tag
            made.append(one)
        return made

    def put(self, piece: Piece, **more: Any) -> None:
        self._fields[piece.id] = self._edited(piece, **more)
        self.server.publish(piece.id, self._fields[piece.id], tags=self._tags(piece))

    def draft(self, piece: Piece) -> None:
        item = self.server.item(piece.id, self._edited(piece), tags=self._tags(piece))
        del item["sys"]["revision"]
        self.server.drafts[piece.id] = item

    def remove(self, piece: Piece) -> None:
        left = {
            name: kept
            for name, values in self._fields[piece.id].items()
            if (kept := {code: value for code, value in values.items() if code != piece.locale})
        }
        self._fields[piece.id] = left
        if left:
            self.server.publish(piece.id, left)
        else:
            self.server.unpublish(piece.id)

    def damage(self, piece: Piece) -> None:
        deep: Any = "bottom"
        for _ in range(70):
            deep = [deep]
        self.put(piece, data=deep)

    def go_down(self) -> None:
        self.server.between = None
        self.server.faults = [Reply(503)] * 20


@contextmanager
def contentful(tmp_path: Path) -> Iterator[Harness]:
    """The harness for the contract suite."""
    time = FakeTime()
    server = ContentfulServer(lambda: time.seconds)
    with running(server) as url:
        harness = ContentfulHarness(server, url, time)
        yield harness
        harness.source.close()
