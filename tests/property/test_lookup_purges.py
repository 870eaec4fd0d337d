"""A key of visitors that an edge keeps is purged by every publication after which it may be another: over random
documents before and after, slots that are asked for together, content and visitors."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import event, given, note
from hypothesis import strategies as st

import rules
from adapters.device.null import NullDevices
from plugin.edge.audience_keys import AudienceKeys
from plugin.edge.keys import keys_of
from plugin.flow.context import ContextPolicy, RawRequest
from plugin.flow.types import Site
from plugin.ports import StoredEntry
from plugin.service.delivery.audience import Audiences, KeysFound
from plugin.service.rulesets.publish import Publishing
from plugin.store import Store, open_store
from plugin.web.audience import lookup_headers
from rules.slot_versions import slot_versions, versions_of
from tests.edge import worlds as sites
from tests.edge.people import CAMPAIGNS, CONTINENTS, INTERESTS, LOCALES, PLANS, REFERRERS
from tests.strategies import World, worlds
from tests.strategies.profiles import searched
from tests.unit.plugin.service.site_support import NOW, Service, put, service

SLOTS = (*sites.SLOTS, "s.new")
SETS = (*((name,) for name in SLOTS), ("s.open", "s.input"), ("s.class", "s.tags"), ("s.input", "s.private", "s.new"))
"""What is asked for together."""
PARTS = ("segments", "experiments", "holdout", "attributes", "name")
HOUR = int(NOW.timestamp() // 3600)


class Visitor(NamedTuple):
    """Of whom an edge says some things, and Tessera knows others."""

    headers: Mapping[str, str]
    known: Mapping[str, object]
    segments: tuple[str, ...]


visitors = st.builds(
    Visitor,
    st.fixed_dictionaries(
        {
            "t-country": st.sampled_from(list(filter(None, CONTINENTS))),
            "t-device": st.sampled_from(("mobile", "desktop")),
        },
        optional={
            "t-locale": st.sampled_from(list(filter(None, LOCALES))),
            "t-referrer": st.sampled_from(list(filter(None, REFERRERS))),
            "t-network": st.sampled_from(("4g", "2g,save-data")),
            "t-utm-campaign": st.sampled_from(list(filter(None, CAMPAIGNS))),
            "t-zone": st.sampled_from(("Europe/Paris", "Asia/Tokyo")),
            "t-consent": st.sampled_from(("personalization=1", "personalization=0", "gpc")),
        },
    ),
    st.fixed_dictionaries(
        {"visitor.id": st.integers(0, 200).map(lambda number: f"v-{number}")},
        optional={
            "profile.spend": st.integers(0, 18).map(lambda number: number * 50),
            "profile.plan": st.sampled_from(list(filter(None, PLANS))),
            "profile.interests": st.lists(st.sampled_from(INTERESTS), max_size=2),
            "visitor.new": st.booleans(),
        },
    ),
    st.sets(st.sampled_from(("vip", "hot"))).map(lambda found: tuple(sorted(found))),
)


class Change(NamedTuple):
    """What a publication takes from another document: parts of it, slots with their rules, and rules for all slots.

    Attributes:
        limits: slots whose own words are others.
        new, shared: whether the document before and after has one slot more, and a rule for every slot.
    """

    parts: frozenset[str]
    slots: frozenset[str]
    limits: frozenset[str]
    new: tuple[bool, bool]
    shared: tuple[bool, bool]


few = st.sets(st.sampled_from(sites.SLOTS), max_size=2).map(frozenset)
changes = st.builds(
    Change,
    st.one_of(st.just(frozenset()), st.sets(st.sampled_from(PARTS), max_size=1).map(frozenset)),
    few,
    few,
    st.tuples(st.booleans(), st.booleans()),
    st.sampled_from(((False, False), (True, True), (False, False), (False, True))),
)


def documents(seed: int, change: Change) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document before and the one after."""
    before, other = (sites.document(Random(one), one, NOW, 60.0) for one in (seed, seed + 1))
    after = copy.deepcopy(before)
    for part in change.parts:
        after.pop(part, None)
        if part in other:
            after[part] = other[part]
    if "attributes" in change.parts:
        after["attributes"] = {**before["attributes"], "profile.more": {"type": "number"}}
    kept = [rule for rule in before["rules"] if rule["slot"] not in change.slots]
    strange = [rule for rule in other["rules"] if rule["slot"] in change.slots]
    after["rules"] = [*strange[::2], *kept, *strange[1::2]]
    for slot in after["slots"]:
        if slot["id"] in change.limits:
            slot["limit"] += 1
    for made, new, shared in zip((before, after), change.new, change.shared, strict=True):
        if new:
            made["slots"].append({"id": "s.new", "select": {"content.tags": "in-class"}})
        if shared:
            rule = {"id": "m-shared", "slot": "*", "when": {"device.type": "mobile"}}
            made["rules"].append(rule | {"then": [{"set": {"presentation.shared": True}}]})
    return before, after


