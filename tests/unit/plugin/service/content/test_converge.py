"""Seeing to notices: what is asked of the source, what is believed, and when it is asked again."""

# ruff: noqa: ARG002  # the signatures are the port's

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from adapters.cms.mapped import MappedSource
from adapters.cms.mapping_options import read_mapping
from adapters.cms.port import (
    AuthError,
    BadResponse,
    Changes,
    CmsError,
    Entry,
    Link,
    NotFound,
    Ordering,
    RateLimited,
    SourceSpec,
    Unavailable,
)
from plugin.errors import ServiceUnavailable
from plugin.ports import SYNC, Mark
from plugin.ports import Changes as Stored
from plugin.service.content.converge import Converging, backoff_s
from plugin.service.content.sync import stored_entry
from plugin.service.content.versions import announced
from plugin.store import Store

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Cms:
    """A source that holds what the test puts there."""

    def __init__(self, kind: str = "integer", *, incremental: bool = True) -> None:
        self.spec = SourceSpec("cms", Ordering(kind), incremental=incremental)  # type: ignore[arg-type]
        self.entries: dict[tuple[str, str | None], Entry] = {}
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.fails: CmsError | None = None
        self.broken: Mapping[str, Exception] = {}
        self.refuses_listing: CmsError | None = None
        self.hears_types: Sequence[str | None] | None = None
        self.tells_languages = False

    def put(
        self, id_: str, locale: str | None = None, *, version: int | None = 1, title: str = "t", **rest: Any
    ) -> None:
        self.entries[id_, locale] = Entry(id_, locale, "hero", (), {"title": title}, None, version=version, **rest)

    def changes(self, cursor: str | None) -> Changes:
        raise AssertionError("a notice about an entry lists nothing")

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        self.asked.append((entry_id, locale, content_type))
        if self.fails is not None:
            raise self.fails
        if entry_id in self.broken:
            raise self.broken[entry_id]
        found = self.entries.get((entry_id, locale)) or self.entries.get((entry_id, None))
        if found is None or (self.hears_types is not None and content_type not in self.hears_types):
            raise NotFound(f"{entry_id}: no such entry")
        return found

    def languages(self, entry_id: str) -> tuple[str, ...]:
        found = [locale for one, locale in self.entries if one == entry_id and locale is not None]
        return tuple(found) if self.tells_languages else ()

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        raise NotFound(entry_id)

    def ping(self) -> None:
        if self.fails is not None:
            raise self.fails
        if self.refuses_listing is not None:
            raise self.refuses_listing

    def close(self) -> None:
        """Nothing to free."""


class Bench:
    """A worker over a store, with a clock that the test moves."""

    def __init__(self, store: Store, cms: Cms, locales: Sequence[str] = (), mapped: MappedSource | None = None) -> None:
        self.store = store
        self.cms = cms
        self.now = NOON
        leases = count(1)
        self.points: list[str] = []
        self.worker = Converging(
            "cms",
            mapped or cms,
            store.notices,
            store.content,
            clock=lambda: self.now,
            random=lambda: 1.0,
            new_lease=lambda: f"lease-{next(leases)}",
            locales=locales,
            locales_of=(lambda said: (said,)) if mapped is None else mapped.locales_of,
            languages=cms.languages if mapped is None else mapped.languages,
            at=self.points.append,
        )

    def hold(self, *keys: tuple[str, str | None]) -> None:
        """Store entries as the source has them now."""
        entries = tuple(stored_entry("cms", self.cms.entries[key]) for key in keys)
        self.store.content.apply("cms", Stored(entries=entries), now=self.now)

    def notice(self, *marks: Mark) -> None:
        self.store.notices.mark("cms", marks, now=self.now)

    def announce(self, id_: str, version: int | datetime, locale: str = "") -> None:
        self.notice(Mark(id_, locale, None, announced(version)))

    @property
    def overdue(self) -> int:
        return sum(backlog.overdue for backlog in self.store.notices.backlogs())

    def work(self) -> int:
        """Do what is due; how often something was asked."""
        before = len(self.cms.asked)
        while self.worker.step():
            pass
        return len(self.cms.asked) - before

    def later(self, seconds: float) -> int:
        self.now += timedelta(seconds=seconds)
        return self.work()

    @property
    def held(self) -> dict[tuple[str, str | None], object]:
        return {(one.id, one.locale): one.fields["title"] for one in self.store.content.snapshot().entries}

    @property
    def calm(self) -> bool:
        return not self.store.notices.backlogs()


