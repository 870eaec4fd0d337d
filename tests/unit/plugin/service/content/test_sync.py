"""Syncing a folder into the store, end to end: files changed, deleted, broken and mended."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.cms.files import build
from adapters.cms.port import Changes as Fetched
from adapters.cms.port import CmsError, Entry, Key, Link, Ordering, Problem, Source, SourceSpec, Unavailable
from adapters.runtime import Runtime
from plugin.ports import Changes, Mark, Outcome
from plugin.service.content.follow import Following, Loop, SourceSyncing
from plugin.service.content.sync import Syncing, stored_entry
from plugin.service.content.versions import announced
from plugin.store import Store
from tests.unit.plugin.service.site_support import NOW
from tests.waiting import until


class Folder:
    """A content folder; what is written is old enough to be trusted by its time of change."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._age = 3600

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.write_text(text, encoding="utf-8")
        self._age -= 10
        then = time.time() - self._age
        os.utime(path, (then, then))

    def entry(self, name: str, title: str = "T", **front: Any) -> None:
        stem = name.split(".", maxsplit=1)[0]
        lines = [f"{key}: {value}" for key, value in {"id": stem, "type": "card", "title": title, **front}.items()]
        self.write(name, "\n".join(["---", *lines, "---", "Body."]))

    def delete(self, name: str) -> None:
        (self.root / name).unlink()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    root = tmp_path / "content"
    root.mkdir()
    return Folder(root)


@pytest.fixture
def syncing(folder: Folder, sqlite_store: Store) -> Syncing:
    source = build({"path": str(folder.root), "locales": ["fr", "en"]}, Runtime.system())
    return Syncing({"site": source}, sqlite_store.content, clock=lambda: NOW)


def held(store: Store) -> dict[str, object]:
    """Titles by id and locale."""
    return {
        one.id + (f".{one.locale}" if one.locale else ""): one.fields.get("title")
        for one in store.content.snapshot().entries
    }


def problems(store: Store) -> list[tuple[str | None, str | None]]:
    return [(one.file, one.id) for one in store.content.problems("site")]


def test_a_folder_comes_into_the_store(folder: Folder, syncing: Syncing, sqlite_store: Store) -> None:
    folder.entry("a.md", "A", tags="[x, y]", published_at="2026-01-01")
    folder.entry("b.fr.md", "B")
    done = syncing.sync("site")
    assert done.error is None
    assert done.applied is not None
    assert (done.applied.added, done.problems) == (2, ())
    assert held(sqlite_store) == {"a": "A", "b.fr": "B"}
    entry = sqlite_store.content.snapshot().entries[0]
    assert (entry.source, entry.type, entry.tags, entry.locale) == ("site", "card", ("x", "y"), None)


def test_a_sync_of_nothing_moves_no_epoch(folder: Folder, syncing: Syncing, sqlite_store: Store) -> None:
    """Else every process would prepare all of the content again, each second."""
    folder.entry("a.md")
    folder.write("b.md", "---\nid: [\n---\n")
    syncing.sync("site")
    before = sqlite_store.content.epoch()
    for _ in range(3):
        done = syncing.sync("site")
        assert done.applied is not None
        assert not done.applied.changed
    assert sqlite_store.content.epoch() == before
    (folder.root / "a.md").touch()
    assert syncing.sync("site").applied is not None
    assert sqlite_store.content.epoch() == before


def test_changes_and_deletions_follow(folder: Folder, syncing: Syncing, sqlite_store: Store) -> None:
    for name in ("a.md", "b.md", "c.md"):
        folder.entry(name)
    syncing.sync("site")
    folder.entry("a.md", "A2")
    folder.delete("b.md")
    done = syncing.sync("site")
    assert done.applied is not None
    assert (done.applied.added, done.applied.updated, done.applied.removed) == (0, 1, 1)
    assert held(sqlite_store) == {"a": "A2", "c": "T"}


def test_a_variant_that_is_gone_leaves_those_in_other_languages(
    folder: Folder, syncing: Syncing, sqlite_store: Store
) -> None:
    """Also the one that had no language at all."""
    for name in ("a.md", "a.fr.md", "a.en.md"):
        folder.entry(name)
    syncing.sync("site")
    folder.delete("a.md")
    syncing.sync("site")
    assert held(sqlite_store) == {"a.fr": "T", "a.en": "T"}
    folder.delete("a.fr.md")
    syncing.sync("site")
    assert held(sqlite_store) == {"a.en": "T"}


