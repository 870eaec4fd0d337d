"""A Payload source from its options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from adapters.cms.client import Client, read_client_options
from adapters.cms.locales import parse_locale
from adapters.cms.payload.entries import PREFIXED_TAGS, Documents
from adapters.cms.payload.fields import Relations
from adapters.cms.payload.identity import Identity
from adapters.cms.payload.reader import ApiKey, Asking, explain
from adapters.cms.payload.source import PayloadSource, Scope
from adapters.cms.port import OptionsError
from adapters.options import OptionReader
from adapters.runtime import Runtime

_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_API_PATH = re.compile(r"(/[A-Za-z0-9_.-]+)*")


def build(options: Mapping[str, object], runtime: Runtime) -> PayloadSource:
    """A source from its options.

    Raises:
        OptionsError: naming every option that is wrong.
    """
    take = OptionReader(options)
    client = read_client_options(take)
    scope = Scope(
        collections=_slugs(take, "collections"),
        related=_slugs(take, "related"),
        overlap=timedelta(seconds=take.number("overlap_s", 60.0, low=0, high=86_400)),
        clock_skew=timedelta(seconds=take.number("clock_skew_s", 0.0, low=0, high=3600)),
    )
    if not scope.collections:
        take.complain("collections", "required, a list of slugs such as articles")
    documents = _documents(take, client.url.rstrip("/"), scope)
    key_collection = take.text("key_collection", "users") or "users"
    if not _SLUG.fullmatch(key_collection):
        take.complain("key_collection", "is no slug")
    asking = Asking(
        key_collection=key_collection,
        has_key=client.token is not None,
        every_locale=bool(documents.locales),
        link_depth=take.whole("link_depth", 2, low=0, high=10),
        page_size=take.whole("page_size", 100, low=1, high=1000),
    )
    api_path = (take.text("api_path", "/api") or "/api").rstrip("/")
    if not _API_PATH.fullmatch(api_path):
        take.complain("api_path", "want a path such as /api")
    if problems := take.problems():
        raise OptionsError(problems)
    auth = ApiKey(key_collection, client.token)
    opened = Client(client, runtime, prefix=api_path, auth=auth, explain=explain)
    return PayloadSource(opened, asking, scope, documents, runtime.monotonic)


def _documents(take: OptionReader, base: str, scope: Scope) -> Documents:
    relations = Relations(
        base=base,
        known=frozenset((*scope.collections, *scope.related)),
        named=take.text_map("relations"),
        link_urls=take.text_map("link_urls"),
    )
    prefixed = take.text_map("prefixed_tags") if take.anything("prefixed_tags") is not None else PREFIXED_TAGS
    return Documents(
        identity=Identity(qualified=take.choice("ids", "qualified", ("qualified", "plain")) == "qualified"),
        relations=relations,
        locales=_locales(take),
        type_names=take.text_map("type_names"),
        type_field=take.text("type_field"),
        tags_field=take.text("tags_field", "tags") or "tags",
        tag_name=take.text("tag_name"),
        prefixed_tags=dict(prefixed),
        published_field=take.text("published_field", "publishedAt") or "publishedAt",
        expires_field=take.text("expires_field", "expiresAt") or "expiresAt",
        markdown_fields=frozenset(take.texts("markdown_fields")),
    )


def _slugs(take: OptionReader, name: str) -> tuple[str, ...]:
    found = take.texts(name)
    for bad in (one for one in found if not _SLUG.fullmatch(one)):
        take.complain(name, f"{bad!r} is no slug")
    return found


def _locales(take: OptionReader) -> dict[str, str]:
    tags = take.text_map("locale_tags")
    made: dict[str, str] = {}
    for code in take.texts("locales"):
        tag = parse_locale(tags.get(code, code).replace("_", "-"))
        if tag is None:
            take.complain("locales", f"{code!r} is no BCP 47 tag: give it one in locale_tags")
        elif tag in made.values():
            take.complain("locales", f"two of them are {tag}")
        else:
            made[code] = tag
    for code in sorted(tags.keys() - made.keys()):
        take.complain("locale_tags", f"{code!r} is not among locales, or its tag is no BCP 47 tag")
    return made