@pytest.fixture
def bench(sqlite_store: Store) -> Bench:
    return Bench(sqlite_store, Cms())


def unfenced(store: Store) -> Bench:
    return Bench(store, Cms("none"))


def test_a_new_entry_is_fetched_once_and_served(bench: Bench) -> None:
    bench.cms.put("a")
    bench.notice(Mark("a", type="heroes"))
    assert bench.work() == 1
    assert (bench.held, bench.cms.asked, bench.calm) == ({("a", None): "t"}, [("a", None, "heroes")], True)
    assert bench.points == ["after fetch", "after commit"]


def test_a_newer_version_is_certain_at_once(bench: Bench) -> None:
    bench.cms.put("a", version=1)
    bench.hold(("a", None))
    bench.cms.put("a", version=2, title="new")
    bench.notice(Mark("a"))
    assert bench.work() == 1
    assert (bench.held, bench.calm) == ({("a", None): "new"}, True)


def test_an_older_version_never_wins(bench: Bench) -> None:
    bench.cms.put("a", version=5, title="new")
    bench.hold(("a", None))
    bench.cms.put("a", version=4, title="old")
    bench.notice(Mark("a"))
    bench.work()
    assert bench.held == {("a", None): "new"}


def test_an_api_that_lags_behind_its_webhook_is_read_again_until_it_does_not(bench: Bench) -> None:
    bench.cms.put("a", version=1, title="old")
    bench.hold(("a", None))
    bench.notice(Mark("a"))
    assert bench.work() == 1
    assert [bench.later(1), bench.later(2)] == [1, 1]
    bench.cms.put("a", version=2, title="new")
    assert bench.later(7) == 1
    assert (bench.held, bench.calm) == ({("a", None): "new"}, True)


def test_without_versions_an_entry_is_read_again_after_1_3_10_and_30_seconds(sqlite_store: Store) -> None:
    bench = unfenced(sqlite_store)
    bench.cms.put("a", version=None)
    bench.notice(Mark("a"))
    asked = [bench.work()]
    asked += [bench.later(step) for step in (0.9, 0.1, 1.9, 0.1, 6.9, 0.1, 19.9, 0.1, 100)]
    assert asked == [1, 0, 1, 0, 1, 0, 1, 0, 1, 0]
    assert bench.calm


def test_what_a_later_reading_brings_is_served(sqlite_store: Store) -> None:
    bench = unfenced(sqlite_store)
    bench.cms.put("a", version=None, title="old")
    bench.notice(Mark("a"))
    bench.work()
    bench.cms.put("a", version=None, title="new")
    for step in (1, 2, 7):
        bench.later(step)
    assert bench.held == {("a", None): "new"}


def test_an_entry_that_is_gone_is_deleted_once_the_source_lets_us_list(bench: Bench) -> None:
    bench.cms.put("a")
    bench.hold(("a", None))
    del bench.cms.entries["a", None]
    bench.cms.refuses_listing = AuthError("403")
    bench.notice(Mark("a"))
    bench.work()
    assert bench.held == {("a", None): "t"}
    assert bench.store.content.state("cms").last_error == "403"
    bench.cms.refuses_listing = None
    bench.later(60)
    assert bench.held == {}
    assert bench.store.content.state("cms").failures == 0