def test_the_last_good_version_of_a_broken_file_stays_until_it_is_mended(
    folder: Folder, syncing: Syncing, sqlite_store: Store
) -> None:
    folder.entry("a.md", "A1")
    syncing.sync("site")
    folder.write("a.md", "---\nid: a\ntype: card\ntitle: [oops\n---\n")
    done = syncing.sync("site")
    assert [(one.file, one.id) for one in done.problems] == [("a.md", "a")]
    assert done.problems[0].line is not None
    assert held(sqlite_store) == {"a": "A1"}
    assert problems(sqlite_store) == [("a.md", "a")]
    folder.entry("a.md", "A2")
    syncing.sync("site")
    assert (held(sqlite_store), problems(sqlite_store)) == ({"a": "A2"}, [])


def test_a_broken_file_that_is_deleted_takes_entry_and_problem_with_it(
    folder: Folder, syncing: Syncing, sqlite_store: Store
) -> None:
    folder.entry("a.md")
    folder.entry("b.md")
    syncing.sync("site")
    folder.write("a.md", "---\nid: a\ntype: [\n---\n")
    syncing.sync("site")
    folder.delete("a.md")
    syncing.sync("site")
    assert (held(sqlite_store), problems(sqlite_store)) == ({"b": "T"}, [])


NAMELESS = "---\n: [\n---\n"
NEVER_STORED = "---\nid: a\ntype: [\n---\n"


@pytest.mark.parametrize("text", [NAMELESS, NEVER_STORED, "\ufeff---", "no front matter"])
@pytest.mark.parametrize("name", ["a.md", "a.fr.md", "odd name.yaml"])
def test_the_problem_of_a_file_that_was_never_good_goes_with_the_file(
    folder: Folder, syncing: Syncing, sqlite_store: Store, name: str, text: str
) -> None:
    """Whether its id could be made out or not."""
    folder.write(name, text)
    syncing.sync("site")
    assert [file for file, _id in problems(sqlite_store)] == [name]
    syncing.sync("site")
    assert [file for file, _id in problems(sqlite_store)] == [name]
    folder.delete(name)
    syncing.sync("site")
    assert problems(sqlite_store) == []


@pytest.mark.parametrize("text", [NAMELESS, NEVER_STORED])
def test_the_problem_of_a_file_that_is_mended_is_over(
    folder: Folder, syncing: Syncing, sqlite_store: Store, text: str
) -> None:
    """Also where the mended file has another id than was thought."""
    folder.write("a.md", text)
    folder.write("b.md", text.replace("id: a", "id: b"))
    syncing.sync("site")
    folder.entry("a.md", id="other")
    syncing.sync("site")
    assert [file for file, _id in problems(sqlite_store)] == ["b.md"]
    assert held(sqlite_store) == {"other": "T"}


def test_other_problems_stay_while_one_goes(folder: Folder, syncing: Syncing, sqlite_store: Store) -> None:
    folder.write("a.md", NAMELESS)
    folder.write("b.md", NAMELESS)
    folder.entry("c.md", "See [this](entry:missing)", body="x")
    syncing.sync("site")
    before = problems(sqlite_store)
    folder.delete("a.md")
    syncing.sync("site")
    assert problems(sqlite_store) == [one for one in before if one[0] != "a.md"]


def test_problems_that_ended_while_the_cursor_was_lost_are_over(
    folder: Folder, syncing: Syncing, sqlite_store: Store
) -> None:
    """A source that reads everything tells of all there is."""
    folder.write("a.md", NEVER_STORED)
    syncing.sync("site")
    folder.delete("a.md")
    again = build({"path": str(folder.root), "locales": ["en"]}, Runtime.system())  # other options, another cursor
    Syncing({"site": again}, sqlite_store.content, clock=lambda: NOW).sync("site")
    assert problems(sqlite_store) == []


def test_entries_that_went_while_the_cursor_was_lost_are_removed(
    folder: Folder, syncing: Syncing, sqlite_store: Store
) -> None:
    folder.entry("a.md")
    folder.entry("b.md")
    syncing.sync("site")
    folder.delete("b.md")
    again = build({"path": str(folder.root), "locales": ["en"]}, Runtime.system())
    Syncing({"site": again}, sqlite_store.content, clock=lambda: NOW).sync("site")
    assert held(sqlite_store) == {"a": "T"}


