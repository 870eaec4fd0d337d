"""The oracle's decisions against cases worked out by hand from the language page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.oracle import Answer, decide
from tests.oracle.decision import Reason
from tests.oracle.locales import lookup

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)


def entry(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "type": "card", "tags": [], **fields}


def document(*rules: dict[str, Any], limit: int = 3, slot: dict[str, Any] | None = None, **more: Any) -> Any:
    named = [{"id": f"r{number}", "slot": "s", **rule} for number, rule in enumerate(rules)]
    return {"version": 1, "slots": [{"id": "s", "limit": limit, **(slot or {})}], "rules": named, **more}


def decided(document: Any, content: list[dict[str, Any]], attributes: Any = None, **options: Any) -> Answer:
    return decide(document, "s", attributes or {}, content, **{"now": NOW, **options})


ABCD = [entry(name) for name in "dbca"]


def test_ties_go_to_the_newest_and_then_to_the_id() -> None:
    """Entries without a date come last."""
    content = [
        *ABCD,
        entry("x", published_at="2026-01-01T00:00:00Z"),
        entry("y", published_at="2026-02-01T00:00"),
    ]
    assert decided(document(limit=6), content).ids == ["y", "x", "a", "b", "c", "d"]


def test_boosts_add_and_scores_join_in_by_weight() -> None:
    """a: 0.5 + 0.25, b: 2 x 0.4, c: 0."""
    rules = [{"then": [{"boost": {"id": "a"}, "by": 0.5}]}, {"then": [{"boost": {"id": ["a"]}, "by": 0.25}]}]
    slot = {"blend": {"rules": 1.0, "model": {"name": "m", "weight": 2}}}
    answer = decided(document(*rules, slot=slot), [entry(n) for n in "abc"], scores={"b": 0.4})
    assert answer.ids == ["b", "a", "c"]
    assert answer.reasons == [Reason("score")] * 3


def test_the_first_model_and_set_win_key_by_key() -> None:
    """The higher priority comes first, whatever the order in the document."""
    rules = [
        {"then": [{"set": {"presentation.a": 1, "presentation.b": 1}}, {"model": {"weight": 0}}]},
        {"priority": 5, "then": [{"set": {"presentation.b": 2}}, {"model": {"name": "n"}}]},
    ]
    answer = decided(document(*rules), ABCD, scores={"d": 1.0})
    assert answer.presentation == {"a": 1, "b": 2}
    assert answer.ids == ["a", "b", "c"]


def test_only_intersects_and_hide_removes() -> None:
    """Both work before anything is pinned."""
    rules = [
        {"then": [{"only": {"id": ["a", "b", "c"]}}, {"only": {"id": ["b", "c", "d"]}}]},
        {"then": [{"hide": {"id": "b"}}, {"pin": {"id": "b"}}]},
    ]
    assert decided(document(*rules), ABCD).ids == ["c"]


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        ([{"pin": {"id": "d"}}], ["d", "a", "b"]),
        ([{"pin": {"id": "d"}, "position": 2}], ["a", "d", "b"]),
        ([{"pin": {"id": "d"}, "position": 2}, {"pin": {"id": "c"}, "position": 2}], ["a", "d", "c"]),
        ([{"pin": {"id": "d"}, "position": 4}], ["a", "b", "c"]),
        ([{"pin": {"id": "d"}, "position": 3}, {"pin": {"id": "c"}, "position": 3}], ["a", "b", "d"]),
        ([{"pin": {"id": ["c", "d"]}, "max": 2}], ["c", "d", "a"]),
        ([{"pin": {"id": ["b", "c", "d"]}, "max": 3, "position": 2}], ["a", "b", "c"]),
        ([{"pin": {"id": "d"}, "position": 3}, {"pin": {"id": "d"}, "position": 1}], ["a", "b", "d"]),
    ],
)
def test_pins_take_their_places(effects: list[dict[str, Any]], expected: list[str]) -> None:
    """At the position, at the next free one, and never beyond the limit."""
    assert decided(document({"then": effects}), ABCD).ids == expected


def test_both_spellings_of_an_id_in_one_selector_mean_both() -> None:
    """`{id: a, content.id: b}` takes nothing."""
    pin = {"pin": {"id": "d", "content.id": "c"}}
    assert decided(document({"then": [pin]}), ABCD).ids == ["a", "b", "c"]


def test_gaps_close() -> None:
    """Two entries pinned at 2 and 3 with nothing left for 1 move up."""
    pins = [{"pin": {"id": "a"}, "position": 3}, {"pin": {"id": "b"}, "position": 2}]
    answer = decided(document({"then": pins}), [entry("a"), entry("b")])
    assert answer.ids == ["b", "a"]
    assert answer.reasons == [Reason("pin", rule="r0")] * 2


def test_a_stop_drops_strictly_lower_priorities() -> None:
    """Equal ones stay, before or after it."""
    rules = [
        {"priority": 1, "then": [{"hide": {"id": "a"}}]},
        {"priority": 2, "then": [{"hide": {"id": "b"}}]},
        {"priority": 2, "then": [{"stop": True}]},
    ]
    assert decided(document(*rules), ABCD).ids == ["a", "c", "d"]


def test_caps_count_the_window_that_ends_now() -> None:
    """After now − within, up to now; `uncapped` pins may take the entry; a rule's own cap binds that rule."""
    slot = {"cap": {"per_visitor": 2, "within": "1d"}}
    day = timedelta(days=1)
    seen = {"a": [NOW, NOW - day + timedelta(seconds=1)], "b": [NOW, NOW - day, NOW + timedelta(seconds=1)]}
    assert decided(document(slot=slot), ABCD, exposures=seen).ids == ["b", "c", "d"]
    uncapped = {"then": [{"pin": {"id": "a"}, "uncapped": True}]}
    assert decided(document(uncapped, slot=slot), ABCD, exposures=seen).ids == ["a", "b", "c"]
    own = {"cap": {"per_visitor": 1, "within": "1h"}, "then": [{"pin": {"id": ["a", "d"]}}]}
    answer = decided(document(own), ABCD, exposures=seen)
    assert answer.ids == ["d", "a", "b"]


