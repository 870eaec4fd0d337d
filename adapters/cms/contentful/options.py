"""A Contentful source from its options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from adapters.bounded import url_fault
from adapters.cms.client import Client, ClientOptions, read_client_options
from adapters.cms.contentful.api import Api, Token, explain
from adapters.cms.contentful.entries import Shape
from adapters.cms.contentful.source import ContentfulSource, Reading
from adapters.cms.contentful.tags import PREFIXES, TagRules
from adapters.cms.port import OptionsError
from adapters.cms.shaping import fingerprint
from adapters.options import OptionReader
from adapters.runtime import Runtime

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ADDRESS = re.compile(r"(https?:/)?/[^\s\"<>]*")
HOSTS = {
    "global": ("https://cdn.contentful.com", "https://preview.contentful.com"),
    "eu": ("https://cdn.eu.contentful.com", "https://preview.eu.contentful.com"),
}


def build(options: Mapping[str, object], runtime: Runtime) -> ContentfulSource:
    """A source from its options.

    Raises:
        OptionsError: naming every option that is wrong.
    """
    delivery_url, preview_url = HOSTS["eu" if options.get("region") == "eu" else "global"]
    take = OptionReader({"url": delivery_url, **options})
    take.choice("region", "global", HOSTS)
    client = read_client_options(take)
    if not client.token and options.get("token") is None:
        take.complain("token", "required, an access token of the Content Delivery API")
    if (urlsplit(client.url).hostname or "").startswith("preview.") and not url_fault(client.url):
        take.complain("url", "is the Preview API, which would publish drafts; give it as preview_url")
    preview_token = take.text("preview_token")
    preview = replace(client, url=take.text("preview_url", preview_url) or "", token=preview_token)
    if fault := url_fault(preview.url):
        take.complain("preview_url", fault)
    prefix = f"/spaces/{_name(take, 'space', None)}/environments/{_name(take, 'environment', 'master')}"
    shape = _shape(take)
    reading = Reading(
        page_size=take.whole("page_size", 200, low=1, high=1000),
        model_ttl_s=take.number("model_ttl_s", 600.0, low=0, high=86_400),
    )
    if problems := take.problems():
        raise OptionsError(problems)
    return ContentfulSource(
        _api(client, runtime, prefix),
        _api(preview, runtime, prefix) if preview_token else None,
        shape,
        reading,
        runtime,
        fingerprint(client.url, prefix, shape),
    )


def _api(client: ClientOptions, runtime: Runtime, prefix: str) -> Api:
    return Api(Client(client, runtime, prefix=prefix, auth=Token(client.token), explain=explain))


def _name(take: OptionReader, name: str, default: str | None) -> str:
    value = take.text(name, default) if default else take.required_text(name)
    if value and not _NAME.fullmatch(value):
        take.complain(name, "want an id: letters, digits, hyphens, dots and underscores")
    return value or ""


def _shape(take: OptionReader) -> Shape:
    urls = take.text_map("entry_urls")
    for kind, pattern in urls.items():
        if not _ADDRESS.fullmatch(pattern):
            take.complain("entry_urls", f"{kind}: want a path such as /articles/{{slug}}, or an address on the web")
    markdown = None if take.anything("markdown_fields") is None else frozenset(take.texts("markdown_fields"))
    return Shape(
        locales=take.texts("locales"),
        link_depth=take.whole("link_depth", 2, low=0, high=10),
        markdown_fields=markdown,
        entry_urls=urls,
        tags=TagRules(
            by=take.choice("tags_by", "name", ("name", "id")),
            prefixes=take.texts("tag_prefixes", PREFIXES),
            concepts=take.choice("concepts", "label", ("label", "id", "none")),
            concept_prefix="topic" if (given := take.anything("concept_prefix")) is None else _prefix(take, given),
        ),
    )


def _prefix(take: OptionReader, given: object) -> str:
    if isinstance(given, str) and re.fullmatch(r"[A-Za-z0-9_-]*", given):
        return given
    take.complain("concept_prefix", "want letters, digits, hyphens and underscores, or an empty text")
    return ""