class ByHand:
    """A source that does what the test says."""

    spec = SourceSpec("by-hand", Ordering("integer"), incremental=True)

    def __init__(self, answer: Callable[[str | None], Fetched]) -> None:
        self.changes = answer


def from_(answer: Callable[[str | None], Fetched], store: Store) -> Syncing:
    source: Source = ByHand(answer)  # type: ignore[assignment]  # a sync calls nothing else
    return Syncing({"site": source}, store.content, clock=lambda: NOW)


def an_entry(name: str, locale: str | None = None, **rest: Any) -> Entry:
    plain = {"type": "card", "tags": (), "fields": {}, "published_at": None}
    return Entry(id=name, locale=locale, **{**plain, **rest})


def test_a_source_that_fails_is_noted_and_what_there_was_stays(sqlite_store: Store) -> None:
    answers: list[Fetched | CmsError] = [
        Fetched((an_entry("a"),), (), "1", True),
        Unavailable("the server does not answer"),
        Unavailable("the server does not answer"),
        Fetched((), (), "2", False),
    ]

    def answer(_cursor: str | None) -> Fetched:
        found = answers.pop(0)
        if isinstance(found, CmsError):
            raise found
        return found

    syncing = from_(answer, sqlite_store)
    assert syncing.sync("site").error is None
    failed = [syncing.sync("site") for _ in range(2)]
    assert [one.error for one in failed] == ["the server does not answer"] * 2
    state = sqlite_store.content.state("site")
    assert (state.failures, state.last_error, state.cursor) == (2, "the server does not answer", "1")
    assert held(sqlite_store) == {"a": None}
    syncing.sync("site")
    state = sqlite_store.content.state("site")
    assert (state.failures, state.last_error, state.cursor) == (0, None, "2")


def test_of_two_syncs_at_once_the_slower_gives_way(sqlite_store: Store) -> None:
    """Else it would write what it read before over what the other read after."""
    fast = from_(lambda _cursor: Fetched((an_entry("new"),), (), "2", True), sqlite_store)

    def slow(_cursor: str | None) -> Fetched:
        fast.sync("site")
        return Fetched((an_entry("old"),), (), "1", True)

    done = from_(slow, sqlite_store).sync("site")
    assert (done.applied, done.error) == (None, "another process synced it at the same time")
    assert held(sqlite_store) == {"new": None}
    assert sqlite_store.content.state("site").failures == 0


def test_the_cursor_of_the_last_sync_is_handed_back(sqlite_store: Store) -> None:
    asked: list[str | None] = []
    numbers = iter("123")

    def answer(cursor: str | None) -> Fetched:
        asked.append(cursor)
        return Fetched((), (), next(numbers), cursor is None)

    syncing = from_(answer, sqlite_store)
    for _ in range(3):
        syncing.sync("site")
    assert asked == [None, "1", "2"]


def test_remarks_on_an_entry_last_as_long_as_the_entry_is_as_it_is(sqlite_store: Store) -> None:
    """An incremental source tells of them only with the entry."""
    remark = Problem("card/a (fr)", "a link leads nowhere", Key("a", "fr"), blocking=False)
    answers = [
        Fetched((an_entry("a", "fr"), an_entry("b")), (), "1", True, (remark,)),
        Fetched((an_entry("b"),), (), "2", False),
        Fetched((an_entry("a", "fr"),), (), "3", False),
    ]
    syncing = from_(lambda _cursor: answers.pop(0), sqlite_store)
    told = []
    for _ in range(3):
        syncing.sync("site")
        told.append(problems(sqlite_store))
    assert told == [[("card/a (fr)", "a")], [("card/a (fr)", "a")], []]


def test_an_entry_that_no_database_can_hold_is_told_and_the_others_come(sqlite_store: Store) -> None:
    bad = an_entry("nul\0")
    done = from_(lambda _cursor: Fetched((an_entry("a"), bad), (), "1", True), sqlite_store).sync("site")
    assert [one.reason for one in done.problems] == ["it cannot be stored: a name in it has a NUL or a lone surrogate"]
    assert held(sqlite_store) == {"a": None}