def test_a_wrong_hint_of_a_notice_deletes_nothing(bench: Bench) -> None:
    bench.cms.put("a")
    bench.hold(("a", None))
    bench.cms.hears_types = ("heroes", None)
    bench.notice(Mark("a", type="article"))
    bench.work()
    assert bench.held == {("a", None): "t"}


def test_a_deleted_entry_comes_back_when_a_second_look_confirms_it(bench: Bench) -> None:
    """The first look may have met a cache that remembers it."""
    bench.cms.put("a", version=3)
    bench.hold(("a", None))
    kept = bench.cms.entries.pop(("a", None))
    bench.notice(Mark("a"))
    bench.work()
    bench.cms.entries["a", None] = kept
    bench.notice(Mark("a"))
    bench.work()
    assert bench.held == {}
    bench.later(1)
    assert bench.held == {("a", None): "t"}


def test_a_deleted_entry_in_a_newer_version_is_back_at_once(bench: Bench) -> None:
    bench.cms.put("a", version=3)
    bench.hold(("a", None))
    del bench.cms.entries["a", None]
    bench.notice(Mark("a"))
    bench.work()
    bench.cms.put("a", version=4)
    bench.notice(Mark("a"))
    bench.work()
    assert bench.held == {("a", None): "t"}


def test_a_notice_without_a_language_is_about_all_that_the_source_has(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, Cms())
    for key in (("a", "fr"), ("b", "en"), ("b", "de")):
        bench.cms.put(*key)
    bench.hold(*bench.cms.entries)
    bench.cms.put("a", "fr", version=2, title="neuf")
    bench.cms.put("a", "de", title="neu")
    bench.notice(Mark("a"))
    bench.work()
    assert {locale for _id, locale, _type in bench.cms.asked} == {"fr", "en", "de"}
    assert (bench.held["a", "fr"], bench.held["a", "de"]) == ("neuf", "neu")


def test_a_new_translation_appears_in_a_language_that_nothing_had(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, Cms(), locales=("fr", "it"))
    bench.cms.put("a", "fr")
    bench.hold(("a", "fr"))
    bench.cms.put("a", "it", title="nuovo")
    bench.notice(Mark("a"))
    bench.work()
    assert bench.held["a", "it"] == "nuovo"


def test_a_source_that_knows_the_languages_of_an_entry_need_not_be_configured_with_them(bench: Bench) -> None:
    """Without that, the first translation into a language came with the next sweep."""
    bench.cms.tells_languages = True
    bench.cms.put("a", "en")
    bench.hold(("a", "en"))
    bench.cms.put("a", "en", version=2)
    bench.cms.put("a", "fr", version=2, title="Bonjour")
    bench.notice(Mark("a", "", None))
    assert bench.work() == 2, "English, and French, which the answer about it told of"
    assert bench.held == {("a", "en"): "t", ("a", "fr"): "Bonjour"}
    assert bench.calm
    bench.cms.put("a", "de", version=2)
    bench.notice(Mark("a", "en", None))
    bench.work()
    assert ("a", "de") not in bench.held, "the notice is about English alone"


def test_one_language_that_is_gone_leaves_the_others(bench: Bench) -> None:
    bench.cms.put("a", "fr")
    bench.cms.put("a", "en")
    bench.hold(("a", "fr"), ("a", "en"))
    del bench.cms.entries["a", "fr"]
    bench.notice(Mark("a"))
    bench.work()
    assert set(bench.held) == {("a", "en")}


def test_a_notice_in_one_language_asks_for_no_other(bench: Bench) -> None:
    bench.cms.put("a", "fr")
    bench.cms.put("a", "en")
    bench.hold(("a", "fr"), ("a", "en"))
    bench.cms.put("a", "fr", version=2)
    bench.notice(Mark("a", "fr"))
    assert bench.work() == 1
    del bench.cms.entries["a", "fr"]
    bench.notice(Mark("a", "fr"))
    bench.work()
    assert {locale for _id, locale, _type in bench.cms.asked} == {"fr"}
    assert set(bench.held) == {("a", "en")}


