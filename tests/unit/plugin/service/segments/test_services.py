"""Filling segments, what ends by itself, what is kept of it, and who is told what, on a real store."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from plugin.errors import Conflict, NotFound, ValidationFailed
from plugin.ports import Member, Put
from plugin.service.preconditions import Precondition
from plugin.service.segments.asked import Asked, Terms
from plugin.service.segments.expiry import SegmentExpiry
from plugin.service.segments.importing import BadLines, SegmentImport
from plugin.service.segments.members import SegmentMembers
from plugin.service.segments.services import SegmentServices
from plugin.service.segments.times import Decay, until
from plugin.store import Store
from tests.unit.plugin.service.taking import HASHER
from tests.unit.plugin.web.small_app import DOCUMENT, NOW, Small, small_app

DAY = 86_400_000
AT = int(NOW.timestamp() * 1000)
SEGMENTS: list[dict[str, Any]] = [
    {"id": "beta", "name": "Testers", "members": ["v-listed"]},
    {"id": "hot", "computed": True},
    {"id": "fan", "pattern": {"event": "view", "count": {"gte": 2}, "within": "1h"}},
    {"id": "mobile", "when": {"device.type": "mobile"}},
    {"id": "big-spender", "when": {"profile.spend": {"gte": 500}}},
]
NO_TERMS = Terms()


@pytest.fixture
def small(sqlite_store: Store) -> Small:
    made = small_app(sqlite_store)
    made.services.publishing.release({**DOCUMENT, "segments": SEGMENTS}, author="seed")
    return made


@pytest.fixture
def services(small: Small) -> SegmentServices:
    return small.services.segments


def asked(*ids: str, **rest: Any) -> list[Asked]:
    return [Asked(one, **rest) for one in ids]


def inside(store: Store, segment: str, now: int = AT) -> set[str]:
    return {one.source for one in store.segment_lists.members(segment, now=now, limit=1_000).items}


def of(*ids: str) -> set[str]:
    return {HASHER.source(one) for one in ids}


def add(services: SegmentServices, segment: str, *ids: str, terms: Terms = NO_TERMS, replace: bool = False) -> None:
    services.members.put(segment, asked(*ids), terms, replace=replace, author="crm")


def test_members_are_added_replaced_and_taken_out(services: SegmentServices, small: Small) -> None:
    add(services, "beta", "a", "b")
    assert inside(small.store, "beta") == of("a", "b")
    add(services, "beta", "b", "c", replace=True)  # in the same millisecond: the clock of the tests stands still
    assert inside(small.store, "beta") == of("b", "c")
    assert services.members.remove("beta", ["b", "nobody"], author="crm").removed == 1
    assert services.members.clear("beta", author="crm").removed == 1
    assert inside(small.store, "beta") == set()


def test_no_id_is_kept_and_whoever_did_it_is_noted(services: SegmentServices, small: Small) -> None:
    add(services, "beta", "somebody@example.org")
    services.reading.members("beta", after=None, limit=5, author="ada")
    services.history.of("somebody@example.org", after=None, limit=5, author="ada")
    noted = [(one.actor, one.action, one.source) for one in small.store.audit.page().items]
    source = HASHER.source("somebody@example.org")
    assert noted == [("ada", "read_segments", source), ("ada", "read_members", None), ("crm", "change_members", None)]
    with small.store.engine.connect() as tx:
        dump = "\n".join(tx.connection.driver_connection.iterdump())  # type: ignore[union-attr]
    assert source in dump
    assert "somebody@" not in dump


def test_of_two_replacements_at_once_the_second_is_refused(services: SegmentServices, small: Small) -> None:
    def chunks() -> Iterator[Sequence[Member]]:
        yield [Member(HASHER.source("a"))]
        with pytest.raises(Conflict, match="being replaced just now"):
            add(services, "beta", "b", replace=True)
        add(services, "beta", "c")  # an addition need not wait, and is not undone

    segment = services.segments.filled("beta")
    services.members.write(segment, chunks(), NO_TERMS, replace=True, author="crm", via="api")
    assert inside(small.store, "beta") == of("a", "c")
    add(services, "beta", "b", replace=True)
    assert inside(small.store, "beta") == of("b")


def test_only_segments_of_the_right_kinds_are_filled(services: SegmentServices) -> None:
    with pytest.raises(Conflict, match="pattern"):
        add(services, "fan", "a")
    with pytest.raises(Conflict, match="condition"):
        add(services, "mobile", "a")
    with pytest.raises(NotFound, match="did you mean 'beta'"):
        add(services, "betas", "a")


def test_a_segment_of_the_draft_may_be_filled_before_it_is_published(services: SegmentServices, small: Small) -> None:
    drafting = small.services.drafting
    drafting.create("segments", {"id": "soon", "members": []}, author="ed")
    add(services, "soon", "a")
    size = next(one for one in services.reading.sizes() if one.id == "soon")
    assert (size.size, size.published) == (1, False)
    item = drafting.get("segments", "soon")
    drafting.delete("segments", "soon", precondition=Precondition(frozenset({item.tag})), author="ed")
    orphan = next(one for one in services.reading.sizes() if one.id == "soon")
    assert (orphan.kind, orphan.size, orphan.orphaned) == (None, 1, True)
    with pytest.raises(NotFound):
        add(services, "soon", "b")
    assert services.members.clear("soon", author="ed").removed == 1
    with pytest.raises(NotFound):
        services.members.clear("soon", author="ed")


def test_a_draft_that_changes_the_kind_is_enough(services: SegmentServices, small: Small) -> None:
    changed: list[Any] = [one if one["id"] != "mobile" else {"id": "mobile", "members": []} for one in SEGMENTS]
    small.services.drafting.replace(
        _document(segments=changed), precondition=Precondition(frozenset({"*"})), author="ed"
    )
    add(services, "mobile", "a")
    assert inside(small.store, "mobile") == of("a")


def test_every_fault_of_a_batch_is_named_and_nothing_written(services: SegmentServices, small: Small) -> None:
    batch = [Asked("a"), Asked(" "), Asked("b", score=1.0), Asked("c", ttl="7x"), Asked("d", score=float("inf"))]
    with pytest.raises(ValidationFailed) as refused:
        services.members.put("beta", batch, Terms(half_life="x", threshold=-1.0), replace=True, author="crm")
    pointers = [one.pointer for one in refused.value.errors]
    assert pointers == [
        "/decay",
        "/decay/half_life",
        "/decay/threshold",
        "/members/0/score",
        "/members/1/score",
        "/members/1",
        "/members/2/score",
        "/members/3/ttl",
        "/members/3/score",
        "/members/4/score",
    ]
    assert inside(small.store, "beta") == set()


def test_what_a_member_says_of_its_end_goes_before_the_batch(services: SegmentServices, small: Small) -> None:
    batch = [Asked("a"), Asked("b", ttl="1d"), Asked("c", expires_at=datetime(2026, 11, 24, tzinfo=UTC))]
    services.members.put("beta", batch, Terms(ttl="30d"), replace=False, author="crm")
    ends = {one.source: one.until for one in small.store.segment_lists.members("beta", now=AT).items}
    third = int(datetime(2026, 11, 24, tzinfo=UTC).timestamp() * 1000)
    assert ends == dict(zip((HASHER.source(one) for one in "abc"), (AT + 30 * DAY, AT + DAY, third), strict=True))


def test_a_score_ends_where_it_is_below_the_threshold() -> None:
    decay = Decay(half_life_ms=DAY, threshold=0.1)
    end = until(AT, score=0.8, decay=decay)
    assert end == AT + 3 * DAY + 1
    assert until(AT, score=0.1, decay=decay) == AT + 1
    assert until(AT, score=0.099, decay=decay) == AT
    assert until(AT, score=1e308, decay=Decay(10**12, 1e-300)) == 253_402_300_799_000
    assert until(AT, score=0.8, ttl=5, decay=decay) == AT + 5
    assert until(AT, expires=AT + 9, ttl=5) == AT + 5
    assert until(AT, score=0.8) is None


def test_who_falls_below_the_threshold_is_taken_out(services: SegmentServices, small: Small) -> None:
    terms = Terms(half_life="1d", threshold=0.1)
    services.members.put("hot", asked("a", "b", score=0.8), terms, replace=False, author="job")
    done = services.members.put("hot", asked("a", score=0.05), terms, replace=False, author="job")
    assert (done.over, done.removed, done.entered) == (1, 1, 0)
    assert inside(small.store, "hot") == of("b")
    (held,) = services.history.of("b", after=None, limit=5, author="ada").held
    assert (held.score, held.active, held.until) == (0.8, True, AT + 3 * DAY + 1)
    assert held.reason == {"by": "job", "via": "api", "half_life": "1d", "threshold": 0.1}


def test_what_is_over_leaves_by_itself_in_steps(services: SegmentServices, small: Small) -> None:
    add(services, "beta", "a", "b", "c", terms=Terms(ttl="1d"))
    add(services, "beta", "d")
    now = AT
    expiry = SegmentExpiry(small.store.segment_lists, now_ms=lambda: now, limit=2)
    assert not expiry.step()
    now = AT + DAY
    assert expiry.step()
    assert not expiry.step()
    assert inside(small.store, "beta", now) == of("d")
    small.clock.move(DAY / 1000)
    activity = services.reading.activity("beta")
    assert (activity.size.size, activity.size.listed) == (2, 1)
    assert (activity.day.entered, activity.day.left, activity.week.left) == (4, 3, 3)


def test_sizes_of_the_four_kinds(services: SegmentServices) -> None:
    add(services, "beta", "a")
    found = {one.id: (one.kind, one.size) for one in services.reading.sizes()}
    assert found == {
        "beta": ("members", 2),
        "big-spender": ("when", None),
        "fan": ("pattern", 0),
        "hot": ("computed", 0),
        "mobile": ("when", None),
    }
    assert all((one.why is None) is (one.kind != "when") for one in services.reading.sizes())
    with pytest.raises(Conflict, match="condition"):
        services.reading.members("mobile", after=None, limit=1, author="ada")
    with pytest.raises(NotFound):
        services.reading.activity("none")


def test_uses_are_those_of_the_draft_and_of_what_is_published(services: SegmentServices, small: Small) -> None:
    drafting = small.services.drafting
    document = _document(rules=[], tests=[])
    drafting.replace(document, precondition=Precondition(frozenset({"*"})), author="ed")
    drafting.create("segments", {"id": "spends", "when": {"segment": "big-spender"}}, author="ed")
    found = [(one.section, one.id, one.draft, one.published) for one in services.uses.of("big-spender")]
    assert found == [("segments", "spends", True, False), ("rules", "hero-vip", False, True)]
    with pytest.raises(NotFound, match="'spends'"):
        services.uses.of("spend")


def test_an_import_is_all_or_nothing_unless_told_to_skip(services: SegmentServices, small: Small) -> None:
    raw = b"a\n\x01\nb\n"
    with pytest.raises(BadLines) as refused:
        _import(services, raw)
    assert refused.value.members()["errors"] == [
        {"pointer": "", "line": 2, "to": 2, "detail": "a visitor id has 1 to 128 characters, none of them a control"}
    ]
    assert inside(small.store, "beta") == set()
    done = _import(services, raw, skip=True)
    assert (done.lines, done.rejected, done.written.entered) == (2, 1, 2)
    assert inside(small.store, "beta") == of("a", "b")


def test_an_empty_file_empties_no_segment(services: SegmentServices, small: Small) -> None:
    add(services, "beta", "a")
    for raw in (b"", b"id\n", b"\x01\n"):
        with pytest.raises(BadLines, match="holds no visitor id"):
            _import(services, raw, replace=True, skip=True)
    assert inside(small.store, "beta") == of("a")


def test_the_segments_of_a_visitor_have_those_of_the_document_and_no_strangers(services: SegmentServices) -> None:
    found = services.history.of("v-listed", after=None, limit=5, author="ada")
    assert [(one.segment, one.since, one.active) for one in found.held] == [("beta", None, True)]
    assert services.history.of("stranger", after=None, limit=5, author="ada").held == ()
    with pytest.raises(NotFound):
        services.history.of("\x01", after=None, limit=5, author="ada")


class Counting:
    """Counts who is put in, and forgets them."""

    def __init__(self) -> None:
        self.put_in = 0

    def put(self, _segment: str, _kind: str, members: Sequence[Member], **_rest: object) -> Put:
        self.put_in += len(members)
        return Put(len(members), 0, 0)


def test_an_import_holds_the_same_memory_for_fifty_thousand_as_for_five_thousand(services: SegmentServices) -> None:
    def peak(number: int) -> int:
        counting = Counting()
        members = SegmentMembers(
            services.segments,
            counting,  # type: ignore[arg-type]  # only what an import asks of it
            None,  # type: ignore[arg-type]
            Quiet(),  # type: ignore[arg-type]
            hasher=HASHER,
            now_ms=lambda: AT,
            new_id=lambda: "x",
        )
        imports = SegmentImport(services.segments, members, hasher=HASHER, now_ms=lambda: AT)
        raw = "\n".join(f"visitor-{one:08}" for one in range(number)).encode()
        tracemalloc.start()
        try:
            imports.run("beta", raw, NO_TERMS, column=None, replace=False, skip=False, author="crm")
            found = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert counting.put_in == number
        return found

    small, large = peak(5_000), peak(50_000)
    assert large < small + 2 * 1024 * 1024


class Quiet:
    """Notes nothing."""

    def note(self, *_what: object, **_more: object) -> None: ...


def _document(**changed: Any) -> dict[str, Any]:
    return {**DOCUMENT, "segments": SEGMENTS, **changed}


def _import(services: SegmentServices, raw: bytes, *, replace: bool = False, skip: bool = False) -> Any:
    run: Callable[..., Any] = services.imports.run
    return run("beta", raw, NO_TERMS, column=None, replace=replace, skip=skip, author="crm")
