"""A generic source from its options: every path compiled, everything that is wrong told at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path as FilePath
from typing import cast
from urllib.parse import urlsplit

from adapters.bounded import url_fault
from adapters.cms.client import Client, ClientOptions, read_client_options
from adapters.cms.generic.file import FileOrigin
from adapters.cms.generic.http import Headers, HttpOrigin, Paging, PagingKind, Requests, explain
from adapters.cms.generic.mapping import Epoch, ItemMapping
from adapters.cms.generic.origin import Origin
from adapters.cms.generic.paths import Path, PathFault, compile_condition, compile_path
from adapters.cms.generic.reading import Reader
from adapters.cms.generic.source import GenericSource, Since, SinceForm
from adapters.cms.locales import parse_locale
from adapters.cms.port import OptionsError, Ordering, SourceSpec
from adapters.cms.shaping import ENTRY_PROPERTIES, fingerprint
from adapters.options import OptionReader
from adapters.runtime import Runtime

PAGINGS = ("none", "next", "header", "cursor", "page", "offset")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
# What requests and the client write by themselves.
_OWN_HEADERS = frozenset(("host", "content-length", "transfer-encoding", "connection", "accept", "accept-encoding"))


class _Taker(OptionReader):
    """Reads paths and templates beside what every adapter reads."""

    def path(self, name: str, default: str | None = None) -> Path | None:
        """A JSONPath that may be missing."""
        text = self.text(name, default)
        return self.compiled(text, name) if text is not None else None

    def required_path(self, name: str, default: str) -> Path:
        """A JSONPath that has a default."""
        return self.path(name, default) or compile_path(default)

    def condition(self, name: str) -> Path | None:
        """A filter's expression that may be missing."""
        text = self.text(name)
        try:
            return compile_condition(text) if text is not None else None
        except PathFault as fault:
            self.complain(name, str(fault))
            return None

    def path_list(self, name: str) -> tuple[Path, ...]:
        """A JSONPath, or a list of them."""
        value = self.anything(name)
        if value is None:
            return ()
        items = list(value) if isinstance(value, (list, tuple)) else [value]
        texts = [item for item in items if isinstance(item, str)]
        if len(texts) < len(items):
            self.complain(name, "want a JSONPath or a list of them")
        many = len(texts) > 1
        made = [self.compiled(text, f"{name}[{n}]" if many else name) for n, text in enumerate(texts)]
        return tuple(path for path in made if path is not None)

    def path_map(self, name: str) -> dict[str, Path]:
        """A mapping from names to JSONPaths."""
        made = {key: self.compiled(text, f"{name}.{key}") for key, text in self.text_map(name).items()}
        return {key: path for key, path in made.items() if path is not None}

    def compiled(self, text: str, place: str) -> Path | None:
        try:
            return compile_path(text)
        except PathFault as fault:
            self.complain(place, str(fault))
            return None

    def template(self, name: str, known: tuple[str, ...]) -> str | None:
        """A path below the URL, with placeholders."""
        value = self.text(name)
        if value is None:
            return None
        parts = urlsplit(value) if "://" not in value[:10] else None
        if parts is None or parts.netloc or parts.query or parts.fragment or "\\" in value:
            self.complain(name, "want a path below url, without query and fragment")
        elif ".." in parts.path.split("/"):
            self.complain(name, "leads out of its place with ..")
        self.placeholders(name, value, known)
        return value.lstrip("/")

    def template_map(self, name: str, known: tuple[str, ...]) -> dict[str, str]:
        """Query parameters, with placeholders in their values."""
        made = self.text_map(name)
        for key, value in made.items():
            self.placeholders(f"{name}.{key}", value, known)
        return made

    def placeholders(self, place: str, value: str, known: tuple[str, ...]) -> None:
        for found in _PLACEHOLDER.findall(value):
            if found not in known:
                self.complain(place, f"{found} stands for nothing; known: {', '.join(known)}")


