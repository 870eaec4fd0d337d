"""The contract of rule-set stores and of the draft, over each database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from plugin.errors import Conflict, NotFound, PreconditionFailed, TesseraError, ValidationFailed
from plugin.ports import Differing, RulesetVersion
from plugin.store import Store

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)


def save(store: Store, **members: object) -> RulesetVersion:
    return store.rulesets.save({"version": 1, **members}, author="ann", note="because", now=NOON)


def test_a_saved_version_comes_back_as_canonical_text_with_its_digest(store: Store) -> None:
    made = store.rulesets.save({"b": "é\u2028", "a": [1, {"d": None, "c": 0.5}]}, author="ann", now=NOON)
    assert made.document == '{"a":[1,{"c":0.5,"d":null}],"b":"é\u2028"}'
    assert made.digest == hashlib.sha256(made.document.encode()).hexdigest()
    assert store.rulesets.get(1) == made


def test_an_instant_comes_back_in_utc_to_the_microsecond(store: Store) -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    store.rulesets.save({}, author="ann", now=there)
    found = store.rulesets.get(1).created_at
    assert (found, found.utcoffset()) == (NOON, timedelta(0))


def test_equal_documents_have_equal_digests_whatever_the_order_of_keys(store: Store) -> None:
    one = store.rulesets.save({"a": 1, "b": 2}, author="ann", now=NOON)
    two = store.rulesets.save({"b": 2, "a": 1}, author="bob", now=NOON)
    assert (one.number, two.number, one.digest) == (1, 2, two.digest)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {1, 2}, b"x"], ids=ascii)
def test_what_is_not_json_is_refused_and_uses_no_number(store: Store, value: object) -> None:
    with pytest.raises(ValidationFailed):
        save(store, rules=[value])
    assert save(store).number == 1


def test_a_document_nested_too_deeply_is_refused(store: Store) -> None:
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"all": deep}
    with pytest.raises(ValidationFailed, match="nested"):
        save(store, rules=deep)


@pytest.mark.parametrize("name", ["a\0b", "\ud800"], ids=ascii)
def test_text_that_one_database_cannot_hold_is_refused_by_both(store: Store, name: str) -> None:
    with pytest.raises(ValidationFailed):
        store.rulesets.save({}, author=name, now=NOON)
    with pytest.raises(ValidationFailed):
        store.rulesets.save({}, author="ann", note=name, now=NOON)
    assert save(store).number == 1


def test_a_nul_inside_a_document_is_kept(store: Store) -> None:
    save(store, name="a\0b")
    assert json.loads(store.rulesets.get(1).document)["name"] == "a\0b"


@pytest.mark.parametrize("number", [-1, 0, 1, 2**31, 2**63, 10**30])
def test_an_unknown_version_is_not_found(store: Store, number: int) -> None:
    with pytest.raises(NotFound):
        store.rulesets.get(number)
    with pytest.raises(NotFound):
        store.rulesets.publish(number, author="ann", now=NOON)
    assert store.rulesets.epoch() == 0


def test_versions_are_listed_newest_first_page_by_page(store: Store) -> None:
    numbers = [save(store).number for _ in range(5)]
    first = store.rulesets.page(limit=2)
    second = store.rulesets.page(limit=2, after=first.next)
    last = store.rulesets.page(limit=2, after=second.next)
    assert [s.number for page in (first, second, last) for s in page.items] == numbers[::-1]
    assert last.next is None
    assert store.rulesets.page(limit=5).next is None


@pytest.mark.parametrize("cursor", ["", "x", "é", "WyJhIl0", "W10", "Wy0xXQ", "WzFlMzBd", "[1]", "Wzk5OTk5OTk5OTk5XQ"])
def test_a_cursor_that_was_not_given_out_is_refused(store: Store, cursor: str) -> None:
    for listing in (store.rulesets.page, store.rulesets.history):
        with pytest.raises(ValidationFailed):
            listing(after=cursor)


@pytest.mark.parametrize("limit", [-1, 0, 1_001])
def test_a_page_has_a_limit(store: Store, limit: int) -> None:
    with pytest.raises(ValidationFailed):
        store.rulesets.page(limit=limit)


def test_nothing_is_published_at_first(store: Store) -> None:
    save(store)
    assert (store.rulesets.published(), store.rulesets.epoch()) == (None, 0)
    assert store.rulesets.history().items == ()


def test_publishing_moves_the_pointer_and_is_remembered(store: Store) -> None:
    one, two = save(store), save(store, timezone="Europe/Paris")
    first = store.rulesets.publish(two.number, author="ann", note="go", now=NOON)
    later = store.rulesets.publish(one.number, author="bob", now=NOON + timedelta(hours=1), expected_epoch=first.epoch)
    published = store.rulesets.published()
    assert published is not None
    assert (published.epoch, published.version) == (2, one)
    assert store.rulesets.epoch() == 2
    assert store.rulesets.history().items == (later, first)
    assert (first.previous, first.action, first.note, later.previous) == (None, "publish", "go", two.number)
    page = store.rulesets.history(limit=1)
    assert store.rulesets.history(limit=1, after=page.next).items == (first,)


def test_a_publication_says_which_slots_are_others_than_those_that_were_published_until_then(store: Store) -> None:
    for _ in range(3):
        save(store)
    told = Differing(1, ("a", "é"))
    for number, differing in ((1, told), (2, told), (3, told), (1, Differing(3, ()))):
        store.rulesets.publish(number, author="ann", now=NOON, differing=differing)
    purges = store.purges.due(now=NOON)
    assert [(one.rules, one.slots) for one in purges] == [(1, None), (2, ("a", "é")), (3, None), (4, ())]


def test_a_rollback_is_a_new_row_and_needs_a_version_that_was_published(store: Store) -> None:
    for _ in range(3):
        save(store)
    store.rulesets.publish(1, author="ann", now=NOON)
    store.rulesets.publish(2, author="ann", now=NOON)
    back = store.rulesets.publish(1, author="ann", now=NOON, action="rollback")
    assert (back.epoch, back.previous, back.action) == (3, 2, "rollback")
    with pytest.raises(Conflict, match="never published"):
        store.rulesets.publish(3, author="ann", now=NOON, action="rollback")
    assert store.rulesets.epoch() == 3


@pytest.mark.parametrize("expected", [0, 2, 2**70, -1])
def test_a_publisher_who_saw_another_epoch_is_refused(store: Store, expected: int) -> None:
    save(store)
    store.rulesets.publish(1, author="ann", now=NOON)
    with pytest.raises(PreconditionFailed):
        store.rulesets.publish(1, author="bob", now=NOON, expected_epoch=expected)
    assert store.rulesets.epoch() == 1


def both(work: Callable[[int], object], times: int) -> list[object]:
    """Run at once; errors of the tree are results like any other."""

    def guarded(number: int) -> object:
        try:
            return work(number)
        except TesseraError as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(guarded, range(times)))


def test_of_publishers_at_the_same_moment_one_wins(store: Store) -> None:
    save(store)
    save(store)
    results = both(lambda n: store.rulesets.publish(n % 2 + 1, author=f"p{n}", now=NOON, expected_epoch=0), 8)
    assert sum(isinstance(result, PreconditionFailed) for result in results) == 7
    assert store.rulesets.epoch() == len(store.rulesets.history().items) == 1


def test_publishers_without_an_expectation_all_go_through_in_some_order(store: Store) -> None:
    save(store)
    save(store)
    both(lambda n: store.rulesets.publish(n % 2 + 1, author=f"p{n}", now=NOON), 12)
    history = store.rulesets.history().items
    assert [row.epoch for row in history] == list(range(12, 0, -1))
    assert [row.previous for row in history] == [row.number for row in history[1:]] + [None]


def test_numbers_have_no_gaps_when_many_save_and_some_fail(store: Store) -> None:
    results = both(lambda n: save(store, bad=float("nan")) if n % 3 == 0 else save(store, n=n), 24)
    numbers = sorted(result.number for result in results if isinstance(result, RulesetVersion))
    assert numbers == list(range(1, 17))


def test_the_pointer_and_its_document_always_belong_together(store: Store) -> None:
    """A reader between two publications sees either, never the epoch of one with the document of the other."""
    for n in range(2):
        save(store, n=n)

    def work(n: int) -> object:
        if n % 2:
            return store.rulesets.publish(n // 2 % 2 + 1, author="ann", now=NOON)
        return store.rulesets.published()

    both(work, 40)
    seen = [store.rulesets.published(), *both(work, 40)]
    number_at = {row.epoch: row.number for row in store.rulesets.history(limit=100).items}
    for published in seen:
        if published is not None and hasattr(published, "version"):
            assert published.version.number == number_at[published.epoch]


def test_the_draft_begins_empty(store: Store) -> None:
    draft = store.draft.get()
    assert (draft.revision, draft.document, draft.updated_at) == (0, {"version": 1}, None)
    assert draft.digest == hashlib.sha256(b'{"version":1}').hexdigest()


def test_the_draft_is_replaced_by_who_saw_its_latest_revision(store: Store) -> None:
    made = store.draft.replace({"version": 1, "slots": [{"id": "a"}]}, expected=0, author="ann", now=NOON)
    assert (made.revision, made.author, made.updated_at) == (1, "ann", NOON)
    assert store.draft.get() == made
    for stale in (0, 2, 2**70):
        with pytest.raises(PreconditionFailed):
            store.draft.replace({}, expected=stale, author="bob", now=NOON)
    assert store.draft.get() == made


def test_no_edit_of_the_draft_is_lost(store: Store) -> None:
    """Each editor adds an item, and tries again when another was faster."""

    def add(n: int) -> object:
        for _ in range(200):
            seen = store.draft.get()
            slots = seen.document.get("slots", [])
            assert isinstance(slots, list)
            wanted = {"version": 1, "slots": [*slots, n]}
            try:
                return store.draft.replace(wanted, expected=seen.revision, author="ann", now=NOON)
            except PreconditionFailed:
                continue
        raise AssertionError("an editor never got through")

    both(add, 12)
    slots = store.draft.get().document["slots"]
    assert isinstance(slots, list)
    assert sorted(slots) == list(range(12))
    assert store.draft.get().revision == 12
