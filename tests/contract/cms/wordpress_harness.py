"""WordPress behind the contract suite: a site with a plugin for languages, whose posts the suite calls by names."""

from __future__ import annotations

import html
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters import registry
from adapters.cms.port import Changes, Entry, Key, Source
from tests.contract.clock import FakeTime
from tests.contract.cms.wordpress_server import PASSWORD, TAXONOMIES, USERNAME, WordPressServer, running
from tests.contract.http_server import Reply

if TYPE_CHECKING:
    from tests.contract.cms.harness import Piece


class Named:
    """A source whose numbers have names: the suite says "p0" where WordPress says 101."""

    def __init__(self, source: Source, numbers: dict[str, list[int]]) -> None:
        self._source = source
        self._numbers = numbers
        self.spec, self.ping, self.close = source.spec, source.ping, source.close
        self.mapping_defaults = vars(type(source))["mapping_defaults"]

    def changes(self, cursor: str | None) -> Changes:
        found = self._source.changes(cursor)
        return replace(
            found,
            entries=tuple(map(self._entry, found.entries)),
            deleted=tuple(map(self._key, found.deleted)),
            present=None if found.present is None else frozenset(map(self._key, found.present)),
            problems=tuple(replace(one, key=one.key and self._key(one.key)) for one in found.problems),
        )

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        return self._entry(self._source.fetch(self._number(entry_id), locale, content_type=content_type))

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        return self._entry(self._source.draft(self._number(entry_id), locale, content_type=content_type))

    def _number(self, name: str) -> str:
        return str(min(self._numbers[name])) if name in self._numbers else name

    def _name(self, number: str) -> str:
        return next((name for name, numbers in self._numbers.items() if int(number) in numbers), number)

    def _key(self, key: Key) -> Key:
        return Key(self._name(key.id), key.locale)

    def _entry(self, entry: Entry) -> Entry:
        links = (replace(one, target=self._name(one.target)) if one.kind == "entry" else one for one in entry.links)
        return replace(entry, id=self._name(entry.id), links=tuple(links))


class WordPressHarness:
    """Each variant is a post of its own, as Polylang has it."""

    def __init__(self, server: WordPressServer, url: str, time: FakeTime, **options: object) -> None:
        self.server = server
        self.time = time
        self.numbers: dict[str, list[int]] = {}
        self._variants: dict[tuple[str, str | None], int] = {}
        self._second = 0
        self.options: dict[str, object] = {
            "url": url,
            "username": USERNAME,
            "application_password": PASSWORD,
            "locales": ["en", "fr"],
            "raw": True,
            "link_fields": {"related": "posts"},
            "page_size": 3,
            "allow_private": True,
            **options,
        }
        self.source: Source = Named(registry.cms("wordpress")(self.options, time.runtime()), self.numbers)

    def put(self, piece: Piece) -> None:
        self.remove(piece)
        self._save(piece, "publish")

    def draft(self, piece: Piece) -> None:
        self._save(piece, "draft")

    def remove(self, piece: Piece) -> None:
        number = self._variants.get((piece.id, piece.locale))
        self.server.rows["posts"] = [row for row in self.server.rows["posts"] if row["id"] != number]
        self._translate(piece)

    def damage(self, piece: Piece) -> None:
        self.put(piece)
        self.server.rows["posts"][-1]["date_gmt"] = "yesterday, about noon"

    def go_down(self) -> None:
        self.server.between = None
        self.server.faults = [Reply(503)] * 20

    def _save(self, piece: Piece, status: str) -> None:
        number = self._variants.setdefault((piece.id, piece.locale), 101 + len(self._variants))
        if number not in self.numbers.setdefault(piece.id, []):
            self.numbers[piece.id].append(number)
        self._second += 1
        moment = f"2020-11-22T{self._second // 3600:02}:{self._second // 60 % 60:02}:{self._second % 60:02}"
        title, text = html.escape(piece.title, quote=False), piece.html or ""
        links = [
            {"taxonomy": name, "embeddable": True, "href": f"http://x.example/wp-json/wp/v2/{base}?post={number}"}
            for name, base in TAXONOMIES.items()
        ]
        self.server.rows["posts"].append(
            {
                "id": number,
                "type": "post",
                "status": status,
                "slug": piece.id,
                "lang": piece.locale,
                "date_gmt": "2020-11-01T00:00:00",
                "modified_gmt": moment,
                "password": "",
                "title": {"raw": title, "rendered": title},
                # A plugin for Markdown renders on this site, as the suite's pieces want it.
                "content": {"raw": text, "rendered": text.replace("*there*", "<em>there</em>"), "protected": False},
                "expires_at": piece.expires,
                "related": self.numbers[piece.link][0] if piece.link in self.numbers else False,
                "tags": [self._term(name) for name in piece.tags],
                "categories": [],
                "segment": [],
                "meta": [],
                "_links": {"wp:term": links},
            }
        )
        self._translate(piece)

    def _translate(self, piece: Piece) -> None:
        """Tells each variant of a piece of the others."""
        others = [row for row in self.server.rows["posts"] if row["slug"] == piece.id]
        for row in others:
            row["translations"] = {one["lang"]: one["id"] for one in others}

    def _term(self, name: str) -> int:
        known: list[dict[str, Any]] = self.server.terms["tags"]
        found = next((term for term in known if term["name"] == name), None)
        if found is None:
            slug = name.replace(":", "-")
            found = {"id": len(known) + 1, "taxonomy": "post_tag", "name": name, "slug": slug}
            known.append(found)
        return int(found["id"])


@contextmanager
def wordpress(tmp_path: Path, **options: object) -> Iterator[WordPressHarness]:
    """For the contract suite."""
    server = WordPressServer()
    with running(server) as url:
        harness = WordPressHarness(server, url, FakeTime(), **options)
        yield harness
        harness.source.close()
