"""An item of someone's JSON to entries: whose it is, what it holds, and what it refers to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, cast
from urllib.parse import urljoin

from adapters.cms.generic.paths import Path, Unanswerable
from adapters.cms.generic.values import ItemFault, check_storable, instant, locale_of, name_of, texts, whole
from adapters.cms.port import Entry, Json, Key, Link, Ordering
from adapters.cms.shaping import field_name

Epoch = Literal["s", "ms"]


@dataclass(frozen=True, slots=True)
class Variant:
    """An item in one language. `place` is where it was found, for complaints."""

    key: Key
    raw: dict[str, object]
    place: str

    def digest(self) -> str:
        """Equal for equal items, whatever the order of their members. Raises ItemFault."""
        try:
            text = json.dumps(self.raw, sort_keys=True, separators=(",", ":"))
        except RecursionError as fault:
            raise ItemFault("nested too deep") from fault
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemMapping:
    """How items become entries; see the options in the package."""

    id: Path
    fields_at: Path
    type: Path | None = None
    content_type: str | None = None
    locale: Path | None = None
    locales: tuple[str, ...] = ()
    localized_fields: frozenset[str] = frozenset()
    tags: tuple[Path, ...] = ()
    prefixed_tags: Mapping[str, Path] = field(default_factory=dict)
    published_at: Path | None = None
    expires_at: Path | None = None
    version: Path | None = None
    ordering: Ordering
    epoch: Epoch = "s"
    keep: Path | None = None
    fields: Mapping[str, Path] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    html_fields: frozenset[str] = frozenset()
    markdown_fields: frozenset[str] = frozenset()
    assets_base: str | None = None
    link_fields: frozenset[str] = frozenset()
    link_depth: int = 2

    def kept(self, raw: Mapping[str, object]) -> bool:
        """Whether the condition `keep` holds of an item. Raises ItemFault."""
        try:
            return self.keep is None or bool(self.keep.values([raw]))
        except Unanswerable as fault:
            raise ItemFault(f"keep: {fault}") from fault

    def variants(self, raw: object, place: str, listed_in: str | None) -> tuple[Variant, ...]:
        """The item in each of its languages; none where it is in none of those that are read.

        Args:
            listed_in: the language of the list that it stands in; None where lists have none.
        Raises:
            ItemFault: it cannot be said whose it is.
        """
        if not isinstance(raw, dict):
            raise ItemFault("want an object")
        entry_id = name_of(self._first(self.id, raw, "id"), "id")
        said = locale_of(self._first(self.locale, raw, "locale"), "locale") or listed_in
        found: list[str | None] = [said]
        if self.localized_fields:
            found = [*dict.fromkeys(self._languages(raw))] or [said]
        return tuple(
            Variant(Key(entry_id, locale), raw, place)
            for locale in found
            if not self.locales or locale is None or locale in self.locales
        )

    def updated(self, path: Path, raw: object) -> datetime | None:
        """The instant at a path. Raises ItemFault."""
        return self._instant(path, raw, "updated_at")

    def entry(self, variant: Variant, fields: Mapping[str, Json], links: tuple[Link, ...]) -> Entry:
        """The entry of an item whose fields are made. Raises ItemFault."""
        raw = variant.raw
        return Entry(
            id=variant.key.id,
            locale=variant.key.locale,
            type=self.type_of(raw),
            tags=self.tags_of(raw),
            fields=fields,
            published_at=self._instant(self.published_at, raw, "published_at"),
            version=self._version(raw),
            links=links,
            expires_at=self._instant(self.expires_at, raw, "expires_at"),
        )

    def type_of(self, raw: object) -> str:
        """The content type. Raises ItemFault."""
        said = self._first(self.type, raw, "type")
        if said is None and self.content_type is not None:
            return self.content_type
        return name_of(said, "type")

    def tags_of(self, raw: object) -> tuple[str, ...]:
        """All tags in order, without repeats. Raises ItemFault."""
        found = [tag for path in self.tags for tag in self._texts(path, raw, "tags")]
        for prefix, path in self.prefixed_tags.items():
            found += [f"{prefix}:{tag}" for tag in self._texts(path, raw, f"prefixed_tags.{prefix}")]
        return tuple(dict.fromkeys(found))

    def own_fields(self, variant: Variant) -> dict[str, Json]:
        """The fields as the item has them, in the variant's language. Raises ItemFault."""
        made: dict[str, object] = {}
        for name, path in self.fields.items():
            values = self._all(path, variant.raw, f"fields.{name}")
            if values or not path.singular:
                made[name] = values[0] if path.singular else values
        if not self.fields:
            whole_item = self._first(self.fields_at, variant.raw, "fields_at")
            if not isinstance(whole_item, dict):
                raise ItemFault(f"fields_at: want an object at {self.fields_at.text}")
            left_out = self.without | self._spent()
            made = {field_name(name): value for name, value in whole_item.items() if name not in left_out}
        for name in self.localized_fields & made.keys():
            chosen = _in_language(made.pop(name), variant.key.locale)
            if chosen is not None:
                made[name] = chosen
        check_storable(made)
        return cast(dict[str, Json], made)

    def absolute(self, url: str) -> str | None:
        """An image's address in markup, joined to `assets_base`; None where it is no address."""
        try:
            return urljoin(self.assets_base, url) if self.assets_base else url
        except ValueError:
            return None

    def _instant(self, path: Path | None, raw: object, what: str) -> datetime | None:
        return instant(self._first(path, raw, what), what, 1000 if self.epoch == "ms" else 1)

    def _spent(self) -> frozenset[str]:
        """Members of the fields that became properties of the entry, and so are no fields."""
        paths = [self.id, self.type, self.locale, self.published_at, self.expires_at, self.version, *self.tags]
        above = self.fields_at.names
        names = [path.names for path in paths if path is not None and path.names]
        return frozenset(name[-1] for name in names if name[:-1] == above)

    def _version(self, raw: object) -> int | datetime | None:
        if self.version is None:
            return None
        if self.ordering.kind == "integer":
            return whole(self._first(self.version, raw, "version"), "version")
        made = self._instant(self.version, raw, "version")
        if made is None:  # without one, an older answer could replace a newer one
            raise ItemFault("version: there is none")
        return made

    def _languages(self, raw: object) -> Iterator[str]:
        for name, value in self._localized(raw).items():
            for tag, text in value.items():
                locale = locale_of(tag, f"{name}: {tag[:20]}") if text is not None else None
                if locale is not None:
                    yield locale

    def _localized(self, raw: object) -> dict[str, dict[str, object]]:
        if self.fields:
            said = {name: self._first(self.fields.get(name), raw, f"fields.{name}") for name in self.localized_fields}
        else:
            holder = self._first(self.fields_at, raw, "fields_at")
            said = {name: holder.get(name) for name in self.localized_fields} if isinstance(holder, dict) else {}
        return {name: value for name, value in sorted(said.items()) if isinstance(value, dict)}

    def _first(self, path: Path | None, raw: object, what: str) -> object:
        return next(iter(self._all(path, raw, what)), None)

    @staticmethod
    def _all(path: Path | None, raw: object, what: str) -> list[object]:
        try:
            return path.values(raw) if path is not None else []
        except Unanswerable as fault:
            raise ItemFault(f"{what}: {fault}") from fault

    def _texts(self, path: Path, raw: object, what: str) -> Iterator[str]:
        for value in self._all(path, raw, what):
            yield from texts(value, what)


def _in_language(value: object, locale: str | None) -> object:
    """The text of a language in an object by language; anything else is in every language."""
    if not isinstance(value, dict):
        return value
    return next((text for tag, text in value.items() if locale_of(tag, "language") == locale), None)