def test_the_default_ignores_the_rules_but_not_the_request() -> None:
    """`set` still applies."""
    slot = {"select": {"content.type": "hero"}, "default": {"id": ["c", "soon", "b", "a", "gone"]}}
    hide = {"then": [{"hide": {}}, {"set": {"presentation.x": "y"}}]}
    content = [*ABCD, entry("soon", published_at="2026-12-01T00:00:00Z")]
    answer = decided(document(hide, limit=2, slot=slot), content, exclude=["c"])
    assert (answer.ids, answer.fallback, answer.presentation) == (["b", "a"], True, {"x": "y"})
    assert answer.reasons == [Reason("default")] * 2
    assert decided(document(hide), ABCD).fallback


LOCALIZED = [
    entry("a", locale="fr", v=1),
    entry("a", locale="en", v=2),
    entry("b", locale="fr-CA", v=1),
    entry("b", v=3),
    entry("c", locale="de", v=4),
    entry("d", locale="en", published_at="2027-01-01T00:00:00Z", v=1),
    entry("d", locale="fr", v=5),
]


@pytest.mark.parametrize(
    ("locales", "wanted", "shown"),
    [
        (["fr", "en"], None, {"a": 1, "b": 3, "d": 5}),
        (["fr", "en"], "en-GB", {"a": 2, "b": 3, "d": 5}),
        (["fr", "en"], "FR-ca-x-beta", {"a": 1, "b": 1, "d": 5}),
        (["en", "fr"], "de", {"a": 2, "b": 3, "c": 4, "d": 5}),
        ([], "fr", {"a": 1, "b": 3, "d": 5}),
        ([], None, {"b": 3}),
    ],
)
def test_one_variant_of_each_entry(locales: list[str], wanted: str | None, shown: dict[str, int]) -> None:
    """The visitor's lookup, the document's chain, the one without a locale, in this order."""
    answer = decided(document(limit=9, locales=locales), LOCALIZED, {"request.locale": wanted})
    assert {one["id"]: one["v"] for one in answer.entries} == shown


