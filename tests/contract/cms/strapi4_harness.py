"""Strapi 4 for the contract suite: pieces as rows, and a source that calls rows by the names of the pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters import registry
from adapters.cms.port import Changes, Entry, Key, Link, Problem, Source, SourceSpec
from tests.contract.clock import FakeTime
from tests.contract.cms.strapi4_server import TOKEN, Strapi4Server, running
from tests.contract.http_server import Reply

if TYPE_CHECKING:
    from tests.contract.cms.harness import Piece

UNKNOWN_ROW = 999_999


class Named:
    """A source that says "p0" where the one behind it says "articles:17"; everything else is passed on."""

    def __init__(self, inner: Source, names: dict[str, str]) -> None:
        self.inner = inner
        self.names = names

    @property
    def spec(self) -> SourceSpec:
        return self.inner.spec

    def changes(self, cursor: str | None) -> Changes:
        found = self.inner.changes(cursor)
        return replace(
            found,
            entries=tuple(self._entry(entry) for entry in found.entries),
            deleted=tuple(self._key(key) for key in found.deleted),
            problems=tuple(self._problem(problem) for problem in found.problems),
            present=None if found.present is None else frozenset(self._key(key) for key in found.present),
        )

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        return self._entry(self.inner.fetch(self._identity(entry_id), locale, content_type=content_type))

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        return self._entry(self.inner.draft(self._identity(entry_id), locale, content_type=content_type))

    def ping(self) -> None:
        self.inner.ping()

    def close(self) -> None:
        self.inner.close()

    def _identity(self, name: str) -> str:
        return next((one for one, given in self.names.items() if given == name), f"articles:{UNKNOWN_ROW}")

    def _name(self, identity: str) -> str:
        return self.names.get(identity, identity)

    def _key(self, key: Key) -> Key:
        return Key(self._name(key.id), key.locale)

    def _link(self, link: Link) -> Link:
        return replace(link, target=self._name(link.target))

    def _entry(self, entry: Entry) -> Entry:
        return replace(entry, id=self._name(entry.id), links=tuple(self._link(link) for link in entry.links))

    def _problem(self, problem: Problem) -> Problem:
        return replace(problem, key=problem.key and self._key(problem.key))


class Strapi4Harness:
    """Removing is unpublishing, as editors do: the row stays, and with it the identity of its translations."""

    def __init__(self, server: Strapi4Server, url: str, time: FakeTime, **options: object) -> None:
        self.server = server
        self.time = time
        settings: dict[str, object] = {
            "url": url,
            "token": TOKEN,
            "version": 4,
            "types": ["articles"],
            "locales": ["en", "fr"],
            "relations": {"related": "articles"},
            "page_size": 2,
            "markdown_fields": ["text"],
            "allow_private": True,
        }
        self.names: dict[str, str] = {}
        self.inner = registry.cms("strapi")({**settings, **options}, time.runtime())
        self.source: Source = Named(self.inner, self.names)
        self._rows: dict[tuple[str, str | None], dict[str, Any]] = {}
        self._second = 0

    def put(self, piece: Piece) -> None:
        self._save(piece, lambda moment: moment)

    def draft(self, piece: Piece) -> None:
        self._save(piece, lambda _: None)

    def remove(self, piece: Piece) -> None:
        self._rows[piece.id, piece.locale]["attributes"].update(publishedAt=None, updatedAt=self._moment())
        self._tell_translations(piece.id)

    def damage(self, piece: Piece) -> None:
        self._save(piece, lambda _: "yesterday, about noon")

    def go_down(self) -> None:
        self.server.between = None
        self.server.faults = [Reply(503)] * 20

    def _moment(self) -> str:
        self._second += 1
        return f"2026-11-22T{self._second // 3600:02}:{self._second // 60 % 60:02}:{self._second % 60:02}.000Z"

    def _save(self, piece: Piece, published: Callable[[str], str | None]) -> None:
        moment = self._moment()
        key = (piece.id, piece.locale)
        if key not in self._rows:
            number = len(self._rows) + 17
            self._rows[key] = {"id": number, "attributes": {"locale": piece.locale}}
            self.server.rows["articles"].append(self._rows[key])
            if piece.id not in self.names.values():
                self.names[f"articles:{number}"] = piece.id
        self._rows[key]["attributes"].update(
            title=piece.title,
            text=piece.html,
            expires_at=piece.expires,
            createdAt="2026-11-01T00:00:00.000Z",
            updatedAt=moment,
            publishedAt=published(moment),
            tags={"data": [{"id": n + 1, "attributes": {"name": tag}} for n, tag in enumerate(piece.tags)]},
            related={"data": self._related(piece)},
        )
        self._tell_translations(piece.id)

    def _related(self, piece: Piece) -> dict[str, Any] | None:
        target = self._rows.get((piece.link or "", piece.locale))
        return target and self._alone(target)

    def _tell_translations(self, name: str) -> None:
        """Writes every row of a group into the others."""
        group = [row for (one, _), row in self._rows.items() if one == name]
        for row in group:
            row["attributes"]["localizations"] = {"data": [self._alone(other) for other in group if other is not row]}

    @staticmethod
    def _alone(row: dict[str, Any]) -> dict[str, Any]:
        """A row as relations show it: without relations of its own."""
        attributes = row["attributes"]
        return {
            "id": row["id"],
            "attributes": {name: value for name, value in attributes.items() if not isinstance(value, dict)},
        }


@contextmanager
def strapi4(tmp_path: Path) -> Iterator[Strapi4Harness]:
    server = Strapi4Server()
    with running(server) as url:
        harness = Strapi4Harness(server, url, FakeTime())
        yield harness
        harness.source.close()
