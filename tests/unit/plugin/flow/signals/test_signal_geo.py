"""Where the visitor is."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from adapters.geo.port import Place
from plugin.flow.context import ContextPolicy, RawRequest
from plugin.flow.signals.countries import CONTINENT_OF, EU_MEMBERS
from tests.unit.plugin.flow.signals.support import (
    BEHIND_PROXY,
    PROXY,
    AtlasGeo,
    attributes,
    context,
    reasons,
)

SAO_PAULO = {
    "geo.country": "BR",
    "geo.region": "SP",
    "geo.city": "São Paulo",
    "geo.continent": "SA",
    "geo.eu": False,
    "geo.location": {"lat": -23.5475, "lon": -46.6361},
}
ZONE = {"geo.timezone": "America/Sao_Paulo"}

CDN_SAMPLES = {
    "cloudflare": (
        {
            "CF-Ray": "8c1d2e3f4a5b6c7d-GRU",
            "CF-IPCountry": "BR",
            "cf-ipcity": "São Paulo".encode().decode("latin-1"),  # as WSGI hands over UTF-8 bytes
            "cf-ipcontinent": "SA",
            "cf-region": "São Paulo".encode().decode("latin-1"),
            "cf-region-code": "SP",
            "cf-iplatitude": "-23.54750",
            "cf-iplongitude": "-46.63610",
            "cf-postal-code": "01000",
            "cf-timezone": "America/Sao_Paulo",
        },
        SAO_PAULO | ZONE,
    ),
    "cloudfront": (
        {
            "Via": "1.1 abc.cloudfront.net (CloudFront)",
            "CloudFront-Viewer-Country": "BR",
            "CloudFront-Viewer-Country-Name": "Brazil",
            "CloudFront-Viewer-Country-Region": "SP",
            "CloudFront-Viewer-Country-Region-Name": "S%C3%A3o Paulo",
            "CloudFront-Viewer-City": "S%C3%A3o Paulo",
            "CloudFront-Viewer-Latitude": "-23.54750",
            "CloudFront-Viewer-Longitude": "-46.63610",
            "CloudFront-Viewer-Time-Zone": "America/Sao_Paulo",
        },
        SAO_PAULO | ZONE,
    ),
    "fastly": (
        {
            "Fastly-FF": "x!GRU",
            "client-geo-country": "BR",
            "client-geo-region": "SP",
            "client-geo-city": "São Paulo".encode().decode("latin-1"),
            "client-geo-continent": "SA",
            "client-geo-latitude": "-23.5475",
            "client-geo-longitude": "-46.6361",
        },
        SAO_PAULO,
    ),
    "vercel": (
        {
            "x-vercel-id": "gru1::abc",
            "x-vercel-ip-country": "BR",
            "x-vercel-ip-country-region": "SP",
            "x-vercel-ip-city": "S%C3%A3o%20Paulo",
            "x-vercel-ip-continent": "SA",
            "x-vercel-ip-latitude": "-23.5475",
            "x-vercel-ip-longitude": "-46.6361",
            "x-vercel-ip-timezone": "America/Sao_Paulo",
        },
        SAO_PAULO | ZONE,
    ),
}


def geo_of(found: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in found.items() if name.startswith("geo.")}


@pytest.mark.parametrize("cdn", CDN_SAMPLES)
def test_each_cdn_tells_the_same_place_alike(cdn: str) -> None:
    headers, place = CDN_SAMPLES[cdn]
    found = attributes(RawRequest.of(headers, remote_addr=PROXY), BEHIND_PROXY)
    assert geo_of(found) == place


@pytest.mark.parametrize("cdn", CDN_SAMPLES)
def test_a_stranger_may_not_say_where_they_are(cdn: str) -> None:
    headers, _ = CDN_SAMPLES[cdn]
    assert geo_of(attributes(RawRequest.of(headers, remote_addr="203.0.113.9"), BEHIND_PROXY)) == {}


def test_only_the_cdns_of_the_policy_are_read() -> None:
    policy = ContextPolicy(trusted_proxies=("10.0.0.0/8",), cdns=("fastly",))
    headers = {"CF-IPCountry": "FR", "client-geo-country": "DE"}
    assert attributes(RawRequest.of(headers, remote_addr=PROXY), policy)["geo.country"] == "DE"


PARIS = Place("EU", "FR", "IDF", "Paris", "Europe/Paris", 48.85, 2.35, True)
ATLAS = {"198.51.100.1": PARIS}


def test_the_database_is_asked_for_the_visitors_address() -> None:
    atlas = AtlasGeo(ATLAS)
    request = RawRequest.of({"X-Forwarded-For": "198.51.100.1"}, remote_addr=PROXY)
    assert geo_of(attributes(request, BEHIND_PROXY, geo=atlas)) == {
        "geo.continent": "EU",
        "geo.country": "FR",
        "geo.region": "IDF",
        "geo.city": "Paris",
        "geo.eu": True,
        "geo.location": {"lat": 48.85, "lon": 2.35},
        "geo.timezone": "Europe/Paris",
    }
    assert atlas.asked == ["198.51.100.1"]


def test_the_database_fills_what_the_cdn_left_out_where_they_agree() -> None:
    headers = {"X-Forwarded-For": "198.51.100.1", "CF-IPCountry": "FR", "cf-ipcity": "Lyon"}
    found = attributes(RawRequest.of(headers, remote_addr=PROXY), BEHIND_PROXY, geo=AtlasGeo(ATLAS))
    assert (found["geo.city"], found["geo.region"], found["geo.timezone"]) == ("Lyon", "IDF", "Europe/Paris")


def test_a_database_that_disagrees_with_the_cdn_adds_nothing() -> None:
    headers = {"X-Forwarded-For": "198.51.100.1", "CF-IPCountry": "BE"}
    found = attributes(RawRequest.of(headers, remote_addr=PROXY), BEHIND_PROXY, geo=AtlasGeo(ATLAS))
    assert geo_of(found) == {"geo.country": "BE", "geo.continent": "EU", "geo.eu": True}


def test_the_database_is_not_asked_for_what_the_cdn_said() -> None:
    atlas = AtlasGeo(ATLAS)
    policy = BEHIND_PROXY.wanting(frozenset({"geo.country", "geo.eu"}), {})
    headers = {"X-Forwarded-For": "198.51.100.1", "CF-IPCountry": "BE"}
    attributes(RawRequest.of(headers, remote_addr=PROXY), policy, geo=atlas)
    assert atlas.asked == []


def test_an_unknown_country_sends_us_to_the_database_and_is_noted() -> None:
    headers = {"X-Forwarded-For": "198.51.100.1", "CF-IPCountry": "XX"}
    found = context(RawRequest.of(headers, remote_addr=PROXY), BEHIND_PROXY, geo=AtlasGeo(ATLAS))
    assert found.attributes["geo.country"] == "FR"
    assert ("geo.country", "unknown") in reasons(found)


def test_a_tor_visitor_is_nowhere() -> None:
    atlas = AtlasGeo(ATLAS)
    headers = {"X-Forwarded-For": "198.51.100.1", "CF-IPCountry": "T1"}
    found = attributes(RawRequest.of(headers, remote_addr=PROXY), BEHIND_PROXY, geo=atlas)
    assert geo_of(found) == {}
    assert atlas.asked == []


@pytest.mark.parametrize("code", ["XX", "ZZ", "EU", "AP", "A1", "A2", "O1", "**", "?", "", "FRA", "f", "Ｆ"])
def test_special_codes_are_no_country(code: str) -> None:
    found = attributes(RawRequest.of({"client-geo-country": code}, remote_addr=PROXY), BEHIND_PROXY)
    assert geo_of(found) == {}


@pytest.mark.parametrize(
    ("headers", "absent"),
    [
        ({"client-geo-region": "NO REGION"}, "geo.region"),
        ({"client-geo-region": "?"}, "geo.region"),
        ({"client-geo-city": "?"}, "geo.city"),
        ({"client-geo-city": "x" * 5_000}, "geo.city"),
        ({"client-geo-city": "a\x00b"}, "geo.city"),
        ({"client-geo-latitude": "0.000", "client-geo-longitude": "0.000"}, "geo.location"),
        ({"client-geo-latitude": "999.0", "client-geo-longitude": "999.0"}, "geo.location"),
        ({"client-geo-latitude": "nan", "client-geo-longitude": "2"}, "geo.location"),
        ({"client-geo-latitude": "1e400", "client-geo-longitude": "2"}, "geo.location"),
        ({"client-geo-latitude": "48.8"}, "geo.location"),
        ({"cf-timezone": "Mars/Olympus"}, "geo.timezone"),
        ({"cf-timezone": "../../etc/passwd"}, "geo.timezone"),
    ],
)
def test_what_does_not_hold_is_left_out(headers: dict[str, str], absent: str) -> None:
    policy = ContextPolicy(trusted_proxies=("10.0.0.0/8",), cdns=("fastly", "cloudflare"))
    country = {"client-geo-country": "FR"} if "cf-timezone" not in headers else {"CF-IPCountry": "FR"}
    found = attributes(RawRequest.of(headers | country, remote_addr=PROXY), policy)
    assert found["geo.country"] == "FR"
    assert absent not in found


@pytest.mark.parametrize(("sent", "region"), [("idf", "IDF"), ("US-CA", "CA"), ("22", "22"), ("NOT-OK", None)])
def test_a_region_is_the_code_of_the_subdivision(sent: str, region: str | None) -> None:
    headers = {"CF-IPCountry": "fr", "cf-region-code": sent}
    assert attributes(RawRequest.of(headers, remote_addr=PROXY), BEHIND_PROXY).get("geo.region") == region


def test_every_country_of_iso_3166_has_one_continent() -> None:
    from importlib.resources import files

    lines = files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text("utf-8").splitlines()
    codes = {line.split("\t")[0] for line in lines if line and not line.startswith("#")}
    assert len(codes) == 249
    assert set(CONTINENT_OF) == codes | {"XK"}


def test_the_union_has_twenty_seven_members() -> None:
    assert len(EU_MEMBERS) == 27
    assert not EU_MEMBERS & {"GB", "CH", "NO", "IS", "TR", "UA"}
    assert {CONTINENT_OF[country] for country in EU_MEMBERS} == {"EU"}


def test_a_body_may_name_the_place_only_with_a_secret_key() -> None:
    body = {"geo": {"country": "FR", "city": "Paris", "latitude": 48.85, "longitude": 2.35, "eu": True}}
    refused = context(RawRequest(body=body))
    assert geo_of(refused.attributes) == {}
    assert ("geo", "not_trusted") in reasons(refused)
    believed = attributes(RawRequest(body=body, trusted_body=True))
    assert believed["geo.country"] == "FR"
    assert believed["geo.location"] == {"lat": 48.85, "lon": 2.35}


@pytest.mark.parametrize(
    ("sent", "zone"),
    [
        ("Europe/Paris", "Europe/Paris"),
        ("europe/paris", "Europe/Paris"),
        ("UTC", "UTC"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("Mars/Olympus", None),
        ("localtime", None),
        ("", None),
        ("../../etc/passwd", None),
        ("Europe/Paris\x00", None),
        (5, None),
        ({"a": 1}, None),
    ],
)
def test_the_devices_zone_is_a_known_zone_or_nothing(sent: object, zone: str | None) -> None:
    found = attributes(RawRequest(body={"timezone": sent}))
    assert found.get("context.timezone") == zone
    if zone is not None:
        assert ZoneInfo(zone).key == zone
