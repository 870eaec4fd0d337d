"""Versions, distances, buckets, durations, instants, locales, diversity, suggestions: against their definitions."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from rules.bits import iterate, mask_of, members_of
from rules.buckets import arm_of, bucket
from rules.clock import parse_date, parse_datetime, zone_of
from rules.diversify import mmr_order, similarity
from rules.durations import parse_duration
from rules.locales import chosen, lookup, preference
from rules.predicates import distance_km, fold
from rules.segments import member_ids
from rules.suggest import nearest
from rules.versions import version_key

PRECEDENCE = [
    "0.0.0-0",
    "0.0.0",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.0.1",
    "1.0.1",
    "1.2",
    "1.10",
    "v2",
    "10",
]


def test_versions_sort_by_precedence() -> None:
    """The example of Semantic Versioning 2.0.0, item 11, and further numeric parts."""
    keys = [version_key(text) for text in PRECEDENCE]
    assert None not in keys
    assert keys == sorted(keys)  # type: ignore[type-var]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("left", "right"), [("1", "1.0.0"), ("v1.2", "1.2.0.0"), ("1.0+a", "1.0+b"), ("1.0-rc", "1-rc"), ("1.02", "1.2")]
)
def test_versions_that_are_equal(left: str, right: str) -> None:
    """Missing parts are 0, a leading v and build metadata count nothing."""
    assert version_key(left) == version_key(right) is not None


@pytest.mark.parametrize(
    "text", ["", "v", "a", "1.", ".1", "1..2", "1.2-", "1 2", "1.2.x", "V1", "1.2-é", "٣", "1" * 300]
)
def test_texts_that_are_no_version(text: str) -> None:
    """Nothing is guessed."""
    assert version_key(text) is None


@pytest.mark.parametrize(
    ("here", "there", "km"),
    [
        ((0.0, 0.0), (0.0, 0.0), 0.0),
        ((0.0, 0.0), (0.0, 180.0), 20015.115),
        ((90.0, 0.0), (-90.0, 0.0), 20015.115),
        ((0.0, 179.5), (0.0, -179.5), 111.195),
        ((48.8566, 2.3522), (51.5074, -0.1278), 343.556),
        ((90.0, 17.0), (90.0, -120.0), 0.0),
    ],
)
def test_distances_are_great_circles_to_the_metre(
    here: tuple[float, float], there: tuple[float, float], km: float
) -> None:
    """On a sphere of the Earth's mean radius."""
    assert distance_km(here, there) == pytest.approx(km, abs=0.0015)
    assert distance_km(here, there) == distance_km(there, here) == round(distance_km(here, there), 3)


def test_a_bucket_is_an_integer_below_ten_thousand() -> None:
    """Whatever the text; the same each time."""
    for text in ("", "v-1", "é", "\0", "\ud800", "x" * 10_000):
        assert 0 <= bucket("salt", text) == bucket("salt", text) < 10_000
    assert bucket("a", "b\0c") == bucket("a\0b", "c")
    assert bucket("a", "bc") != bucket("ab", "c")


@pytest.mark.parametrize(
    ("position", "weights", "arm"),
    [
        (0, (1, 1), 0),
        (4999, (1, 1), 0),
        (5000, (1, 1), 1),
        (9999, (1, 1), 1),
        (0, (0, 1), 1),
        (9999, (1, 0), 0),
        (3333, (1, 1, 1), 0),
        (3334, (1, 1, 1), 1),
        (6667, (1, 1, 1), 2),
        (9999, (999_999, 1), 0),
    ],
)
def test_the_arm_of_a_bucket(position: int, weights: tuple[int, ...], arm: int) -> None:
    """The first whose cumulative weight c has bucket x total < c x 10,000."""
    assert arm_of(position, weights) == arm


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("15m", 900), ("2h", 7200), ("7d", 604_800), ("4w", 2_419_200)]
)
def test_durations(text: str, seconds: int) -> None:
    """A number and a unit."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "0s", "-1d", "1", "d", "1.5h", "1 h", "1y", "1d2h", "4000d", 7, None, "1D", "٣d", "1d\n"]
)
def test_texts_that_are_no_duration(text: object) -> None:
    """Above zero, up to ten years, in one unit."""
    with pytest.raises(ValueError, match=r"duration|ten years"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T20:00:00Z", "2026-11-21T20:00:00+00:00"),
        ("2026-11-21t20:00z", "2026-11-21T20:00:00+00:00"),
        ("2026-11-21 20:00:00.123456789+0130", "2026-11-21T18:30:00.123456+00:00"),
        ("2026-11-21T20:00:00.5", "2026-11-21T19:00:00.500000+00:00"),
        ("2026-11-21T24:00:00Z", None),
        ("2026-11-31T20:00:00Z", None),
        ("2026-11-21T20:00:60Z", None),
        ("2026-11-21", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2026-11-21T20:00:00+99:99", None),
        ("", None),
    ],
)
def test_date_times(text: str, expected: str | None) -> None:
    """RFC 3339 and its ISO 8601 relatives; without an offset in the zone given."""
    found = parse_datetime(text, ZoneInfo("Europe/Paris"))
    assert (found.isoformat() if found else None) == expected


def test_dates_and_zones_that_are_none() -> None:
    """A zone's name is never a path."""
    assert parse_date("2024-02-29") is not None
    assert parse_date("2026-02-29") is None
    assert parse_date("2026-2-9") is None
    assert zone_of("../UTC") is None
    assert zone_of("") is None
    assert zone_of("Europe/Paris") == ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("fr-CA", ("fr-ca", "fr")),
        (
            "zh-Hant-CN-x-private1-private2",
            ("zh-hant-cn-x-private1-private2", "zh-hant-cn-x-private1", "zh-hant-cn", "zh-hant", "zh"),
        ),
        ("de-DE-u-co-phonebk", ("de-de-u-co-phonebk", "de-de-u-co", "de-de", "de")),
        ("en_GB", ("en-gb", "en")),
        ("*", ()),
        ("", ()),
        ("-", ()),
        ("x" * 100, ()),
    ],
)
def test_the_lookup_of_a_language(tag: str, expected: tuple[str, ...]) -> None:
    """RFC 4647, section 3.4."""
    assert lookup(tag) == expected


