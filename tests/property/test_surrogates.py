"""What a change of content could bear on is purged by it: over random documents, content, visitors and changes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, product
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import event, given, note
from hypothesis import strategies as st

import rules
from plugin.edge.answers import holding, keys_of_answers, surrogates_of
from plugin.edge.cover import fields_read
from plugin.edge.keys import CONTENT, keys_of
from plugin.flow.types import Site, Surrogates
from plugin.ports import Changes, Purge, StoredEntry
from plugin.service.content.entries import as_content, block_text
from plugin.service.delivery.sites import site_of
from plugin.store import Store, open_store
from plugin.store.content_rows import fields_changed, to_row
from rules import Decision, Ruleset
from rules.clock import as_instant
from rules.decision import RESERVED_FIELDS
from rules.selectors import bind, compile_bound
from tests.strategies import World, worlds
from tests.strategies.profiles import searched
from tests.strategies.vocabulary import MOMENTS, PRICES, REGIONS, TOPICS

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOURCES = ("cms", "shop")


def purge(*variants: Mapping[str, Any]) -> frozenset[str]:
    """The keys that a change of one entry is purged by, of which these are the states before and after."""
    types = tuple(str(one["type"]) for one in variants)
    tags = tuple(tag for one in variants for tag in one.get("tags", ()))
    row = Purge(1, "cms", variants[0]["id"], "", types, tags, None, False, 1, 0, False, None, None, NOON, 0, 0)
    return frozenset(keys_of(row))


@searched(250)
@given(worlds())
def test_every_entry_that_a_slot_could_take_shares_a_key_with_its_answers(world: World) -> None:
    """Whatever visitor its selector is bound to."""
    note(world)
    ruleset = rules.load(world.document)
    zone = ruleset.document.zone
    content = ruleset.prepare(world.content)
    for name in world.slots:
        slot = ruleset.compiled(name).slot
        found = surrogates_of(ruleset.compiled(name))
        for selector, refs in ((slot.select, slot.select_refs), (slot.default, slot.default_refs)):
            for person in world.people if selector is not None else ():
                facts = ruleset.facts(person.attributes, segments=person.segments, now=world.now)
                takes = compile_bound(bind(selector, {ref: facts[ref] for ref in refs}, facts.moment), zone)
                for one in content.candidates:
                    for keys in found if takes(one.reading) else ():
                        assert purge(one.entry).intersection(keys), (name, one.entry)


class Edit(NamedTuple):
    """What is done to one entry: of which source, which one in turn, and what it is from then on.

    Attributes:
        what: fields that it has from then on, of which None are left out; "gone", "new", or "another" entry altogether.
    """

    source: str
    place: int
    what: str | Mapping[str, Any]


class Form(NamedTuple):
    """How a document reads what entries have.

    Attributes:
        region: where that is held: by itself, under a name with a dot, or within another field.
        dated: whether what it asks of the publication date it asks of another date.
        default: what slots show when nothing is left, which for the last of them is always; None: what they did.
        models: whether it has any.
        kind: all of it; "plain", where every rule holds for everybody and nothing else hides an entry; or "diverse",
            where slots have diversity and nothing else.
        effect: of one more rule, where all is plain.
    """

    region: str
    dated: bool
    default: dict[str, Any] | None
    models: bool
    kind: str
    effect: dict[str, Any]


FIELDS: Mapping[str, Sequence[Any]] = {
    "title": ["a", "b"],
    "region": [*REGIONS, None],
    "topics": [[], [TOPICS[0]], TOPICS[:2], None],
    "price": [*PRICES, 1.0, True, None],
    "held_at": [*MOMENTS, None],
}
one_field = st.sampled_from(tuple(FIELDS)).flatmap(
    lambda name: st.sampled_from(FIELDS[name]).map(lambda value: {name: value})
)
edits = st.builds(
    Edit,
    st.sampled_from(SOURCES[:1] * 3 + SOURCES[1:]),
    st.integers(0, 11),
    # Again and again: the less a change is of, the less is purged.
    st.integers(0, 9).flatmap(
        lambda kind: (
            st.sampled_from(["gone", "new", "another"])
            if kind == 9
            else st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in FIELDS.items()})
            if kind == 8
            else one_field
        )
    ),
)
forms = st.builds(
    Form,
    st.sampled_from(["region", "place.region", "place/region"]),
    st.booleans(),
    st.sampled_from([None, None, {"content.region": REGIONS[0]}, {"content.type": "card", "content.price": 1}]),
    st.booleans(),
    st.sampled_from(["whole", "plain", "diverse"]),
    st.builds(
        lambda kind, selector: {kind: selector, **({"by": 2} if kind == "boost" else {})},
        st.sampled_from(["boost", "pin", "only", "hide"]),
        st.sampled_from([{"content.region": REGIONS[0]}, {"content.price": PRICES[0]}, {"content.topics": TOPICS[0]}]),
    ),
)


def formed(document: dict[str, Any], form: Form) -> dict[str, Any]:
    """The document, reading fields where this form has them."""
    slots = document["slots"]
    if form.default is not None:
        slots = [{**slot, "default": form.default} for slot in slots]
        slots[-1]["select"] = {"id": "nobody"}
    document = {**document, "slots": slots}
    if form.kind == "plain":
        document |= {"experiments": [], "slots": [{"id": one["id"], "limit": 1} for one in slots]}
        rules_ = [{"id": one["id"], "slot": "*", "then": one["then"]} for one in document["rules"][:1]]
        document["rules"] = [*rules_, {"id": "one-more", "slot": "*", "then": [form.effect]}]
    elif form.kind == "diverse":
        diverse = ({"by": "content.region"}, {"by": "content.topics", "trade_off": 0.3})
        document |= {"rules": [], "experiments": []}
        document["slots"] = [
            {"id": one["id"], "limit": 2, "diversify": diverse[place % 2]} for place, one in enumerate(slots)
        ]
    text = json.dumps(document)
    if form.region != "region":
        text = text.replace('"content.region"', '"content.place.region"')
    if form.dated:
        text = text.replace('"content.published_at"', '"content.held_at"')
    made: dict[str, Any] = json.loads(text)
    if not form.models:
        for slot in made["slots"]:
            slot.get("blend", {}).pop("model", None)
        for one in (*made["rules"], *(arm for each in made["experiments"] for arm in each["arms"])):
            if "then" in one:
                one["then"] = [effect for effect in one["then"] if "model" not in effect]
    return made


def entries_of(world: World, form: Form) -> Sequence[Mapping[str, Any]]:
    """The content; where all is to be by rules or diversity, everybody may see all of it."""
    if form.kind == "whole":
        return world.content
    hiding = RESERVED_FIELDS - {"id", "type"}
    seen = [{name: value for name, value in one.items() if name not in hiding} for one in world.content]
    return list({one["id"]: one for one in seen}.values())


def stored(source: str, entry: Mapping[str, Any], form: Form) -> StoredEntry:
    fields = {name: value for name, value in entry.items() if name not in RESERVED_FIELDS}
    made = StoredEntry(
        source, entry["id"], entry.get("locale"), entry["type"], tuple(entry.get("tags", ())), {}, None, None, ()
    )
    dates = {name: as_instant(entry.get(name), ZoneInfo("UTC")) for name in ("published_at", "expires_at")}
    return edited(replace(made, **dates), fields, form)


def edited(entry: StoredEntry, fields: Mapping[str, Any], form: Form) -> StoredEntry:
    """With these fields, as the form has them."""
    made = dict(entry.fields)
    for name, value in fields.items():
        held, said = (form.region, value) if name == "region" else (name, value)
        if held == "place/region":
            held, said = "place", {"region": value}
        made.pop(held, None)
        if value is not None:
            made[held] = said
    return replace(entry, fields=made)


class Shelf:
    """A store whose content is changed, and what is published of it. Keeps nothing from one use to the next."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def apply(self, source: str, *entries: StoredEntry, gone: Sequence[tuple[str, str]] = ()) -> None:
        self.store.content.apply(source, Changes(entries=entries, deleted=tuple(gone)), now=NOON)

    def empty(self) -> None:
        for source in SOURCES:
            self.store.content.drop(source, now=NOON)

    def site(self, ruleset: Ruleset) -> Site:
        snapshot = self.store.content.snapshot()
        content = ruleset.prepare([as_content(one) for one in snapshot.entries])
        sources = [one.source for one in snapshot.entries]
        return site_of(ruleset, content, 1, f"1.{snapshot.epoch}", sources=sources)

    def purged(self, since: int) -> frozenset[str]:
        return frozenset(key for one in self.store.purges.since(since) for key in keys_of(one))