def test_a_lookup_drops_single_letters_with_what_follows_them() -> None:
    """RFC 4647, 3.4: `zh-Hant-CN-x-a-b` never becomes `zh-Hant-CN-x`."""
    assert lookup("zh-Hant-CN-x-a-wadegile") == [
        "zh-hant-cn-x-a-wadegile",
        "zh-hant-cn",
        "zh-hant",
        "zh",
    ]


def test_audience_tags_need_a_segment_that_is_held() -> None:
    """A tag that names no segment lets nobody in; a segment given by the caller counts, if it is known."""
    content = [
        entry("a", tags=["audience:vip"]),
        entry("b", tags=["audience:nobody"]),
        entry("c", tags=["audience:off", "audience:vip"]),
        entry("d", tags=["audience:off"]),
    ]
    segments = [{"id": "vip", "when": {"geo.country": "FR"}}, {"id": "off", "enabled": False, "when": {}}]
    made = document(segments=segments, slot={"default": {"id": "d"}})
    assert decided(made, content, {"geo.country": "FR"}).ids == ["a", "c"]
    assert decided(made, content, segments=["vip", "nobody", "off"]).ids == ["a", "c"]
    assert decided(made, content).ids == ["d"]


def test_members_and_chains_of_segments() -> None:
    """A segment may name others in any order."""
    segments = [
        {"id": "both", "when": {"all": [{"segment": "list"}, {"not": {"segment": "fr"}}]}},
        {"id": "fr", "when": {"geo.country": "FR"}},
        {"id": "list", "members": ["v1"]},
        {"id": "later", "computed": True},
    ]
    rule = {"when": {"segment": ["both", "later"]}, "then": [{"pin": {"id": "d"}}]}
    made = document(rule, segments=segments)
    assert decided(made, ABCD, {"visitor.id": "v1"}).ids[0] == "d"
    assert decided(made, ABCD, {"visitor.id": "v1", "geo.country": "FR"}).ids[0] == "a"
    assert decided(made, ABCD, segments=["later"]).ids[0] == "d"


