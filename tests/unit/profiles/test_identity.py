"""Visitor ids as keyed hashes."""

from __future__ import annotations

from hashlib import blake2b

import pytest

from plugin.profiles.identity import Hasher, visitor_id

KEYS = [(1, "first key"), (2, "second key"), (5, "third key")]


def test_a_source_is_a_chain_of_hashes() -> None:
    first = blake2b(b"source:v-1", digest_size=16, key=b"first key").hexdigest()
    second = blake2b(b"source:" + first.encode(), digest_size=16, key=b"second key").hexdigest()
    assert Hasher(KEYS[:1], "u").source("v-1") == first
    assert Hasher(KEYS[:2], "u").source("v-1") == second


@pytest.mark.parametrize("older", [1, 2, 3])
def test_older_sources_are_lifted_without_the_id(older: int) -> None:
    newest, before = Hasher(KEYS, "u"), Hasher(KEYS[:older], "u")
    assert newest.lift(before.source("v-1"), before.version) == newest.source("v-1")
    assert newest.uid("v-1") == before.uid("v-1")
    assert newest.identity("v-1") == (newest.source("v-1"), 5, newest.uid("v-1"))


@pytest.mark.parametrize(("source", "version"), [("v-1", 1), ("A" * 32, 1), ("a" * 31, 1), ("a" * 32, 3)])
def test_only_sources_are_lifted(source: str, version: int) -> None:
    with pytest.raises(ValueError, match=r"source|version"):
        Hasher(KEYS, "u").lift(source, version)


@pytest.mark.parametrize(
    ("keys", "uid_key"),
    [([], "u"), ([(1, "")], "u"), ([(2, "a"), (1, "b")], "u"), ([(1, "a"), (1, "b")], "u"), (KEYS, "")],
)
def test_keys_are_there_and_in_order(keys: list[tuple[int, str]], uid_key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        Hasher(keys, uid_key)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("v-1", "v-1"),
        (" v-1\t", "v-1"),
        ("Zoë 王", "Zoë 王"),
        ("v" * 128, "v" * 128),
        ("v" * 129, None),
        ("", None),
        ("  ", None),
        ("a\nb", None),
        ("a\x7f", None),
        ("\ud800", None),
        (7, None),
        (None, None),
    ],
)
def test_what_is_a_visitor_id(raw: object, read: str | None) -> None:
    assert visitor_id(raw) == read


def test_an_id_that_is_none_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="not a visitor id") as refused:
        Hasher(KEYS, "u").identity("ann\x00@example.org")
    assert "ann" not in str(refused.value)
    assert "key" not in repr(Hasher(KEYS, "u"))


def test_keys_of_any_length_count_to_their_end() -> None:
    long = "k" * 100
    assert Hasher([(1, long)], "u").source("v-1") != Hasher([(1, long + "k")], "u").source("v-1")


def test_the_names_that_an_id_has_had_newest_first() -> None:
    keys = [(1, "one"), (2, "two"), (5, "five")]
    hasher = Hasher(keys, "u")
    names = hasher.names("v-1")
    assert names == tuple((Hasher(keys[:count], "u").source("v-1"), keys[count - 1][0]) for count in (3, 2, 1))
    assert {hasher.lift(source, version) for source, version in names} == {hasher.source("v-1")}
    with pytest.raises(ValueError, match="not a visitor id"):
        hasher.names("")