def build(options: Mapping[str, object], runtime: Runtime) -> GenericSource:
    """A source from its options.

    Raises:
        OptionsError: naming every option that is wrong, and in a path the character.
    """
    take = _Taker(options)
    locales = _locales(take)
    mapping = _mapping(take, locales)
    items = take.required_path("items", "$")
    since = _since(take)
    updated_at = take.path("updated_at")
    if (since is None) != (updated_at is None):
        take.complain("since_param", "goes with updated_at: the one asks for changes, the other says of when they are")
    previews, draft_params = take.flag("previews", False), take.text_map("draft_params")
    max_items = take.whole("max_items", 100_000, low=1, high=5_000_000)
    listed_in: tuple[str | None, ...] = (None,)
    origin: Origin | None = None
    if options.get("file") is not None:
        file = FilePath(take.required_text("file"))
        max_bytes = take.whole("max_response_bytes", 20_000_000, low=1000, high=1_000_000_000)
        if since is not None:
            take.complain("since_param", "a file is always read whole")
        origin = FileOrigin(file, items, max_bytes)
    else:
        client, asked, paging, headers, total = _http(take)
        by_language = any("{locale}" in text for text in (asked.path, *asked.params.values()))
        if by_language and not locales:
            take.complain("locales", "required where {locale} stands in path or params")
        listed_in = locales if by_language and locales else (None,)
        if since is not None and mapping.link_fields and asked.entry_path is None:
            take.complain(
                "entry_path", "required where link_fields and since_param are: what is linked must be fetched"
            )
        if not take.problems():
            opened = Client(client, runtime, auth=headers, explain=explain)
            origin = HttpOrigin(opened, asked, items, total, paging, listed_in[0])
    problems = take.problems()
    if problems or origin is None:
        raise OptionsError(problems)
    # Not what says where from and how fast: another token or time-out leaves the entries as they are.
    asked_for = [options.get(name) for name in ("path", "params", "file")]
    reader = Reader(origin=origin, mapping=mapping, listed_in=listed_in, updated_at=updated_at, max_items=max_items)
    return GenericSource(
        reader,
        runtime,
        spec=SourceSpec("generic", mapping.ordering, incremental=True, previews=previews),
        since=since,
        draft_params=draft_params,
        fingerprint=fingerprint(mapping, items, listed_in, since, asked_for),
    )


def _locales(take: _Taker) -> tuple[str, ...]:
    said = take.texts("locales")
    for bad in (locale for locale in said if parse_locale(locale) is None):
        take.complain("locales", f"{bad!r} is not a language tag")
    return tuple(filter(None, map(parse_locale, said)))


def _mapping(take: _Taker, locales: tuple[str, ...]) -> ItemMapping:
    version = take.path("version")
    kind = take.choice("ordering", "none", ("none", "integer", "timestamp"))
    resolution = timedelta(milliseconds=take.whole("version_resolution_ms", 1000, low=1, high=86_400_000))
    if (version is None) != (kind == "none"):
        take.complain("ordering", "integer or timestamp where there is a version, and only there")
    ordering = (
        Ordering("timestamp", resolution)
        if kind == "timestamp"
        else Ordering("integer" if kind == "integer" else "none")
    )
    type_path, content_type = take.path("type"), take.text("content_type")
    if take.anything("type") is None and content_type is None:
        take.complain("content_type", "required, or a path in type")
    fields_at = take.required_path("fields_at", "$")
    if not fields_at.plain:
        take.complain("fields_at", "want names only, such as $.attributes")
    fields = take.path_map("fields")
    for name in sorted(fields.keys() & ENTRY_PROPERTIES):
        take.complain(f"fields.{name}", "is a property of every entry, and no field")
    return ItemMapping(
        id=take.required_path("id", "$.id"),
        fields_at=fields_at,
        type=type_path,
        content_type=content_type,
        locale=take.path("locale"),
        locales=locales,
        localized_fields=frozenset(take.texts("localized_fields")),
        tags=take.path_list("tags"),
        prefixed_tags=take.path_map("prefixed_tags"),
        published_at=take.path("published_at"),
        expires_at=take.path("expires_at"),
        version=version,
        ordering=ordering,
        epoch=cast(Epoch, take.choice("epoch", "s", ("s", "ms"))),
        keep=take.condition("keep"),
        fields=fields,
        without=frozenset(take.texts("without")),
        html_fields=frozenset(take.texts("html_fields")),
        markdown_fields=frozenset(take.texts("markdown_fields")),
        assets_base=_base(take),
        link_fields=frozenset(take.texts("link_fields")),
        link_depth=take.whole("link_depth", 2, low=0, high=5),
    )