@pytest.mark.parametrize(
    ("schedule", "moment", "zone", "holds"),
    [
        ({"from": "2026-11-20"}, "2026-11-19T23:00:00Z", None, True),
        ({"from": "2026-11-20"}, "2026-11-19T22:59:59Z", None, False),
        ({"until": "2026-11-20"}, "2026-11-19T23:00:00Z", None, False),
        ({"from": "2026-11-20", "timezone": "visitor"}, "2026-11-20T04:59:59Z", "America/New_York", False),
        ({"from": "2026-11-20", "timezone": "visitor"}, "2026-11-20T05:00:00Z", "America/New_York", True),
        # 2026-03-29: Paris has no 02:30; it is read with the offset before, +01:00, so it is 01:30 UTC
        ({"from": "2026-03-29T02:30"}, "2026-03-29T01:29:59Z", None, False),
        ({"from": "2026-03-29T02:30"}, "2026-03-29T01:30:00Z", None, True),
        # 2026-10-25: Paris has 02:30 twice; the first is 00:30 UTC
        ({"from": "2026-10-25T02:30"}, "2026-10-25T00:30:00Z", None, True),
        ({"from": "2026-10-25T02:30:00+00:00"}, "2026-10-25T02:29:59Z", None, False),
        ({"on": {"weekdays": ["sat", "sun"]}}, "2026-11-22T22:59:59Z", None, True),
        ({"on": {"weekdays": ["sat", "sun"]}}, "2026-11-22T23:00:00Z", None, False),
        ({"on": {"hours": [18, 23]}}, "2026-11-22T22:59:59Z", None, True),
        ({"on": {"hours": [18, 23]}}, "2026-11-22T23:00:00Z", None, False),
        # the night that began on Saturday the 21st
        ({"on": {"weekdays": ["sat"], "hours": [22, 4]}}, "2026-11-22T03:59:59Z", None, True),
        ({"on": {"weekdays": ["sat"], "hours": [22, 4]}}, "2026-11-22T04:00:00Z", None, False),
        ({"on": {"weekdays": ["sat"], "hours": [22, 4]}}, "2026-11-21T02:00:00Z", None, False),
        ({"on": {"weekdays": ["fri"], "hours": [22, 4]}}, "2026-11-21T02:00:00Z", None, True),
    ],
)
def test_schedules(schedule: dict[str, Any], moment: str, zone: str | None, holds: bool) -> None:
    """The site is in Paris."""
    made = document({**schedule, "then": [{"pin": {"id": "d"}}]}, timezone="Europe/Paris")
    answer = decided(made, ABCD, {"geo.timezone": zone}, now=datetime.fromisoformat(moment))
    assert (answer.ids[0] == "d") is holds


def test_diversity_trades_score_for_difference() -> None:
    """b is like a: 0.5 x 0.9 − 0.5 x 1 < 0.5 x 0.2 − 0.5 x 0; then b before c."""
    content = [entry("a", topics=["x"]), entry("b", topics=["x"]), entry("c", topics=["y"])]
    slot = {"diversify": {"by": "content.topics", "trade_off": 0.5}}
    scores = {"a": 1.0, "b": 0.9, "c": 0.2}
    assert decided(document(slot=slot), content, scores=scores).ids == ["a", "c", "b"]
    pinned = document({"then": [{"pin": {"id": "a"}}]}, slot=slot)
    assert decided(pinned, content, scores=scores).ids == ["a", "b", "c"]


def experiment(name: str = "e", **more: Any) -> dict[str, Any]:
    arms: list[dict[str, Any]] = [{"id": "off", "weight": 0}, {"id": "on", "then": [{"pin": {"id": "d"}}]}]
    return {"id": name, "slot": "s", "arms": arms, **more}


def test_an_arm_pins_and_says_so() -> None:
    """All the weight is on the second arm."""
    answer = decided(document(experiments=[experiment()]), ABCD, {"visitor.id": "v"})
    assert answer.ids == ["d", "a", "b"]
    assert answer.reasons[0] == Reason("experiment", experiment="e", arm="on")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ["a", "b", "c"]),
        ({"shared": True}, ["a", "b", "c", "d"]),
        ({"enabled": False}, ["a", "b", "c", "d"]),
        ({"until": "2026-11-21"}, ["a", "b", "c", "d"]),
        ({"slot": ["other"]}, ["a", "b", "c", "d"]),
        ({"on": {"weekdays": ["mon"]}}, ["a", "b", "c"]),
    ],
)
def test_what_an_experiment_pins_by_id_is_reserved(change: dict[str, Any], expected: list[str]) -> None:
    """Nobody is in the arm: no visitor id."""
    assert decided(document(limit=4, experiments=[experiment(**change)]), ABCD).ids == expected


