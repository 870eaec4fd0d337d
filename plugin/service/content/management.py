"""Content for management: every source's entries to read, and a source of our own that sites push entries to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from plugin.errors import Conflict, FieldError, NotFound, ValidationFailed
from plugin.ports import JSON, Changes, ContentStore, EntryRecord, Page, StoredEntry
from plugin.service.preconditions import Precondition, tag_of
from rules.decision import RESERVED_FIELDS

SOURCE = "api"
"""The source of pushed entries; no configured source has this name."""
LONGEST_NAME = 255
MOST_VARIANTS = 100
MOST_TAGS = 200
_MOST_QUERIES = 40  # of a page that is filtered by tag
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One language of a pushed entry; ``locale`` None: the entry has none. ``published_at`` is aware."""

    type: str
    locale: str | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, JSON] = field(default_factory=dict)
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EntryView:
    """Every language of an entry. ``tag`` changes exactly when what decisions can see of it does."""

    id: str
    variants: tuple[EntryRecord, ...]
    tag: str


class Contents:
    """Reads what all sources hold; writes to the source ``api`` alone."""

    def __init__(self, store: ContentStore, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def page(
        self,
        *,
        source: str | None = None,
        type: str | None = None,  # noqa: A002  # the field's own name
        locale: str | None = None,
        tag: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[EntryRecord]:
        """Variants in the order of source, id, locale.

        With ``tag``, a page may be shorter than ``limit`` although more follow: ``next`` alone says so.
        """
        if tag is None:
            return self._store.page(source=source, type=type, locale=locale, after=after, limit=limit)
        found: list[EntryRecord] = []
        for _ in range(_MOST_QUERIES):
            wanted = max(1, limit - len(found))
            page = self._store.page(source=source, type=type, locale=locale, after=after, limit=wanted)
            found.extend(record for record in page.items if tag in record.entry.tags)
            after = page.next
            if after is None or len(found) >= limit:
                break
        return Page(tuple(found), after)

    def get(self, id_: str, *, source: str | None = None) -> EntryView:
        """Raises: NotFound."""
        records = self._store.find(id_, source=source)
        if not records:
            raise _missing(id_)
        return _view(id_, records)

    def create(self, id_: str, variants: Sequence[Variant]) -> EntryView:
        """Add an entry.

        Raises:
            Conflict: an entry of that id is there, in any source.
            ValidationFailed: with every fault of the variants.
        """
        refuse_faults(id_, variants)

        def write(held: tuple[EntryRecord, ...]) -> Changes:
            if held:
                raise Conflict(f"There is an entry {id_!r} already, in the source {held[0].entry.source!r}.")
            return _replacing(id_, variants)

        return self._rewrite(id_, write)

    def put(self, id_: str, variants: Sequence[Variant], *, precondition: Precondition) -> tuple[EntryView, bool]:
        """Put an entry in place, with these variants and no others; whether it is new.

        Raises:
            Conflict: another source has an entry of that id.
            ValidationFailed: with every fault of the variants.
            PreconditionFailed, PreconditionRequired: see `Precondition`.
        """
        refuse_faults(id_, variants)
        new = False

        def write(held: tuple[EntryRecord, ...]) -> Changes:
            nonlocal new
            new = not held
            _refuse_foreign(id_, held)
            precondition.admit(_view(id_, held).tag if held else None, f"The entry {id_!r}")
            return _replacing(id_, variants)

        return self._rewrite(id_, write), new

    def delete(self, id_: str, *, precondition: Precondition) -> None:
        """Take an entry out, in every language.

        Raises:
            NotFound: there is none of that id.
            Conflict: it comes from another source.
            PreconditionFailed, PreconditionRequired: see `Precondition`.
        """

        def write(held: tuple[EntryRecord, ...]) -> Changes:
            if not held:
                raise _missing(id_)
            _refuse_foreign(id_, held)
            precondition.admit(_view(id_, held).tag, f"The entry {id_!r}")
            return Changes(deleted=((id_, None),))

        self._rewrite(id_, write)

    def _rewrite(self, id_: str, write: Callable[[tuple[EntryRecord, ...]], Changes]) -> EntryView:
        return _view(id_, self._store.rewrite(SOURCE, id_, write, now=self._clock()))


def refuse_faults(id_: str, variants: Sequence[Variant]) -> None:
    """Raises: ValidationFailed with every reason why this is no entry."""
    faults = list(_name_faults("/id", id_))
    if not 1 <= len(variants) <= MOST_VARIANTS:
        faults.append(FieldError("/variants", f"1 to {MOST_VARIANTS} variants, one a language"))
    seen: set[str | None] = set()
    for place, variant in enumerate(variants):
        at = f"/variants/{place}"
        if variant.locale in seen:
            language = "no language" if variant.locale is None else repr(variant.locale)
            faults.append(FieldError(f"{at}/locale", f"there are two variants for {language}"))
        seen.add(variant.locale)
        faults.extend(_name_faults(f"{at}/type", variant.type))
        if variant.locale is not None:
            faults.extend(_name_faults(f"{at}/locale", variant.locale))
        if len(variant.tags) > MOST_TAGS:
            faults.append(FieldError(f"{at}/tags", f"at most {MOST_TAGS} tags"))
        for number, tag in enumerate(variant.tags):
            faults.extend(_name_faults(f"{at}/tags/{number}", tag))
        faults.extend(
            FieldError(f"{at}/fields/{name}", f"{name!r} stands beside the fields, not among them")
            for name in sorted(RESERVED_FIELDS & variant.fields.keys())
        )
    if faults:
        raise ValidationFailed(faults)


def _name_faults(pointer: str, name: str) -> list[FieldError]:
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
        return [FieldError(pointer, f"1 to {LONGEST_NAME} printable characters, without spaces at the ends")]
    return []


def _replacing(id_: str, variants: Sequence[Variant]) -> Changes:
    entries = tuple(
        StoredEntry(
            source=SOURCE,
            id=id_,
            locale=variant.locale,
            type=variant.type,
            tags=variant.tags,
            fields=variant.fields,
            published_at=None if variant.published_at is None else variant.published_at.astimezone(UTC),
            version=None,
            links=(),
        )
        for variant in variants
    )
    return Changes(entries=entries, deleted=((id_, None),))


def _refuse_foreign(id_: str, held: Sequence[EntryRecord]) -> None:
    for record in held:
        if record.entry.source != SOURCE:
            raise Conflict(f"The entry {id_!r} comes from the source {record.entry.source!r}; change it there.")


def _view(id_: str, records: Sequence[EntryRecord]) -> EntryView:
    states = [[record.entry.source, record.entry.locale, record.digest] for record in records]
    return EntryView(id_, tuple(records), tag_of(states))


def _missing(id_: str) -> NotFound:
    return NotFound(f"There is no entry {id_!r}.")