class Edge:
    """A site that publishes, and what an edge is answered."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.publishing = Publishing(store.rulesets, store.draft, store.content, models=(), clock=lambda: NOW)
        self.service: Service = service(store)
        self.keys = AudienceKeys("k" * 32)
        self.audiences = Audiences(
            sites=self.service.sites,
            personalization=self.service.personalization,
            keys=self.keys,
            policy=ContextPolicy(trusted_proxies=("10.0.0.0/8",)),
            devices=NullDevices(),
            clock=self.service.clock,
            deny_unknown=False,
            longest_s=600,
        )

    def publish(self, document: Mapping[str, Any]) -> frozenset[str]:
        """The keys that it is purged by."""
        self.publishing.release(document, author="ann")
        self.service.sites.refresh()
        made = [one for one in self.store.purges.due(now=NOW) if one.audience]
        self.store.purges.hand_over([one.number for one in made], (), due_at=NOW)
        assert len(made) == 1
        return frozenset(keys_of(made[0]))

    @property
    def site(self) -> Site:
        return self.service.sites.current()

    def cookie(self, visitor: Visitor) -> str:
        """The class that is published of a visitor."""
        ruleset, classes = self.site.ruleset, self.site.shared.classes
        facts = ruleset.facts({**visitor.known, "visitor.known": True}, segments=visitor.segments, now=NOW)
        return self.keys.cookie(classes.digest, classes.write(classes.of(facts)), HOUR) or ""

    def look(self, visitor: Visitor, cookie: str | None, slots: tuple[str, ...]) -> KeysFound:
        headers = {"t-edge": "1", **visitor.headers, **({"t-class": cookie} if cookie else {})}
        raw = RawRequest.of(headers, remote_addr="10.0.0.1")
        return self.audiences.find(raw, [one for one in slots if one in self.site.ruleset.slots or len(slots) > 1])


@pytest.fixture(scope="module")
def edge(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    file = shutil.copy(migrated_sqlite, tmp_path_factory.mktemp("lookups") / "tessera.db")
    store = open_store(f"sqlite:///{file}")
    random = Random("content")
    stored = []
    for name in sites.ENTRIES:
        for one in sites.variants(random, name, 1, NOW, 60.0):
            fields = {key: one[key] for key in ("title", "region") if key in one}
            stored.append(
                StoredEntry("files", name, one.get("locale"), "card", tuple(one["tags"]), fields, None, None, ())
            )
    put(store, *stored)
    yield Edge(store)
    store.close()


def said(found: KeysFound) -> dict[str, str]:
    """All that an edge heeds."""
    headers = lookup_headers(found)
    return {name: value for name, value in headers.items() if name not in ("T-State", "Cache-Tag", "Surrogate-Key")}


@searched(70)
@given(st.integers(0, 5_000), changes, st.lists(visitors, min_size=2, max_size=4))
def test_what_is_another_after_a_publication_was_purged_by_it(
    edge: Edge, seed: int, change: Change, people: list[Visitor]
) -> None:
    """For whoever has the class of before, too: what is stored for it is shown, though Tessera would refuse it now."""
    before, after = documents(seed, change)
    note((before, after))
    edge.publish(before)
    kept = []
    for one in people:
        for cookie in (None, edge.cookie(one)):
            for slots in (one for one in SETS if any(name in edge.site.ruleset.slots for name in one)):
                found = edge.look(one, cookie, slots)
                if found.shared:
                    kept.append((one, cookie, slots, said(found)))
    purged = edge.publish(after)
    for one, cookie, slots, was in kept:
        if purged.intersection(was["xkey"].split()):
            event("purged")
            continue
        mine = edge.cookie(one) if cookie else None
        now = edge.look(one, mine, slots)
        assert now.shared
        assert said(now) == was, (one, slots)
        event("kept, of a class that is outdated" if mine != cookie else "kept")
        if mine != cookie:
            continue
        again = edge.look(one, cookie, slots)
        assert not again.refused
    if not change.parts - {"name"} and change.shared[0] == change.shared[1]:
        others = change.slots | change.limits | ({"s.new"} if change.new[0] != change.new[1] else set())
        assert {key for key in purged if key.startswith("lookup")} <= {f"lookup:{slot}" for slot in others}


@searched(60)
@given(worlds(1))
def test_numbers_of_slots_are_the_same_without_compiling(world: World) -> None:
    ruleset = rules.load(world.document)
    assert slot_versions(ruleset) == versions_of(json.loads(ruleset.canonical))
    assert slot_versions(ruleset).keys() == {slot.id for slot in ruleset.document.slots}
