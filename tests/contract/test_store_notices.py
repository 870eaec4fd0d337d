"""The contract of notices, links, tombstones and purges, over each database."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import update

from plugin.ports import (
    SWEEP,
    SYNC,
    Applied,
    Changes,
    EntryProblem,
    Fence,
    Job,
    Mark,
    Outcome,
    Pending,
    PurgeBacklog,
    StoredEntry,
)
from plugin.store import Store
from plugin.store.engine import writing
from plugin.store.tables import content_purges

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=10)
LONG_AGO = NOON - timedelta(days=1)


def entry(
    id_: str, locale: str | None = None, *, title: str = "t", on: Sequence[str] = (), **rest: object
) -> StoredEntry:
    plain = StoredEntry("cms", id_, locale, "article", ("news",), {"title": title}, NOON, "7", (), depends_on=tuple(on))
    return replace(plain, **rest)  # type: ignore[arg-type]


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


class Desk:
    """Short words for what the tests do again and again."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._leases = count(1)

    def hold(self, *entries: StoredEntry, fence: Fence | None = None, **changes: object) -> Applied:
        return self.store.content.apply("cms", Changes(entries=entries, **changes), now=NOON, fence=fence)  # type: ignore[arg-type]

    def mark(self, *marks: Mark, at: float = 0) -> None:
        self.store.notices.mark("cms", marks, now=after(at))

    def claim(self, at: float = 0, *, whole: bool = False) -> Job | None:
        lease = f"lease-{next(self._leases)}"
        return self.store.notices.claim("cms", whole=whole, lease=lease, now=after(at), until=after(at) + LEASE)

    def take(self, at: float = 0, *, whole: bool = False) -> Job:
        job = self.claim(at, whole=whole)
        assert job is not None
        return job

    def finish(self, job: Job, outcome: Outcome | None = None, *, at: float = 0) -> Applied | None:
        return self.store.notices.finish(job, outcome or Outcome(), now=after(at))

    def titles(self) -> dict[str, object]:
        return {one.id: one.fields["title"] for one in self.store.content.snapshot().entries}

    @property
    def serial(self) -> int:
        return self.store.content.state("cms").serial


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def found(*entries: StoredEntry, **rest: object) -> Outcome:
    return Outcome(changes=Changes(entries=entries), **rest)  # type: ignore[arg-type]


def test_nothing_is_taken_where_nothing_was_marked(desk: Desk) -> None:
    assert desk.claim() is None
    assert desk.store.notices.backlogs() == ()


def test_a_mark_is_taken_once_with_what_is_held(desk: Desk) -> None:
    desk.hold(entry("a", "fr"), entry("a", "en", version="8"), entry("b", "de"))
    desk.mark(Mark("a", type="articles"))
    job = desk.take()
    assert (job.id, job.locale, job.type, job.counter, job.done, job.cause) == ("a", "", "articles", 1, 0, "notice")
    assert (job.held, job.gone, job.locales) == ({"fr": "7", "en": "8"}, {}, ("de", "en", "fr"))
    assert desk.claim() is None


def test_the_source_itself_is_taken_apart_from_its_entries(desk: Desk) -> None:
    desk.mark(Mark(*SYNC), Mark("a"))
    assert desk.take().id == "a"
    assert desk.take(whole=True).whole
    assert desk.claim(whole=True) is None


def test_marks_of_one_entry_that_wait_are_one(desk: Desk) -> None:
    desk.mark(Mark("a"))
    desk.mark(Mark("a"), Mark("a", "fr"), at=1)
    job = desk.take(2)
    assert (job.counter, job.noticed_at) == (2, NOON)
    assert desk.store.notices.backlogs()[0].waiting == 2


def test_a_notice_that_comes_while_its_entry_is_fetched_makes_it_be_fetched_again(desk: Desk) -> None:
    desk.mark(Mark("a"))
    job = desk.take()
    desk.mark(Mark("a"), at=1)
    assert desk.finish(job, found(entry("a")), at=2) is not None
    again = desk.take(2)
    assert (again.counter, again.done, again.stage) == (2, 1, 0)
    desk.finish(again, at=3)
    assert desk.claim(100) is None


def test_what_is_to_be_read_again_waits_and_counts_as_settling(desk: Desk) -> None:
    desk.mark(Mark("a"))
    desk.finish(desk.take(), found(entry("a"), again_at=after(3), stage=1))
    assert desk.claim(2) is None
    backlog = desk.store.notices.backlogs()[0]
    assert (backlog.waiting, backlog.settling, backlog.oldest) == (0, 1, None)
    assert desk.take(3).stage == 1