def test_versions_and_links_are_kept(sqlite_store: Store) -> None:
    targets: list[tuple[Any, str]] = [("entry", "b"), ("asset", "p.png"), ("entry", "b"), ("entry", "c")]
    links = tuple(Link(path="/x", kind=kind, target=target, resolved=True) for kind, target in targets)
    entry = an_entry("a", version=NOW, links=links)
    from_(lambda _cursor: Fetched((entry,), (), "1", True), sqlite_store).sync("site")
    stored = sqlite_store.content.snapshot().entries[0]
    assert (stored.version, stored.links) == (NOW.isoformat(), ("b", "c"))


def test_a_source_that_fails_leaves_the_others_alone(folder: Folder, sqlite_store: Store) -> None:
    def down(_cursor: str | None) -> Fetched:
        raise Unavailable("down")

    folder.entry("a.md")
    sources: dict[str, Any] = {"one": ByHand(down), "two": build({"path": str(folder.root)}, Runtime.system())}
    syncing = Syncing(sources, sqlite_store.content, clock=lambda: NOW)
    assert [(name, syncing.sync(name).error) for name in sources] == [("one", "down"), ("two", None)]
    assert held(sqlite_store) == {"a": "T"}


def some(*names: str) -> Fetched:
    """A source that holds these."""
    entries = tuple(an_entry(name) for name in names)
    return Fetched(entries, (), "1", True, present=frozenset(entry.key for entry in entries))


MANY = [f"e{number}" for number in range(100)]


def test_a_sync_that_would_remove_too_much_stops_and_asks(sqlite_store: Store) -> None:
    answers = [some(*MANY), some("new", *MANY[21:]), some("new", *MANY[21:])]
    syncing = from_(lambda _cursor: answers.pop(0), sqlite_store)
    syncing.sync("site")
    done = syncing.sync("site", full=True)
    assert (done.held, done.error) == (21, None)
    assert set(held(sqlite_store)) == {"new", *MANY}
    assert sqlite_store.content.state("site").held_removals == 21
    done = syncing.sync("site", full=True, confirm_removals=True)
    assert done.held == 0
    assert set(held(sqlite_store)) == {"new", *MANY[21:]}
    assert sqlite_store.content.state("site").held_removals == 0


@pytest.mark.parametrize(("before", "gone"), [(100, 20), (21, 20), (1_000, 100)])
def test_a_few_removals_or_a_small_share_need_nobodys_word(sqlite_store: Store, before: int, gone: int) -> None:
    names = [f"e{number}" for number in range(before)]
    answers = [some(*names), some(*names[gone:])]
    syncing = from_(lambda _cursor: answers.pop(0), sqlite_store)
    syncing.sync("site")
    assert syncing.sync("site").held == 0
    assert len(held(sqlite_store)) == before - gone


@pytest.mark.parametrize("before", [1, 2, 20])
def test_an_empty_list_takes_nothing_away_until_somebody_confirms_it(sqlite_store: Store, before: int) -> None:
    """An authenticated answer with status 200: the filter is wrong, or the CMS starts over an empty database."""
    names = [f"e{number}" for number in range(before)]
    answers = {1: some(*names), 2: some(), 3: some(), 4: some(*names), 5: some(), 6: some()}
    turns = iter(answers.values())
    syncing = from_(lambda _cursor: next(turns), sqlite_store)
    syncing.sync("site")
    for _ in range(2):
        assert (syncing.sync("site").held, len(held(sqlite_store))) == (before, before)
        assert sqlite_store.content.state("site").held_removals == before
    assert (syncing.sync("site").held, sqlite_store.content.state("site").held_removals) == (0, 0)
    assert syncing.sync("site", full=True).held == before
    assert (syncing.sync("site", full=True, confirm_removals=True).held, held(sqlite_store)) == (0, {})


def test_a_source_that_has_nothing_and_never_had_is_well(sqlite_store: Store) -> None:
    syncing = from_(lambda _cursor: some(), sqlite_store)
    assert [syncing.sync("site").held for _ in range(2)] == [0, 0]


def test_a_last_entry_whose_deletion_the_source_names_goes(sqlite_store: Store) -> None:
    answers = [some("a"), Fetched((), (Key("a", None),), "2", False)]
    syncing = from_(lambda _cursor: answers.pop(0), sqlite_store)
    syncing.sync("site")
    assert (syncing.sync("site").held, held(sqlite_store)) == (0, {})


