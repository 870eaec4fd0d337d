"""One content file to a document: front matter, body, identity; links not yet followed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from adapters.cms.files.folder import FileProblem
from adapters.cms.files.yaml12 import Mapping12, YamlProblem, parse_mapping
from adapters.cms.locales import parse_locale
from adapters.cms.port import Json, Key
from adapters.cms.shaping import ENTRY_PROPERTIES

RESERVED = (*ENTRY_PROPERTIES, "draft")
MAX_ID = 200
_FENCE = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_SALVAGED = re.compile(rb"""^(id|locale):[ \t]*["']?([^\s"'#]+)["']?[ \t]*(?:#.*)?\r?$""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content. `fields` still hold `$ref` and `$asset` as written, and no rendered markup."""

    path: str
    key: Key
    type: str
    tags: tuple[str, ...]
    published_at: datetime | None
    expires_at: datetime | None
    draft: bool
    fields: dict[str, Json]


@dataclass(frozen=True, slots=True)
class PathParts:
    """What a path says of its entry."""

    type: str | None
    slug: str
    locale: str | None


def path_parts(path: str, locales: tuple[str, ...]) -> PathParts:
    """Type, slug and locale by the layout `<type>/[folders/]<slug>[.<locale>].<suffix>`.

    Raises:
        FileProblem: the name ends in a locale that is not among `locales`.
    """
    *folders, name = path.split("/")
    stem = name.rpartition(".")[0]
    slug, dot, suffix = stem.rpartition(".")
    locale = parse_locale(suffix) if dot and slug else None
    if locale is None:
        slug = stem
    elif locales and locale not in locales:
        raise FileProblem(f"locale {locale} is not among {', '.join(locales)}")
    return PathParts(folders[0] if folders else None, slug, locale)


def parse(path: str, data: bytes, locales: tuple[str, ...]) -> Document:
    """The document in the bytes of a file.

    Raises:
        FileProblem: with the line in the file, where there is one.
    """
    parts = path_parts(path, locales)
    front, body = _split(path, _decode(data))
    try:
        mapping = parse_mapping(front)
    except YamlProblem as fault:
        raise FileProblem(fault.reason, fault.line) from fault
    return _Reader(mapping).document(path, parts, body, locales)


def salvage_key(path: str, data: bytes, locales: tuple[str, ...]) -> Key | None:
    """The identity that a broken file most likely has, so that its last good version can be kept."""
    try:
        parts = path_parts(path, locales)
    except FileProblem:
        return None
    said = {name.decode(): value.decode(errors="replace") for name, value in _SALVAGED.findall(data)}
    return Key(said.get("id", parts.slug), parse_locale(said.get("locale", "")) or parts.locale)


def _decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise FileProblem(f"not UTF-8 (byte {fault.start})", line) from fault
    if "\x00" in text:
        raise FileProblem("a NUL character", text.count("\n", 0, text.index("\x00")) + 1)
    return text.replace("\r\n", "\n")


def _split(path: str, text: str) -> tuple[str, str | None]:
    """Front matter, on the lines that it has in the file, and the Markdown below; None for a YAML file."""
    if not path.endswith(".md"):
        return text, None
    if not text.startswith("---"):
        return "", text
    first, newline, rest = text.partition("\n")
    if first.rstrip() != "---":
        return "", text
    fence = _FENCE.search(rest) if newline else None
    if fence is None:
        raise FileProblem("front matter is opened with --- and never closed", 1)
    return "\n" + rest[: fence.start()], rest[fence.end() :].strip("\n")


class _Reader:
    """Takes the reserved keys out of front matter, each complaint with its line."""

    def __init__(self, mapping: Mapping12) -> None:
        self._values = mapping.values
        self._lines = mapping.lines

    def document(self, path: str, parts: PathParts, body: str | None, locales: tuple[str, ...]) -> Document:
        fields = {name: value for name, value in self._values.items() if name not in RESERVED}
        if body:
            if "body" in fields:
                raise self._fault("body", "a body in the front matter and Markdown below it")
            fields["body"] = body
        content_type = self._text("type", parts.type)
        if content_type is None:
            raise FileProblem("no type: put the file into a folder of its type, or give one", 1)
        entry_id = self._text("id", parts.slug) or parts.slug
        if len(entry_id) > MAX_ID:
            raise self._fault("id", f"longer than {MAX_ID} characters")
        return Document(
            path=path,
            key=Key(entry_id, self._locale(parts.locale, locales)),
            type=content_type,
            tags=self._tags(),
            published_at=self._instant("published_at"),
            expires_at=self._instant("expires_at"),
            draft=self._draft(),
            fields=fields,
        )

    def _fault(self, name: str, reason: str) -> FileProblem:
        return FileProblem(f"{name}: {reason}", self._lines.get(name))

    def _text(self, name: str, default: str | None) -> str | None:
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, str) and value.strip() == value and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise self._fault(name, "want a text")

    def _locale(self, default: str | None, locales: tuple[str, ...]) -> str | None:
        said = self._text("locale", None)
        if said is None:
            return default
        locale = parse_locale(said)
        if locale is None:
            raise self._fault("locale", f"{said!r} is not a language tag such as fr or fr-BE")
        if locales and locale not in locales:
            raise self._fault("locale", f"{locale} is not among {', '.join(locales)}")
        return locale

    def _tags(self) -> tuple[str, ...]:
        value = self._values.get("tags")
        items = [value] if isinstance(value, str) else [] if value is None else value
        if not isinstance(items, list):
            raise self._fault("tags", "want a list of texts")
        tags: list[str] = []
        for item in items:
            if not isinstance(item, str) or not item.strip():
                raise self._fault("tags", f"want texts, not {item!r}")
            tags.append(item.strip())
        return tuple(dict.fromkeys(tags))

    def _instant(self, name: str) -> datetime | None:
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                moment = datetime.fromisoformat(value)
                return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
            except (ValueError, OverflowError):
                pass  # said below, with the line
        raise self._fault(name, f"want an ISO 8601 date or date-time, not {value!r}")

    def _draft(self) -> bool:
        value = self._values.get("draft")
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self._fault("draft", "want true or false")