def test_a_language_may_have_another_name_in_the_cms(bench: Bench) -> None:
    bench.cms.put("a", "fr")
    bench.hold(("a", "fr"))
    del bench.cms.entries["a", "fr"]
    bench.notice(Mark("a", "fr_FR"))
    bench.work()
    assert bench.held == {}


def a_mapped_bench(store: Store, **options: Any) -> tuple[Bench, Cms]:
    """A worker over a source behind a mapping, as the settings make it."""
    cms = Cms()
    return Bench(store, cms, mapped=MappedSource(cms, read_mapping(options))), cms


@pytest.mark.parametrize("options", [{"locales": {"en_GB": "en-GB"}}, {"locales": {"en_GB": "en"}}])
def test_a_language_is_deleted_whatever_the_cms_calls_it_and_no_other_is_asked_for(
    sqlite_store: Store, options: dict[str, Any]
) -> None:
    bench, cms = a_mapped_bench(sqlite_store, **options)
    for locale in ("de", "en_GB", "fr"):
        cms.put("a", locale)
        bench.notice(Mark("a", locale))
    bench.work()
    ours = options["locales"]["en_GB"]
    assert set(bench.held) == {("a", "de"), ("a", ours), ("a", "fr")}
    del cms.entries["a", "en_GB"]
    cms.asked.clear()
    bench.notice(Mark("a", "en_GB"))
    bench.work()
    assert set(bench.held) == {("a", "de"), ("a", "fr")}
    assert {locale for _id, locale, _type in cms.asked} <= {"en_GB", ours, None}


def test_a_source_that_makes_tags_itself_may_be_told_of_a_language_in_other_letters(bench: Bench) -> None:
    for locale in ("de", "en-GB"):
        bench.cms.put("a", locale)
    bench.hold(("a", "de"), ("a", "en-GB"))
    del bench.cms.entries["a", "en-GB"]
    bench.notice(Mark("a", "en_GB"))
    bench.work()
    assert set(bench.held) == {("a", "de")}


def test_where_a_field_gives_the_language_the_whole_source_tells_which_one_is_gone(sqlite_store: Store) -> None:
    """A notice speaks of the CMS's own language `xx`, and nothing stored says which variant that was."""
    bench, cms = a_mapped_bench(sqlite_store, locale="lang")
    for said, lang in (("xx", "fr"), ("fr", "de")):
        cms.entries["a", said] = Entry("a", said, "hero", (), {"title": said, "lang": lang}, None, version=1)
        bench.notice(Mark("a", said))
    bench.work()
    assert bench.held == {("a", "fr"): "xx", ("a", "de"): "fr"}
    bench.later(60)
    del cms.entries["a", "xx"]
    bench.notice(Mark("a", "xx"))
    bench.work()
    assert set(bench.held) == {("a", "fr"), ("a", "de")}, "nothing is taken away on a guess"
    assert bench.store.notices.claim("cms", whole=True, lease="l", now=bench.now, until=bench.now) is not None
    bench.notice(Mark("a", "fr"))
    bench.work()
    assert set(bench.held) == {("a", "fr"), ("a", "de")}


def test_an_entry_without_languages_is_fetched_once_for_all(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, Cms(), locales=("fr", "en", "de"))
    bench.cms.put("a")
    bench.notice(Mark("a"))
    assert bench.work() == 1


def test_what_is_nowhere_makes_an_incremental_source_say_what_is_new(bench: Bench) -> None:
    bench.notice(Mark("a"))
    bench.work()
    job = bench.store.notices.claim("cms", whole=True, lease="x", now=bench.now, until=bench.now)
    assert job is not None
    assert (job.id, job.locale) == SYNC


