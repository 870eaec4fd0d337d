"""Keys and the answers for them: what a key came from and what its answer shows are of one moment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.device.null import NullDevices
from plugin.edge.answers import holding
from plugin.edge.audience_keys import AudienceKeys, joined
from plugin.edge.headers import Longest
from plugin.errors import UnknownKey
from plugin.flow.context import ContextPolicy, RawRequest
from plugin.flow.types import SlotAsk
from plugin.service.delivery.audience import MARGIN_S, OUTDATED_S, Audiences
from plugin.store import Store
from tests.unit.plugin.service.site_support import NOW, Clock, a_site, ask, entry, publish, put, service

FLIP_S = 60
FLIP = NOW + timedelta(seconds=FLIP_S)
SITE = a_site(
    rules=[
        {"id": "eve", "slot": "feed", "until": FLIP.isoformat(), "then": [{"pin": {"id": "old"}}]},
        {"id": "day", "slot": "feed", "from": FLIP.isoformat(), "then": [{"pin": {"id": "new"}}]},
    ]
)


class Site:
    """Asked for a key at one moment, and by it at another."""

    def __init__(self, store: Store) -> None:
        made = service(store)
        self.clock: Clock = made.clock
        self.personalization = made.personalization
        self.audiences = Audiences(
            sites=made.sites,
            personalization=made.personalization,
            keys=AudienceKeys("k" * 32),
            policy=ContextPolicy(),
            devices=NullDevices(),
            clock=made.clock,
            deny_unknown=False,
            longest_s=600,
        )

    def key(self, seconds: float) -> str:
        self.clock.now = NOW + timedelta(seconds=seconds)
        found = self.audiences.find(RawRequest(), ["feed"])
        return joined({slot: key or "" for slot, key in found.keys.items()})

    def shown(self, key: str, seconds: float) -> list[str]:
        self.clock.now = NOW + timedelta(seconds=seconds)
        answer = self.audiences.answer([SlotAsk("feed")], key, unique=False)
        return [block.id for _ask, decision in answer.settled.decisions for block in decision.blocks]

    def right(self, seconds: float) -> list[str]:
        self.clock.now = NOW + timedelta(seconds=seconds)
        return [b.id for _ask, one in self.personalization.answer(ask()).settled.decisions for b in one.blocks]


@pytest.fixture
def site(sqlite_store: Store) -> Site:
    publish(sqlite_store, SITE)
    put(sqlite_store, entry("old", published_at=NOW), entry("new", published_at=NOW), entry("late", published_at=FLIP))
    return Site(sqlite_store)


def test_an_answer_by_a_key_of_just_before_is_of_just_before(site: Site) -> None:
    before, after = site.right(FLIP_S - 0.1), site.right(FLIP_S)
    assert (before, after) == (["old", "new"], ["new", "late", "old"])
    for early in (0.01, 1.0, MARGIN_S):
        key = site.key(FLIP_S - early)
        assert site.shown(key, FLIP_S - early / 2) == before
        for late in (0.0, 0.05, 1.5):
            assert site.shown(key, FLIP_S + late) == before
    assert site.shown(site.key(FLIP_S), FLIP_S + 0.05) == after


def test_what_is_shown_of_just_before_is_kept_by_nobody(site: Site) -> None:
    key = site.key(FLIP_S - 0.5)
    site.clock.now = FLIP + timedelta(seconds=0.5)
    answer = site.audiences.answer([SlotAsk("feed")], key, unique=False)
    assert answer.shared
    life = holding(answer.site, ["feed"], answer.settled.planned.visit.now).lifetime(Longest())
    assert (life.fresh_s, life.stale_s) == (0, 0)


def test_a_key_of_just_before_is_unknown_once_nobody_waits_any_more(site: Site) -> None:
    key = site.key(FLIP_S - 0.5)
    with pytest.raises(UnknownKey):
        site.shown(key, FLIP_S + OUTDATED_S + 0.1)


def test_a_key_is_the_same_as_long_as_nothing_is_near(site: Site) -> None:
    early = site.key(0)
    assert early == site.key(FLIP_S - MARGIN_S - 0.1)
    near = site.key(FLIP_S - MARGIN_S)
    assert near == site.key(FLIP_S - 0.1)
    assert len({early, near, site.key(FLIP_S)}) == 3


def test_a_key_outlives_a_publication_that_changes_other_slots_and_no_other(site: Site, sqlite_store: Store) -> None:
    """Whichever process answers: one that has the newer document, and one that has the older yet."""

    def now_is(**changed: object) -> None:
        publish(sqlite_store, {**SITE, **changed})
        site.personalization.sites.refresh()

    key, before = site.key(0), site.right(0)
    behind = Site(sqlite_store)
    assert behind.key(0) == key
    elsewhere = {"id": "else", "slot": "aside", "priority": 9, "then": [{"pin": {"id": "new"}}]}
    slots = [{"id": "aside", "limit": 1}, *SITE["slots"]]
    now_is(slots=slots, rules=[elsewhere, *SITE["rules"]])
    assert site.key(0) == key
    assert (site.shown(key, 0), behind.shown(key, 0)) == (before, before)
    now_is(slots=slots, rules=[elsewhere, *SITE["rules"], {**elsewhere, "id": "here", "slot": "feed"}])
    with pytest.raises(UnknownKey):
        site.shown(key, 0)
    changed = site.key(0)
    assert behind.shown(changed, 0) == site.shown(changed, 0) != before, "it looked what is published"
    now_is(name="as at first")
    assert site.key(0) == key
