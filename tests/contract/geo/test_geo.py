"""What every geography port does, whatever it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.geo.maxmind import MaxmindGeo
from adapters.geo.null import NullGeo
from adapters.geo.port import Geo, Place

FIXTURES = Path(__file__).parents[2] / "fixtures" / "maxmind"
MAKERS: dict[str, Callable[[], Geo]] = {
    "null": NullGeo,
    "city": lambda: MaxmindGeo(FIXTURES / "GeoIP2-City-Test.mmdb"),
    "country": lambda: MaxmindGeo(FIXTURES / "GeoLite2-Country-Test.mmdb"),
    "plain python": lambda: MaxmindGeo(FIXTURES / "GeoIP2-City-Test.mmdb", use_extension=False),
}


@pytest.fixture(params=sorted(MAKERS))
def geo(request: pytest.FixtureRequest) -> Iterator[Geo]:
    made = MAKERS[request.param]()
    yield made
    made.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "fe80::1", "192.0.2.1"])
def test_private_addresses_are_nowhere(geo: Geo, address: str) -> None:
    assert geo.find(address) is None


@pytest.mark.parametrize("address", ["", "x", "1.2.3.4.5", "\x00", "\ud800", "1" * 10_000])
def test_what_is_no_address_is_nowhere(geo: Geo, address: str) -> None:
    assert geo.find(address) is None


def test_a_place_is_a_value(geo: Geo) -> None:
    first, second = geo.find("89.160.20.128"), geo.find("89.160.20.128")
    assert first == second
    assert hash(first) == hash(second)
    assert first is None or isinstance(first, Place)


def test_after_closing_nothing_is_known_and_closing_twice_is_fine(geo: Geo) -> None:
    geo.find("89.160.20.128")
    geo.close()
    geo.close()
    assert geo.find("89.160.20.128") is None