def test_an_asset_that_changes_makes_what_holds_it_anew(bench: Bench) -> None:
    link = Link("/image", "asset", "https://cdn.example/a.png", id="asset-1")
    bench.cms.put("a", links=(link,))
    bench.hold(("a", None))
    bench.cms.put("a", title="another crop", links=(link,))
    bench.notice(Mark("asset-1"))
    bench.work()
    assert bench.held == {("a", None): "another crop"}


def test_two_entries_that_hold_each_other_do_not_go_round_for_ever(bench: Bench) -> None:
    bench.cms.put("a", links=(Link("/x", "entry", "b"),))
    bench.cms.put("b", links=(Link("/x", "entry", "a"),))
    bench.hold(("a", None), ("b", None))
    bench.cms.put("a", version=2, title="new", links=(Link("/x", "entry", "b"),))
    bench.notice(Mark("a"))
    assert bench.work() < 4
    for _ in range(10):
        bench.later(30)
    assert bench.calm


def test_an_outage_pauses_the_whole_source_and_shows(bench: Bench) -> None:
    bench.cms.put("a")
    bench.cms.put("b")
    bench.hold(("a", None))
    bench.cms.fails = Unavailable("no connection")
    bench.notice(Mark("a"), Mark("b"))
    assert bench.work() == 1
    state = bench.store.content.state("cms")
    assert (state.last_error, state.failures, bench.held) == ("no connection", 1, {("a", None): "t"})
    bench.cms.fails = None
    assert bench.later(0.4) == 0
    assert bench.later(0.2) == 2
    assert set(bench.held) == {("a", None), ("b", None)}
    assert bench.store.content.state("cms").failures == 0


def test_a_source_that_asks_to_wait_is_given_the_time(bench: Bench) -> None:
    bench.cms.put("a")
    bench.cms.fails = RateLimited("429", retry_after=20)
    bench.notice(Mark("a"))
    bench.work()
    bench.cms.fails = None
    assert [bench.later(19), bench.later(4)] == [0, 1]


def test_an_entry_that_cannot_be_read_keeps_its_last_good_version_and_is_listed(bench: Bench) -> None:
    bench.cms.put("a")
    bench.cms.put("b")
    bench.hold(("a", None))
    bench.cms.fails = BadResponse("a: no title")
    bench.notice(Mark("a"))
    bench.work()
    assert bench.held == {("a", None): "t"}
    assert [(one.id, one.reason) for one in bench.store.content.problems("cms")] == [("a", "a: no title")]
    bench.cms.fails = None
    bench.notice(Mark("b"))
    bench.work()
    assert ("b", None) in bench.held
    bench.cms.put("a", version=2, title="mended")
    bench.later(10)
    assert (bench.held["a", None], bench.store.content.problems("cms")) == ("mended", ())


def test_an_answer_about_another_entry_is_not_taken(bench: Bench) -> None:
    bench.cms.put("b")
    bench.cms.entries["a", None] = bench.cms.entries["b", None]
    bench.notice(Mark("a"))
    bench.work()
    assert (bench.held, len(bench.store.content.problems("cms"))) == ({}, 1)


@pytest.mark.parametrize(
    ("failures", "retry_after", "chance", "seconds"),
    [(0, None, 0.0, 0.25), (0, None, 1.0, 0.5), (4, None, 1.0, 8.0), (99, None, 1.0, 30.0), (0, 20.0, 0.0, 20.0)],
)
def test_pauses_double_up_to_a_limit_and_are_spread(
    failures: int, retry_after: float | None, chance: float, seconds: float
) -> None:
    assert backoff_s(failures, retry_after, chance) == seconds


def test_one_of_two_publications_is_not_taken_for_the_last_where_the_api_lags(bench: Bench) -> None:
    """The second notice is there when the API has come no further than the first publication."""
    bench.cms.put("a", version=1, title="first")
    bench.hold(("a", None))
    bench.notice(Mark("a"))
    bench.work()
    bench.now += timedelta(seconds=0.5)
    bench.notice(Mark("a"))
    bench.work()
    bench.cms.put("a", version=2, title="second")
    bench.later(1)
    bench.cms.put("a", version=3, title="third")
    bench.later(2)
    assert bench.held == {("a", None): "third"}


