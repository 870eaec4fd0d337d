"""Headers of answers that caches may share."""

from __future__ import annotations

import pytest

from plugin.edge.headers import Lifetime, Longest, cache_status, etag_of, lifetime, names, shared

LONGEST = Longest(fresh_s=60, stale_s=30, error_s=86_400)


@pytest.mark.parametrize(
    ("still_s", "fresh", "stale"),
    [(1e9, 60, 30), (91, 60, 30), (90, 60, 29), (70.4, 60, 9), (60.6, 60, 0), (30, 29, 0), (0.9, 0, 0), (-5, 0, 0)],
)
def test_neither_fresh_nor_stale_lifetimes_reach_beyond_what_flips(still_s: float, fresh: int, stale: int) -> None:
    assert lifetime(still_s, LONGEST, strict=False) == Lifetime(fresh, stale, 86_400)


def test_what_is_strict_is_never_served_stale() -> None:
    life = lifetime(1e9, LONGEST, strict=True)
    assert life == Lifetime(60, 0, 0, True)
    said = shared('"e"', ["k"], life)["Cache-Control"]
    assert said == "public, max-age=0, s-maxage=60, stale-while-revalidate=0, must-revalidate"
    assert "stale-if-error" not in said


def test_every_cache_finds_its_own_headers() -> None:
    found = shared('"e"', ["a", "b"], Lifetime(60, 30, 86_400), vary=["T-Key"], status="tessera; hit")
    assert found == {
        "Cache-Control": "public, max-age=0, s-maxage=60, stale-while-revalidate=30, stale-if-error=86400",
        "CDN-Cache-Control": "public, max-age=60, stale-while-revalidate=30, stale-if-error=86400",
        "ETag": '"e"',
        "Surrogate-Key": "a b",
        "xkey": "a b",
        "Cache-Tag": "a,b",
        "Vary": "T-Key",
        "Cache-Status": "tessera; hit",
    }


def test_where_there_is_nothing_to_vary_on_or_to_allow_nothing_is_said() -> None:
    found = shared('"e"', ["a"], Lifetime(60, 0, 0))
    assert not {"Vary", "Cache-Status"} & set(found)
    assert found["Cache-Control"] == "public, max-age=0, s-maxage=60, stale-while-revalidate=0"


def test_the_status_says_whether_the_answer_was_known() -> None:
    assert cache_status(hit=True, ttl_s=7, key="3.9") == 'tessera; hit; ttl=7; key="3.9"'
    assert cache_status(hit=False, ttl_s=0, key="3.9") == 'tessera; fwd=miss; ttl=0; key="3.9"'


def test_tags_are_equal_where_their_parts_are() -> None:
    parts = [("a", "b"), ("ab",), ("a", "b", None), (("a", "b"),), ("a", ("b",)), ("a", 1), ("a", "1"), ("\udcff",)]
    tags = [etag_of(*one) for one in parts]
    assert len(set(tags)) == len(parts)
    assert tags == [etag_of(*one) for one in parts]
    assert all(tag.startswith('"') and tag.isascii() and len(tag) == 22 for tag in tags)


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ('"e"', True),
        (' "e" ', True),
        ("*", True),
        ('W/"e"', True),
        ('"x", "e"', True),
        ('"x",W/"e","y"', True),
        ('"x"', False),
        ("e", False),
        ('"ee"', False),
        ('x"e', False),
        ("", False),
        (None, False),
    ],
)
def test_whether_a_request_names_a_tag(said: str | None, holds: bool) -> None:
    assert names(said, '"e"') is holds