def test_a_notice_begins_the_reading_anew(desk: Desk) -> None:
    desk.mark(Mark("a"))
    desk.finish(desk.take(), found(entry("a"), again_at=after(30), stage=3))
    desk.mark(Mark("a"), at=5)
    job = desk.take(5)
    assert (job.stage, job.noticed_at) == (0, after(5))


def test_a_worker_that_died_gives_back_what_it_had(desk: Desk) -> None:
    desk.mark(Mark("a"))
    lost = desk.take()
    assert desk.claim(9) is None
    mine = desk.take(11)
    assert desk.finish(lost, found(entry("a", title="late")), at=12) is None
    assert desk.titles() == {}
    assert desk.finish(mine, found(entry("a", title="mine")), at=12) is not None
    assert desk.titles() == {"a": "mine"}


def test_what_is_given_back_is_taken_at_once_and_only_by_who_had_it(desk: Desk) -> None:
    desk.mark(Mark("a"))
    lost = desk.take()
    mine = desk.take(11)
    desk.store.notices.release(lost)
    assert desk.claim(11) is None
    desk.store.notices.release(mine)
    again = desk.take(11)
    assert (again.counter, again.attempts, again.noticed_at) == (1, 0, NOON)


def test_a_lease_that_is_renewed_is_kept(desk: Desk) -> None:
    desk.mark(Mark("a"))
    job = desk.take()
    desk.store.notices.renew([job.lease], until=after(100))
    assert desk.claim(50) is None


def test_what_was_written_since_it_was_taken_is_fetched_again_and_not_overwritten(desk: Desk) -> None:
    desk.hold(entry("a", title="old"))
    desk.mark(Mark("a"))
    job = desk.take()
    desk.hold(entry("a", title="by a sync"))
    assert desk.finish(job, found(entry("a", title="fetched before")), at=1) is None
    assert desk.titles() == {"a": "by a sync"}
    assert desk.take(1).id == "a"


def test_what_was_deleted_since_it_was_taken_does_not_come_back_by_itself(desk: Desk) -> None:
    desk.hold(entry("a"))
    desk.mark(Mark("a"))
    job = desk.take()
    desk.hold(deleted=(("a", None),))
    assert desk.finish(job, found(entry("a", title="stale"))) is None
    assert desk.titles() == {}


def test_other_entries_may_change_meanwhile(desk: Desk) -> None:
    desk.mark(Mark("a"))
    job = desk.take()
    desk.hold(entry("b"))
    assert desk.finish(job, found(entry("a"))) is not None
    assert sorted(desk.titles()) == ["a", "b"]


def test_a_deletion_leaves_a_tombstone_until_the_entry_is_there_again(desk: Desk) -> None:
    desk.hold(entry("a", "fr", version="7"))
    desk.mark(Mark("a"))
    desk.finish(desk.take(), Outcome(changes=Changes(deleted=(("a", "fr"),))))
    desk.mark(Mark("a"))
    job = desk.take()
    assert (job.held, job.gone) == ({}, {"fr": "7"})
    desk.finish(job, found(entry("a", "fr", version="8")))
    desk.mark(Mark("a"))
    job = desk.take()
    assert (job.held, job.gone) == ({"fr": "8"}, {})


def test_a_failed_attempt_waits_and_says_why(desk: Desk) -> None:
    desk.hold(entry("a"))
    desk.mark(Mark("a"))
    problem = EntryProblem("no title", "a")
    desk.store.notices.postpone(desk.take(), "no title\0", due_at=after(5), problems=[problem])
    backlog = desk.store.notices.backlogs()[0]
    assert (backlog.waiting, backlog.failing, backlog.oldest) == (1, 1, NOON)
    assert backlog.error is not None
    assert backlog.error.startswith("'no title")
    assert (desk.claim(4), desk.titles(), desk.store.content.problems("cms")) == (None, {"a": "t"}, (problem,))
    job = desk.take(5)
    assert job.attempts == 1
    desk.finish(job, found(entry("a")), at=6)
    assert (desk.store.content.problems("cms"), desk.store.notices.backlogs()) == ((), ())


