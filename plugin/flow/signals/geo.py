"""Where the visitor is: what the CDN in front says, else the geography database."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from plugin.flow.signals.address import Address
from plugin.flow.signals.cdn import CDNS
from plugin.flow.signals.countries import CONTINENT_OF, CONTINENTS, EU_MEMBERS
from plugin.flow.signals.notes import Draft
from plugin.flow.signals.ports import Geo, Place
from plugin.flow.signals.text import decoded, header
from plugin.flow.signals.values import location, parse_number
from plugin.flow.signals.zones import known_zones

_REGION = re.compile(r"(?:[A-Z]{2}-)?([A-Z0-9]{1,3})")
_LONGEST_NAME = 128
_LONGEST_HEADER = 3 * _LONGEST_NAME  # an encoded byte takes three characters
GEO = frozenset(
    {
        "geo.continent",
        "geo.country",
        "geo.region",
        "geo.city",
        "geo.eu",
        "geo.location",
        "geo.timezone",
    }
)


_COUNTRY_ALONE = frozenset({"geo.country", "geo.eu"})
_BESIDE_COUNTRY = {name: tuple(each or "" for each in cdn.names()[1:]) for name, cdn in CDNS.items()}
"""The headers of a network in the order of `Spoken`; empty, which no header is called, where it has none."""


class Spoken(NamedTuple):
    """A place as somebody says it, unchecked; None where nothing is said."""

    country: str | None
    region: str | None = None
    city: str | None = None
    continent: str | None = None
    timezone: str | None = None
    latitude: str | float | None = None
    longitude: str | float | None = None
    eu: bool | None = None


def derive_geo(
    headers: Mapping[str, Sequence[str]] | None,
    cdns: Sequence[str],
    address: Address | None,
    geo: Geo,
    *,
    wanted: frozenset[str],
    draft: Draft,
) -> None:
    """Adds `geo.*`.

    Args:
        headers: where a trusted proxy sent the request, else None.
        cdns: whose headers may be believed; the first that knows the country speaks for all.
        wanted: of `GEO`; the database is asked only for what is wanted and not yet known.
    """
    found: Mapping[str, object] = {}
    if headers is not None:
        for name in cdns:
            cdn = CDNS[name]
            if cdn.country not in headers:
                continue
            country = _short(headers, cdn.country)
            if country in cdn.withheld:
                return
            said = _said_by_cdn(headers, name, country, wanted)
            if "geo.country" in said:
                found = said
                break
            draft.note("geo.country", "unknown")
    if address is not None and not wanted <= found.keys():
        place = geo.find(address.text)
        if place is not None:
            known = _at_place(place)
            # Two sources that disagree on the country would make a place that does not exist.
            if not found or known.get("geo.country") == found["geo.country"]:
                found = {**known, **found}
    for name in wanted:
        value = found.get(name)
        if value is not None:
            draft.attributes[name] = value


def derive_body_geo(value: object, draft: Draft) -> bool:
    """Adds `geo.*` from the body of a caller with a secret key; whether it said anything that holds."""
    if not isinstance(value, dict):
        draft.note("geo", "wrong_type")
        return False
    said: dict[str, str | float | bool | None] = {}
    for name in Spoken._fields:
        item = value.get(name)
        if isinstance(item, str | float | int):
            said[name] = item
    texts = {name: item for name, item in said.items() if isinstance(item, str)}
    numbers = {
        name: float(item)
        for name in ("latitude", "longitude")
        if isinstance(item := said.get(name), int | float) and not isinstance(item, bool) and abs(item) <= 180
    }
    eu = said.get("eu")
    spoken = Spoken(
        country=texts.get("country"),
        region=texts.get("region"),
        city=texts.get("city"),
        continent=texts.get("continent"),
        timezone=texts.get("timezone"),
        latitude=numbers.get("latitude"),
        longitude=numbers.get("longitude"),
        eu=eu if isinstance(eu, bool) else None,
    )
    found = attributes_of(spoken)
    draft.attributes.update(found)
    return bool(found)


def _said_by_cdn(
    headers: Mapping[str, Sequence[str]], name: str, country: str | None, wanted: frozenset[str]
) -> Mapping[str, object]:
    cdn = CDNS[name]
    if wanted <= _COUNTRY_ALONE:  # most rule sets ask for no more, and the table of countries answers it
        return _cdn_attributes(cdn.encoded, country)
    get = headers.get
    rest = [
        sent[0] if (sent := get(each)) and len(sent[0]) <= _LONGEST_HEADER else None for each in _BESIDE_COUNTRY[name]
    ]
    return _cdn_attributes(cdn.encoded, country, *rest)


def _short(headers: Mapping[str, Sequence[str]], name: str) -> str | None:
    value = header(headers, name)
    return value if value is not None and len(value) <= _LONGEST_HEADER else None


@lru_cache(maxsize=4096)
def _cdn_attributes(encoded: bool, country: str | None, *rest: str | None) -> Mapping[str, object]:
    """What a network's headers come to, as they came but for the country's; they are kept, for places are few."""
    texts = [decoded(value) if value is not None else None for value in rest]
    spoken = Spoken(country, **dict(zip(Spoken._fields[1:], texts, strict=False)))  # type: ignore[arg-type]
    return attributes_of(spoken._replace(city=unquote(spoken.city)) if encoded and spoken.city else spoken)


@lru_cache(maxsize=4096)
def _at_place(place: Place) -> Mapping[str, object]:
    return attributes_of(
        Spoken(
            place.country,
            place.region,
            place.city,
            place.continent,
            place.timezone,
            place.latitude,
            place.longitude,
            place.eu,
        )
    )


def attributes_of(said: Spoken) -> dict[str, object]:
    """The attributes of a place, each checked; what does not hold is left out.

    Codes such as XX, ZZ, T1, A1 and EU stand for no country, so neither does anything that hangs on one.
    """
    found: dict[str, object] = {}
    country = (said.country or "").strip().upper()
    continent = (said.continent or "").strip().upper()
    if country in CONTINENT_OF:
        found["geo.country"] = country
        found["geo.eu"] = said.eu is True or country in EU_MEMBERS
        continent = continent if continent in CONTINENTS else CONTINENT_OF[country]
        region = _REGION.fullmatch((said.region or "").strip().upper())
        if region is not None:
            found["geo.region"] = region[1]
    if continent in CONTINENTS:
        found["geo.continent"] = continent
    city = (said.city or "").strip()
    if city and city != "?" and len(city) <= _LONGEST_NAME and city.isprintable():
        found["geo.city"] = city
    where = location(_degrees(said.latitude), _degrees(said.longitude))
    if where is not None and where != {
        "lat": 0.0,
        "lon": 0.0,
    }:  # the middle of the sea: how "unknown" is sent
        found["geo.location"] = where
    zone = known_zones().get((said.timezone or "").strip().lower())
    if zone is not None:
        found["geo.timezone"] = zone
    return found


def _degrees(value: str | float | None) -> float | None:
    return parse_number(value.strip()) if isinstance(value, str) else value
