"""One harness for each registered content source: the source, and hands on what it reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

from adapters import registry
from adapters.cms.port import Source
from tests.contract.clock import FakeTime
from tests.contract.cms.contentful_server import contentful
from tests.contract.cms.generic_server import generic
from tests.contract.cms.payload_server import payload
from tests.contract.cms.strapi4_harness import strapi4
from tests.contract.cms.strapi_server import TOKEN, StrapiServer, running
from tests.contract.cms.wagtail_server import wagtail
from tests.contract.cms.wordpress_harness import wordpress


@dataclass(frozen=True)
class Piece:
    """A piece of content in words that every source can express."""

    id: str
    title: str
    locale: str | None = "en"
    tags: tuple[str, ...] = ()
    link: str | None = None
    html: str | None = None
    expires: str | None = None  # a field `expires_at` of the CMS


class Harness(Protocol):
    """A source with something behind it that tests can change, as an editor or a fault would."""

    source: Source
    time: FakeTime

    def put(self, piece: Piece) -> None:
        """Publishes a new piece, or a new version of it."""

    def draft(self, piece: Piece) -> None:
        """Saves a piece without publishing it."""

    def remove(self, piece: Piece) -> None:
        """Unpublishes or deletes."""

    def damage(self, piece: Piece) -> None:
        """Makes this piece unreadable, and only this one."""

    def go_down(self) -> None:
        """The source cannot be reached any more."""


class FilesHarness:
    def __init__(self, root: Path, time: FakeTime) -> None:
        self.root = root / "content"
        (self.root / "article").mkdir(parents=True)
        self.time = time
        self.source = registry.cms("files")({"path": str(self.root)}, time.runtime())
        self._stamp = 1_700_000_000

    def path(self, piece: Piece) -> Path:
        locale = f".{piece.locale}" if piece.locale else ""
        return self.root / "article" / f"{piece.id}{locale}.md"

    def put(self, piece: Piece, **more: Any) -> None:
        front = {
            "title": piece.title,
            "tags": list(piece.tags),
            "published_at": "2026-01-02T03:04:05Z",
            **more,
        }
        if piece.expires:
            front["expires_at"] = piece.expires
        if piece.link:
            front["related"] = {"$ref": piece.link}
        self.write(piece, f"---\n{yaml.safe_dump(front)}---\n{piece.html or ''}".encode("utf-8", "surrogatepass"))

    def write(self, piece: Piece, data: bytes) -> None:
        self.path(piece).write_bytes(data)
        # An editor's saves are seconds apart; the tests' are not.
        self._stamp += 10
        os.utime(self.path(piece), (self._stamp, self._stamp))

    def draft(self, piece: Piece) -> None:
        self.put(piece, draft=True)

    def remove(self, piece: Piece) -> None:
        self.path(piece).unlink()

    def damage(self, piece: Piece) -> None:
        self.write(piece, b"---\ntitle: [never closed\n---\n")

    def go_down(self) -> None:
        self.root.rename(self.root.with_name("gone"))


class StrapiHarness:
    def __init__(self, server: StrapiServer, url: str, time: FakeTime, **options: object) -> None:
        self.server = server
        self.url = url
        self.time = time
        settings: dict[str, object] = {
            "url": url,
            "token": TOKEN,
            "types": ["articles"],
            "locales": ["en", "fr"],
            "page_size": 2,
            "markdown_fields": ["text"],
            "allow_private": True,
        }
        self.options = {**settings, **options}
        self.source = registry.cms("strapi")(self.options, time.runtime())
        self._second = 0
        self._row = 100

    def _document(self, piece: Piece) -> dict[str, Any]:
        self._second += 1
        self._row += 1  # every publish makes a new row
        moment = f"2026-11-22T{self._second // 3600:02}:{self._second // 60 % 60:02}:{self._second % 60:02}.000Z"
        tags = [{"id": 7, "documentId": f"tag{n}", "name": tag} for n, tag in enumerate(piece.tags)]
        made: dict[str, Any] = {
            "id": self._row,
            "documentId": piece.id,
            "title": piece.title,
            "locale": piece.locale,
            "tags": tags,
            "createdAt": "2026-11-01T00:00:00.000Z",
            "updatedAt": moment,
            "publishedAt": moment,
            "text": piece.html,
            "expires_at": piece.expires,
            "related": None,
        }
        if piece.link:
            target = next((r for r in self.server.published["articles"] if r["documentId"] == piece.link), None)
            made["related"] = target and {k: v for k, v in target.items() if k not in ("tags", "related")}
        return made

    def put(self, piece: Piece) -> None:
        if any(self._same(row, piece) for row in self.server.published["articles"]):
            self.remove(piece)
        self.server.published["articles"].append(self._document(piece))

    def draft(self, piece: Piece) -> None:
        self.server.drafts["articles"].append({**self._document(piece), "publishedAt": None})

    def remove(self, piece: Piece) -> None:
        rows = self.server.published["articles"]
        self.server.published["articles"] = [row for row in rows if not self._same(row, piece)]

    def damage(self, piece: Piece) -> None:
        self.put(piece)
        row = next(row for row in self.server.published["articles"] if self._same(row, piece))
        row["publishedAt"] = "yesterday, about noon"

    def go_down(self) -> None:
        from tests.contract.http_server import Reply

        self.server.between = None
        self.server.faults = [Reply(503)] * 20

    @staticmethod
    def _same(row: dict[str, Any], piece: Piece) -> bool:
        return bool(row["documentId"] == piece.id and row["locale"] == piece.locale)


class NullHarness:
    def __init__(self, time: FakeTime) -> None:
        self.time = time
        self.source = registry.cms("null")({}, time.runtime())

    def put(self, piece: Piece) -> None:
        raise NotImplementedError("the null source holds nothing")

    draft = remove = damage = put

    def go_down(self) -> None:
        raise NotImplementedError("the null source is always well")


@contextmanager
def files(tmp_path: Path) -> Iterator[Harness]:
    harness = FilesHarness(tmp_path, FakeTime())
    yield harness
    harness.source.close()


@contextmanager
def strapi(tmp_path: Path) -> Iterator[Harness]:
    server = StrapiServer()
    with running(server) as url:
        harness = StrapiHarness(server, url, FakeTime())
        yield harness
        harness.source.close()


@contextmanager
def null(tmp_path: Path) -> Iterator[Harness]:
    yield NullHarness(FakeTime())


HARNESSES: dict[str, Callable[[Path], AbstractContextManager[Harness]]] = {
    "contentful": contentful,
    "files": files,
    "generic": generic,
    "null": null,
    "payload": payload,
    "strapi": strapi,
    "strapi-4": strapi4,
    "wagtail": wagtail,
    "wordpress": wordpress,
}

# Sources that hold nothing by design: only the promises that need no content are asked of them.
EMPTY = frozenset(("null",))
