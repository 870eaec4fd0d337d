"""Who wins: candidates, only, hide, caps, pins, scores, defaults; step by step as the language page has it."""

from __future__ import annotations

import math
from typing import Any

import pytest

import rules
from rules import Decision

NOW = "2026-11-21T12:00:00Z"
CONTENT: list[dict[str, Any]] = [
    {"id": "a", "type": "card", "tags": ["x"], "published_at": "2026-01-01"},
    {"id": "b", "type": "card", "tags": ["x", "y"], "published_at": "2026-01-03"},
    {"id": "c", "type": "card", "tags": ["y"], "published_at": "2026-01-02"},
    {"id": "d", "type": "hero"},
]


def decide(
    *items: dict[str, Any], slot: dict[str, Any] | None = None, content: list[dict[str, Any]] | None = None, **more: Any
) -> Decision:
    """The decision of slot `s` (four blocks unless told) by these rules."""
    attributes = more.pop("attributes", {})
    document = {
        key: more.pop(key) for key in ("locales", "segments", "experiments", "holdout", "attributes_") if key in more
    }
    made = {
        "slots": [{"id": "s", "limit": 4, **(slot or {})}],
        "rules": [{"id": f"r{number}", "slot": "s", **item} for number, item in enumerate(items)],
        **document,
    }
    chosen = CONTENT if content is None else content
    return rules.load(made).decide("s", attributes, chosen, now=NOW, **more)


def ids(*items: dict[str, Any], **more: Any) -> list[str]:
    """The ids of the blocks."""
    return [block.id for block in decide(*items, **more).blocks]


