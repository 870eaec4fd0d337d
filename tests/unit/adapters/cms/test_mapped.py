"""A mapped source: what changes, what is gone, and what is asked for by name, in Tessera's terms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapters.cms import mapped_cursor
from adapters.cms.mapped import MappedSource
from adapters.cms.mapping import Unmappable
from adapters.cms.mapping_options import read_mapping
from adapters.cms.port import Entry, Key, NotFound, digest
from tests.unit.adapters.cms.memory import MemorySource


def entry(id_: str, locale: str | None = "en", **more: Any) -> Entry:
    parts: dict[str, Any] = {"type": "hero", "tags": (), "fields": {}, "published_at": None}
    return Entry(id=id_, locale=locale, **{**parts, **more})


class Follower:
    """Keeps what a store would keep."""

    def __init__(self, source: MappedSource) -> None:
        self.source = source
        self.held: dict[Key, str] = {}
        self.problems: list[tuple[Key | None, bool]] = []
        self.cursor: str | None = None

    def sync(self) -> set[Key]:
        changes = self.source.changes(self.cursor)
        for key in changes.gone(self.held):
            del self.held[key]
        self.held.update((one.key, digest(one)) for one in changes.entries)
        self.problems = [(one.key, one.blocking) for one in changes.problems]
        self.cursor = changes.cursor
        return set(self.held)


def following(inner: MemorySource, **options: Any) -> Follower:
    return Follower(MappedSource(inner, read_mapping(options)))


@pytest.mark.parametrize("listing", [True, False])
def test_an_entry_that_becomes_ignored_is_gone_and_comes_back(listing: bool) -> None:
    inner = MemorySource(listing=listing)
    inner.put(entry("a", fields={"live": True}))
    inner.put(entry("b", fields={"live": False}))
    site = following(inner, where={"live": True})
    assert site.sync() == {Key("a", "en")}
    inner.put(entry("a", fields={"live": False}))
    assert site.sync() == set()
    assert site.problems == []
    inner.put(entry("a", fields={"live": True}))
    inner.put(entry("b", fields={"live": True}))
    assert site.sync() == {Key("a", "en"), Key("b", "en")}
    inner.remove(Key("a", "en"))
    assert site.sync() == {Key("b", "en")}


@pytest.mark.parametrize("listing", [True, False])
def test_what_cannot_be_mapped_keeps_its_last_good_version_and_is_a_blocking_problem(listing: bool) -> None:
    inner = MemorySource(listing=listing)
    inner.put(entry("a", fields={"ends_at": "2026-12-24"}))
    site = following(inner)
    site.sync()
    before = dict(site.held)
    inner.put(entry("a", fields={"ends_at": "Christmas"}))
    inner.put(entry("never", fields={"ends_at": "Easter"}))
    assert site.sync() == {Key("a", "en")}
    assert site.held == before
    assert sorted(site.problems, key=repr) == [(Key("a", "en"), True), (Key("never", "en"), True)]
    site.cursor = None
    assert site.sync() == {Key("a", "en")}, "a full answer removes it neither"
    inner.put(entry("a", fields={"ends_at": "2027-01-01"}))
    site.sync()
    assert site.held != before


def test_an_entry_that_becomes_unreadable_in_the_source_keeps_the_key_that_the_mapping_gave() -> None:
    inner = MemorySource()
    inner.put(entry("12", None, fields={"lang": "fr"}))
    site = following(inner, locale="lang")
    assert site.sync() == {Key("12", "fr")}
    inner.broken[Key("12", None)] = "it is torn"
    inner.put(inner.published[Key("12", None)])
    assert site.sync() == {Key("12", "fr")}
    assert site.problems == [(Key("12", "fr"), True)]


@pytest.mark.parametrize("listing", [True, False])
def test_a_language_from_a_field_moves_the_entry_and_its_deletion_follows(listing: bool) -> None:
    inner = MemorySource(listing=listing)
    inner.put(entry("12", None, fields={"lang": "fr"}))
    inner.put(entry("13", None, fields={"lang": "en"}))
    site = following(inner, locale="lang")
    assert site.sync() == {Key("12", "fr"), Key("13", "en")}
    inner.put(entry("12", None, fields={"lang": "de"}))
    assert site.sync() == {Key("12", "de"), Key("13", "en")}
    inner.put(entry("13", None))
    assert site.sync() == {Key("12", "de"), Key("13", None)}
    inner.remove(Key("12", None))
    assert site.sync() == {Key("13", None)}


def test_two_variants_that_get_one_language_are_a_problem_and_neither_hides_the_other_silently() -> None:
    inner = MemorySource()
    inner.put(entry("a", "en"))
    inner.put(entry("a", "en-US", fields={"x": 1}))
    site = following(inner, locales={"en-US": "en"})
    assert site.sync() == {Key("a", "en")}
    assert site.problems == [(Key("a", "en-US"), True)]


def test_who_had_a_language_keeps_it() -> None:
    inner = MemorySource()
    inner.put(entry("a", "en_US", fields={"title": "first"}))
    site = following(inner, locales={"en_US": "en"})
    site.sync()
    before = dict(site.held)
    inner.put(entry("a", "en", fields={"title": "second"}))
    assert site.sync() == {Key("a", "en")}
    assert site.held == before
    assert site.problems == [(Key("a", "en"), True)]


def test_another_mapping_reads_everything_again_and_leaves_nothing_behind() -> None:
    inner = MemorySource()
    inner.put(entry("12", None, type="page", fields={"lang": "fr"}))
    inner.put(entry("13", None, fields={"lang": "fr"}))
    site = following(inner, locale="lang")
    assert site.sync() == {Key("12", "fr"), Key("13", "fr")}
    inner.broken[Key("13", None)] = "it is torn"
    site.source = MappedSource(inner, read_mapping({"default_locale": "en", "types": ["page"]}))
    assert site.sync() == {Key("12", "en"), Key("13", "fr")}, "what is broken just now keeps the key that is stored"
    inner.broken.clear()
    inner.put(inner.published[Key("13", None)])
    assert site.sync() == {Key("12", "en")}


def test_nothing_changed_is_nothing_again() -> None:
    inner = MemorySource()
    inner.put(entry("a"))
    source = MappedSource(inner, read_mapping(None))
    first = source.changes(None)
    second = source.changes(first.cursor)
    assert (second.entries, second.deleted, second.full) == ((), (), False)
    assert second.cursor == first.cursor


@pytest.mark.parametrize("cursor", ["", "7", "{}", '["mapped-1"]', '["mapped-1","x","7",[["en"]]]', "[" * 5_000])
def test_a_cursor_of_something_else_begins_anew(cursor: str) -> None:
    inner = MemorySource()
    inner.put(entry("a"))
    changes = MappedSource(inner, read_mapping(None)).changes(cursor)
    assert changes.full
    assert [one.id for one in changes.entries] == ["a"]


def test_a_cursor_says_shortly_what_moved() -> None:
    moves = {Key(str(number), None): Key(str(number), "fr") for number in range(1_000)}
    text = mapped_cursor.dump("inner", moves, "f")
    assert len(text) < 8_000
    assert mapped_cursor.load(text, "f") == mapped_cursor.Known("inner", moves)


def test_what_is_asked_for_by_name_is_mapped_too() -> None:
    inner = MemorySource()
    inner.put(entry("a", fields={"audience": "vip"}))
    source = MappedSource(inner, read_mapping({"exclude_types": ["page"]}))
    assert source.fetch("a", "en").tags == ("audience:vip",)
    inner.drafts[Key("a", "en")] = entry("a", fields={"audience": "gold"})
    assert source.draft("a", "en").tags == ("audience:gold",)
    inner.put(entry("p", type="page"))
    with pytest.raises(NotFound, match="is ignored: its type 'page'"):
        source.fetch("p", "en")
    inner.put(entry("bad", fields={"ends_at": "never"}))
    with pytest.raises(Unmappable) as caught:
        source.fetch("bad", "en")
    assert caught.value.problem().key == Key("bad", "en")


def test_types_and_languages_are_asked_for_in_the_words_of_the_source() -> None:
    inner = MemorySource()
    inner.put(entry("a", "en_GB", type="blog_post"))
    options = {"locales": {"en_GB": "en-GB"}, "type_names": {"blog_post": "article"}}
    source = MappedSource(inner, read_mapping(options))
    found = source.fetch("a", "en-GB", content_type="article")
    assert (found.locale, found.type) == ("en-GB", "article")
    assert inner.asked == [("a", "en_GB", "blog_post")]
    assert source.fetch("a", "en_GB", content_type="blog_post") == found, "a notice speaks as the source does"


def test_a_variant_in_another_language_than_asked_for_is_not_found() -> None:
    inner = MemorySource()
    inner.put(entry("12", None, fields={"lang": "fr"}))
    source = MappedSource(inner, read_mapping({"locale": "lang"}))
    assert source.fetch("12", "fr").locale == "fr"
    assert source.fetch("12").locale == "fr"
    with pytest.raises(NotFound):
        source.fetch("12", "de")
    named = MappedSource(inner, read_mapping({"locale": "lang", "locales": {"fr_FR": "fr"}}))
    assert named.fetch("12", "fr_FR").locale == "fr", "a name that the mapping knows"


@pytest.mark.parametrize(
    ("options", "said", "names"),
    [
        ({"locales": {"en_GB": "en"}}, "en_GB", ("en",)),
        ({"locales": {"en_GB": "en"}}, "fr_be", ("fr-BE",)),
        ({"locales": {"en-GB": "en"}}, "en_gb", ("en",)),
        ({"locales": {"en_GB": "en"}}, "en", ("en",)),
        ({"locales": {"en_GB": "en"}}, "English", ("English",)),
        ({}, "en_GB", ("en_GB", "en-GB")),
        ({}, "en", ("en",)),
        ({"locale": "lang", "locales": {"en_GB": "en"}}, "en_GB", ()),
    ],
)
def test_a_language_that_a_notice_names_is_told_in_our_terms_or_only_by_the_entry(
    options: dict[str, Any], said: str, names: tuple[str, ...]
) -> None:
    assert MappedSource(MemorySource(), read_mapping(options)).locales_of(said) == names


class Polyglot(MemorySource):
    """One that tells in which languages an entry is."""

    def languages(self, entry_id: str) -> tuple[str, ...]:
        return tuple(key.locale for key in self.published if key.id == entry_id and key.locale is not None)


def test_the_languages_that_a_source_tells_of_are_told_in_our_terms() -> None:
    inner = Polyglot()
    for locale in ("en_GB", "fr"):
        inner.put(entry("a", locale=locale))
    assert MappedSource(inner, read_mapping(None)).languages("a") == ("en-GB", "fr")
    assert MappedSource(inner, read_mapping({"locales": {"en_GB": "en"}})).languages("a") == ("en", "fr")
    assert MappedSource(inner, read_mapping({"locale": "lang"})).languages("a") == (), "only the entry can tell"
    assert MappedSource(MemorySource(), read_mapping(None)).languages("a") == ()


def test_the_source_shows_through() -> None:
    inner = MemorySource()
    source = MappedSource(inner, read_mapping(None))
    assert source.spec == inner.spec
    source.ping()
    source.close()
    assert inner.closed


def test_an_unchanged_entry_is_the_same_whether_it_went_through_or_not() -> None:
    plain = entry("a", tags=("x",), fields={"title": "A"})
    inner = MemorySource()
    inner.put(plain)
    assert MappedSource(inner, read_mapping(None)).changes(None).entries == (replace(plain),)