def test_a_deleted_entry_that_comes_back_in_a_newer_version_is_looked_at_again(bench: Bench) -> None:
    """Of two replicas one may have missed the deletion, and hold a version that was never stored here."""
    bench.cms.put("a", version=1)
    bench.hold(("a", None))
    del bench.cms.entries["a", None]
    bench.notice(Mark("a"))
    bench.work()
    bench.cms.put("a", version=2)
    bench.later(1)
    del bench.cms.entries["a", None]
    bench.later(2)
    assert bench.held == {}


@pytest.mark.parametrize("wait", [0, 9, 29])
def test_what_holds_an_asset_is_made_anew_though_the_api_lags(bench: Bench, wait: int) -> None:
    link = Link("/image", "asset", "https://cdn.example/a.png", id="asset-1")
    bench.cms.put("a", links=(link,))
    bench.hold(("a", None))
    bench.notice(Mark("asset-1"))
    for second in range(35):
        if second == wait:
            bench.cms.put("a", title="another crop", links=(link,))
        bench.later(1)
    assert bench.held == {("a", None): "another crop"}


def test_what_depends_on_an_entry_that_a_late_look_finds_changed_is_made_anew(bench: Bench) -> None:
    link = Link("/author", "entry", "author")
    bench.cms.put("a", links=(link,))
    bench.cms.put("author")
    bench.hold(("a", None), ("author", None))
    bench.notice(Mark("author"))
    for step in (0, 1, 2, 7, 10):
        bench.later(step)
    bench.cms.put("author", version=2, title="new")
    bench.cms.put("a", title="by the new author", links=(link,))
    bench.later(10)
    assert bench.held["author", None] == "new"
    assert bench.held["a", None] == "by the new author"


def test_one_entry_that_cannot_be_had_does_not_hold_up_the_others(bench: Bench) -> None:
    """Many a CMS answers with status 500 for one entry, or refuses one type of content."""
    for name in "abc":
        bench.cms.put(name)
    bench.cms.broken = {"a": Unavailable("status 500"), "b": AuthError("status 403")}
    bench.notice(Mark("a"), Mark("b"))
    for step in (0, 1, 1, 1, 5, 30, 30):
        bench.later(step)
    assert bench.store.content.state("cms").failures == 0
    assert {one.id: one.reason for one in bench.store.content.problems("cms")} == {
        "a": "status 500",
        "b": "status 403",
    }
    bench.later(29)
    bench.notice(Mark("c"))
    bench.work()
    assert ("c", None) in bench.held
    bench.cms.broken = {}
    bench.later(40)
    assert set(bench.held) == {("a", None), ("b", None), ("c", None)}
    assert bench.store.content.problems("cms") == ()


