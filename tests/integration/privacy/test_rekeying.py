"""A new key while everything goes on: nobody meets less than what is kept of them, and nothing stays under the old."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from plugin.ports import Member
from plugin.setting_kinds import Secret
from plugin.wiring.visiting import copier, hasher_of, now_ms, rekeyer
from tests.integration.privacy.site import Place, Running, place, running, until

OLD, NEW = Secret("an-old-key-of-visitors"), Secret("a-new-key-of-visitors")
RAW, KNOWN, LISTED, LATER = "v-raw-4711", "jane.doe@example.org", "v-listed", "v-later"


@pytest.fixture
def where(tmp_path: Path) -> Place:
    """Somebody who signed in, somebody on a list, and an event of somebody that waits; all under the old key."""
    where = place(tmp_path, visitor_keys=(OLD,))
    with running(where) as site:
        site.events(RAW, *[{"type": "view", "content_id": "reading"}] * 2)
        site.ask("POST", "/v1/identify", json={"visitor_id": RAW, "user_id": KNOWN})
        site.ask("PATCH", f"/v1/visitors/{KNOWN}", json={"attributes": {"tier": "gold"}})
        site.events(LISTED, {"type": "view", "content_id": "reading"})
        site.store.segment_lists.put("vips", "computed", [Member(site.source(LISTED))], key_version=1, at=now_ms())
    with running(where, apply_events=False) as site:
        site.events(LISTED, {"type": "view", "content_id": "reading"}, wait=False)
        site.events(LATER, *[{"type": "view", "content_id": "reading"}] * 2, wait=False)
    return replace(where, settings=replace(where.settings, visitor_keys=(OLD, NEW)))


def move(site: Running) -> int:
    """As the command does."""
    told: list[int] = []
    moved = rekeyer(hasher_of(site.settings, "k" * 32), site.store, None).run(told.append)
    assert told == sorted(told)
    return moved


def stale(site: Running) -> dict[str, int]:
    found: dict[str, int] = {}
    after = None
    while True:
        page = site.store.rekeying.stale(2, after=after, limit=1_000)
        found |= dict(page.items)
        if page.next is None:
            return found
        after = page.next


def test_the_job_moves_everything_and_a_second_time_nothing(where: Place) -> None:
    with running(where, apply_events=False) as site:
        uids = {row.uid for source in stale(site) for row in site.store.visitors.group(source)}
        assert move(site) == len({RAW, KNOWN, LISTED})
        assert stale(site) == {}
        assert move(site) == 0
        assert {row.key_version for row in (*site.rows(RAW), *site.rows(LISTED))} == {2}
        assert {row.uid for row in (*site.rows(RAW), *site.rows(LISTED))} == uids, "arms do not flip"
        assert len(site.rows(RAW)) == 2
        assert (site.shown(RAW), site.shown(KNOWN)) == ("gold", "gold")
    with running(where) as site:
        site.events("v-clock", {"type": "view"})  # what waited before it is applied
        assert site.shown(LATER) == "reading", "what was accepted under the old key is applied under the new"
        assert site.shown(LISTED) == "reading", "of two views one came before the new key and one after"
        exported = site.ask("GET", f"/v1/visitors/{LISTED}/export")
        assert {one["segment"] for one in exported["segments"]} == {"readers", "vips"}
        assert len(exported["events"]) == 2
        assert site.ask("GET", f"/v1/visitors/{KNOWN}/export")["links"][0]["known"] == site.source(KNOWN)
        assert stale(site) == {}


def test_before_the_job_everybody_is_found_as_they_come(where: Place) -> None:
    with running(where) as site:
        site.events("v-clock", {"type": "view"})
        assert (site.shown(RAW), site.shown(KNOWN)) == ("gold", "gold")
        until(lambda: site.shown(LISTED) == "reading")  # a worker looks at both of the views together
        told = site.ask("GET", f"/v1/visitors/{LISTED}/segments")
        assert {one["id"] for one in told["segments"]} == {"readers", "vips"}
        assert {row.key_version for row in site.rows(KNOWN)} == {2}
        profile = site.ask("GET", f"/v1/visitors/{RAW}")
        assert profile["attributes"]["profile.tier"] == "gold"
        assert profile["linked"] == 1
        site.events(LISTED, {"type": "view", "content_id": "reading"})
        (row,) = site.rows(LISTED)
        assert row.version > 0
        assert site.ask("GET", f"/v1/visitors/{LISTED}")["counters"]["view"]
        move(site)
        assert stale(site) == {}
        assert (site.shown(RAW), site.shown(LISTED)) == ("gold", "reading")


def test_what_came_under_both_keys_becomes_one(where: Place) -> None:
    """As of a process that was started anew too late, or of events that were applied before anybody came."""
    with running(where) as site:
        site.events("v-clock", {"type": "view"})
        assert [row.source for row in site.store.visitors.group(site.source(LISTED))] == [site.source(LISTED)]
        move(site)
        (row,) = site.rows(LISTED)
        assert row.person == site.source(LISTED)
        profile = site.ask("GET", f"/v1/visitors/{LISTED}/export")["profiles"][0]
        assert profile["events"]["view"]["ever"] == 2
        assert len(profile["patterns_look_back_at"]) == 2
        until(lambda: site.shown(LISTED) == "reading")


def test_whoever_is_erased_in_the_midst_of_it_is_gone_under_both(where: Place) -> None:
    with running(where, apply_events=False) as site:
        receipt = site.ask("DELETE", f"/v1/visitors/{RAW}")
        assert receipt["linked"] == 2
        assert receipt["removed"]["visitors"] == 2
        site.ask("DELETE", f"/v1/visitors/{LISTED}")
        move(site)
    with running(where) as site:
        site.events("v-clock", {"type": "view"})
        assert (site.rows(RAW), site.rows(KNOWN), site.rows(LISTED)) == ((), (), ())
        assert (site.shown(RAW), site.shown(KNOWN), site.shown(LISTED)) == ("plain", "plain", "plain")
        assert stale(site) == {}
        copier(None, site.store)()
        assert site.store.hot_outbox.waiting() == 0
