"""The context step with its real ports: what a whole request becomes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.device.uap import UapDevices
from adapters.geo.maxmind import MaxmindGeo
from plugin.flow.context import ContextPolicy, RawRequest, derive, headers_from_environ

DATABASE = Path(__file__).parents[3] / "fixtures" / "maxmind" / "GeoIP2-City-Test.mmdb"
POLICY = ContextPolicy(
    trusted_proxies=("10.0.0.0/8",),
    locales=("fr", "en"),
    own_hosts=frozenset({"shop.example"}),
    allowed_cookies=frozenset({"theme"}),
    types={"custom.cart_value": "number"},
)
PHONE = {
    "Host": "api.shop.example",
    "User-Agent": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 "
    "Mobile Safari/537.36",
    "Accept-Language": "fr-CA,fr;q=0.9,en;q=0.8",
    "Sec-CH-UA": '"Chromium";v="124", "Google Chrome";v="124", "Not-A.Brand";v="99"',
    "Sec-CH-UA-Mobile": "?1",
    "Sec-CH-UA-Platform": '"Android"',
    "Sec-CH-UA-Platform-Version": '"14.0.0"',
    "Save-Data": "on",
    "ECT": "3g",
    "X-Forwarded-For": "89.160.20.128",
}
SEEN = {
    "visitor.id": "v-123",
    "consent.analytics": True,
    "consent.personalization": False,
    "context.timezone": "Europe/Paris",
    "device.type": "mobile",
    "device.os": "Android",
    "device.os_version": "14.0.0",
    "device.browser": "Chrome",
    "device.browser_version": "124.0.0",
    "geo.continent": "EU",
    "geo.country": "SE",
    "geo.region": "E",
    "geo.city": "Linköping",
    "geo.eu": True,
    "geo.location": {"lat": 58.4167, "lon": 15.6167},
    "geo.timezone": "Europe/Stockholm",
    "network.save_data": True,
    "network.effective_type": "3g",
    "request.ip": "89.160.20.128",
    "request.path": "/shoes",
    "request.host": "shop.example",
    "request.query.utm_campaign": "winter",
    "request.query.q": "red boots",
    "request.utm.campaign": "winter",
    "request.referrer_host": "www.google.fr",
    "request.referrer_kind": "search",
    "request.search_terms": "red boots",
    "request.locale": "fr-CA",
    "request.cookie.theme": "dark",
    "custom.cart_value": 80,
}
PAGE = "https://shop.example/shoes?utm_campaign=winter&q=red+boots"
COOKIES = {"theme": "dark", "tessera_consent": "analytics=1,personalization=0", "session": "secret"}


@pytest.fixture(scope="module")
def devices() -> UapDevices:
    return UapDevices()


@pytest.fixture(scope="module")
def geo() -> Iterator[MaxmindGeo]:
    made = MaxmindGeo(DATABASE)
    yield made
    made.close()


def test_a_post_becomes_flat_attributes(devices: UapDevices, geo: MaxmindGeo) -> None:
    request = RawRequest.of(
        PHONE,
        body={
            "url": PAGE,
            "referrer": "https://www.google.fr/",
            "timezone": "Europe/Paris",
            "custom": {"cart_value": 80},
        },
        visitor={"id": "v-123"},
        cookies=COOKIES,
        remote_addr="10.0.0.7",
    )
    found = derive(request, POLICY, devices, geo)
    assert found.attributes == SEEN
    assert found.notes == ()
    assert found.storable() == {name: value for name, value in SEEN.items() if name != "request.ip"}


def test_a_get_with_the_same_facts_becomes_the_same(devices: UapDevices, geo: MaxmindGeo) -> None:
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in PHONE.items()}
    request = RawRequest(
        headers=headers_from_environ(environ),
        query={
            "slots": ("home.hero",),
            "url": (PAGE,),
            "referrer": ("https://www.google.fr/",),
            "timezone": ("Europe/Paris",),
            "visitor.id": ("v-123",),
            "custom.cart_value": ("80",),
        },
        cookies=COOKIES,
        remote_addr="10.0.0.7",
    )
    assert derive(request, POLICY, devices, geo).attributes == SEEN


def test_an_empty_request_is_a_visitor_of_whom_little_is_known(devices: UapDevices, geo: MaxmindGeo) -> None:
    found = derive(RawRequest(), POLICY, devices, geo)
    assert found.attributes == {"device.type": "other", "network.save_data": False}
    assert (found.notes, found.prefetch, found.do_not_track) == ((), False, False)


def test_names_of_headers_that_clients_make_up_fill_no_memory() -> None:
    """A server takes hundreds of kilobytes of them in one request, and other ones in the next."""
    tracemalloc.start()
    try:
        for number in range(50):
            names = [f"x{number}-{place}-{'a' * 4_000}" for place in range(50)]
            environ = {f"HTTP_{name.upper().replace('-', '_')}": "1" for name in names}
            assert headers_from_environ({**environ, "wsgi.version": (1, 0)}) == dict.fromkeys(names, ("1",))
        del names, environ
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