def test_what_depends_on_an_entry_is_marked_with_it(desk: Desk) -> None:
    desk.hold(entry("a", on=["author", "x"]), entry("b", "fr", on=["author"]), entry("c"))
    desk.mark(Mark("author"))
    desk.finish(desk.take(), Outcome(spread=True))
    marked = [desk.take(), desk.take()]
    assert [(job.id, job.locale, job.cause) for job in marked] == [("a", "", "link"), ("b", "fr", "link")]
    assert desk.claim() is None


def test_an_address_of_any_length_can_be_depended_on(desk: Desk) -> None:
    address = "https://cdn.example/" + "é" * 900
    desk.hold(entry("a", on=[address]), entry(address[:255]))
    desk.hold(entry("a", on=[address], title="again"))
    assert desk.store.content.find("a")[0].entry.depends_on == (address,)


def test_links_follow_what_the_entry_depends_on_now(desk: Desk) -> None:
    desk.hold(entry("a", on=["one"]), entry("b", on=["one"]))
    desk.hold(entry("a", on=["two"]), deleted=(("b", None),))
    desk.mark(Mark("one"))
    desk.finish(desk.take(), Outcome(spread=True))
    assert desk.claim() is None
    desk.mark(Mark("two"))
    desk.finish(desk.take(), Outcome(spread=True))
    assert desk.take().id == "a"


def test_what_many_depend_on_makes_the_source_be_read_as_a_whole(desk: Desk) -> None:
    desk.hold(*(entry(f"e{number}", on=["logo"]) for number in range(201)))
    desk.mark(Mark("logo"))
    desk.finish(desk.take(), Outcome(spread=True))
    assert desk.claim() is None
    job = desk.take(whole=True)
    assert (job.id, job.locale) == SWEEP


def test_a_slow_sync_writes_over_nothing_that_is_newer_and_marks_it(desk: Desk) -> None:
    desk.hold(entry("a", title="old"), entry("b", title="old"), entry("c", title="old"))
    began = desk.serial
    desk.mark(Mark("a"), Mark("b"))
    desk.finish(desk.take(), found(entry("a", title="new")))
    desk.finish(desk.take(), Outcome(changes=Changes(deleted=(("b", ""),))))
    sync = [entry("a", title="stale"), entry("b", title="stale"), entry("c", title="by the sync")]
    desk.hold(*sync, fence=Fence(began, NOON - timedelta(minutes=10)))
    assert desk.titles() == {"a": "new", "c": "by the sync"}
    assert [desk.take().id, desk.take().id] == ["a", "b"]


def test_a_slow_sync_removes_nothing_that_came_meanwhile(desk: Desk) -> None:
    desk.hold(entry("a"))
    began = desk.serial
    desk.mark(Mark("a"))
    desk.finish(desk.take(), found(entry("a", title="new")))
    desk.hold(deleted=(("a", ""),), fence=Fence(began, LONG_AGO))
    assert desk.titles() == {"a": "new"}


def test_a_deletion_stands_for_a_while_against_a_listing(desk: Desk) -> None:
    desk.hold(entry("a"))
    desk.hold(deleted=(("a", ""),))
    desk.hold(entry("a"), fence=Fence(desk.serial, NOON - timedelta(minutes=10)))
    assert desk.titles() == {}
    assert desk.take().id == "a"
    desk.hold(entry("a"), fence=Fence(desk.serial, NOON + timedelta(minutes=10)))
    assert desk.titles() == {"a": "t"}


def test_a_listing_that_lacks_what_a_notice_just_brought_removes_nothing_and_marks_it(desk: Desk) -> None:
    """A list may lag behind the entry itself, and the notice is seen to already: nobody would look again."""
    desk.hold(entry("listed"))
    desk.mark(Mark("a"))
    desk.finish(desk.take(), found(entry("a")))
    lagging = Fence(desk.serial, NOON - timedelta(minutes=10))
    desk.hold(deleted=(("a", ""), ("listed", "")), fence=lagging)
    assert desk.titles() == {"a": "t"}
    job = desk.take()
    assert (job.id, job.cause) == ("a", "notice")
    desk.finish(job, found(entry("a", title="new")))
    desk.hold(deleted=(("a", ""),), fence=Fence(desk.serial, NOON + timedelta(minutes=10)))
    assert desk.titles() == {}


