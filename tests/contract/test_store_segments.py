"""The contract of lists, computed segments, identity, custom types and the log, over each database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plugin.errors import Conflict, NotFound, PreconditionFailed, ValidationFailed
from plugin.ports import ErasureFence, EventType, Link, Linking, Member, Membership, Put, Tick, Traffic, VisitorRow
from plugin.store import Store
from tests.contract.visitors import NOW, change, event, keep, source, visitor, working

NAMES = [f"v-{number}" for number in range(1_203)]
MEMBERS = [Member(source(name)) for name in NAMES]


def put(store: Store, members: list[Member], *, at: int = NOW, wake: bool = True) -> Put:
    return store.segment_lists.put("vips", "list", members, key_version=1, at=at, reason='{"file":"a.csv"}', wake=wake)


def everybody(store: Store, segment: str = "vips", now: int = NOW) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while True:
        page = store.segment_lists.members(segment, now=now, after=after, limit=500)
        found += [one.source for one in page.items]
        if page.next is None:
            return found
        after = page.next


def test_a_list_larger_than_a_transaction_is_put_and_exported(store: Store) -> None:
    assert put(store, [*MEMBERS, MEMBERS[3]]) == Put(1_203, 0, 0)
    assert everybody(store) == sorted(map(source, NAMES))
    assert store.segment_lists.sizes(now=NOW) == {"vips": 1_203}
    assert put(store, MEMBERS[:2], at=NOW + 1) == Put(0, 2, 0)
    (first,) = store.visitors.memberships([source("v-0")])
    assert first == Membership("vips", source("v-0"), "list", NOW, None, None, '{"file":"a.csv"}')


def test_a_replacement_takes_out_whom_it_does_not_name(store: Store) -> None:
    put(store, MEMBERS[:900])
    put(store, MEMBERS[600:1_000], at=NOW + 5)
    gone = []
    while taken := store.segment_lists.keep("vips", at=NOW + 5, limit=250):
        gone.append(taken)
    assert gone == [250, 250, 100]
    assert everybody(store) == sorted(map(source, NAMES[600:1_000]))
    assert [one.way for one in store.visitors.history([source("v-0")]).items] == ["left", "entered"]
    assert [one.way for one in store.visitors.history([source("v-700")]).items] == ["entered"]


def test_a_late_addition_does_not_undo_that_a_replacement_named_somebody(store: Store) -> None:
    put(store, MEMBERS[:2], at=NOW + 5)
    put(store, MEMBERS[:1], at=NOW + 4)
    assert store.segment_lists.newest("vips") == NOW + 5
    assert store.segment_lists.newest("none") is None
    assert store.segment_lists.keep("vips", at=NOW + 5) == 0
    assert store.segment_lists.size("vips", now=NOW + 5) == 2


def test_the_size_and_the_traffic_of_one_segment(store: Store) -> None:
    put(store, [replace(MEMBERS[0], until=NOW + 10), *MEMBERS[1:5]])
    with working(store) as batch:
        batch.memberships([change("fans", "v-4")])
    store.segment_lists.remove("vips", [source("v-1")], at=NOW + 2)
    assert [store.segment_lists.size(name, now=NOW + 9) for name in ("vips", "fans", "none")] == [4, 1, 0]
    assert store.segment_lists.size("vips", now=NOW + 10) == 3
    assert store.segment_lists.traffic("vips", since=NOW) == Traffic(5, 1)
    assert store.segment_lists.traffic("vips", since=NOW + 1) == Traffic(0, 1)
    assert store.segment_lists.traffic("none", since=NOW) == Traffic(0, 0)


def test_members_leave_by_name_by_time_and_with_their_segment(store: Store) -> None:
    put(store, [replace(MEMBERS[0], until=NOW + 10), *MEMBERS[1:5]])
    with working(store) as batch:
        batch.memberships([change("fans", "v-4", until=NOW + 10)])
    assert store.segment_lists.remove("vips", [source("v-1"), source("nobody")], at=NOW + 1) == 1
    assert store.segment_lists.sizes(now=NOW + 10) == {"vips": 3}
    assert everybody(store, now=NOW + 10) == sorted(map(source, NAMES[2:5]))
    assert store.segment_lists.expire(now=NOW + 9) == 0
    assert store.segment_lists.expire(now=NOW + 10) == 2
    assert store.visitors.history([source("v-0")]).items[0].reason == '{"expired":true}'
    assert store.segment_lists.clear("vips", at=NOW + 11, limit=2) == 2
    assert store.segment_lists.clear("vips", at=NOW + 11, limit=2) == 1
    assert store.segment_lists.sizes(now=NOW) == {}


def test_whose_segments_change_is_looked_at_again_and_nobody_else(store: Store) -> None:
    with working(store) as batch:
        batch.ticks({source("v-0"): NOW - 7})
    put(store, MEMBERS[:3])
    due = {tick.source: tick.due for tick in store.applying.due(now=NOW)}
    assert due == {source("v-0"): NOW - 7, source("v-1"): NOW, source("v-2"): NOW}
    with working(store) as batch:
        batch.ticks({}, clear=due)
    put(store, [MEMBERS[0], replace(MEMBERS[1], score=0.5), MEMBERS[2]], at=NOW + 1)
    assert store.applying.due(now=NOW + 1) == (Tick(source("v-1"), NOW + 1),)
    store.segment_lists.clear("vips", at=NOW + 2, wake=False)
    assert len(store.applying.due(now=NOW + 2)) == 1


def test_whoever_was_erased_after_the_list_was_drawn_up_stays_out(store: Store) -> None:
    store.privacy.fence([ErasureFence(source("v-1"), 1, NOW + 1, "r", NOW + 99)])
    assert put(store, MEMBERS[:3]) == Put(2, 0, 1)
    assert put(store, MEMBERS[:3], at=NOW + 2) == Put(1, 2, 0)


def test_text_that_no_database_holds_is_refused(store: Store) -> None:
    with pytest.raises(ValidationFailed):
        store.segment_lists.put("a\0b", "list", MEMBERS[:1], key_version=1, at=NOW)
    with pytest.raises(ValidationFailed), working(store) as batch:
        batch.log([event("e", slot="a\ud800")])
    with pytest.raises(ValidationFailed), working(store) as batch:
        batch.memberships([change("s", reason="\0")])
    assert store.event_log.of([source("ann")]).items == ()


@pytest.mark.parametrize("cursor", ["", "x", "WzFd", "WyJhIl0", "WyItMSJd", "WyI5OTk5OTk5OTk5OTk5OTk5OTk5OTkiXQ"])
def test_a_cursor_of_another_list_is_refused(store: Store, cursor: str) -> None:
    for ask in (
        lambda: store.visitors.history([source("a")], after=cursor),
        lambda: store.event_log.of([source("a")], after=cursor),
        lambda: store.audit.page(after=cursor),
        lambda: store.rekeying.stale(2, after=cursor),
    ):
        with pytest.raises(ValidationFailed):
            ask()


def test_links_are_noted_once_ended_and_made_again(store: Store) -> None:
    ann, phone = source("ann"), source("phone")
    with store.identity.begin() as linking:
        assert linking.link(phone, ann, at=NOW, reason="identify")
        assert not linking.link(phone, ann, at=NOW + 1, reason="identify")
    with store.identity.begin() as linking:
        assert linking.unlink(phone, ann, at=NOW + 2)
        assert not linking.unlink(phone, ann, at=NOW + 3)
        assert linking.link(phone, ann, at=NOW + 4, reason="again")
    both = (Link(phone, ann, NOW, NOW + 2, "identify"), Link(phone, ann, NOW + 4, None, "again"))
    assert store.identity.links([ann]) == store.identity.links([phone]) == both
    assert store.identity.links([source("bob")]) == ()


def test_a_link_and_its_undoing_move_a_row_between_groups(store: Store) -> None:
    ann, phone = source("ann"), source("phone")
    keep(store, visitor("ann", known=True, hot=b"a"), visitor("phone", hot=b"p"))
    with store.identity.begin() as linking:
        rows = linking.groups([ann, phone])
        linking.link(phone, ann, at=NOW, reason="identify")
        linking.outbox(linking.save([replace(row, person=ann, hot=b"ap") for row in rows]))
    assert {row.source for row in store.visitors.group(phone)} == {ann, phone}
    assert store.visitors.hot(phone) == (NOW + 1, b"ap")
    with pytest.raises(Conflict), store.identity.begin() as linking:
        undo_badly(linking, replace(rows[0], version=NOW + 7))
    assert store.identity.links([phone])[0].ended is None


def undo_badly(linking: Linking, row: VisitorRow) -> None:
    assert linking.unlink(source("phone"), source("ann"), at=NOW + 1)
    linking.save([row])


def test_custom_types_change_by_their_version(store: Store) -> None:
    made = store.event_types.put("quiz", '{"type":"object"}', "personalization", at=NOW, expected=0)
    assert made == EventType("quiz", '{"type":"object"}', "personalization", 1, NOW)
    with pytest.raises(PreconditionFailed):
        store.event_types.put("quiz", "{}", "statistics", at=NOW, expected=0)
    assert store.event_types.put("quiz", "{}", "statistics", at=NOW + 1, expected=1).version == 2
    assert store.event_types.put("poll", "{}", "statistics", at=NOW).version == 1
    assert [one.name for one in store.event_types.every()] == ["poll", "quiz"]
    with pytest.raises(PreconditionFailed):
        store.event_types.delete("quiz", expected=1)
    store.event_types.delete("quiz", expected=2)
    with pytest.raises(NotFound):
        store.event_types.delete("quiz")


def test_events_come_back_as_they_were_logged_the_newest_first(store: Store) -> None:
    full = event(
        "e-2",
        content_id="c é",
        slot="home",
        value=1.5,
        properties=b"\x00\xff",
        decision_id="d",
        flags=3,
        facts=b"f",
    )
    logged = [event("e-1"), full, event("e-3", "bob"), *(event(f"n-{number}") for number in range(700))]
    with working(store) as batch:
        batch.log(logged)
    first = store.event_log.of([source("ann")], limit=700)
    rest = store.event_log.of([source("ann")], limit=700, after=first.next)
    assert [*first.items, *rest.items] == [one for one in reversed(logged) if one.id != "e-3"]
    assert len(store.event_log.of([source("ann"), source("bob")], limit=1_000).items) == 703
    assert store.event_log.of([]).items == ()
