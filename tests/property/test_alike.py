"""A visitor whose inputs an edge replaced by what is alike gets the key that is theirs, whatever the rules ask."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

from hypothesis import example, given, note
from hypothesis import strategies as st

import rules
from plugin.flow.signals.countries import CONTINENT_OF
from plugin.flow.signals.edge import from_edge
from plugin.service.delivery.alike import NOTHING, OTHER, AlikeValues, alike
from rules.footprint.inputs import UTM
from rules.shared_slots import SharedSlots
from tests.edge import hits_world
from tests.edge import worlds as edge_worlds
from tests.strategies import World, worlds
from tests.strategies.profiles import searched

INPUTS = ["country", *(f"utm_{name}" for name in sorted(UTM))]
HEADERS = {"country": "t-country", **{f"utm_{name}": f"t-utm-{name}" for name in UTM}}
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
WORDS = [*filter(None, edge_worlds.CAMPAIGNS), *hits_world.CAMPAIGNS[:9], "summer", "sale", "x", "-", OTHER, "campaign"]


def as_an_edge_does(text: str, headers: dict[str, str]) -> dict[str, str]:
    """What `tessera_many.vcl` makes of inputs."""
    found = dict(headers)
    if f"/{headers.get('t-country')}/" in text:
        found["t-country"] = text.split("/")[1]
    for name in UTM:
        said, title = headers.get(f"t-utm-{name}"), f"T-Utm-{name.capitalize()}"
        if said is not None and f" {title};" in text and f" {title}={said};" not in text:
            found[f"t-utm-{name}"] = OTHER
    return found


visitors = st.fixed_dictionaries(
    {},
    optional={
        header: st.sampled_from([*sorted(CONTINENT_OF), "XX"] if name == "country" else WORDS)
        for name, header in HEADERS.items()
    },
)


def check(ruleset: rules.Ruleset, content: rules.Content, others: dict[str, object], headers: dict[str, str]) -> None:
    shared = SharedSlots(ruleset, content)
    for slots in ([one] for one in ruleset.slots):
        told = alike(ruleset, shared, slots)
        replaced = as_an_edge_does(told.text, headers)
        note((slots, told, replaced))
        texts = []
        for seen in (headers, replaced):
            carried = {name: (value,) for name, value in seen.items()}
            attributes = {**others, **from_edge(carried, INPUTS, gpc_purposes=())}
            facts = ruleset.facts(attributes, now=NOW)
            texts.append(ruleset.outcome_text(ruleset.plan(slots[0], facts, content), content))
        assert texts[0] == texts[1]


@searched(150)
@given(worlds(1), visitors)
def test_of_documents_of_all_kinds(world: World, headers: dict[str, str]) -> None:
    ruleset = rules.load(world.document)
    others = {
        name: value
        for name, value in world.people[0].attributes.items()
        if not name.startswith(("geo.co", "geo.eu", "request.utm."))
    }
    check(ruleset, ruleset.prepare(world.content), others, headers)


@searched(150)
@given(st.integers(0, 10_000), visitors)
@example(3, {"t-country": "XX", "t-utm-campaign": "none"})
def test_of_documents_of_sites(seed: int, headers: dict[str, str]) -> None:
    document = edge_worlds.document(Random(seed), seed, NOW, 60.0)
    ruleset = rules.load(document)
    check(ruleset, ruleset.prepare([]), {}, headers)


def test_what_is_alike_is_most_of_the_world_and_every_campaign_without_a_rule() -> None:
    ruleset = rules.load(hits_world.document("one"))
    shared = SharedSlots(ruleset, ruleset.prepare([]))
    told = alike(ruleset, shared, hits_world.SLOTS)
    kept = [code for code in CONTINENT_OF if as_an_edge_does(told.text, {"t-country": code})["t-country"] == code]
    assert len(kept) == 8  # seven that rules name, and the one that stands for the others
    assert as_an_edge_does(told.text, {"t-utm-campaign": "campaign-19"}) == {"t-utm-campaign": OTHER}
    named = {rule.get("when", {}).get("request.utm.campaign") for rule in hits_world.document("one")["rules"]} - {None}
    assert len(named) > 1
    assert all(as_an_edge_does(told.text, {"t-utm-campaign": one}) == {"t-utm-campaign": one} for one in named)
    assert alike(ruleset, shared, hits_world.SLOTS).digest == told.digest
    assert alike(ruleset, shared, hits_world.SLOTS[:1]).digest != told.digest


def test_slots_in_any_order_are_told_the_same_which_is_worked_out_once() -> None:
    ruleset = rules.load(hits_world.document("one"))
    shared = SharedSlots(ruleset, ruleset.prepare([]))
    values = AlikeValues()
    told = values.of(ruleset, shared, hits_world.SLOTS)
    assert values.of(ruleset, shared, hits_world.SLOTS[::-1]) is told
    assert alike(ruleset, shared, hits_world.SLOTS[::-1]) == alike(ruleset, shared, hits_world.SLOTS) == told
    assert values.of(ruleset, shared, hits_world.SLOTS[:1]) != told


def test_what_cannot_be_said_of_all_is_not_said() -> None:
    for when in (
        {"request.utm.campaign": {"contains": "sale"}},
        {"request.utm.campaign": {"any_case": True, "eq": "Sale"}},
        {"request.utm.campaign": OTHER},
        {"device.type": "mobile"},
    ):
        rule = {"id": "a", "slot": "s", "when": when, "then": [{"pin": {"id": "x"}}]}
        ruleset = rules.load({"version": 1, "slots": [{"id": "s"}], "rules": [rule]})
        assert alike(ruleset, SharedSlots(ruleset, ruleset.prepare([])), ["s"]) == NOTHING, when