@pytest.fixture(scope="module")
def shelf(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    file = shutil.copy(migrated_sqlite, tmp_path_factory.mktemp("surrogates") / "tessera.db")
    store = open_store(f"sqlite:///{file}")
    yield Shelf(store)
    store.close()


def told(decision: Decision) -> object:
    """All that an answer says of a slot."""
    blocks = [(block_text(one.entry), one.position, one.score, one.reason) for one in decision.blocks]
    return blocks, decision.presentation, decision.fallback, decision.audience_key


def change(shelf: Shelf, edit: Edit, other: World, form: Form) -> None:
    held = [one for one in shelf.store.content.snapshot().entries if one.source == edit.source]
    strange = [stored(edit.source, one, form) for one in other.content]
    one = held[edit.place % len(held)] if held else None
    if edit.what == "new":
        shelf.apply(edit.source, *strange[edit.place % max(1, len(strange)) :][:1])
    elif one is None:
        return
    elif edit.what == "gone":
        shelf.apply(edit.source, gone=[(one.id, one.locale or "")])
    elif edit.what == "another":
        for new in strange[edit.place % max(1, len(strange)) :][:1]:
            shelf.apply(edit.source, replace(new, id=one.id, locale=one.locale))
    elif not isinstance(edit.what, str):
        shelf.apply(edit.source, edited(one, edit.what, form))


@searched(200)
@given(worlds(3), forms, st.lists(one_field, min_size=12, max_size=12))
def test_a_field_that_changes_some_answer_is_among_its_keys(
    world: World, form: Form, changes: list[dict[str, Any]]
) -> None:
    """Each change by itself; whoever is not shown the entry has answers that depend on it all the same."""
    note((world, form, changes))
    ruleset = rules.load(formed(world.document, form))
    before = {place: stored(SOURCES[0], one, form) for place, one in enumerate(entries_of(world, form))}

    def published(entries: Mapping[int, StoredEntry]) -> Site:
        content = ruleset.prepare([as_content(one) for one in entries.values()])
        return site_of(ruleset, content, 1, "1.1", sources=SOURCES[:1] * len(entries))

    def decided(site: Site) -> Iterator[Decision]:
        for slot in world.slots:
            scores = world.scores if fields_read(ruleset.compiled(slot)) is None else None
            for one in world.people:
                facts = ruleset.facts(one.attributes, segments=one.segments, now=world.now)
                plan = ruleset.plan(slot, facts, site.content)
                for limit in (None, 1):
                    yield ruleset.settle(plan, scores=scores or {}, exposures={}, limit=limit, exclude=world.exclude)

    site = published(before)
    answers = [(told(one), keys_of_answers(site, [one], keyed=True)) for one in decided(site)]
    for fields, place in islice(product(changes, before), 24):
        one, other = before[place], edited(before[place], fields, form)
        rows = [to_row(each) for each in (one, other)]
        if rows[0].digest == rows[1].digest:
            continue
        names = json.loads(fields_changed(rows[0].values, rows[1].values) or "null")
        plain = (one.source, one.id, "", (one.type,), one.tags, tuple(names))
        purged = frozenset(keys_of(Purge(1, *plain, False, 1, 0, False, None, None, NOON, 0, 0)))
        for (was, keys), now in zip(answers, decided(published({**before, place: other})), strict=True):
            assert told(now) == was or purged.intersection(keys), (one, fields, keys, purged)
            if told(now) != was:
                event("by a field" if f"entry:cms/{one.id}" not in keys else "it is shown")


@searched(120)
@given(worlds(2), worlds(1), forms, st.integers(0, 4), st.lists(edits, min_size=1, max_size=2))
def test_whoever_gets_another_answer_after_a_change_had_one_that_was_purged(
    shelf: Shelf, world: World, other: World, form: Form, doubled: int, done: list[Edit]
) -> None:
    """For as long as that answer would be kept. Entries that two sources have are among the content."""
    note((world, form, doubled, done))
    ruleset = rules.load(formed(world.document, form))
    shelf.empty()
    shelf.apply(SOURCES[0], *(stored(SOURCES[0], one, form) for one in entries_of(world, form)))
    both = {(one["id"], one.get("locale")): one for one in (*other.content[:1], *world.content[:doubled])}
    shelf.apply(SOURCES[1], *(stored(SOURCES[1], one, form) for one in both.values()))
    before = shelf.site(ruleset)
    since = shelf.store.content.epoch()
    for edit in done:
        change(shelf, edit, other, form)
    after = shelf.site(ruleset)
    purged = shelf.purged(since)
    spared = 0
    for slot in world.slots:
        scores = world.scores if fields_read(ruleset.compiled(slot)) is None else None
        end = holding(before, [slot], world.now).slots[0][1]
        for person in world.people:

            def decided(site: Site, now: datetime) -> Decision:
                return ruleset.decide(
                    slot,  # noqa: B023 - called in this turn of the loop alone
                    person.attributes,  # noqa: B023
                    site.content,
                    segments=person.segments,  # noqa: B023
                    now=now,
                    scores=scores,  # noqa: B023
                )

            old = decided(before, world.now)
            keys = keys_of_answers(before, [old], keyed=True)
            if purged.intersection(keys):
                continue
            spared += 1
            for later in (timedelta(0), timedelta(seconds=1), timedelta(hours=2), timedelta(days=30)):
                if world.now + later < end or not later:
                    moment = world.now + later
                    assert told(decided(before, moment)) == told(decided(after, moment)), (slot, keys, purged)
    event("spared" if spared else "all purged" if purged else "nothing changed")


def test_few_answers_are_purged_by_everything() -> None:
    """Else the properties above would say nothing."""
    document = {
        "slots": [
            {"id": "a", "select": {"content.type": "hero"}, "default": {"id": "welcome"}},
            {"id": "b", "select": {"content.tags": ["x", "y"], "content.type": "card"}},
            {"id": "c", "select": {"content.price": {"gt": 3}}},
            {"id": "d"},
        ]
    }
    ruleset = rules.load(document)
    found = {name: surrogates_of(ruleset.compiled(name)) for name in "abcd"}
    assert found == {
        "a": Surrogates(
            ("slot:a", "among:id:welcome", "among:type:hero"),
            ("slot:a", "id:welcome", "type:hero"),
        ),
        "b": Surrogates(("slot:b", "among:tag:x", "among:tag:y"), ("slot:b", "tag:x", "tag:y")),
        "c": Surrogates(("slot:c", f"among:{CONTENT}", f"field:price/{CONTENT}"), ("slot:c", CONTENT)),
        "d": Surrogates(("slot:d", f"among:{CONTENT}"), ("slot:d", CONTENT)),
    }
