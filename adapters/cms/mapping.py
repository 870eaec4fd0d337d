"""How an entry of a CMS becomes a candidate: whether it does, and which of its fields mean something to rules.

Whatever a CMS calls it, rules see a type, a language, tags such as `slot:home.hero` or `audience:vip`, the moment
from which an entry is shown and the one at which it no longer is. Fields stay as they are beside that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from fnmatch import fnmatchcase
from typing import Literal

from adapters.cms.locales import parse_locale
from adapters.cms.mapping_values import Fields, NotUnderstood, holds, instant, is_empty, texts
from adapters.cms.port import BadResponse, Entry, Json, Key, Problem

Case = Literal["keep", "lower", "slug"]
INSIDE: Mapping[str, tuple[str, ...]] = {
    "slot": ("slots", "slot"),
    "audience": ("segments", "segment", "audiences", "audience"),
    "topic": ("topics", "topic"),
}
"""Where an object that a field holds keeps the texts: a group `audience` with a list `segments` in it."""


class Unmappable(BadResponse):
    """The entry was read, and its fields do not say what the mapping needs; its last good version stays.

    Attributes:
        key: of the entry, as far as it is known.
        option: the option of the mapping concerned, such as "ends_at".
    """

    def __init__(self, key: Key, where: str, option: str, reason: str) -> None:
        self.key = key
        self.where = where
        self.option = option
        self.reason = f"{reason} (mapping.{option})"
        super().__init__(f"{where}: {self.reason}")

    def problem(self) -> Problem:
        """As what a source complains of."""
        return Problem(self.where, self.reason, self.key)


@dataclass(frozen=True, slots=True)
class Ignored:
    """An entry that is no candidate.

    Attributes:
        key: as its source names it.
        reason: for people, such as "its type 'page' is not among mapping.types".
    """

    key: Key
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was understood: by which option, from which field, and what came of it."""

    option: str
    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Understood:
    """An entry as rules see it, and what of it comes from where."""

    entry: Entry
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryMapping:
    """The options of `[sources.NAME.mapping]`, read; see `adapters.cms.mapping_options` for their meaning.

    Attributes:
        prefixed: fields by the prefix of the tags that they give; `slot`, `audience` and `topic` are always there.
        said: names of the options that the operator gave, defaults aside.
        fingerprint: changes with anything that could change an entry.
    """

    types: tuple[str, ...] = ()
    exclude_types: tuple[str, ...] = ()
    where: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    where_not: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    type: tuple[str, ...] = ()
    type_names: Mapping[str, str] = field(default_factory=dict)
    locale: tuple[str, ...] = ()
    locales: Mapping[str, str] = field(default_factory=dict)
    default_locale: str | None = None
    tags: tuple[str, ...] = ()
    prefixed: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict.fromkeys(INSIDE, ()))
    separators: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    rename_tags: Mapping[str, str] = field(default_factory=dict)
    case: Case = "keep"
    starts_at: tuple[str, ...] = ()
    ends_at: tuple[str, ...] = ()
    timezone: tzinfo = UTC
    said: frozenset[str] = frozenset()
    fingerprint: str = ""

    def apply(self, entry: Entry) -> Entry | Ignored:
        """The entry as rules see it. Raises Unmappable."""
        found = self.understand(entry)
        return found.entry if isinstance(found, Understood) else found

    def understand(self, entry: Entry) -> Understood | Ignored:
        """The same, with what was understood from where. Raises Unmappable."""
        return _Reading(self, entry).result()

    @property
    def moves_locales(self) -> bool:
        """Whether an entry can get another language than its source gives it."""
        return bool(self.locale or self.locales or self.default_locale)

    @property
    def moves_types(self) -> bool:
        """Whether an entry can get another type than its source gives it."""
        return bool(self.type or self.type_names)

    def language(self, said: str) -> str | None:
        """What the source calls a language, as a tag; None where it is none that can be understood."""
        tag = parse_locale(said.replace("_", "-"))
        return self.locales.get(said) or self.locales.get(tag or said) or tag

    def paths(self) -> dict[str, tuple[str, ...]]:
        """The fields that are looked at, by option."""
        return {
            "where": tuple(self.where),
            "where_not": tuple(self.where_not),
            "type": self.type,
            "locale": self.locale,
            "tags": self.tags,
            **self.prefixed,
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
        }

    def tag(self, text: str, prefix: str | None = None) -> str:
        """A tag as rules see it; "" where it is dropped.

        Args:
            prefix: what the tag begins with where it does not say so itself.
        """
        text = text.strip()
        if text in self.rename_tags:
            return self.rename_tags[text]
        said, value = self._parted(text)
        said = said or prefix
        made = f"{said}:{self._cased(value)}" if said is not None else self._cased(text)
        return self.rename_tags.get(made, made)

    def _parted(self, text: str) -> tuple[str | None, str]:
        """The prefix that a tag begins with, if it is one of ours, and what follows."""
        for separator in (":", *self.separators):
            head, found, tail = text.partition(separator)
            head = head.strip().casefold()
            head = self.aliases.get(head, head)
            if found and head in self.prefixed and tail.strip():
                return head, tail.strip()
        return None, text

    def _cased(self, text: str) -> str:
        if self.case == "keep":
            return text
        text = text.casefold()
        if self.case == "lower":
            return text
        return "-".join("".join(one if one.isalnum() or one in "._:" else " " for one in text).split())