def _base(take: _Taker) -> str | None:
    base = take.text("assets_base")
    if base is not None and (fault := url_fault(base)):
        take.complain("assets_base", fault)
    return base


def _since(take: _Taker) -> Since | None:
    param = take.text("since_param")
    form = take.choice("since_format", "iso", ("iso", "epoch", "epoch_ms"))
    overlap_s = take.number("overlap_s", 60.0, low=0, high=86_400)
    full_every_s = take.number("full_every_s", 3600.0, low=0, high=31_536_000)
    if param is None:
        return None
    overlap = timedelta(seconds=overlap_s)
    return Since(param=param, form=cast(SinceForm, form), overlap=overlap, full_every_s=full_every_s)


def _http(take: _Taker) -> tuple[ClientOptions, Requests, Paging, Headers, Path | None]:
    client = read_client_options(take)
    asked = Requests(
        path=take.template("path", ("{locale}",)) or "",
        params=take.template_map("params", ("{locale}",)),
        entry_path=take.template("entry_path", ("{id}", "{locale}")),
        entry_params=take.template_map("entry_params", ("{id}", "{locale}")),
        entry=take.required_path("entry", "$"),
        locale_names=take.text_map("locale_names"),
    )
    if asked.entry_path is not None and not any(
        "{id}" in text for text in (asked.entry_path, *asked.entry_params.values())
    ):
        take.complain("entry_path", "want {id} in it, or in entry_params")
    paging = _paging(take)
    total = take.path("total")
    headers = take.text_map("headers")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            take.complain("headers", f"{name[:40]!r} is no header that can be set")
        elif not _HEADER_VALUE.fullmatch(value):
            take.complain("headers", f"{name}: want printable ASCII")
    if client.token is not None:
        if any(name.lower() == "authorization" for name in headers):
            take.complain("token", "is an Authorization header, which stands in headers as well")
        headers["Authorization"] = f"Bearer {client.token}"
    # From the site's root, because links to next pages may lead beside the base path.
    parts = urlsplit(client.url) if not url_fault(client.url) else urlsplit("http://invalid")
    base = parts.path.strip("/")
    below = {
        name: f"{base}/{path}".strip("/") if path is not None else None
        for name, path in (("path", asked.path), ("entry_path", asked.entry_path))
    }
    asked = replace(asked, path=below["path"] or "", entry_path=below["entry_path"])
    return replace(client, url=f"{parts.scheme}://{parts.netloc}"), asked, paging, Headers(headers), total


def _paging(take: _Taker) -> Paging:
    kind = cast(PagingKind, take.choice("paging", "none", PAGINGS))
    following = take.path("next")
    page, cursor, offset = take.text("page_param"), take.text("cursor_param"), take.text("offset_param")
    first = take.whole("first_page", 1, low=0, high=1)
    if (following is not None) != (kind in ("next", "cursor")):
        take.complain("next", "a path to the next link or cursor: where paging is next or cursor, and only there")
    param = {"page": page or "page", "cursor": cursor or "cursor", "offset": offset or "offset"}.get(kind, "")
    return Paging(kind=kind, next=following, param=param, first=first if kind == "page" else 0)