def test_a_sync_of_some_marks_what_depends_on_them(desk: Desk) -> None:
    desk.hold(entry("a", on=["x"]), entry("b", on=["x"]), entry("x"))
    changed = [entry("x", title="new"), entry("a", title="with the new x", on=["x"])]
    desk.hold(*changed, fence=Fence(desk.serial, LONG_AGO, holders=True))
    assert desk.take().id == "b"
    assert desk.claim() is None


def test_a_sweep_is_due_once_for_all_who_ask(desk: Desk) -> None:
    def ask(_number: int) -> bool:
        return desk.store.notices.sweep_due("cms", before=NOON - timedelta(hours=1), now=NOON)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(ask, range(4)))
    assert sorted(told) == [False, False, False, True]
    job = desk.take(whole=True)
    assert (job.id, job.locale) == SWEEP
    assert desk.store.content.state("cms").swept_at == NOON


def test_many_who_mark_and_work_at_once_lose_nothing(desk: Desk) -> None:
    names = [f"e{number}" for number in range(10)]

    def mark(number: int) -> None:
        desk.store.notices.mark("cms", [Mark(names[(number + step) % 10]) for step in range(5)], now=NOON)

    def work(_number: int) -> int:
        done = 0
        while (job := desk.claim(1)) is not None:
            done += desk.finish(job, found(entry(job.id)), at=1) is not None
        return done

    with ThreadPoolExecutor(4) as pool:
        marking = [pool.submit(mark, number) for number in range(20)]
        working = [pool.submit(work, number) for number in range(2)]
        for future in marking:
            future.result()
        for busy in working:
            busy.result()
    work(0)
    assert sorted(desk.titles()) == sorted(names)
    assert desk.store.notices.backlogs() == ()


