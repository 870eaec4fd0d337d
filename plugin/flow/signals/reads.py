"""Which signals a rule set needs, worked out once when it is published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from plugin.flow.signals.geo import GEO
from plugin.flow.signals.network import NETWORK

_QUERY, _UTM, _CUSTOM = "request.query.", "request.utm.", "custom."
_HEADER, _COOKIE = "request.header.", "request.cookie."
_REFERRER = frozenset({"request.referrer_host", "request.referrer_kind"})
_SEARCH = frozenset({"request.search_terms"})
_PLACE = frozenset({"request.path", "request.host"})


class Named(NamedTuple):
    """One header or cookie to read: as which attribute, under which name, of which type."""

    attribute: str
    name: str
    kind: str


class Reads(NamedTuple):
    """What to derive; names are None where all of a family is wanted.

    `geo_without_zone` holds where the visitor's device names no time zone: conditions on time then want the place's.
    """

    address: bool
    device: bool
    geo: frozenset[str]
    geo_without_zone: frozenset[str]
    network: bool
    place: bool
    query: frozenset[str] | None
    utm: frozenset[str] | None
    referrer: bool
    search: bool
    locale: bool
    custom: frozenset[str] | None
    headers: tuple[Named, ...]
    cookies: tuple[Named, ...]
    page: bool

    @classmethod
    def of(
        cls,
        wanted: frozenset[str] | None,
        types: Mapping[str, str],
        allowed_headers: Iterable[str],
        allowed_cookies: Iterable[str],
        locale_in_query: bool,
    ) -> Reads:
        """Args: see `ContextPolicy`."""

        def any_of(names: frozenset[str]) -> bool:
            return wanted is None or not names.isdisjoint(wanted)

        def below(prefix: str) -> frozenset[str] | None:
            if wanted is None or f"{prefix}*" in wanted:
                return None
            return frozenset(name.removeprefix(prefix) for name in wanted if name.startswith(prefix))

        geo = GEO if wanted is None else frozenset(GEO & wanted)
        timed = wanted is not None and any(name.startswith("time.") for name in wanted)
        query, utm = below(_QUERY), below(_UTM)
        referrer, search, place = any_of(_REFERRER), any_of(_SEARCH), any_of(_PLACE)
        locale = any_of(frozenset({"request.locale"}))
        takes_query, takes_utm = query is None or bool(query), utm is None or bool(utm)
        return cls(
            address=any_of(frozenset({"request.ip"})),
            device=wanted is None or any(name.startswith("device.") for name in wanted),
            geo=geo,
            geo_without_zone=geo | {"geo.timezone"} if timed else geo,
            network=any_of(NETWORK),
            place=place,
            query=query,
            utm=utm,
            referrer=referrer,
            search=search,
            locale=locale,
            custom=below(_CUSTOM),
            headers=tuple(_named(_HEADER, allowed_headers, str.lower, wanted, types)),
            cookies=tuple(_named(_COOKIE, allowed_cookies, str, wanted, types)),
            page=takes_query or takes_utm or referrer or search or place or (locale and locale_in_query),
        )


def _named(
    prefix: str,
    allowed: Iterable[str],
    fold: Callable[[str], str],
    wanted: frozenset[str] | None,
    types: Mapping[str, str],
) -> Iterator[Named]:
    """Those allowed and wanted, names folded; the attribute keeps the spelling of the rule."""
    names = {fold(name) for name in allowed}
    spelled = set(wanted or ())
    if wanted is None or f"{prefix}*" in wanted:
        spelled |= {f"{prefix}{name}" for name in names} | set(types)
    for attribute in sorted(spelled):
        name = fold(attribute.removeprefix(prefix))
        if attribute.startswith(prefix) and name in names:
            yield Named(attribute, name, types.get(attribute, "string"))