class _Reading:
    """One entry, being understood."""

    def __init__(self, mapping: EntryMapping, entry: Entry) -> None:
        self._mapping = mapping
        self._entry = entry
        self._fields = Fields(entry.fields)
        self._notes: list[Note] = []

    def result(self) -> Understood | Ignored:
        mapping, entry = self._mapping, self._entry
        made_type = self._type()
        reason = self._ignored(made_type)
        if reason is not None:
            return Ignored(entry.key, reason)
        starts, ends = self._instant("starts_at", mapping.starts_at), self._instant("ends_at", mapping.ends_at)
        expires = [moment for moment in (entry.expires_at, ends) if moment is not None]
        published = [moment for moment in (entry.published_at, starts) if moment is not None]
        made = replace(
            entry,
            type=made_type,
            locale=self._locale(),
            tags=tuple(dict.fromkeys(filter(None, self._tags()))),
            published_at=max(published, default=None),
            expires_at=min(expires, default=None),
        )
        return Understood(made, tuple(self._notes))

    def _ignored(self, made_type: str) -> str | None:
        mapping, names = self._mapping, (self._entry.type, made_type)
        if mapping.types and not _any_matches(names, mapping.types):
            return f"its type {made_type!r} is not among mapping.types"
        if _any_matches(names, mapping.exclude_types):
            return f"its type {made_type!r} is in mapping.exclude_types"
        for path, wanted in mapping.where.items():
            if not holds(self._value(path), wanted):
                return f"mapping.where: its field {path} is not {_either(wanted)}"
        for path, unwanted in mapping.where_not.items():
            if holds(self._value(path), unwanted):
                return f"mapping.where_not: its field {path} is {_either(unwanted)}"
        return None

    def _type(self) -> str:
        said = self._first("type", self._mapping.type) or self._entry.type
        return self._mapping.type_names.get(said, said)

    def _locale(self) -> str | None:
        mapping = self._mapping
        said = self._first("locale", mapping.locale) or self._entry.locale
        if said is None:
            return mapping.default_locale
        if not (mapping.locale or mapping.locales):
            return said
        found = mapping.language(said)
        if found is None:
            reason = "the language is no language tag such as fr or fr-BE; mapping.locales can name what it means"
            raise self._fault("locale", reason)
        return found

    def _tags(self) -> Iterator[str]:
        mapping = self._mapping
        for text in self._entry.tags:
            yield mapping.tag(text)
        for path in mapping.tags:
            yield from self._noted("tags", path, None)
        for prefix, paths in mapping.prefixed.items():
            for path in paths:
                yield from self._noted(prefix, path, prefix)

    def _noted(self, option: str, path: str, prefix: str | None) -> list[str]:
        made = [self._mapping.tag(text, prefix) for text in self._texts(option, path, INSIDE.get(prefix or "", ()))]
        self._note(option, path, made)
        return made

    def _first(self, option: str, paths: tuple[str, ...]) -> str | None:
        """The first text of the first field that has one."""
        for path in paths:
            found = self._texts(option, path, ())
            if found:
                self._note(option, path, found[:1])
                return found[0]
        return None

    def _instant(self, option: str, paths: tuple[str, ...]) -> datetime | None:
        for path in paths:
            try:
                moment = instant(self._fields.get(path), self._mapping.timezone)
            except NotUnderstood as fault:
                raise self._fault(option, f"the field {path} {fault}") from fault
            if moment is not None:
                self._note(option, path, [moment.isoformat().replace("+00:00", "Z")])
                return moment
        return None

    def _texts(self, option: str, path: str, inside: tuple[str, ...]) -> list[str]:
        try:
            return texts(self._fields.get(path), inside)
        except NotUnderstood as fault:
            raise self._fault(option, f"the field {path} {fault}") from fault

    def _value(self, path: str) -> Json:
        """A field, or a property of the entry where there is no such field."""
        if path not in ("id", "type", "locale", "tags"):
            return self._fields.get(path)
        found = self._fields.get(path, renamed=False)
        own: Json = list(self._entry.tags) if path == "tags" else getattr(self._entry, path)
        return own if is_empty(found) else found

    def _note(self, option: str, path: str, values: list[str]) -> None:
        if values:
            self._notes.append(Note(option, path, tuple(values)))

    def _fault(self, option: str, reason: str) -> Unmappable:
        entry = self._entry
        place = f"{entry.type}/{entry.id}" + (f" ({entry.locale})" if entry.locale else "")
        said = option in self._mapping.said
        remedy = "" if said or option == "locale" else f"; mapping.{option} = [] leaves the field alone"
        return Unmappable(entry.key, place, option, reason + remedy)


def _any_matches(names: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _either(values: tuple[Json, ...]) -> str:
    return " or ".join("true" if one is True else "false" if one is False else str(one) for one in values)