def test_removals_that_wait_are_asked_for_again(sqlite_store: Store) -> None:
    """The cursor stays, for an incremental source tells of each deletion once."""
    gone = tuple(Key(name, None) for name in MANY[:50])
    asked = []

    def answer(cursor: str | None) -> Fetched:
        asked.append(cursor)
        return some(*MANY) if cursor is None else Fetched((), gone, f"{cursor}+", False)

    syncing = from_(answer, sqlite_store)
    for _ in range(3):
        syncing.sync("site")
    assert asked == [None, "1", "1"]
    assert sqlite_store.content.state("site").held_removals == 50


def test_what_a_lagging_list_shows_of_an_older_version_is_not_taken(sqlite_store: Store) -> None:
    answers = [
        Fetched((an_entry("a", version=3, type="new"),), (), "1", True),
        Fetched((an_entry("a", version=2, type="old"), an_entry("b", version=1)), (), "2", False),
    ]
    syncing = from_(lambda _cursor: answers.pop(0), sqlite_store)
    syncing.sync("site")
    syncing.sync("site")
    assert {one.id: one.type for one in sqlite_store.content.snapshot().entries} == {"a": "new", "b": "card"}


def test_a_new_entry_comes_by_no_list_in_a_version_before_the_announced_one(sqlite_store: Store) -> None:
    """The notice was about version 3; the list lags, and the worker reads the entry again until it shows."""
    listed = (an_entry("a", version=2), an_entry("b", version=2), an_entry("c", version=3))
    syncing = from_(lambda _cursor: Fetched(listed, (), "1", True), sqlite_store)
    marks = [Mark("a", version=announced(3)), Mark("b", "fr", None, announced(3)), Mark("c", version=announced(3))]
    sqlite_store.notices.mark("site", marks, now=NOW)
    syncing.sync("site")
    assert [one.id for one in sqlite_store.content.snapshot().entries] == ["b", "c"]
    job = sqlite_store.notices.claim("site", whole=False, lease="x", now=NOW, until=NOW)
    assert job is not None
    sqlite_store.notices.finish(job, Outcome(again_at=NOW, awaits=True, overdue=True), now=NOW)
    syncing.sync("site", full=True)
    assert [one.id for one in sqlite_store.content.snapshot().entries] == ["a", "b", "c"], "the sweep goes on"


def test_a_notice_that_is_seen_to_during_a_sync_wins(sqlite_store: Store) -> None:
    def answer(cursor: str | None) -> Fetched:
        if cursor is not None:
            sqlite_store.notices.mark("site", [Mark("a")], now=NOW)
            job = sqlite_store.notices.claim("site", whole=False, lease="x", now=NOW, until=NOW)
            assert job is not None
            new = stored_entry("site", an_entry("a", version=3, type="new"))
            sqlite_store.notices.finish(job, Outcome(Changes(entries=(new,))), now=NOW)
        return Fetched((an_entry("a", version=2, type="old"),), (), "1", True, present=frozenset({Key("a", None)}))

    syncing = from_(answer, sqlite_store)
    syncing.sync("site")
    syncing.sync("site")
    assert [one.type for one in sqlite_store.content.snapshot().entries] == ["new"]


@pytest.fixture
def following(syncing: Syncing, sqlite_store: Store) -> Iterator[Following]:
    worker = SourceSyncing(
        "site",
        syncing,
        sqlite_store.notices,
        clock=lambda: datetime.now(UTC),
        random=lambda: 0.5,
        new_lease=lambda: "lease",
        sweep=None,
        catch_up=(),
        every=timedelta(milliseconds=20),
    )
    found = Following([Loop("site", worker.step, poll_s=0.02)])
    found.start()
    yield found
    found.stop()


def soon(holds: Callable[[], object]) -> None:
    until(holds, poll_s=0.01)


def test_a_followed_folder_brings_changes_in_by_itself_and_outlives_a_fault(
    folder: Folder, sqlite_store: Store, following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.entry("a.md", "A1")
    soon(lambda: held(sqlite_store) == {"a": "A1"})
    real = sqlite_store.content.state
    failed = []
    monkeypatch.setattr(sqlite_store.content, "state", lambda _name: failed.append(1) or 1 / 0)
    folder.entry("b.md", "B")  # for what looks the same is not read again
    soon(lambda: failed)
    monkeypatch.setattr(sqlite_store.content, "state", real)
    folder.entry("a.md", "A2")
    soon(lambda: held(sqlite_store) == {"a": "A2", "b": "B"})