@pytest.mark.parametrize(
    ("pin", "expected"),
    [
        ({"any": [{"id": "c"}, {"content.id": ["d"]}]}, ["a", "b"]),
        ({"all": [{"id": ["c", "d"]}, {"content.type": "card"}]}, ["a", "b"]),
        ({"id": ["b", "c", "d"], "content.id": {"in": ["c", "d"]}}, ["a", "b"]),
        ({"id": "c", "content.id": "d"}, ["a", "b", "c", "d"]),
        ({"any": [{"id": "c"}, {"content.type": "card"}]}, ["a", "b", "c", "d"]),
        ({"not": {"id": "c"}}, ["a", "b", "c", "d"]),
    ],
)
def test_a_pin_by_id_is_one_that_can_take_no_other_ids(pin: dict[str, Any], expected: list[str]) -> None:
    """Whichever way the selector is written."""
    made = experiment(arms=[{"id": "on", "then": [{"pin": pin}]}])
    assert decided(document(limit=4, experiments=[made]), ABCD).ids == expected


def test_a_stopped_arm_keeps_its_entry_a_candidate() -> None:
    """The rule's stop takes the pin away and no more."""
    made = document({"priority": 1, "then": [{"stop": True}]}, limit=4, experiments=[experiment()])
    assert decided(made, ABCD, {"visitor.id": "v"}).ids == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("change", "attributes"),
    [
        ({"traffic": 0}, {"visitor.id": "v"}),
        ({"when": {"geo.country": "FR"}}, {"visitor.id": "v"}),
        ({"unit": "person"}, {"visitor.id": "v"}),
        ({"from": "2027-01-01"}, {"visitor.id": "v"}),
        ({}, {"visitor.id": 7}),
    ],
)
def test_who_does_not_enter(change: dict[str, Any], attributes: dict[str, Any]) -> None:
    """Traffic, condition, unit, schedule, identity."""
    made = document(experiments=[experiment(**change, shared=True)])
    assert decided(made, ABCD, attributes).ids == ["a", "b", "c"]


def test_a_group_gives_each_visitor_one_experiment() -> None:
    """A disabled one keeps its share, so about a third of the visitors see none."""
    group = [
        experiment("e1", group="g", shared=True),
        experiment("e2", group="g", enabled=False),
        experiment("e3", group="g", shared=True),
    ]
    seen = [
        decided(document(experiments=group), ABCD, {"visitor.id": f"v{n}"}).reasons[0].experiment for n in range(300)
    ]
    assert set(seen) == {"e1", "e3", None}
    assert all(60 < seen.count(name) < 140 for name in ("e1", "e3", None))


def test_the_holdout_gets_no_rules_and_no_arms() -> None:
    """But segments and defaults stay."""
    rule = {"then": [{"set": {"presentation.x": 1}}, {"hide": {"id": "a"}}]}
    made = document(rule, experiments=[experiment()], holdout={"percent": 100, "salt": "h"})
    answer = decided(made, ABCD, {"visitor.id": "v"})
    assert (answer.ids, answer.presentation) == (["a", "b", "c"], {})
    assert decided(made, ABCD).ids == ["b", "c"]


def test_refs_are_bound_in_selectors_and_in_the_outcome() -> None:
    """Two countries, two outcomes; a missing one is a third."""
    made = document({"then": [{"boost": {"content.region": {"ref": "geo.country"}}, "by": 0.5}]})
    content = [entry("a", region="DE"), entry("b", region="FR")]
    french, german, unknown = ({"geo.country": "FR"}, {"geo.country": "DE"}, {})
    assert decided(made, content, french).ids == ["b", "a"]
    assert decided(made, content, unknown).ids == ["a", "b"]
    assert len({decided(made, content, who).effects for who in (french, german, unknown)}) == 3


def test_the_outcome_forgets_what_changes_nothing() -> None:
    """The device is in no rule; the audience that no candidate names is left out."""
    segments = [{"id": "vip", "when": {"geo.country": "FR"}}]
    made = document(segments=segments)
    french, mobile = {"geo.country": "FR"}, {"device.type": "mobile"}
    assert decided(made, [], mobile).effects == decided(made, []).effects
    assert decided(made, [], french).effects != decided(made, []).effects
    assert decided(made, [], french, audiences=[]).effects == decided(made, [], audiences=[]).effects
