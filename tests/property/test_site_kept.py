"""A process that followed many changes of content and publications serves what one that starts now would."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from plugin.flow.types import Site
from plugin.ports import Changes, StoredEntry
from plugin.service.delivery.sites import Sites
from plugin.store import Store, open_store
from rules.horizon import fresh_for
from tests.strategies.profiles import searched
from tests.unit.plugin.service.site_support import NOW, entry, publish

SOURCES = ("files", "shop")
SEGMENTS = [
    {"id": "loyal", "when": {"custom.loyal": True}},
    {"id": "named", "members": ["v-1"]},
    {"id": "seen", "when": {"geo.country": "FR"}},
]
SLOTS: list[dict[str, Any]] = [
    {"id": "all", "limit": 9},
    {"id": "red", "select": {"content.tags": "red"}, "default": {"id": ["a", "b"]}},
    {"id": "card", "select": {"content.type": "card"}, "limit": 2, "default": {"content.tags": "red"}},
    {"id": "new", "select": {"content.published_at": {"after": {"ago": "2h"}}}},
    {"id": "near", "select": {"content.price": {"lte": 2}}, "default": {"id": "c"}},
]
RULES = [
    {"id": "pin", "slot": "all", "when": {"segment": "loyal"}, "then": [{"pin": {"id": "b"}}]},
    {"id": "hide", "slot": "red", "when": {"geo.country": "FR"}, "then": [{"hide": {"content.type": "news"}}]},
    {"id": "boost", "slot": "card", "then": [{"boost": {"content.tags": "red"}, "by": 2}]},
]
WHEN = st.none() | st.sampled_from([NOW - timedelta(hours=one) for one in (-1, 0, 1, 3)])


@st.composite
def entries(draw: st.DrawFn) -> StoredEntry:
    """One of few ids, so that the same comes again: as it was, changed, in another language, from another source."""
    made = entry(
        draw(st.sampled_from("abc")),
        source=draw(st.sampled_from(SOURCES)),
        locale=draw(st.sampled_from([None, None, "fr", "en"])),
        type_=draw(st.sampled_from(["card", "news"])),
        tags=draw(st.sampled_from([(), ("red",), ("audience:named",), ("red", "audience:loyal"), ("audience:none",)])),
        published_at=draw(WHEN),
        **draw(st.sampled_from([{}, {"title": "one"}, {"title": "two", "price": 1}, {"price": 1.0}, {"price": 3}])),
    )
    links, version = draw(st.sampled_from([((), None), (("c",), "1"), (("a", "c"), "2")]))
    return replace(made, expires_at=draw(WHEN), links=links, version=version)


DOCUMENTS = st.builds(
    lambda slots, rules: {
        "version": 1,
        "attributes": {"custom.loyal": {"type": "boolean"}},
        "slots": slots,
        "segments": SEGMENTS,
        "rules": [one for one in rules if one["slot"] in {slot["id"] for slot in slots}],
        "locales": ["en", "fr"],
    },
    st.lists(st.sampled_from(SLOTS), min_size=1, unique_by=lambda one: str(one["id"])),
    st.lists(st.sampled_from(RULES), unique_by=lambda one: str(one["id"])),
)
CAME = st.lists(entries(), min_size=1, max_size=4)  # or take the place of what was there
WENT = st.lists(st.tuples(st.sampled_from(SOURCES), st.sampled_from("abc")), min_size=1, max_size=2)
ALIKE = entries().map(lambda one: [replace(one, source=name) for name in SOURCES])
STEPS = st.lists(st.tuples(CAME | WENT | ALIKE | WENT | DOCUMENTS, st.booleans()), min_size=2, max_size=8)


def take(store: Store, step: Any) -> None:
    """Make a change; each source's is one of its own."""
    if isinstance(step, Mapping):
        publish(store, step)
        return
    for source in SOURCES:
        came = [one for one in step if isinstance(one, StoredEntry) and one.source == source]
        unique = {(one.id, one.locale): one for one in came}
        gone = tuple((one[1], None) for one in step if isinstance(one, tuple) and one[0] == source)
        if unique or gone:
            store.content.apply(source, Changes(entries=tuple(unique.values()), deleted=gone), now=NOW)


def told(site: Site, now: datetime) -> dict[str, object]:
    """All that requests are answered with."""
    one = site.content
    found: dict[str, object] = {
        "entries": [dict(each.entry) for each in one.candidates],
        "texts": [site.texts[id(each.entry)] for each in one.candidates],
        "sources": [site.sources[id(each.entry)] for each in one.candidates],
        "sizes": (len(site.texts), len(site.sources)),
        "state": (site.version, site.revision, site.born, one.repeated, one.unknown_audiences),
        "reads": site.reads,
        "shared": (site.shared.slots, site.shared.classes.digest),
        "inputs": [site.shared.inputs((slot,)) for slot in site.ruleset.slots],
    }
    for visitor in ({}, {"geo.country": "FR", "custom.loyal": True}, {"visitor.id": "v-1", "request.locale": "fr"}):
        facts = site.ruleset.facts(visitor, now=now)
        for slot in site.ruleset.slots:
            plan = site.ruleset.plan(slot, facts, one)
            made = site.ruleset.settle(plan, scores={}, exposures={}, explain=True)
            blocks = [(dict(block.entry), site.texts[id(block.entry)]) for block in made.blocks]
            key = site.ruleset.outcome_text(plan, one)
            written = site.ruleset.plan_written(slot, key, one, now=now)
            by_key = site.ruleset.settle(written, scores={}, exposures={})
            found[f"{slot} for {visitor}"] = (made.to_dict(), made.trace, blocks, key, fresh_for(plan, 86_400))
            found[f"{slot} by key for {visitor}"] = by_key.to_dict()
    return found


@searched(30)
@given(DOCUMENTS, st.lists(entries(), min_size=3, max_size=8), STEPS)
def test_who_followed_every_change_serves_what_who_starts_now_does(
    migrated_sqlite: Path,
    document: Mapping[str, Any],
    content: Sequence[StoredEntry],
    steps: Sequence[tuple[Any, bool]],
) -> None:
    """Whether it looked after each of the changes, or after several at once."""
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{shutil.copy(migrated_sqlite, folder)}")
        try:
            followed = Sites(store.rulesets, store.content, poll_s=60)
            publish(store, document)
            for step, looks in ((content, True), *steps, ((), True)):
                take(store, step)
                if not looks:
                    continue
                followed.refresh()
                began = Sites(store.rulesets, store.content, poll_s=60)
                began.refresh()
                for now in (NOW, NOW + timedelta(minutes=90)):
                    for _kept in range(3):
                        mine = told(followed.current(), now)
                    assert mine == told(began.current(), now)
        finally:
            store.close()
