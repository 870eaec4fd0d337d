"""The published state in a process: put in place at once, kept where the next cannot be built, followed by all."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from plugin.errors import ServiceUnavailable
from plugin.flow.types import Site
from plugin.service.delivery import sites as module
from plugin.service.delivery.sites import Sites
from plugin.store import Store
from tests.unit.plugin.service.site_support import NOW, a_site, entry, publish, put
from tests.waiting import PATIENCE_S, allowed, until

BROKEN = {"version": 1, "slots": [{"id": "feed", "limit": "many"}]}


def sites_of(store: Store, poll_s: float = 60) -> Sites:
    return Sites(store.rulesets, store.content, poll_s=poll_s)


@contextmanager
def following(*followers: Sites) -> Iterator[None]:
    for one in followers:
        one.start()
    try:
        yield
    finally:
        for one in followers:
            one.stop()


def soon(holds: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    assert until(holds, poll_s=0.01) < allowed(within_s)


def ids(site: Site | None) -> list[str]:
    assert site is not None
    return sorted(one.id for one in site.content.candidates)


def test_before_anything_is_published_there_is_no_site(sqlite_store: Store) -> None:
    sites = sites_of(sqlite_store)
    assert not sites.refresh()
    assert sites.site is None
    with pytest.raises(ServiceUnavailable, match="tessera rules publish"):
        sites.current()


def test_the_first_request_after_the_first_publication_finds_it(sqlite_store: Store) -> None:
    """Also before the thread looked."""
    sites = sites_of(sqlite_store)
    sites.refresh()
    publish(sqlite_store, a_site())
    assert sites.current().version == 1


def test_a_publication_and_a_change_of_content_each_make_a_new_state(sqlite_store: Store) -> None:
    sites = sites_of(sqlite_store)
    publish(sqlite_store, a_site())
    put(sqlite_store, entry("a"))
    assert sites.refresh()
    first = sites.current()
    assert (first.version, ids(first)) == (1, ["a"])
    assert not sites.refresh()
    assert sites.current() is first
    put(sqlite_store, entry("b"), gone=["a"])
    assert sites.refresh()
    second = sites.current()
    publish(sqlite_store, a_site(rules=[{"id": "r", "slot": "feed", "then": [{"hide": {"id": "b"}}]}]))
    assert sites.refresh()
    third = sites.current()
    assert (second.version, ids(second), third.version, ids(third)) == (1, ["b"], 2, ["b"])
    assert len({first.revision, second.revision, third.revision}) == 3
    assert ids(first) == ["a"]  # whoever took it before still has all of it


def test_a_change_of_content_alone_compiles_no_rules(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(sqlite_store, a_site())
    sites = sites_of(sqlite_store)
    sites.refresh()
    monkeypatch.setattr(module, "load", lambda *_args, **_rest: pytest.fail("the rules were compiled again"))
    put(sqlite_store, entry("a"))
    before = sites.current().ruleset
    assert sites.refresh()
    assert sites.current().ruleset is before


def test_entries_that_did_not_change_go_on_as_they_are(sqlite_store: Store) -> None:
    """Also where a state in between could not be built."""
    publish(sqlite_store, a_site())
    put(sqlite_store, entry("a", title="first"), entry("b"))
    sites = sites_of(sqlite_store)
    sites.refresh()
    before = {one.id: one for one in sites.current().content.candidates}
    put(sqlite_store, entry("c", tags=["audience:nobody"]))
    publish(sqlite_store, BROKEN)
    assert not sites.refresh()
    put(sqlite_store, entry("a", title="second"))
    publish(sqlite_store, a_site())
    assert sites.refresh()
    put(sqlite_store, entry("b", title="third"))
    assert sites.refresh()
    site = sites.current()
    after = {one.id: one for one in site.content.candidates}
    assert {name: one.entry.get("title") for name, one in after.items()} == {"a": "second", "b": "third", "c": None}
    assert after["a"].entry is not before["a"].entry
    assert site.texts.keys() == {id(one.entry) for one in after.values()}
    put(sqlite_store, gone=["b"])
    assert sites.refresh()
    assert {one.id: one for one in sites.current().content.candidates} == {name: after[name] for name in ("a", "c")}


def test_a_version_that_cannot_be_built_leaves_the_one_before_serving(sqlite_store: Store) -> None:
    publish(sqlite_store, a_site())
    sites = sites_of(sqlite_store)
    sites.refresh()
    before = sites.current()
    publish(sqlite_store, BROKEN)
    assert not sites.refresh()
    assert sites.current() is before
    assert sites.last_error is not None
    assert "limit" in sites.last_error
    sqlite_store.rulesets.publish(1, author="ada", now=NOW, action="rollback")
    assert sites.refresh()
    assert (sites.current().version, sites.last_error) == (1, None)


def test_where_there_is_none_before_a_broken_version_says_why(sqlite_store: Store) -> None:
    publish(sqlite_store, BROKEN)
    with pytest.raises(ServiceUnavailable, match="limit"):
        sites_of(sqlite_store).current()


def test_a_broken_version_is_tried_once_and_again_when_something_changes(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each poll would otherwise compile thousands of rules for nothing."""
    publish(sqlite_store, a_site())
    sites = sites_of(sqlite_store)
    sites.refresh()
    publish(sqlite_store, BROKEN)
    tried = []
    real = module.load
    monkeypatch.setattr(module, "load", lambda *args, **rest: tried.append(1) or real(*args, **rest))
    for _ in range(3):
        assert not sites.refresh()
    assert len(tried) == 1
    assert sites.last_error is not None
    put(sqlite_store, entry("a"))
    assert not sites.refresh()
    assert len(tried) == 2


