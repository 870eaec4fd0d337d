"""The content port: what every source of content offers, and the values that cross it.

A source is asked `changes(cursor)` again and again. The first time (cursor None) it answers with everything
it holds; afterwards with what changed since. The caller applies one answer in one transaction and stores its
cursor in the same transaction, so a sync that dies half-way is simply repeated.

Nothing here knows of databases, rules or HTTP frameworks. Values are frozen and JSON-like inside.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None


class Key(NamedTuple):
    """Identity of one variant of one entry. `locale` is None where the source does not localise it."""

    id: str
    locale: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """A reference that an entry makes.

    Attributes:
        path: JSON Pointer into `Entry.fields` (RFC 6901), or "" where the source does not say.
        kind: "entry" for another entry of this source, "asset" for a file with a URL.
        target: the other entry's id, or the asset's URL.
        resolved: whether the target was found and its data stands in the field.
        id: an asset's or a term's own identity in the source, by which a notice may name it; None where
            `target` is the identity or there is none.
    """

    path: str
    kind: Literal["entry", "asset", "term"]
    target: str
    resolved: bool = True
    id: str | None = None

    @property
    def depends_on(self) -> str:
        """The identity whose change makes the entry that holds this link anew."""
        return self.id or self.target


@dataclass(frozen=True, slots=True)
class Entry:
    """One published variant of one content entry.

    Attributes:
        id: stable identity in the source, the same for all locales.
        locale: BCP 47 tag, or None where the entry has no locale.
        type: content type, such as "hero".
        tags: as the editor gave them, in order, without repeats; `audience:NAME` and the like are not parsed.
        fields: every other field by its name; JSON values. Rich text `x` stays as data and its sanitised
            markup stands beside it as `x_html`.
        published_at: aware, UTC; None where the source does not say.
        version: what `SourceSpec.ordering` declares: an integer, an aware date-time, or None.
        links: what this entry refers to; the reverse index is made from it.
        expires_at: aware, UTC; from then on nobody sees the entry. None: it stays.
    """

    id: str
    locale: str | None
    type: str
    tags: tuple[str, ...]
    fields: Mapping[str, Json]
    published_at: datetime | None
    version: int | datetime | None = None
    links: tuple[Link, ...] = ()
    expires_at: datetime | None = None

    @property
    def key(self) -> Key:
        """Identity of this variant."""
        return Key(self.id, self.locale)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that editors or operators should mend.

    Attributes:
        where: place in the source's own terms, such as "hero/vip.fr.md:3" or "articles/abc123 (fr)".
        reason: one sentence, without secrets.
        key: the entry concerned, where known.
        blocking: True where the entry could not be taken (its last good version stays); False for a remark
            on an entry that was.
    """

    where: str
    reason: str
    key: Key | None = None
    blocking: bool = True


@dataclass(frozen=True, slots=True)
class Changes:
    """The answer to `Source.changes`. Apply all of it, in one transaction, or none.

    Attributes:
        entries: new and changed variants (those of a full answer: all that can be read).
        deleted: variants known to be gone.
        cursor: opaque text for the next call.
        full: `entries` does not depend on an earlier cursor.
        problems: what could not be read, and remarks.
        present: every key that the source holds, where it was listed; None where it was not. Keys of entries
            that are broken just now are in it, so their last good version stays.
    """

    entries: tuple[Entry, ...]
    deleted: tuple[Key, ...]
    cursor: str
    full: bool
    problems: tuple[Problem, ...] = ()
    present: frozenset[Key] | None = None

    def gone(self, stored: Iterable[Key]) -> frozenset[Key]:
        """Those of the stored keys that must be removed; the one place of this rule."""
        stored = frozenset(stored)
        listed = stored if self.present is None else stored & self.present
        return (stored - listed) | (stored & frozenset(self.deleted))


