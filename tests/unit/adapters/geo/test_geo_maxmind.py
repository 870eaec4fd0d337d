"""The MaxMind adapter on MaxMind's own test databases."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from adapters.geo import maxmind
from adapters.geo.maxmind import MaxmindGeo
from adapters.geo.port import GeoError, Place

FIXTURES = Path(__file__).parents[3] / "fixtures" / "maxmind"
CITY = FIXTURES / "GeoIP2-City-Test.mmdb"


@pytest.fixture
def geo() -> Iterator[MaxmindGeo]:
    made = MaxmindGeo(CITY, cache_size=4)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("89.160.20.128", Place("EU", "SE", "E", "Linköping", "Europe/Stockholm", 58.4167, 15.6167, True)),
        ("2.125.160.216", Place("EU", "GB", "ENG", "Boxford", "Europe/London", 51.75, -1.25, False)),
        ("175.16.199.1", Place("AS", "CN", "22", "Changchun", "Asia/Harbin", 43.88, 125.3228, False)),
        ("2001:218::1", Place("AS", "JP", None, None, "Asia/Tokyo", 35.68536, 139.75309, False)),
        ("67.43.156.1", Place("AS", "BT", None, None, "Asia/Thimphu", 27.5, 90.5, False)),
    ],
)
def test_places_of_a_city_database(geo: MaxmindGeo, address: str, place: Place) -> None:
    assert geo.find(address) == place
    assert geo.failures == 0


def test_a_country_database_knows_countries_alone() -> None:
    geo = MaxmindGeo(FIXTURES / "GeoLite2-Country-Test.mmdb")
    assert geo.find("89.160.20.128") == Place("EU", "SE", eu=True)
    assert geo.find("175.16.199.1") is None
    geo.close()


def test_it_says_what_it_reads_and_how(geo: MaxmindGeo) -> None:
    assert geo.extension
    assert geo.kind == "GeoIP2-City"
    assert isinstance(geo.build, datetime)
    assert geo.build.tzinfo is not None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("GeoIP2-City-Test-Broken-Double-Format.mmdb", "broken"),
        ("GeoIP2-City-Test-Invalid-Node-Count.mmdb", "no usable MaxMind database"),
        ("LICENSE-MIT", "no usable MaxMind database"),
        ("missing.mmdb", "No such file"),
    ],
)
@pytest.mark.parametrize("use_extension", [True, False])
def test_a_database_that_cannot_be_used_stops_the_start(name: str, words: str, use_extension: bool) -> None:
    with pytest.raises(GeoError, match=words) as caught:
        MaxmindGeo(FIXTURES / name, use_extension=use_extension)
    assert name in str(caught.value)


def test_a_folder_or_a_cut_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(GeoError):
        MaxmindGeo(tmp_path)
    cut = tmp_path / "cut.mmdb"
    cut.write_bytes(CITY.read_bytes()[:4_000])
    with pytest.raises(GeoError):
        MaxmindGeo(cut)


def test_a_missing_extension_stops_the_start_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maxmind, "has_extension", lambda: False)
    with pytest.raises(GeoError, match="C extension"):
        MaxmindGeo(CITY)
    slow = MaxmindGeo(CITY, use_extension=False)
    assert not slow.extension
    assert slow.find("89.160.20.128") is not None
    slow.close()


def test_a_database_of_another_kind_stops_the_start(tmp_path: Path) -> None:
    other = tmp_path / "asn.mmdb"
    other.write_bytes(CITY.read_bytes().replace(b"GeoIP2-City", b"GeoLite-ASN"))
    with pytest.raises(GeoError, match="holds no places"):
        MaxmindGeo(other)


def test_failed_lookups_are_counted_and_logged_once_without_the_address(
    geo: MaxmindGeo, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert geo.find("198.51.100.999") is None
    assert geo.failures == 3
    assert len(caplog.records) == 1
    assert "198.51.100.999" not in caplog.text


def test_the_cache_is_shared_between_threads_and_bounded(geo: MaxmindGeo) -> None:
    expected = geo.find("89.160.20.128")
    wrong: list[Place | None] = []

    def ask() -> None:
        for number in range(200):
            geo.find(f"2.125.160.{216 + number % 8}")
            if (found := geo.find("89.160.20.128")) != expected:
                wrong.append(found)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert geo.cached <= 4


def test_a_database_file_may_be_replaced_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "city.mmdb"
    shutil.copy(CITY, path)
    path.chmod(0o644)
    geo = MaxmindGeo(path, cache_size=0)
    (tmp_path / "new.mmdb").write_bytes(b"new")
    (tmp_path / "new.mmdb").rename(path)
    assert geo.find("89.160.20.128") is not None
    geo.close()