def test_the_order_of_languages() -> None:
    """The visitor's lookup, then the site's chain, each once."""
    assert preference("fr-CA", ("en", "FR")) == ("fr-ca", "fr", "en")
    assert preference(None, ("en", "fr")) == ("en", "fr")
    assert preference(5, ()) == ()
    assert chosen("fr-CA", ("en", "fr")) == "fr>en"
    assert chosen("de", ("en", "fr")) == "en>fr"
    assert chosen("de-AT", ()) == "de-at>de"
    assert chosen(None, ()) is None


def test_similarity() -> None:
    """Cosine of sets; equality of values; nothing for what is missing."""
    assert similarity(frozenset("ab"), frozenset("bc")) == 0.5
    assert similarity(frozenset("ab"), frozenset("ab")) == pytest.approx(1)
    assert similarity(frozenset(), frozenset("a")) == 0
    assert similarity("a", "a") == 1
    assert similarity("a", "b") == 0
    assert similarity(None, None) == 0
    assert similarity("a", frozenset("a")) == 0


def test_diversity_trades_score_for_difference() -> None:
    """Maximal marginal relevance, by hand."""
    scores = {0: 1.0, 1: 0.9, 2: 0.8, 3: 0.1}
    features = {0: "a", 1: "a", 2: "b", 3: "c"}
    assert mmr_order([0, 1, 2, 3], scores, features, 1.0, 4) == [0, 1, 2, 3]
    assert mmr_order([0, 1, 2, 3], scores, features, 0.5, 4) == [0, 2, 3, 1]
    assert mmr_order([0, 1, 2, 3], scores, features, 0.0, 4) == [0, 2, 3, 1]
    assert mmr_order([0, 1, 2, 3], scores, features, 0.5, 2) == [0, 2]
    assert mmr_order([0, 1], scores, {}, 0.5, 9) == [0, 1]
    assert mmr_order([], {}, {}, 0.5, 3) == []


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("geo.contry", ["geo.country", "geo.city"], "geo.country"),
        ("GEO.COUNTRY", ["geo.country"], "geo.country"),
        ("x", ["geo.country"], None),
        ("ab", ["ba", "ab"], "ab"),
        ("a" * 1000, ["a" * 999], None),
        ("", [], None),
    ],
)
def test_the_nearest_word(word: str, known: list[str], expected: str | None) -> None:
    """Near enough, or none."""
    assert nearest(word, known) == expected


def test_folding_is_nfc_and_case_folding() -> None:
    """The dotted and the composed, the sharp s, the final sigma."""
    assert fold("e\u0301") == fold("\u00c9") == "\u00e9"
    assert fold("Straße") == fold("STRASSE")
    assert fold("ΣΑΣ") == fold("σας")


@pytest.mark.parametrize(
    "members", [[], [0], [7, 8], [0, 63, 64, 127, 128], list(range(0, 1000, 3)), list(range(999)), [999]]
)
def test_bit_sets(members: list[int]) -> None:
    """There and back, sparse and dense."""
    mask = mask_of(members, 1000)
    assert members_of(mask) == members == list(iterate(mask))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\n", ["a", "b"]),
        ("id,name\na,x\n\n b ,y\n", ["a", "b"]),
        ("\ufeffvisitor_id\r\na\r\n", ["a"]),
        ('"a,b"\n', ["a,b"]),
        ("", []),
        ("id\n", []),
    ],
)
def test_member_files(text: str, expected: list[str]) -> None:
    """The first column; a header is passed over, as are empty lines."""
    assert member_ids(text) == expected