@dataclass(frozen=True, slots=True)
class Ordering:
    """How versions of one entry compare.

    Attributes:
        kind: "integer" and "timestamp" fence: an older version never replaces a newer one. "none": compare
            digests and read again.
        resolution: of timestamps; two versions closer than this are not ordered.
    """

    kind: Literal["integer", "timestamp", "none"]
    resolution: timedelta | None = None

    def older(self, candidate: Entry, stored: int | datetime | None) -> bool:
        """Whether `candidate` is certainly older than the stored version, so that it must not replace it."""
        version = candidate.version
        if self.kind == "none" or version is None or stored is None:
            return False
        if isinstance(version, datetime) and isinstance(stored, datetime):
            return stored - version >= (self.resolution or timedelta.resolution)
        if isinstance(version, int) and isinstance(stored, int):
            return version < stored
        return False


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """What a source declares of itself.

    Attributes:
        name: the adapter's registered name.
        ordering: how `Entry.version` compares.
        incremental: whether a cursor saves work; otherwise each answer is full.
        previews: whether `draft` can show what is not published.
    """

    name: str
    ordering: Ordering
    incremental: bool
    previews: bool = False


class Source(Protocol):
    """One configured source of content. Calls may block; they are bounded by the time-outs in its options.

    All methods raise only `CmsError`. A source is used by one thread at a time.
    """

    @property
    def spec(self) -> SourceSpec: ...

    def changes(self, cursor: str | None) -> Changes:
        """What changed since `cursor`. None, or a cursor that is no longer understood: everything."""
        ...

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """One published variant as it is now, past any cursor.

        Args:
            content_type: a hint that saves requests; in the source's own terms.
        Raises:
            NotFound: no such published variant.
        """
        ...

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """One variant as its editor sees it, published or not. Never to be stored among what is published.

        Raises:
            NotFound: no such variant, or the source shows no drafts (`SourceSpec.previews`).
        """
        ...

    def ping(self) -> None:
        """Returns if the source can be read with these credentials: an authenticated listing succeeded."""
        ...

    def close(self) -> None:
        """Frees connections; further calls are errors. Safe to call twice."""
        ...


@runtime_checkable
class Multilingual(Protocol):
    """What a source may tell besides, where its CMS answers for every language of an entry at once."""

    def languages(self, entry_id: str) -> tuple[str, ...]:
        """Those in which the entry was published when it was last fetched, as tags; none where that was another entry.

        Nothing is asked. So a translation is found whose language no notice names and no stored entry has.
        """
        ...


@runtime_checkable
class Glancing(Protocol):
    """What a source may tell besides, where a look at it as a whole is cheap."""

    def glance(self) -> object | None:
        """Equal ones: nothing changed in between, as far as can be seen without reading it. None: it cannot be told.

        Raises:
            CmsError: it cannot be looked at.
        """
        ...


class CmsError(Exception):
    """Root of the tree. `str(error)` names the place and the reason and carries no secret.

    CmsError
     ├─ OptionsError   the settings of this source are wrong; nothing was asked
     ├─ AuthError      refused: credentials or permission; asking again will not help
     ├─ Unavailable    down, slow, unreachable; try again later
     │   └─ RateLimited
     ├─ BadResponse    answered, but not with what was asked: HTML, cut short, another schema, too large
     └─ NotFound       no such published entry
    """


class OptionsError(CmsError):
    """Every bad option at once.

    Attributes:
        problems: "option: what is wrong", without the values of secrets.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class AuthError(CmsError):
    """The source refuses these credentials."""


class Unavailable(CmsError):  # noqa: N818 - named for what happened
    """The source cannot be reached or fails.

    Attributes:
        retry_after: seconds that the source asked to wait; None where it did not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class RateLimited(Unavailable):
    """The source is well and asks for fewer requests."""


class BadResponse(CmsError):  # noqa: N818 - named for what happened
    """The source answered with something that cannot be understood; the message says what and where.

    Attributes:
        status: of the answer, where it is that which was not expected.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class NotFound(CmsError):  # noqa: N818 - named for what happened
    """No such published entry."""


def digest(entry: Entry) -> str:
    """SHA-256 (hex) of an entry's content; equal for equal content whatever the order of its fields.

    `version` is left out: a CMS that saves without a change does not make new content.
    """
    published = entry.published_at.isoformat() if entry.published_at else None
    links = [[link.path, link.kind, link.target, link.resolved, link.id] for link in entry.links]
    expires = entry.expires_at.isoformat() if entry.expires_at else None
    body = [entry.id, entry.locale, entry.type, list(entry.tags), dict(entry.fields), published, links, expires]
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
