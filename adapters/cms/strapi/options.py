"""A Strapi source from its options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from adapters.cms.client import Client, read_client_options
from adapters.cms.port import OptionsError
from adapters.cms.strapi.entries import DocumentMapping
from adapters.cms.strapi.source import Scope, StrapiSource
from adapters.cms.strapi.wire import Wire, Wire5
from adapters.cms.strapi.wire4 import Wire4
from adapters.options import OptionReader
from adapters.runtime import Runtime

_API_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
MAX_POPULATE_DEPTH = 8


def build(options: Mapping[str, object], runtime: Runtime) -> StrapiSource:
    """A source from its options.

    Raises:
        OptionsError: naming every option that is wrong.
    """
    take = OptionReader(options)
    client = read_client_options(take)
    version = take.whole("version", 5, low=4, high=5)
    relations = take.text_map("relations")
    if relations and version != 4:
        take.complain("relations", "only Strapi 4 needs it: set version = 4, or leave it out")
    scope = Scope(
        types=_api_ids(take, "types"),
        locales=take.texts("locales"),
        related=_api_ids(take, "related"),
        populate=_populate(take),
        page_size=take.whole("page_size", 100, low=1, high=1000),
        overlap=timedelta(seconds=take.number("overlap_s", 60.0, low=0, high=86_400)),
    )
    if not scope.types:
        take.complain("types", "required, a list of plural API ids such as articles")
    mapping = DocumentMapping(
        base=client.url.rstrip("/"),
        type_names=take.text_map("type_names"),
        type_field=take.text("type_field"),
        tags_field=take.text("tags_field", "tags") or "tags",
        tag_name=take.text("tag_name", "name") or "name",
        prefixed_tags=take.text_map("prefixed_tags"),
        markdown_fields=frozenset(take.texts("markdown_fields")),
        link_depth=take.whole("link_depth", 2, low=0, high=10),
        publication_counts=version == 5,
    )
    if problems := take.problems():
        raise OptionsError(problems)
    asking = Client(client, runtime, prefix="/api")
    wire: Wire = Wire5(asking) if version == 5 else Wire4(asking, relations)
    return StrapiSource(wire, scope, mapping)


def _api_ids(take: OptionReader, name: str) -> tuple[str, ...]:
    found = take.texts(name)
    for bad in (one for one in found if not _API_ID.fullmatch(one)):
        take.complain(name, f"{bad!r} is no API id")
    return found


def _populate(take: OptionReader) -> dict[str, str]:
    value = take.anything("populate")
    made: dict[str, str] = {}
    if value is None:
        return {"populate": "*"}
    if not _flatten("populate", value, made, 0):
        take.complain("populate", 'want "*", true, a name, a list of names, or a mapping of these')
    return made


def _flatten(prefix: str, value: object, made: dict[str, str], depth: int) -> bool:
    """Nested options in the bracket notation of the qs library; False where they are not of that form."""
    if depth > MAX_POPULATE_DEPTH:
        return False
    if isinstance(value, bool):
        made[prefix] = "true" if value else "false"
        return True
    if isinstance(value, str) and value:
        made[prefix] = value
        return True
    if isinstance(value, (list, tuple)):
        items = [(str(number), item) for number, item in enumerate(value)]
    elif isinstance(value, Mapping):
        items = [(str(name), item) for name, item in value.items()]
    else:
        return False
    return all(_flatten(f"{prefix}[{name}]", item, made, depth + 1) for name, item in items)