def test_of_a_flood_of_marks_the_rest_is_one_of_the_whole_source(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugin.store.notices.MOST_WAITING", 5)
    for number in range(20):
        desk.mark(Mark(f"e{number}"))
    assert desk.store.notices.backlogs()[0].waiting == 7
    assert desk.take(whole=True).counter == 14


def test_those_who_mark_and_finish_across_each_other_never_wait_for_each_other(desk: Desk) -> None:
    """PostgreSQL would end one of them after a second."""
    desk.hold(entry("b", on=["c"]))

    def work() -> None:
        for _ in range(40):
            desk.mark(Mark("c"))
            while (job := desk.claim(1)) is not None:
                desk.finish(job, Outcome(spread=True), at=1)

    def mark() -> None:
        for _ in range(40):
            desk.mark(Mark("c"), Mark("b"))

    with ThreadPoolExecutor(3) as pool:
        for one in [pool.submit(work), pool.submit(mark), pool.submit(mark)]:
            one.result()
    while (job := desk.claim(2)) is not None:
        desk.finish(job)
    assert desk.store.notices.backlogs() == ()


def test_every_change_puts_a_purge_in_line_with_the_tags_of_both_times(desk: Desk) -> None:
    desk.hold(entry("a", tags=("old",)), entry("same"))
    before = desk.store.content.epoch()
    desk.mark(Mark("a"))
    desk.finish(desk.take(), found(entry("a", tags=("new",), version="8")), at=2)
    changed = desk.store.purges.since(before)
    assert [(one.id, one.tags, one.removed, one.version) for one in changed] == [("a", ("old", "new"), False, "8")]
    assert (changed[0].noticed_at, changed[0].created_at) == (NOON, after(2))
    assert desk.store.purges.lags() == {"cms": timedelta(seconds=2)}
    desk.hold(deleted=(("a", ""),))
    gone = desk.store.purges.since(before + 1)
    assert [(one.types, one.tags, one.removed) for one in gone] == [(changed[0].types[-1:], ("new",), True)]


def fields_purged(desk: Desk, *now: StoredEntry) -> list[tuple[str, ...] | None]:
    """What the purges of this change say."""
    before = desk.store.content.epoch()
    desk.hold(*now)
    return [one.fields for one in desk.store.purges.since(before)]


def test_a_purge_names_the_fields_that_changed(desk: Desk) -> None:
    held = entry("a", fields={"title": "t", "price": 1, "gone": None, "deep": {"er": [1]}, "same": [{"a": 1.5}]})
    desk.hold(held, entry("b"))

    def of(**changed: object) -> list[tuple[str, ...] | None]:
        found = fields_purged(desk, replace(held, fields={**held.fields, **changed}))  # type: ignore[dict-item]
        desk.hold(held)
        return found

    assert of(title="u") == [("title",)]
    assert of(price=True, new=None, deep={"er": [1, 2]}) == [("deep", "new", "price")]
    assert of(price=1.0) == [("price",)], "which is written otherwise"
    assert of(**{'"a.b", é': 1}) == [('"a.b", é',)]
    without = {name: value for name, value in held.fields.items() if name != "gone"}
    assert fields_purged(desk, replace(held, fields=without)) == [("gone",)]
    assert fields_purged(desk, held, entry("b", title="u")) == [("gone",), ("title",)]


@pytest.mark.parametrize(
    "other",
    [
        {"type": "page"},
        {"tags": ("news", "new")},
        {"tags": ()},
        {"published_at": NOON + timedelta(microseconds=1)},
        {"published_at": None},
        {"expires_at": NOON},
    ],
)
def test_a_purge_of_what_every_decision_reads_names_no_fields(desk: Desk, other: dict[str, object]) -> None:
    desk.hold(entry("a"))
    assert fields_purged(desk, entry("a", title="u", **other)) == [None]
    assert fields_purged(desk, entry("a", title="u")) == [None]


def test_a_purge_of_what_came_or_went_names_no_fields(desk: Desk) -> None:
    assert fields_purged(desk, entry("a")) == [None]
    assert fields_purged(desk, entry("a", "fr"), entry("a", title="u")) == [None, ("title",)]
    before = desk.store.content.epoch()
    desk.hold(deleted=(("a", "fr"),))
    assert [one.fields for one in desk.store.purges.since(before)] == [None]


def test_a_purge_of_very_many_fields_names_none(desk: Desk) -> None:
    desk.hold(entry("a"))
    assert fields_purged(desk, entry("a", fields={f"field-{number}": 1 for number in range(1_000)})) == [None]


def test_a_purge_of_an_id_that_two_sources_have_names_no_fields(desk: Desk) -> None:
    """Where they have one date, all of their fields decide which of them is shown."""
    desk.hold(entry("a"), entry("b"))
    other = Changes(entries=(replace(entry("a", title="s"), source="other"),))
    desk.store.content.apply("other", other, now=NOON)
    assert fields_purged(desk, entry("a", title="u"), entry("b", title="u")) == [None, ("title",)]
    desk.store.content.drop("other", now=NOON)
    assert fields_purged(desk, entry("a", title="v")) == [("title",)]


def test_an_id_that_another_source_brings_at_the_same_time_is_seen(desk: Desk) -> None:
    """Whichever of the two is first, one of their purges is of everything."""
    for number in range(15):
        desk.hold(entry(f"e{number}"))
        before = desk.store.content.epoch()
        other = Changes(entries=(replace(entry(f"e{number}"), source="other"),))
        with ThreadPoolExecutor(2) as pool:
            writing = [
                pool.submit(desk.store.content.apply, "other", other, now=NOON),
                pool.submit(desk.hold, entry(f"e{number}", title="u")),
            ]
            for one in writing:
                one.result()
        found = [(one.source, one.fields) for one in desk.store.purges.since(before)]
        assert found in (
            [("cms", ("title",)), ("other", None)],
            [("other", None), ("cms", None)],
        )


def test_so_many_changes_are_one_purge_of_the_source(desk: Desk) -> None:
    desk.hold(*(entry(f"e{number}") for number in range(201)))
    assert [(one.id, one.source) for one in desk.store.purges.due(now=NOON)] == [("", "cms")]


def test_a_publication_and_new_groups_of_content_are_purges_of_who_gets_what(desk: Desk) -> None:
    store = desk.store
    made = store.rulesets.save({}, author="test", now=NOON)
    for action in ("publish", "rollback"):
        store.rulesets.publish(made.number, author="test", now=NOON, action=action)
    for _ in range(2):
        store.purges.regroup(4, now=NOON)
    due = store.purges.due(now=NOON)
    assert [(one.rules, one.epoch) for one in due] == [(1, 0), (2, 0), (0, 4)]
    assert {(one.audience, one.removed, one.source, one.id, one.slots) for one in due} == {(True, True, "", "", None)}
    assert [one.epoch for one in store.purges.since(0)] == [4]


def test_a_clock_that_is_put_back_holds_up_no_purge_and_no_sweep(desk: Desk) -> None:
    desk.hold(entry("a"))
    assert desk.store.purges.due(now=NOON - timedelta(minutes=5)) == ()
    assert len(desk.store.purges.due(now=LONG_AGO)) == 1
    assert desk.store.notices.sweep_due("cms", before=NOON - timedelta(hours=1), now=NOON)
    assert desk.store.notices.sweep_due("cms", before=LONG_AGO - timedelta(hours=1), now=LONG_AGO)


def test_purges_are_sent_twice_to_each_cache_or_tried_again(desk: Desk) -> None:
    desk.hold(entry("a"))
    purges, caches = desk.store.purges, ("ill", "well")
    number = purges.due(now=NOON)[0].number
    waits = PurgeBacklog(waiting=1, failing=0, oldest=NOON)
    assert purges.pending(caches, now=NOON) == Pending(changes=True, caches=())
    assert purges.backlogs(caches) == {"ill": waits, "well": waits}
    for _ in range(2):  # as by two processes
        purges.hand_over([number], caches, due_at=NOON)
    assert (purges.due(now=NOON), purges.pending(caches, now=NOON)) == ((), Pending(False, caches))
    assert purges.backlogs(caches) == {"ill": waits, "well": waits}
    purges.failed("ill", [number], "down", passes=0, due_at=after(5))
    for _ in range(2):
        purges.sent("well", [number], passes=0, again_at=after(20))
    purges.failed("well", [number], "of another process, which came too late", passes=0, due_at=NOON)
    assert purges.backlogs([*caches, "new"]) == {
        "ill": PurgeBacklog(waiting=1, failing=1, oldest=NOON),
        "well": PurgeBacklog(0, 0, None),
        "new": PurgeBacklog(0, 0, None),
    }
    assert purges.pending(caches, now=after(4)) == Pending(False, (), ("ill",))
    assert [purges.due_to(name, now=after(4)) for name in caches] == [(), ()]
    assert purges.pending(caches, now=after(5)) == Pending(False, ("ill",))
    assert purges.due_to("ill", now=after(5))[0].attempts == 1
    purges.sent("ill", [number], passes=0, again_at=after(30))
    assert purges.pending(caches, now=after(20)) == Pending(False, ("well",))
    again = purges.due_to("well", now=after(20))[0]
    assert (again.passes, again.attempts) == (1, 0)
    purges.sent("well", [number], passes=1, again_at=None)
    assert purges.due_to("well", now=after(1_000)) == ()
    assert purges.pending(caches, now=after(1_000)) == Pending(False, ("ill",))
    purges.prune(after(1))
    assert (purges.since(0), purges.pending(caches, now=after(1_000))) == ((), Pending(False, ()))


def test_what_an_older_release_puts_in_line_again_is_handed_over_with_what_is_new(desk: Desk) -> None:
    """It knows nothing of lines of caches: it sets the next date on the change itself, after it was handed over."""
    desk.hold(entry("a"))
    purges = desk.store.purges
    (first,) = purges.due(now=NOON)
    purges.hand_over([first.number], ["one", "two"], due_at=NOON)
    purges.sent("one", [first.number], passes=0, again_at=after(20))
    with writing(desk.store.engine) as tx:
        tx.execute(update(content_purges).values(due_at=NOON, passes=1))
    desk.hold(entry("b"))
    both = [one.number for one in purges.due(now=NOON)]
    purges.hand_over(both, ["one", "two"], due_at=NOON)
    assert (len(both), purges.due(now=NOON)) == (2, ())
    assert [one.number for one in purges.due_to("one", now=NOON)] == both[1:]
    assert [(one.number, one.passes) for one in purges.due_to("two", now=NOON)] == [(number, 0) for number in both]


def test_a_cache_that_rests_is_told_nothing_until_then(desk: Desk) -> None:
    desk.hold(entry("a"))
    purges = desk.store.purges
    first = purges.due(now=NOON)[0].number
    purges.hand_over([first], ["one"], due_at=NOON)
    purges.failed("one", [first], "429", passes=0, due_at=after(7))
    desk.hold(entry("b"))
    purges.hand_over([one.number for one in purges.due(now=NOON)], ["one", "two"], due_at=NOON)
    assert purges.pending(["one", "two"], now=after(6)) == Pending(False, ("two",), ("one",))
    assert [len(purges.due_to(name, now=after(6))) for name in ("one", "two")] == [0, 1]
    assert len(purges.due_to("one", now=after(7))) == 2
    assert len(purges.due_to("one", now=LONG_AGO)) == 2, "of a clock that was put back"
    assert purges.pending(["one"], now=LONG_AGO) == Pending(False, ("one",))


def test_old_tombstones_are_forgotten(desk: Desk) -> None:
    desk.hold(entry("a"))
    desk.hold(deleted=(("a", ""),))
    desk.store.purges.prune(after(1))
    desk.mark(Mark("a"))
    assert desk.take().gone == {}


def test_when_an_entry_ends_is_kept_and_seen(desk: Desk) -> None:
    desk.hold(entry("a"))
    applied = desk.hold(entry("a", expires_at=after(60)))
    assert applied.updated == 1
    assert desk.store.content.snapshot().entries[0].expires_at == after(60)


def test_what_an_entry_depends_on_is_kept_and_no_change_to_readers(desk: Desk) -> None:
    desk.hold(entry("a"))
    applied = desk.hold(entry("a", on=["y", "x"]))
    assert (applied.updated, applied.unchanged) == (0, 1)
    assert desk.store.content.snapshot().entries[0].depends_on == ("x", "y")


def test_held_removals_stay_until_a_sync_tells_otherwise(desk: Desk) -> None:
    content = desk.store.content
    content.apply("cms", Changes(), now=NOON, held_removals=30)
    content.apply("cms", Changes(), now=NOON)
    assert content.state("cms").held_removals == 30
    content.apply("cms", Changes(), now=NOON, held_removals=0)
    assert content.state("cms").held_removals == 0


def test_a_source_that_answers_again_shows_no_failure(desk: Desk) -> None:
    desk.store.content.failed("cms", "down", now=NOON)
    desk.store.content.recovered("cms")
    state = desk.store.content.state("cms")
    assert (state.failures, state.last_error) == (0, None)


def test_a_dropped_source_takes_its_marks_and_tombstones_along(desk: Desk) -> None:
    desk.hold(entry("a"), entry("b"))
    desk.hold(deleted=(("a", ""),))
    desk.mark(Mark("a"))
    desk.store.content.drop("cms", now=NOON)
    assert (desk.claim(), desk.store.notices.backlogs()) == (None, ())
    desk.mark(Mark("a"))
    assert desk.take().gone == {}


def test_the_highest_announced_version_is_kept_with_the_mark_until_it_is_seen(desk: Desk) -> None:
    desk.mark(Mark("a", version="007"))
    desk.mark(Mark("a", version="012"), Mark("a", version="009"), at=1)
    desk.mark(Mark("a", version="010"), at=2)
    desk.mark(Mark("a"), at=3)
    job = desk.take(3)
    assert (job.announced, job.announced_at, job.counter) == ("012", NOON, 4)
    desk.finish(job, found(again_at=after(4), stage=1, awaits=True), at=3)
    assert desk.store.content.announced("cms") == {("a", None): "012"}
    job = desk.take(4)
    assert (job.announced, job.announced_at) == ("012", NOON)
    desk.finish(job, found(entry("a"), again_at=after(5), stage=2), at=4)
    assert desk.store.content.announced("cms") == {}
    job = desk.take(5)
    assert (job.announced, job.announced_at) == (None, None)


def test_a_version_that_is_announced_while_one_before_it_is_fetched_is_waited_for(desk: Desk) -> None:
    desk.mark(Mark("a", "fr", version="007"))
    job = desk.take()
    desk.mark(Mark("a", "fr", version="008"), at=1)
    desk.finish(job, found(entry("a", "fr")), at=2)
    assert desk.store.content.announced("cms") == {("a", "fr"): "008"}
    again = desk.take(2)
    assert (again.announced, again.announced_at) == ("008", NOON)
    desk.finish(again, at=2)
    assert desk.store.notices.backlogs() == ()


def test_what_is_overdue_is_counted_apart_until_the_next_notice(desk: Desk) -> None:
    desk.mark(Mark("a", version="007"), Mark("b"))
    desk.finish(desk.take(), found(again_at=after(300), stage=5, awaits=True, overdue=True), at=30)
    backlog = desk.store.notices.backlogs()[0]
    assert (backlog.waiting, backlog.settling, backlog.overdue, backlog.since) == (1, 0, 1, NOON)
    assert desk.store.content.announced("cms") == {}, "a listing is believed again"
    desk.mark(Mark("a"), at=40)
    backlog = desk.store.notices.backlogs()[0]
    assert (backlog.waiting, backlog.overdue, backlog.since) == (2, 0, None)
    assert desk.store.content.announced("cms") == {("a", None): "007"}