def test_a_fault_of_an_adapter_is_shown_and_tried_again_later_and_later(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.cms.put("a")
    bench.cms.broken = {"a": KeyError("a-secret-of-the-cms")}
    bench.notice(Mark("a"))
    assert [bench.work(), bench.later(0.4), bench.later(0.2), bench.later(0.6)] == [1, 0, 1, 0]
    backlog = bench.store.notices.backlogs()[0]
    assert (backlog.failing, backlog.error) == (1, "a: the adapter failed: KeyError")
    assert "KeyError" in caplog.text
    bench.cms.broken = {}
    bench.later(1)
    assert ("a", None) in bench.held


def test_a_database_that_was_busy_costs_no_lease(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else works on it: to wait until the lease ends would be ten seconds for nothing."""
    bench.cms.put("a")
    bench.notice(Mark("a"))
    finish, busy = bench.store.notices.finish, [True] * 3

    def finishing(*args: Any, **rest: Any) -> object:
        if busy:
            busy.pop()
            raise ServiceUnavailable("The database is busy.")
        return finish(*args, **rest)

    monkeypatch.setattr(type(bench.store.notices), "finish", lambda _self, *args, **rest: finishing(*args, **rest))
    with pytest.raises(ServiceUnavailable):
        bench.worker.step()
    assert bench.held == {}
    assert bench.later(1) == 1
    assert (bench.held, bench.calm) == ({("a", None): "t"}, True)


def test_no_source_is_left_alone_for_longer_than_a_quarter_of_an_hour(bench: Bench) -> None:
    bench.cms.put("a")
    bench.cms.fails = RateLimited("429", retry_after=10.0**12)
    bench.notice(Mark("a"))
    bench.work()
    bench.cms.fails = None
    assert bench.later(16.6 * 60) == 1


def test_a_clock_that_is_put_back_holds_nothing_up(bench: Bench) -> None:
    bench.cms.put("a")
    bench.cms.put("b")
    bench.cms.fails = Unavailable("down")
    bench.notice(Mark("a"))
    bench.work()
    tomorrow = NOON + timedelta(days=1)
    assert bench.store.notices.claim("cms", whole=False, lease="dead", now=tomorrow, until=tomorrow) is not None
    bench.cms.fails = None
    assert bench.later(-86_400) == 1
    assert bench.held == {("a", None): "t"}


def test_an_answer_older_than_announced_is_read_again_until_the_announced_one_comes(bench: Bench) -> None:
    """The API shows one publication, and the notice was about the next."""
    bench.cms.put("a", version=1, title="first")
    bench.hold(("a", None))
    bench.cms.put("a", version=2, title="second")
    bench.announce("a", 3)
    assert bench.work() == 1
    assert not bench.calm, "newer than what was held, and not what was announced"
    bench.later(1)
    bench.cms.put("a", version=3, title="third")
    bench.later(2)
    assert (bench.held, bench.calm) == ({("a", None): "third"}, True)


def test_nothing_is_applied_backwards_while_the_announced_version_is_waited_for(bench: Bench) -> None:
    bench.cms.put("a", version=2, title="second")
    bench.hold(("a", None))
    bench.cms.put("a", version=1, title="first")
    bench.announce("a", 3)
    for step in (0, 1, 2, 7, 20, 300):
        bench.later(step)
        assert bench.held == {("a", None): "second"}


def test_a_new_entry_is_first_served_in_the_version_that_was_announced(bench: Bench) -> None:
    bench.cms.put("a", version=4, title="before")
    bench.announce("a", 5)
    for step in (0, 1, 2, 7):
        bench.later(step)
    assert bench.held == {}
    bench.cms.put("a", version=5, title="announced")
    bench.later(20)
    assert (bench.held, bench.calm) == ({("a", None): "announced"}, True)


def test_what_never_comes_as_announced_is_served_as_it_is_and_said(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.cms.put("a", version=4, title="as it is")
    bench.announce("a", 5)
    for step in (0, 1, 2, 7):
        bench.later(step)
    assert (bench.held, bench.overdue) == ({}, 0)
    bench.later(20)
    assert (bench.held, bench.overdue) == ({("a", None): "as it is"}, 1)
    assert "the announced version 0000000000000000005 did not come" in caplog.text
    caplog.clear()
    assert [bench.later(299), bench.later(1), bench.overdue] == [0, 1, 1]
    assert caplog.text == "", "it is said once"
    bench.cms.put("a", version=6, title="newer still")
    bench.later(300)
    assert (bench.held, bench.calm) == ({("a", None): "newer still"}, True)


def test_a_version_that_is_never_shown_is_waited_for_a_day_and_no_longer(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.cms.put("a", version=4)
    bench.announce("a", 5)
    for step in (0, 1, 2, 7, 20):
        bench.later(step)
    bench.later(86_400)
    assert bench.calm
    assert "is not waited for any more" in caplog.text


def test_what_was_withdrawn_after_it_was_announced_goes_at_once_and_is_not_waited_for(bench: Bench) -> None:
    """Of a publication and a withdrawal the notice of the first came last."""
    bench.cms.put("a", version=4)
    bench.hold(("a", None))
    del bench.cms.entries["a", None]
    bench.announce("a", 5)
    bench.work()
    assert bench.held == {}
    for step in (1, 2, 7, 20):
        bench.later(step)
    assert bench.calm


def test_a_deleted_entry_comes_back_in_no_version_before_the_announced_one(bench: Bench) -> None:
    bench.cms.put("a", version=4)
    bench.hold(("a", None))
    bench.cms.entries.clear()
    bench.notice(Mark("a"))
    bench.work()
    bench.cms.put("a", version=5, title="between")
    bench.announce("a", 6)
    bench.later(1)
    bench.later(1)
    assert bench.held == {}
    bench.cms.put("a", version=6, title="announced")
    bench.later(2)
    assert bench.held == {("a", None): "announced"}


def test_what_is_held_in_the_announced_version_is_not_waited_for(bench: Bench) -> None:
    """A sync brought it, and the replica that answers now lags."""
    bench.cms.put("a", version=5, title="by a sync")
    bench.hold(("a", None))
    bench.cms.put("a", version=4, title="old")
    bench.announce("a", 5)
    for step in (0, 1, 2, 7, 20):
        bench.later(step)
    assert (bench.held, bench.calm) == ({("a", None): "by a sync"}, True)


def test_the_version_of_one_language_says_nothing_of_another(bench: Bench) -> None:
    for locale in ("en", "fr"):
        bench.cms.put("a", locale, version=1 if locale == "en" else 9)
    bench.hold(("a", "en"), ("a", "fr"))
    bench.announce("a", 5, "en")
    for step in (0, 1, 2, 7, 20):
        bench.later(step)
    assert bench.overdue == 1
    bench.cms.put("a", "en", version=5, title="neu")
    bench.later(300)
    assert (bench.held["a", "en"], bench.calm) == ("neu", True)


def test_a_notice_that_names_no_language_announces_one_variant_whichever_it_is(bench: Bench) -> None:
    for locale in ("en", "fr"):
        bench.cms.put("a", locale, version=1)
    bench.hold(("a", "en"), ("a", "fr"))
    bench.announce("a", 2)
    bench.work()
    bench.cms.put("a", "fr", version=2, title="neuf")
    for step in (1, 2, 7, 20):
        bench.later(step)
    assert (bench.held["a", "fr"], bench.calm) == ("neuf", True)


def test_notices_that_follow_each_other_do_not_hold_a_new_entry_back_for_ever(bench: Bench) -> None:
    for second in range(40):
        bench.cms.put("a", version=max(1, second - 2), title="lags by two")
        bench.announce("a", second + 1)
        bench.later(1)
    assert bench.held == {("a", None): "lags by two"}


def test_versions_closer_than_their_resolution_are_not_waited_for(sqlite_store: Store) -> None:
    cms = Cms("timestamp")
    cms.spec = replace(cms.spec, ordering=Ordering("timestamp", timedelta(seconds=1)))
    bench = Bench(sqlite_store, cms)
    cms.entries["a", None] = Entry("a", None, "hero", (), {"title": "t"}, None, version=NOON)
    bench.announce("a", NOON + timedelta(seconds=0.9))
    bench.work()
    assert (bench.held, bench.calm) == ({("a", None): "t"}, True)


def test_a_source_that_orders_no_versions_takes_none_from_its_notices(sqlite_store: Store) -> None:
    bench = unfenced(sqlite_store)
    bench.cms.put("a", version=None)
    bench.announce("a", 7)
    for step in (0, 1, 2, 7, 20):
        bench.later(step)
    assert (bench.held, bench.calm) == ({("a", None): "t"}, True)
