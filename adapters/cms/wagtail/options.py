"""A Wagtail source from its options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from adapters.cms.client import Client, read_client_options
from adapters.cms.locales import parse_locale
from adapters.cms.port import OptionsError
from adapters.cms.wagtail.entries import PAGE, TRANSLATION_KEY, Shape
from adapters.cms.wagtail.source import Scope, WagtailSource
from adapters.options import OptionReader
from adapters.runtime import Runtime

_TYPE = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_PATH = re.compile(r"(?:/[\w.~-]+)*", re.ASCII)
_FIELDS = re.compile(r"[\w*,()-]+", re.ASCII)


def build(options: Mapping[str, object], runtime: Runtime) -> WagtailSource:
    """A source from its options.

    Raises:
        OptionsError: naming every option that is wrong.
    """
    take = OptionReader(options)
    client = read_client_options(take)
    module = take.flag("module", False)
    types = _checked(take, "types", _TYPE, 'is no page type such as "blog.BlogPage"')
    preview_token = take.text("preview_token")
    fields = take.text("fields", "*") or "*"
    format_ = take.text("rich_text_format")
    site = take.text("site")
    api_path = take.text("api_path", "/api/v2") or ""
    scope = Scope(
        types=types,
        snippets=_checked(take, "snippets", _NAME, "is no name of an endpoint"),
        locales=_locales(take),
        module=module,
        query={"fields": fields, **({"rich_text_format": format_} if format_ else {})},
        site={"site": site} if site else {},
        page_size=take.whole("page_size", 20, low=1, high=1000),
        overlap=timedelta(seconds=take.number("overlap_s", 60.0, low=0, high=86_400)),
    )
    shape = Shape(
        base=client.url.rstrip("/"),
        page_types=frozenset(types),
        module=module,
        identity=take.text("identity", TRANSLATION_KEY if module else PAGE) or PAGE,
        type_names=take.text_map("type_names"),
        type_field=take.text("type_field"),
        tags_field=take.text("tags_field", "tags") or "tags",
        prefixed_tags=take.text_map("prefixed_tags"),
        segments=take.text_map("segments"),
        markdown_fields=frozenset(take.texts("markdown_fields")),
        rich_text_fields=frozenset(take.texts("rich_text_fields")),
    )
    if not types and not scope.snippets:
        take.complain("types", 'required, a list of page types such as "blog.BlogPage"')
    if not _PATH.fullmatch(api_path):
        take.complain("api_path", "want a path such as /api/v2")
    if not _FIELDS.fullmatch(fields):
        take.complain("fields", 'want what API v2 takes, such as "*,author(name)"')
    if not _NAME.fullmatch(shape.identity):
        take.complain("identity", 'want "page", "translation_key" or the name of a field')
    if preview_token and not module:
        take.complain("preview_token", "drafts are shown by the app tessera_wagtail: set module")
    if problems := take.problems():
        raise OptionsError(problems)

    def connected(token: str | None) -> Client:
        return Client(replace(client, token=token), runtime, prefix=api_path, explain=_explain)

    previews = connected(preview_token) if preview_token else None
    return WagtailSource(connected(client.token), previews, scope, shape)


def _checked(take: OptionReader, name: str, form: re.Pattern[str], wrong: str) -> tuple[str, ...]:
    found = take.texts(name)
    for bad in (one for one in found if not form.fullmatch(one)):
        take.complain(name, f"{bad!r} {wrong}")
    return found


def _locales(take: OptionReader) -> tuple[str, ...]:
    """As the entries have them: a site writes its languages in lower case."""
    made = []
    for text in take.texts("locales"):
        tag = parse_locale(text)
        if tag is None:
            take.complain("locales", f"{text!r} is no language tag")
        else:
            made.append(tag)
    return tuple(made)


def _explain(decoded: object) -> str | None:
    """Wagtail words its own errors as `message`; those of the framework below it are a `detail`."""
    for name in ("message", "detail"):
        said = decoded.get(name) if isinstance(decoded, dict) else None
        if isinstance(said, str):
            return said
    return None
