"""The contract of content stores, over each database."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from plugin.errors import Conflict, ValidationFailed
from plugin.ports import Applied, Changes, EntryProblem, EntryRecord, SourceState, StoredEntry
from plugin.store import Store

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def entry(id_: str, locale: str | None = None, *, title: str = "t", **changed: object) -> StoredEntry:
    plain = StoredEntry(
        source="cms",
        id=id_,
        locale=locale,
        type="article",
        tags=("news", "vip"),
        fields={"title": title, "n": 1.5, "deep": {"list": [None, True]}},
        published_at=NOON,
        version="7",
        links=("author-1",),
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


def apply(store: Store, *entries: StoredEntry, now: datetime = NOON, **changes: object) -> Applied:
    return store.content.apply("cms", Changes(entries=entries, **changes), now=now)  # type: ignore[arg-type]


def ids(store: Store) -> list[tuple[str, str | None]]:
    return [(found.id, found.locale) for found in store.content.snapshot().entries]


def counts(applied: Applied) -> tuple[int, int, int, int]:
    return applied.added, applied.updated, applied.removed, applied.unchanged


def test_there_is_nothing_at_first(store: Store) -> None:
    snapshot = store.content.snapshot()
    assert (snapshot.epoch, snapshot.entries, store.content.epoch()) == (0, (), 0)
    assert store.content.states() == ()
    assert store.content.state("cms") == SourceState("cms")


def test_the_versions_of_a_source_are_told_without_its_entries(store: Store) -> None:
    apply(store, entry("a", "fr"), entry("a", "en"), entry("b"))
    assert store.content.versions("cms") == {("a", "fr"): "7", ("a", "en"): "7", ("b", None): "7"}
    assert store.content.versions("other") == {}


def test_the_variant_without_a_locale_is_deleted_alone(store: Store) -> None:
    apply(store, entry("a", "fr"), entry("a"))
    apply(store, deleted=(("a", ""),))
    assert ids(store) == [("a", "fr")]


def test_an_entry_is_rewritten_upon_what_is_held_of_it(store: Store) -> None:
    apply(store, entry("a", "en", title="theirs"), entry("b"))

    def own(locale: str | None, title: str) -> StoredEntry:
        return entry("a", locale, title=title, source="api", depends_on=("y", "x"), expires_at=LATER)

    def rewrite(*entries: StoredEntry, now: datetime = NOON) -> tuple[EntryRecord, ...]:
        def change(held: tuple[EntryRecord, ...]) -> Changes:
            assert held == store.content.find("a")
            return Changes(entries=entries, deleted=(("a", None),))

        return store.content.rewrite("api", "a", change, now=now)

    assert rewrite(own("fr", "1"), own(None, "1")) == store.content.find("a", source="api")
    epoch = store.content.epoch()
    left = rewrite(own("fr", "2"), own("de", "1"), now=LATER)
    assert left == store.content.find("a", source="api")
    assert [(one.entry.locale, one.entry.fields["title"]) for one in left] == [("de", "1"), ("fr", "2")]
    assert store.content.epoch() == epoch + 1
    assert [(one.locale, one.removed, one.fields) for one in store.purges.since(epoch)] == [
        ("de", False, None),
        ("fr", False, None),  # another source has an entry of that id
        ("", True, None),
    ]
    assert rewrite(own("fr", "2"), own("de", "1")) == left, "what is as it was keeps its time"
    assert rewrite() == ()
    assert ids(store) == [("a", "en"), ("b", None)]


def test_what_ends_a_rewriting_undoes_it(store: Store) -> None:
    apply(store, entry("a", "en"), entry("a"))
    before = store.content.find("a"), store.content.state("cms"), store.content.problems("cms")

    def refuse(_held: object) -> Changes:
        raise Conflict("not now")

    with pytest.raises(Conflict):
        store.content.rewrite("cms", "a", refuse, now=LATER)
    unfit = Changes(entries=(entry("a", "en"), entry("a", "fr", fields={"n": float("nan")})), deleted=(("a", None),))
    with pytest.raises(ValidationFailed):
        store.content.rewrite("cms", "a", lambda _held: unfit, now=LATER)
    assert (store.content.find("a"), store.content.state("cms"), store.content.problems("cms")) == before


def test_an_entry_comes_back_as_it_was(store: Store) -> None:
    there = timezone(timedelta(hours=-5))
    full = entry("a", "fr-CA", published_at=NOON.astimezone(there), origin="posts/a.md")
    bare = entry("b", tags=(), fields={}, published_at=None, version=None, links=())
    applied = apply(store, full, bare)
    assert (counts(applied), applied.epoch, applied.changed) == ((2, 0, 0, 0), 1, True)
    assert store.content.snapshot().entries == (full, bare)


def test_a_snapshot_after_another_reads_what_changed_alone(store: Store) -> None:
    apply(store, entry("a", "fr"), entry("a", "en"), entry("b"), entry("c"))
    before = store.content.snapshot()
    apply(store, entry("a", "en", fields={"title": "another"}), entry("d"), deleted=(("b", ""),))
    after, anew = store.content.snapshot(before), store.content.snapshot()
    assert after == anew
    assert after.digests == anew.digests
    assert [(one.id, one.locale) for one in after.entries if any(one is old for old in before.entries)] == [
        ("a", "fr"),
        ("c", None),
    ]
    assert store.content.snapshot(after).entries == after.entries


def test_the_same_again_changes_nothing_and_leaves_the_epoch(store: Store) -> None:
    apply(store, entry("a"), entry("b", "fr"))
    again = apply(store, entry("b", "fr"), entry("a"), now=LATER)
    assert (counts(again), again.epoch, again.changed) == ((0, 0, 0, 2), 1, False)
    assert store.content.epoch() == 1
    assert store.content.find("a")[0].updated_at == NOON


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "hero"},
        {"tags": ("news",)},
        {"fields": {"title": "u"}},
        {"published_at": LATER},
        {"published_at": None},
        {"links": ()},
    ],
    ids=str,
)
def test_whatever_a_decision_can_see_moves_the_epoch(store: Store, changed: dict[str, object]) -> None:
    apply(store, entry("a"))
    before = store.content.find("a")[0]
    applied = apply(store, entry("a", **changed), now=LATER)
    after = store.content.find("a")[0]
    assert (counts(applied), applied.epoch) == ((0, 1, 0, 0), 2)
    assert before.digest != after.digest
    assert after.updated_at == LATER


@pytest.mark.parametrize("changed", [{"version": "8"}, {"version": None}, {"origin": "moved.md"}], ids=str)
def test_a_new_version_of_the_same_content_is_noted_without_a_new_epoch(
    store: Store, changed: dict[str, object]
) -> None:
    apply(store, entry("a"))
    applied = apply(store, entry("a", **changed), now=LATER)
    found = store.content.find("a")[0]
    assert (counts(applied), applied.epoch) == ((0, 0, 0, 1), 1)
    assert (found.entry, found.updated_at) == (entry("a", **changed), NOON)


def test_one_locale_is_deleted_or_all_of_them(store: Store) -> None:
    apply(store, *(entry(name, locale) for name in ("a", "b") for locale in (None, "en", "fr")))
    applied = apply(store, deleted=(("a", "fr"), ("b", None), ("nothing", None)))
    assert (applied.removed, applied.epoch) == (4, 2)
    assert ids(store) == [("a", None), ("a", "en")]


def test_deleting_what_is_not_there_changes_nothing(store: Store) -> None:
    assert apply(store, deleted=(("a", None), ("b\0", None), ("\ud800", "fr"))).epoch == 0


def test_an_entry_both_deleted_and_given_is_replaced(store: Store) -> None:
    apply(store, entry("a", "en"), entry("a", "fr"))
    applied = apply(store, entry("a", "en"), deleted=(("a", None),))
    assert counts(applied) == (0, 0, 1, 1)
    assert ids(store) == [("a", "en")]


def test_a_full_sync_removes_what_it_does_not_name_in_its_own_source_only(store: Store) -> None:
    store.content.apply("blog", Changes(entries=(replace(entry("z"), source="blog"),)), now=NOON)
    apply(store, entry("a"), entry("b"), entry("b", "fr"))
    applied = apply(store, entry("b", "fr"), entry("c"), full=True)
    assert counts(applied) == (1, 0, 2, 1)
    assert ids(store) == [("z", None), ("b", "fr"), ("c", None)]


def test_sources_do_not_see_each_others_entries(store: Store) -> None:
    apply(store, entry("a"))
    store.content.apply("blog", Changes(entries=(replace(entry("a"), source="blog"),)), now=NOON)
    store.content.apply("blog", Changes(deleted=(("a", None),)), now=NOON)
    assert [record.entry.source for record in store.content.find("a")] == ["cms"]


def test_many_entries_at_once(store: Store) -> None:
    """More than fit one statement of either database."""
    many = [entry(f"e{n:05}", fields={"n": n}) for n in range(2_500)]
    assert apply(store, *many).added == 2_500
    assert store.content.snapshot().entries == tuple(many)
    some = [entry(f"e{n:05}", fields={"n": -1}) for n in range(0, 2_500, 2)]
    gone = tuple((f"e{n:05}", None) for n in range(1, 2_500, 2))
    assert counts(apply(store, *some, deleted=gone)) == (0, 1_250, 1_250, 0)


def test_the_cursor_is_kept_where_none_is_given_and_forgotten_by_a_full_sync(store: Store) -> None:
    seen = []
    for changes in (Changes(cursor="c1"), Changes(), Changes(cursor="c2"), Changes(full=True)):
        store.content.apply("cms", changes, now=NOON)
        seen.append(store.content.state("cms").cursor)
    assert seen == ["c1", "c1", "c2", None]


def test_a_failure_is_noted_until_a_sync_succeeds_and_entries_stay(store: Store) -> None:
    apply(store, entry("a"), cursor="c1")
    store.content.failed("cms", "timed out", now=LATER)
    failed = store.content.failed("cms", "timed out\0 again" + "!" * 5_000, now=LATER)
    assert (failed.failures, failed.last_error_at, failed.last_ok_at) == (2, LATER, NOON)
    assert failed.last_error is not None
    assert len(failed.last_error) == 1_000
    assert (failed.cursor, failed.revision, ids(store)) == ("c1", 1, [("a", None)])
    assert store.content.states() == (failed,)
    apply(store, now=LATER)
    assert store.content.state("cms") == SourceState("cms", 2, "c1", last_ok_at=LATER, serial=1)


def test_a_slow_sync_does_not_write_over_a_newer_one(store: Store) -> None:
    seen = apply(store, entry("a")).revision
    apply(store, entry("a", title="newer"))
    with pytest.raises(Conflict):
        store.content.apply("cms", Changes(entries=(entry("a"),), cursor="old"), now=LATER, expected=seen)
    assert store.content.snapshot().entries == (entry("a", title="newer"),)
    assert store.content.state("cms").cursor is None


def test_a_broken_entry_keeps_its_last_good_version(store: Store) -> None:
    apply(store, entry("a"), entry("b", "fr"), entry("b", "en"), entry("c", origin="c.md"), entry("d"))
    problems = (
        EntryProblem("no title", id="a"),
        EntryProblem("no title", id="b", locale="fr"),
        EntryProblem("not YAML", file="c.md", line=3),
        EntryProblem("not YAML", file="new.md", line=1),
    )
    assert apply(store, full=True, problems=problems).removed == 2
    assert ids(store) == [("a", None), ("b", "fr"), ("c", None)]
    assert set(store.content.problems("cms")) == set(problems)
    assert [problem.file for problem in store.content.problems("cms")] == [None, None, "c.md", "new.md"]
    apply(store, entry("a"), full=True)
    assert store.content.problems("cms") == ()


def test_problems_are_cleared_by_what_settles_them(store: Store) -> None:
    problems = (
        EntryProblem("1", id="a"),
        EntryProblem("2", id="b", locale="fr"),
        EntryProblem("3", id="b", locale="en"),
        EntryProblem("4", id="c", locale="en"),
        EntryProblem("5", file="d.md"),
        EntryProblem("6", file="e.md"),
        EntryProblem("7", id="f", locale="en"),
    )
    apply(store, problems=problems)
    apply(
        store,
        entry("a", "en"),
        entry("b", "fr"),
        entry("d", origin="d.md"),
        deleted=(("c", None), ("f", "en")),
    )
    assert [problem.reason for problem in store.content.problems("cms")] == ["3", "6"]


def test_a_problem_told_again_replaces_what_was_told_of_that_place(store: Store) -> None:
    apply(store, problems=(EntryProblem("old", id="a", line=1), EntryProblem("old", id="a", line=2)))
    anew = (EntryProblem("new", id="a", line=4), EntryProblem("new", id="a", line=5))
    apply(store, problems=anew)
    assert store.content.problems("cms") == anew


@pytest.mark.parametrize(
    "changed",
    [
        {"fields": {"x": float("nan")}},
        {"fields": {"x": "\ud800"}},
        {"fields": {"x": {1}}},
        {"type": ""},
        {"type": "a\0"},
        {"locale": ""},
        {"version": "\ud800"},
        {"published_at": NOON.replace(tzinfo=None)},
        {"published_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))},
        {"type": "x" * 256},
    ],
    ids=ascii,
)
def test_an_entry_that_cannot_be_stored_is_a_problem_and_stops_no_other(
    store: Store, changed: dict[str, object]
) -> None:
    apply(store, entry("a"), entry("b"))
    applied = apply(store, entry("a", **changed), entry("b", title="new"), full=True)
    assert (counts(applied), [problem.id for problem in applied.refused]) == ((0, 1, 0, 0), ["a"])
    assert store.content.problems("cms") == applied.refused
    assert store.content.snapshot().entries == (entry("a"), entry("b", title="new"))


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", "x" * 256], ids=lambda name: ascii(name)[:12])
def test_an_id_that_cannot_be_stored_is_a_problem(store: Store, name: str) -> None:
    applied = apply(store, entry(name), entry("b"))
    assert (applied.added, len(applied.refused)) == (1, 1)
    assert len(store.content.problems("cms")) == 1


def test_a_nul_within_the_fields_is_kept(store: Store) -> None:
    apply(store, entry("a", title="x\0y"))
    assert store.content.snapshot().entries[0].fields["title"] == "x\0y"


def test_faults_of_the_caller_are_said_and_change_nothing(store: Store) -> None:
    with pytest.raises(ValueError, match="twice"):
        apply(store, entry("a"), entry("a"))
    with pytest.raises(ValueError, match="blog"):
        apply(store, replace(entry("a"), source="blog"))
    assert (store.content.epoch(), store.content.states()) == (0, ())


def test_find_gives_every_locale_of_every_source(store: Store) -> None:
    apply(store, entry("a", "fr"), entry("a"), entry("b"))
    store.content.apply("blog", Changes(entries=(replace(entry("a"), source="blog"),)), now=NOON)
    found = [(record.entry.source, record.entry.locale) for record in store.content.find("a")]
    assert found == [("blog", None), ("cms", None), ("cms", "fr")]
    assert len(store.content.find("a", source="cms")) == 2
    assert store.content.find("a\0") == store.content.find("a", source="\ud800") == ()


def test_order_is_by_code_point_in_every_database(store: Store) -> None:
    wanted = ["A-2", "B", "_", "a", "a-1", "a1", "b", "z", "É", "é", "\uffee", "𝒜"]
    apply(store, *(entry(name) for name in reversed(wanted)))
    assert [found.id for found in store.content.snapshot().entries] == wanted
    pages = []
    after = None
    while True:
        page = store.content.page(limit=5, after=after)
        pages.append([record.entry.id for record in page.items])
        after = page.next
        if after is None:
            break
    assert pages == [wanted[:5], wanted[5:10], wanted[10:]]


def test_pages_are_filtered(store: Store) -> None:
    apply(store, entry("a", "fr"), entry("b", "en", type="hero"), entry("c", "fr", type="hero"))

    def found(**wanted: str) -> list[str]:
        return [record.entry.id for record in store.content.page(**wanted).items]  # type: ignore[arg-type]

    assert found(type="hero") == ["b", "c"]
    assert found(type="hero", locale="fr") == ["c"]
    assert found(source="blog") == []
    with pytest.raises(ValidationFailed):
        found(type="a\0")
    with pytest.raises(ValidationFailed):
        store.content.page(after="WzFd")


def test_a_source_can_be_dropped(store: Store) -> None:
    apply(store, entry("a"), entry("b"), problems=(EntryProblem("x", id="c"),))
    dropped = store.content.drop("cms", now=NOON)
    assert (dropped.removed, dropped.epoch, ids(store)) == (2, 2, [])
    assert (store.content.states(), store.content.problems("cms")) == ((), ())
    assert store.content.drop("cms", now=NOON).epoch == 2


def whole(generation: int, size: int) -> Iterable[StoredEntry]:
    return (entry(f"e{n:03}", fields={"generation": generation}) for n in range(size))


def test_a_reader_never_sees_half_of_a_sync(store: Store) -> None:
    """Each sync sets one number in every entry and varies how many there are: a snapshot holds one number."""
    done = threading.Event()
    sizes = {0: 300} | {n: 300 - n % 7 for n in range(1, 13)}
    apply(store, *whole(0, 300), full=True)
    torn: list[object] = []
    seen: dict[int, int] = {}

    def read() -> None:
        while not done.is_set():
            snapshot = store.content.snapshot()
            generations = {found.fields["generation"] for found in snapshot.entries}
            (generation,) = generations if len(generations) == 1 else (None,)
            if generation is None or len(snapshot.entries) != sizes[generation]:  # type: ignore[index]
                torn.append((snapshot.epoch, generations, len(snapshot.entries)))
            seen[snapshot.epoch] = len(snapshot.entries)

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            for n in range(1, 13):
                apply(store, *whole(n, sizes[n]), full=True)
        finally:
            done.set()
        for reader in readers:
            reader.result(90)
    assert torn == []
    assert len(seen) > 1, "the readers ran beside the syncs"
    assert all(size == sizes[epoch - 1] for epoch, size in seen.items())


def test_syncs_at_the_same_moment_follow_one_another(store: Store) -> None:
    """Of one source and of two: every epoch is given out once, and the end is the state of some last sync."""

    def sync(n: int) -> Applied:
        source = ("cms", "blog")[n % 2]
        entries = tuple(replace(found, source=source) for found in whole(n, 40 + n))
        return store.content.apply(source, Changes(entries=entries, cursor=str(n), full=True), now=NOON)

    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(sync, range(12)))
    assert sorted(result.epoch for result in applied) == list(range(1, 13))
    for source in ("cms", "blog"):
        state = store.content.state(source)
        held = [found for found in store.content.snapshot().entries if found.source == source]
        last = int(state.cursor or -1)
        assert (state.revision, len(held)) == (6, 40 + last)
        assert {found.fields["generation"] for found in held} == {last}


def test_of_syncs_that_began_alike_one_is_taken(store: Store) -> None:
    def sync(n: int) -> bool:
        try:
            store.content.apply("cms", Changes(entries=tuple(whole(n, 5))), now=NOON, expected=0)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(sync, range(8))) == 1
    assert (store.content.epoch(), store.content.state("cms").revision) == (1, 1)
