"""What is read of a site, and what one reading of a list brought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.cms.port import Entry, Key, Problem
from adapters.cms.wordpress.site import LARGEST_PAGE

ALWAYS_EMBEDDED = "author,wp:term"
# Embedding tells no status, so these come so only where WordPress itself leaves out what is not for everybody.
PUBLIC_EMBEDDED = "wp:featuredmedia,up"
# Enough to know each entry, and whether it is for everybody.
IDS = {"_fields": "id,type,status,lang,translations,password,content.protected,excerpt.protected"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is read; see the options in the package. `locales` are the site's codes by their BCP 47 tags."""

    types: tuple[str, ...] = ("posts",)
    locales: Mapping[str, str] = field(default_factory=dict)
    raw: bool = False
    with_password: bool = False
    page_size: int = LARGEST_PAGE
    overlap: timedelta = timedelta(seconds=60)

    @property
    def query(self) -> dict[str, str]:
        """What posts are asked for with."""
        return {**self.embed, **self.context}

    @property
    def embed(self) -> dict[str, str]:
        """What comes with each post; with credentials no posts and files, see `beside`."""
        return {"_embed": ALWAYS_EMBEDDED if self.with_password else f"{ALWAYS_EMBEDDED},{PUBLIC_EMBEDDED}"}

    @property
    def ids(self) -> dict[str, str]:
        """What is asked where only their identities matter."""
        return {**IDS, **self.context}

    @property
    def context(self) -> dict[str, str]:
        """How much WordPress tells of each."""
        return {"context": "edit"} if self.raw else {}

    def listings(self) -> Iterator[Place]:
        """Every type in every language."""
        for route in self.types:
            for locale, code in self.locales.items() or ((None, None),):
                yield Place(route, locale, {"lang": code} if code else {})


@dataclass(frozen=True, slots=True)
class Place:
    """One listing: a type in a language, and the query that narrows to it."""

    route: str
    locale: str | None
    narrow: Mapping[str, str]

    @property
    def name(self) -> str:
        """For the cursor."""
        return f"{self.route} {self.locale or ''}".strip()


@dataclass
class Seen:
    """What one listing brought. `keys` and `hidden` are whole at the end of it.

    Attributes:
        stamps: `modified_gmt` of each entry, as WordPress wrote it.
        began: the site's clock when it first answered.
    """

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    keys: set[Key] = field(default_factory=set)
    hidden: set[Key] = field(default_factory=set)
    stamps: dict[Key, str] = field(default_factory=dict)
    newest: datetime | None = None
    began: datetime | None = None

    def note(self, key: Key, moment: datetime | None, *, hidden: bool) -> None:
        """That a post is there, when it was modified, where that is known, and whether it is for everybody."""
        if moment is not None:
            self.newest = max(self.newest or moment, moment)
        (self.hidden if hidden else self.keys).add(key)
        (self.keys if hidden else self.hidden).discard(key)
