"""A WordPress source from its options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import cast

from adapters.cms.client import Client, ClientOptions, read_client_options
from adapters.cms.locales import parse_locale
from adapters.cms.port import OptionsError
from adapters.cms.wordpress.entries import Shape
from adapters.cms.wordpress.scope import Scope
from adapters.cms.wordpress.site import LARGEST_PAGE, ApplicationPassword, Permalinks, Site, said
from adapters.cms.wordpress.source import WordPressSource
from adapters.cms.wordpress.terms import DEFAULT_PREFIXES, Tagging
from adapters.options import OptionReader
from adapters.runtime import Runtime

# A rest_base of WordPress' own namespace, or a whole route such as shop/v1/products.
_ROUTE = re.compile(r"(?:[A-Za-z0-9_-]+/v[0-9]+/)?[A-Za-z0-9_-]+")


def build(options: Mapping[str, object], runtime: Runtime) -> WordPressSource:
    """A source from its options.

    Raises:
        OptionsError: naming every option that is wrong.
    """
    take = OptionReader(options)
    client = read_client_options(take)
    auth = _auth(take, client)
    scope = Scope(
        types=_routes(take, "types", ("posts",)),
        locales=_locales(take),
        raw=take.flag("raw", False),
        with_password=auth is not None or client.token is not None,
        page_size=take.whole("page_size", LARGEST_PAGE, low=2, high=LARGEST_PAGE),
        # WordPress dates are whole seconds: with less, an edit in the second of the one before would stay unseen.
        overlap=timedelta(seconds=take.number("overlap_s", 60.0, low=2, high=86_400)),
    )
    if scope.raw and not scope.with_password:
        take.complain("raw", "needs a username and an application_password")
    shape = Shape(
        base=client.url.rstrip("/"),
        locale=_locale(take, scope),
        type_names=take.text_map("type_names"),
        tagging=_tagging(take),
        html_fields=take.texts("html_fields"),
        markdown_fields=take.texts("markdown_fields"),
        link_fields=_link_fields(take),
        link_depth=take.whole("link_depth", 2, low=0, high=10),
        grouped=bool(scope.locales),
    )
    permalinks = cast("Permalinks", take.choice("permalinks", "auto", ("auto", "pretty", "plain")))
    if problems := take.problems():
        raise OptionsError(problems)
    return WordPressSource(Site(Client(client, runtime, auth=auth, explain=said), permalinks), scope, shape)


def _auth(take: OptionReader, client: ClientOptions) -> ApplicationPassword | None:
    username, password = take.text("username"), take.text("application_password")
    if username and password:
        if client.token:
            take.complain("token", "give a token, or a username and an application_password, not both")
        if ":" in username:
            take.complain("username", "has a colon")
        return ApplicationPassword(username, password)
    if username or password:
        take.complain(
            "application_password" if username else "username", "username and application_password go together"
        )
    return None


def _routes(take: OptionReader, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    found = take.texts(name, default)
    for bad in (one for one in found if not _ROUTE.fullmatch(one)):
        take.complain(name, f"{bad!r} is no rest_base, such as posts or pages")
    if not found:
        take.complain(name, "want at least one")
    return found


def _locales(take: OptionReader) -> dict[str, str]:
    made = {}
    for code in take.texts("locales"):
        tag = parse_locale(code.replace("_", "-"))
        if tag is None:
            take.complain("locales", f"{code!r} is no language code")
        else:
            made[tag] = code
    return made


def _locale(take: OptionReader, scope: Scope) -> str | None:
    text = take.text("locale")
    tag = parse_locale(text) if text else None
    if text and tag is None:
        take.complain("locale", "want a language tag such as fr or pt-BR")
    if text and scope.locales:
        take.complain("locale", "give locale (one for all) or locales (by a plugin), not both")
    return tag


def _tagging(take: OptionReader) -> Tagging:
    return Tagging(
        prefixes={**DEFAULT_PREFIXES, **take.text_map("taxonomies")},
        text=take.choice("term_text", "slug", ("slug", "name")),
        ignored=take.texts("ignored_terms", ("uncategorized",)),
    )


def _link_fields(take: OptionReader) -> dict[str, str]:
    found = take.text_map("link_fields")
    for path, route in found.items():
        if not _ROUTE.fullmatch(route):
            take.complain("link_fields", f"{path!r}: want the rest_base of a type, such as posts")
    return found