def then(*effects: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A rule with these effects."""
    return {"then": list(effects), **more}


def test_without_rules_the_newest_come_first() -> None:
    """Those without a date last, then by id; the order given never matters."""
    assert ids() == ["b", "c", "a", "d"]
    assert ids(content=CONTENT[::-1]) == ["b", "c", "a", "d"]
    same = [{"id": name} for name in ("é", "Z", "a", "10", "9")]
    assert ids(content=same) == ["10", "9", "Z", "a"]


def test_a_slot_shows_one_block_unless_told() -> None:
    """A request can only lower the limit."""
    document = {"slots": [{"id": "s"}, {"id": "t", "limit": 2}]}
    loaded = rules.load(document)

    def shown(slot: str, limit: int | None = None) -> int:
        return len(loaded.decide(slot, {}, CONTENT, now=NOW, limit=limit).blocks)

    assert [shown("s"), shown("t"), shown("t", 1), shown("t", 9), shown("t", 0), shown("t", -1)] == [1, 2, 1, 2, 0, 0]


def test_candidates_are_selected_and_published() -> None:
    """What is dated after the clock is not there yet; at the very instant it is."""
    assert ids(slot={"select": {"content.type": "hero"}}) == ["d"]
    content = [{"id": "now", "published_at": NOW}, {"id": "later", "published_at": "2026-11-21T12:00:00.000001Z"}]
    assert ids(content=content) == ["now"]


def test_audience_tags_need_a_segment_of_the_visitor() -> None:
    """One of them is enough; a tag that names no segment excludes everyone, and is reported."""
    content = [
        {"id": "a", "tags": ["audience:vip", "audience:near"]},
        {"id": "b", "tags": ["audience:ghost"]},
        {"id": "c"},
    ]
    segments = [
        {"id": "vip", "computed": True},
        {"id": "near", "when": {"geo.country": "FR"}},
        {"id": "off", "enabled": False, "computed": True},
    ]
    assert ids(content=content, segments=segments) == ["c"]
    assert ids(content=content, segments=segments, attributes={"geo.country": "FR"}) == ["a", "c"]
    loaded = rules.load({"slots": [{"id": "s"}], "segments": segments})
    assert loaded.prepare(content).unknown_audiences == {"ghost": ("b",)}
    decision = loaded.decide("s", {}, content, segments=["vip", "ghost", "off"], now=NOW)
    assert (decision.segments, decision.blocks[0].id) == (("vip",), "a")


def test_of_each_id_the_variant_in_the_visitors_language() -> None:
    """The lookup, then the chain, then the one without a locale, else none."""
    content = [
        {"id": "a", "locale": "fr"},
        {"id": "a", "locale": "en"},
        {"id": "b", "locale": "de"},
        {"id": "b"},
        {"id": "c", "locale": "de"},
    ]

    def seen(tag: str | None, locales: list[str]) -> list[tuple[str, str | None]]:
        attributes = {"request.locale": tag} if tag else {}
        decision = decide(content=content, locales=locales, attributes=attributes)
        return [(block.id, block.locale) for block in decision.blocks]

    assert seen("fr-CA", ["en", "fr"]) == [("a", "fr"), ("b", None)]
    assert seen("de-AT", ["en", "fr"]) == [("a", "en"), ("b", "de"), ("c", "de")]
    assert seen(None, ["fr"]) == [("a", "fr"), ("b", None)]
    assert seen("EN", []) == [("a", "en"), ("b", None)]
    assert seen(None, []) == [("b", None)]


def test_only_intersects_and_hide_removes() -> None:
    """In whatever order of priority."""
    assert ids(then({"only": {"content.tags": "x"}})) == ["b", "a"]
    assert ids(then({"only": {"content.tags": "x"}}), then({"only": {"content.tags": "y"}})) == ["b"]
    assert ids(then({"hide": {"content.tags": "y"}}), then({"pin": {"id": "b"}}, priority=9)) == ["a", "d"]


def test_priority_orders_rules_and_then_the_id() -> None:
    """Higher first; `set` and `model`: the first wins, key by key."""
    low = then({"set": {"presentation.a": "low", "presentation.b": "low"}}, id="a-low", priority=-1)
    high = then({"set": {"presentation.a": "high"}}, id="z-high", priority=1)
    twin = then({"set": {"presentation.a": "twin"}}, id="y-twin", priority=1)
    assert decide(low, high, twin).presentation == {"a": "twin", "b": "low"}


def test_stop_drops_what_has_strictly_lower_priority() -> None:
    """Not its equals; the highest that stops counts."""
    stop = then({"stop": True}, priority=5)
    assert ids(stop, then({"hide": {"id": "a"}}, priority=5), then({"hide": {"id": "b"}}, priority=4)) == [
        "b",
        "c",
        "d",
    ]
    assert ids(stop, then({"stop": True}, priority=1), then({"hide": {"id": "a"}}, priority=3)) == ["b", "c", "a", "d"]


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        ([{"pin": {"id": "d"}}], ["d", "b", "c", "a"]),
        ([{"pin": {"id": "d"}, "position": 3}], ["b", "c", "d", "a"]),
        ([{"pin": {"content.tags": "x"}}], ["b", "c", "a", "d"]),
        ([{"pin": {"content.tags": "x"}, "max": 2, "position": 3}], ["c", "d", "b", "a"]),
        ([{"pin": {"id": "d"}, "position": 2}, {"pin": {"id": "a"}, "position": 2}], ["b", "d", "a", "c"]),
        ([{"pin": {"id": "d"}}, {"pin": {"id": "a"}}], ["d", "a", "b", "c"]),
        ([{"pin": {"id": "d"}, "position": 4}, {"pin": {"id": "a"}, "position": 4}], ["b", "c", "a", "d"]),
        ([{"pin": {"id": "d"}}, {"pin": {"id": "d"}, "position": 3}], ["d", "b", "c", "a"]),
        ([{"pin": {"content.tags": "x"}}, {"pin": {"content.tags": "x"}}], ["b", "a", "c", "d"]),
        ([{"pin": {"id": "nothing"}}], ["b", "c", "a", "d"]),
        ([{"pin": {"id": "d"}, "position": 9}], ["b", "c", "a", "d"]),
    ],
)
def test_pins_take_places_in_order(effects: list[dict[str, Any]], expected: list[str]) -> None:
    """Each its best match that is not pinned yet, at its position, the next free one if that is taken."""
    assert ids(then(*effects)) == expected


def test_a_pin_beyond_the_limit_is_no_pin_and_gaps_close() -> None:
    """A later pin may take the entry; positions without anybody close."""
    two = {"limit": 2}
    rules_ = [
        then({"pin": {"id": "d"}, "position": 3}, priority=2),
        then({"pin": {"id": "d"}, "position": 1}, priority=1),
    ]
    decision = decide(*rules_, slot=two)
    assert [(block.id, block.reason.rule) for block in decision.blocks] == [("d", "r1"), ("b", None)]
    lonely = decide(then({"pin": {"id": "d"}, "position": 4}), content=[CONTENT[0], CONTENT[3]])
    assert [(block.id, block.position) for block in lonely.blocks] == [("a", 1), ("d", 2)]


def test_scores_are_boosts_and_the_models_share() -> None:
    """Rules x the sum of boosts + weight x the score; a missing score is 0, boosts may be negative."""
    slot = {"blend": {"rules": 2, "model": {"name": "m", "weight": 0.5}}}
    boosts = [
        then({"boost": {"content.tags": "x"}, "by": 0.25}),
        then({"boost": {"id": "a"}, "by": 0.5}),
        then({"boost": {"id": "c"}, "by": -1}),
    ]
    decision = decide(*boosts, slot=slot, scores={"d": 1.0, "b": 0.5, "ghost": 1.0})
    assert [(block.id, block.score) for block in decision.blocks] == [("a", 1.5), ("b", 0.75), ("d", 0.5), ("c", -2.0)]
    assert [block.reason.rule for block in decision.blocks] == ["r1", "r0", None, "r2"]
    assert [block.reason.model for block in decision.blocks] == [None, "m", "m", None]


def test_a_model_without_an_opinion_says_none_and_what_is_no_number_is_refused() -> None:
    slot = {"blend": {"model": {"name": "m", "weight": 1}}}
    left_out, none = (decide(slot=slot, scores=scores, explain=True) for scores in ({"b": 0.5}, {"a": None, "b": 0.5}))
    assert [(block.id, block.score, block.reason) for block in none.blocks] == [
        (block.id, block.score, block.reason) for block in left_out.blocks
    ]
    assert none.trace == left_out.trace
    for wrong in (math.nan, math.inf, 10**400, -(10**5000), "0.5", True):
        with pytest.raises(ValueError, match="the score of 'a' is no finite number"):
            decide(slot=slot, scores={"a": wrong})


def test_a_rule_may_change_the_model() -> None:
    """Key by key, the first wins, then the slot's."""
    slot = {"blend": {"model": {"name": "m", "weight": 1}}}
    loaded = rules.load(
        {
            "slots": [{"id": "s", **slot}],
            "rules": [
                {"id": "a", "slot": "s", "priority": 1, "then": [{"model": {"weight": 0}}]},
                {"id": "b", "slot": "s", "then": [{"model": {"name": "other", "weight": 3, "per": "visitor"}}]},
            ],
        }
    )
    plan = loaded.plan("s", loaded.facts({}, now=NOW), loaded.prepare(CONTENT))
    assert (plan.model.name, plan.model.weight, plan.model.per) == ("other", 0.0, "visitor")
    assert plan.wanted() == ["b", "c", "a", "d"]


SHOWN = {
    "b": ["2026-11-21T11:00:00Z", "2026-11-20T12:00:01Z"],
    "c": ["2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z"],
    "a": ["2026-11-21T12:00:01Z"] * 5,
}


def test_a_cap_counts_exposures_after_now_less_the_window_up_to_now() -> None:
    """One at the very beginning of the window is out, one at this instant is in, one of the future is out."""
    cap = {"cap": {"per_visitor": 2, "within": "1d"}}
    assert ids(slot=cap, exposures=SHOWN) == ["c", "a", "d"]
    assert ids(slot=cap) == ["b", "c", "a", "d"]
    assert ids(then({"pin": {"id": "b"}}), slot=cap, exposures=SHOWN) == ["c", "a", "d"]
    assert ids(then({"pin": {"id": "b"}, "uncapped": True}), slot=cap, exposures=SHOWN) == ["b", "c", "a", "d"]


def test_a_rules_own_cap_keeps_it_from_pinning_and_boosting() -> None:
    """The entry stays a candidate."""
    cap = {"cap": {"per_visitor": 2, "within": "1d"}}
    pin = then({"pin": {"id": ["b", "d"]}, "position": 1}, **cap)
    assert ids(pin) == ["b", "c", "a", "d"]
    assert ids(pin, exposures=SHOWN) == ["d", "b", "c", "a"]
    lower = then({"boost": {"id": "b"}, "by": -9}, **cap)
    assert ids(lower) == ["c", "a", "d", "b"]
    assert ids(lower, exposures=SHOWN) == ["b", "c", "a", "d"]


def test_excluded_ids_are_left_out() -> None:
    """Of the default as well."""
    assert ids(exclude=["b", "ghost"]) == ["c", "a", "d"]
    slot = {"select": {"content.type": "none"}, "default": {"id": ["d", "a"]}}
    assert ids(slot=slot, exclude=["d"]) == ["a"]


def test_the_default_stands_in_where_nothing_is_left() -> None:
    """In the order listed, whatever select, hides and caps say; but published, and in the visitor's language."""
    slot = {"select": {"content.type": "none"}, "default": {"id": ["d", "a", "ghost", "b"]}, "limit": 2}
    decision = decide(then({"hide": {}}, {"set": {"presentation.x": 1}}), slot=slot)
    assert [(block.id, block.reason.kind, block.score) for block in decision.blocks] == [
        ("d", "default", 0.0),
        ("a", "default", 0.0),
    ]
    assert (decision.fallback, decision.presentation) == (True, {"x": 1})
    assert not decide(slot={"default": {"id": "d"}}).fallback
    empty = decide(slot={"select": {"content.type": "none"}})
    assert (empty.fallback, empty.blocks) == (True, ())
    later = [{"id": "d", "published_at": "2027-01-01"}, {"id": "a", "locale": "fr"}, {"id": "a", "locale": "en"}]
    seen = decide(slot=slot, content=later, attributes={"request.locale": "en"})
    assert [(block.id, block.locale) for block in seen.blocks] == [("a", "en")]


def test_a_selector_compares_with_the_visitor() -> None:
    """`ref`s are bound; a missing one makes a test false, `ne` true."""
    content = [{"id": "fr", "region": "FR"}, {"id": "it", "region": "IT"}, {"id": "none"}]
    boost = then({"boost": {"content.region": {"ref": "geo.country"}}, "by": 1})
    assert ids(boost, content=content, attributes={"geo.country": "IT"}) == ["it", "fr", "none"]
    assert ids(boost, content=content) == ["fr", "it", "none"]
    hide = then({"hide": {"content.region": {"ne": {"ref": "geo.country"}}}})
    assert ids(hide, content=content, attributes={"geo.country": "IT"}) == ["it"]
    assert ids(hide, content=content) == []


def test_a_selector_reads_fields_by_name_and_path() -> None:
    """Typed by their values; a bare value of a list means that it is contained."""
    content = [{"id": "a", "price": 20, "topics": ["ski"], "author": {"name": "Odile"}}, {"id": "b", "price": "20"}]
    for selector in (
        {"content.price": {"lte": 20}},
        {"content.topics": "ski"},
        {"content.author.name": "Odile"},
        {"content.price": 20.0},
    ):
        assert ids(then({"only": selector}), content=content) == ["a"], selector


def test_diversity_applies_to_what_is_not_pinned() -> None:
    """By maximal marginal relevance over a field."""
    content = [
        {"id": "a", "topic": "x"},
        {"id": "b", "topic": "x"},
        {"id": "c", "topic": "y"},
        {"id": "d", "topic": "z"},
    ]
    slot = {"diversify": {"by": "content.topic", "trade_off": 0.5}}
    assert ids(slot=slot, content=content) == ["a", "c", "d", "b"]
    assert ids(then({"pin": {"id": "b"}}), slot=slot, content=content) == ["b", "a", "c", "d"]


def test_an_unknown_or_disabled_slot_is_an_error_with_the_nearest_name() -> None:
    """A disabled slot is unknown."""
    loaded = rules.load({"slots": [{"id": "home.hero"}, {"id": "home.feed", "enabled": False}]})
    with pytest.raises(rules.UnknownSlotError, match=r"did you mean 'home\.hero'") as caught:
        loaded.decide("home.heroo", {}, [], now=NOW)
    assert (caught.value.slot, caught.value.suggestion) == ("home.heroo", "home.hero")
    with pytest.raises(rules.UnknownSlotError):
        loaded.decide("home.feed", {}, [], now=NOW)
    assert loaded.slots == ("home.hero",)


@pytest.mark.parametrize("entry", [{}, {"id": ""}, {"id": 5}, {"id": "a", "tags": "x"}, {"id": "a", "tags": [1]}])
def test_an_entry_without_an_id_or_with_odd_tags_is_an_error(entry: dict[str, Any]) -> None:
    """Content is checked once, when it is prepared."""
    with pytest.raises(ValueError, match=r"id|tags"):
        ids(content=[entry])


def test_disabled_things_are_as_if_they_were_not_there() -> None:
    """Rules, experiments, and segments, which nobody is in."""
    hide = then({"hide": {"id": "b"}})
    assert ids({**hide, "enabled": False}) == ["b", "c", "a", "d"]
    off = [{"id": "off", "enabled": False, "when": {}}]
    assert ids({**hide, "when": {"segment": "off"}}, segments=off) == ["b", "c", "a", "d"]
    assert ids({**hide, "when": {"not": {"segment": "off"}}}, segments=off) == ["c", "a", "d"]


def test_segments_name_segments_and_callers_add() -> None:
    """Membership given adds to what conditions give, also for what is built on it."""
    document = {
        "slots": [{"id": "s"}],
        "segments": [
            {"id": "both", "when": {"all": [{"segment": "fr"}, {"segment": "fan"}]}},
            {"id": "fr", "when": {"geo.country": "FR"}},
            {"id": "fan", "pattern": {"event": "view", "within": "1d"}},
            {"id": "list", "members": ["v-1"]},
            {"id": "near-list", "when": {"segment": ["list", "both"]}},
        ],
    }
    loaded = rules.load(document)

    def held(attributes: dict[str, Any], *given: str) -> list[str]:
        return sorted(loaded.facts(attributes, segments=given, now=NOW).held)

    assert held({}) == []
    assert held({"geo.country": "FR"}) == ["fr"]
    assert held({"geo.country": "FR"}, "fan", "nobody") == ["both", "fan", "fr", "near-list"]
    assert held({}, "fr", "fan") == ["both", "fan", "fr", "near-list"]
    assert held({"visitor.id": "v-1"}) == ["list", "near-list"]
