"""Content that sites push, beside that of their CMS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from plugin.errors import Conflict, NotFound, PreconditionFailed, PreconditionRequired, ValidationFailed
from plugin.ports import Changes, StoredEntry
from plugin.service.content.management import SOURCE, Contents, Variant
from plugin.service.preconditions import ANY, Precondition
from plugin.store import Store
from tests.unit.plugin.service.conftest import NOW

FRENCH = Variant(type="hero", locale="fr", tags=("vip",), fields={"title": "Hiver"})
ENGLISH = Variant(type="hero", locale="en", tags=("vip",), fields={"title": "Winter"})


def from_files(store: Store, *ids: str, tags: tuple[str, ...] = ()) -> None:
    entries = tuple(StoredEntry("files", name, None, "article", tags, {}, None, None, ()) for name in ids)
    store.content.apply("files", Changes(entries=entries), now=NOW)


def test_an_entry_is_pushed_with_all_its_languages(contents: Contents) -> None:
    made = contents.create("h1", [FRENCH, ENGLISH])
    assert [(record.entry.source, record.entry.locale) for record in made.variants] == [(SOURCE, "en"), (SOURCE, "fr")]
    assert contents.get("h1") == made


def test_a_push_replaces_every_language_at_once(contents: Contents) -> None:
    made = contents.create("h1", [FRENCH, ENGLISH])
    again, new = contents.put("h1", [ENGLISH], precondition=Precondition(frozenset({made.tag})))
    assert not new
    assert [record.entry.locale for record in again.variants] == ["en"]
    assert again.tag != made.tag


def test_a_push_of_the_same_is_no_change(contents: Contents, sqlite_store: Store) -> None:
    made = contents.create("h1", [FRENCH])
    epoch = sqlite_store.content.epoch()
    again, _ = contents.put("h1", [FRENCH], precondition=ANY)
    assert again.tag == made.tag
    assert sqlite_store.content.epoch() == epoch


def test_a_put_makes_what_is_not_there(contents: Contents) -> None:
    assert contents.put("h1", [FRENCH], precondition=Precondition(only_new=True))[1]
    with pytest.raises(PreconditionFailed):
        contents.put("h1", [FRENCH], precondition=Precondition(only_new=True))
    with pytest.raises(PreconditionRequired):
        contents.put("h1", [FRENCH], precondition=Precondition())
    with pytest.raises(Conflict):
        contents.create("h1", [FRENCH])


def test_a_deleted_entry_is_gone_in_every_language(contents: Contents) -> None:
    contents.create("h1", [FRENCH, ENGLISH])
    with pytest.raises(PreconditionRequired):
        contents.delete("h1", precondition=Precondition())
    contents.delete("h1", precondition=ANY)
    with pytest.raises(NotFound):
        contents.get("h1")
    with pytest.raises(NotFound):
        contents.delete("h1", precondition=ANY)


def test_entries_of_other_sources_are_read_and_never_written(contents: Contents, sqlite_store: Store) -> None:
    from_files(sqlite_store, "a")
    assert contents.get("a").variants[0].entry.source == "files"
    with pytest.raises(Conflict, match="'files'"):
        contents.put("a", [FRENCH], precondition=ANY)
    with pytest.raises(Conflict, match="'files'"):
        contents.create("a", [FRENCH])
    with pytest.raises(Conflict, match="'files'"):
        contents.delete("a", precondition=ANY)


def test_pages_are_filtered_by_source_type_locale_and_tag(contents: Contents, sqlite_store: Store) -> None:
    from_files(sqlite_store, "a", "b")
    contents.create("h1", [FRENCH, ENGLISH])

    def ids(**filters: str) -> list[str]:
        return [record.entry.id for record in contents.page(**filters).items]  # type: ignore[arg-type]

    assert ids() == ["h1", "h1", "a", "b"]
    assert ids(source="files") == ["a", "b"]
    assert ids(type="hero", locale="fr") == ["h1"]
    assert ids(tag="vip") == ["h1", "h1"]
    assert ids(tag="none") == []


def test_pages_by_tag_reach_every_entry_once(contents: Contents, sqlite_store: Store) -> None:
    from_files(sqlite_store, *(f"x-{number:03}" for number in range(90)))
    from_files(sqlite_store, *(f"y-{number:03}" for number in range(5)), tags=("rare",))
    found, after = [], None
    for _ in range(200):
        page = contents.page(tag="rare", after=after, limit=2)
        assert len(page.items) <= 2
        found += [record.entry.id for record in page.items]
        after = page.next
        if after is None:
            break
    assert found == [f"y-{number:03}" for number in range(5)]


def test_every_fault_is_named_at_once(contents: Contents) -> None:
    bad = Variant(type="", locale="fr", tags=("ok", " x"), fields={"id": 1, "title": 2})
    with pytest.raises(ValidationFailed) as refused:
        contents.create("h1\n", [FRENCH, bad])
    assert [error.pointer for error in refused.value.errors] == [
        "/id",
        "/variants/1/locale",
        "/variants/1/type",
        "/variants/1/tags/1",
        "/variants/1/fields/id",
    ]
    with pytest.raises(ValidationFailed):
        contents.create("h1", [])


def test_what_no_database_can_hold_is_refused(contents: Contents) -> None:
    with pytest.raises(ValidationFailed):
        contents.create("h1", [Variant(type="hero", fields={"x": float("nan")})])
    with pytest.raises(NotFound):
        contents.get("h1")


def test_what_is_refused_leaves_what_is_there(contents: Contents) -> None:
    made = contents.create("h1", [FRENCH, ENGLISH])
    with pytest.raises(ValidationFailed, match="JSON"):
        contents.put("h1", [ENGLISH, Variant(type="hero", locale="fr", fields={"x": "\ud800"})], precondition=ANY)
    assert contents.get("h1") == made


def test_what_a_push_gives_back_is_what_is_read_then(contents: Contents) -> None:
    made = contents.create("h1", [FRENCH, ENGLISH, Variant(type="hero", fields={"b": [1.0, {"z": 1, "a": None}]})])
    assert contents.get("h1") == made
    again, _ = contents.put("h1", [ENGLISH, Variant(type="hero", locale="it", tags=("b", "a"))], precondition=ANY)
    assert contents.get("h1") == again
    assert [one.entry.locale for one in again.variants] == ["en", "it"]
    assert again.variants[0] == made.variants[1]


def test_those_who_push_at_the_same_time_wait_for_each_other(contents: Contents) -> None:
    names = [f"h{number}" for number in range(4) for _ in range(6)]
    for name in set(names):
        contents.create(name, [ENGLISH])
    with ThreadPoolExecutor(8) as pool:
        pushed = list(pool.map(lambda name: contents.put(name, [FRENCH], precondition=ANY)[0], names))
    assert {one.id for one in pushed} == set(names)
    known = Precondition(frozenset({contents.get("h1").tag}))

    def change(number: int) -> str:
        try:
            return contents.put("h1", [Variant(type="hero", fields={"n": number})], precondition=known)[0].tag
        except PreconditionFailed:
            return ""

    with ThreadPoolExecutor(8) as pool:
        (won,) = filter(None, pool.map(change, range(8)))
    assert contents.get("h1").tag == won


def test_instants_are_kept_in_utc(contents: Contents) -> None:
    paris = datetime(2026, 11, 21, 1, 0, tzinfo=timezone(timedelta(hours=1)))
    made = contents.create("h1", [Variant(type="hero", published_at=paris)])
    assert made.variants[0].entry.published_at == datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