def test_a_store_that_fails_is_asked_again(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(sqlite_store, a_site())
    sites = sites_of(sqlite_store)
    real = sqlite_store.rulesets.published

    def down() -> None:
        raise ServiceUnavailable("The database is locked.")

    monkeypatch.setattr(sqlite_store.rulesets, "published", down)
    assert not sites.refresh()
    assert sites.last_error == "The database is locked."
    assert not sites.is_sure
    monkeypatch.setattr(sqlite_store.rulesets, "published", real)
    assert sites.refresh()
    assert sites.last_error is None


def test_what_states_left_is_collected_once_it_is_quiet_or_there_were_many(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each walks everything there is, which costs more than to build a state."""
    collected: list[int] = []
    monkeypatch.setattr(module.gc, "collect", lambda: collected.append(1))
    publish(sqlite_store, a_site())
    sites = sites_of(sqlite_store, poll_s=module.QUIET_S / 2)
    for number in range(module.MOST_REPLACED + 1):
        put(sqlite_store, entry(f"e-{number}"))
        assert sites.refresh()
        sites._tidy()
        assert len(collected) == (number == module.MOST_REPLACED)
    put(sqlite_store, entry("last"))
    assert sites.refresh()
    for expected in (1, 2, 2):
        sites._tidy()
        assert len(collected) == expected


def test_everything_is_walked_where_rules_went_and_now_and_then(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What content leaves needs no walk: nothing of it refers to itself in circles."""
    walked: list[int] = []
    monkeypatch.setattr(module.gc, "collect", lambda: None)
    monkeypatch.setattr(module.gc, "unfreeze", lambda: walked.append(1))
    publish(sqlite_store, a_site())
    sites = sites_of(sqlite_store, poll_s=module.QUIET_S)
    sites.refresh()
    for number in range(module.MOST_PARTLY):
        put(sqlite_store, entry(f"e-{number}"))
        assert sites.refresh()
        assert not walked
        sites._tidy()
    assert len(walked) == 1
    publish(sqlite_store, a_site())
    assert sites.refresh()
    sites._tidy()
    assert len(walked) == 2


def test_content_that_went_is_gone_without_a_collection(sqlite_store: Store) -> None:
    publish(sqlite_store, a_site(slots=[{"id": "feed", "select": {"content.tags": "feed"}}]))
    put(sqlite_store, entry("a", tags=["feed"]))
    sites = sites_of(sqlite_store)
    sites.refresh()
    site = sites.current()
    for _again in range(3):
        facts = site.ruleset.facts({}, now=NOW)
        site.ruleset.settle(site.ruleset.plan("feed", facts, site.content), scores={}, exposures={})
    site.shared.prepare()
    content, pool = weakref.ref(site.content), weakref.ref(site.content.pool("feed"))
    del site, facts
    gc.disable()
    try:
        put(sqlite_store, entry("a", tags=["feed"], title="another"))
        assert sites.refresh()
        assert (content(), pool()) == (None, None)
    finally:
        gc.enable()


def test_two_processes_over_one_database_both_follow(sqlite_store: Store) -> None:
    """Each polls by itself; neither is told."""
    one, other = sites_of(sqlite_store, 0.05), sites_of(sqlite_store, 0.05)
    with following(one, other):
        publish(sqlite_store, a_site())
        soon(lambda: one.site and other.site)
        put(sqlite_store, entry("a"))
        soon(lambda: ids(one.site) == ids(other.site) == ["a"], within_s=1)
        publish(sqlite_store, a_site())
        soon(lambda: one.current().version == other.current().version == 2, within_s=1)


def test_the_thread_outlives_what_nobody_foresaw(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sites = sites_of(sqlite_store, 0.02)
    real = sqlite_store.rulesets.epoch
    monkeypatch.setattr(sqlite_store.rulesets, "epoch", lambda: 1 / 0)
    with following(sites):
        soon(lambda: sites.last_error)
        monkeypatch.setattr(sqlite_store.rulesets, "epoch", real)
        publish(sqlite_store, a_site())
        soon(lambda: sites.site)
        assert sites.last_error is None


def test_stopping_ends_the_thread_and_starting_again_works(sqlite_store: Store) -> None:
    sites = sites_of(sqlite_store, 0.02)
    with following(sites):
        sites.start()
    publish(sqlite_store, a_site())
    time.sleep(0.1)
    assert sites.site is None
    with following(sites):
        soon(lambda: sites.site)


def test_no_reader_ever_sees_half_of_two_versions(sqlite_store: Store) -> None:
    """Version N hides every entry but eN, and content is one entry of each name; readers look all the while."""
    names = [f"e{number}" for number in range(1, 6)]
    put(sqlite_store, *map(entry, names))

    def version(number: int) -> dict[str, object]:
        rules = [{"id": "r", "slot": "feed", "then": [{"only": {"id": f"e{number}"}}]}]
        return a_site(rules=rules, segments=[{"id": f"s{number}", "when": {"geo.eu": True}, "public": True}])

    publish(sqlite_store, version(1))
    sites = sites_of(sqlite_store)
    sites.refresh()
    stop, wrong = Event(), []

    def read() -> None:
        while not stop.is_set():
            site = sites.current()
            shown = [block.id for block in site.ruleset.decide("feed", {}, site.content, now=NOW).blocks]
            if (shown, site.public_segments) != ([f"e{site.version}"], {f"s{site.version}"}):
                wrong.append((shown, site))

    readers = [Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(2, 6):
        publish(sqlite_store, version(number))
        assert sites.refresh()
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert sites.current().version == 5


def test_those_who_asked_are_told_of_each_new_state(sqlite_store: Store) -> None:
    sites, told = sites_of(sqlite_store), []
    sites.on_change.append(lambda site: told.append(site.version))
    publish(sqlite_store, a_site())
    sites.refresh()
    sites.refresh()
    assert told == [1]


def test_every_entry_has_its_text_and_every_slot_what_it_reads(sqlite_store: Store) -> None:
    segments = [{"id": "eu", "public": True, "when": {"geo.eu": True}}, {"id": "own", "when": {"geo.country": "FR"}}]
    publish(sqlite_store, a_site(segments=segments))
    put(sqlite_store, entry("a", tags=("audience:eu",)), entry("b", locale="fr"), entry("b", locale="en"))
    site = sites_of(sqlite_store).current()
    assert set(site.texts) == {id(one.entry) for one in site.content.candidates}
    assert site.reads == {"feed": {"geo.eu", "request.locale"}}
    assert site.public_segments == {"eu"}
    assert {"geo.eu", "geo.country"} <= site.wanted
