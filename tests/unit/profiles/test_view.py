"""What a decision reads of a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

import rules
from plugin.profiles import fold as folding
from plugin.profiles import preferences
from plugin.profiles.attributes import put
from plugin.profiles.consent import record
from plugin.profiles.fold import NOBODY, View, fold
from plugin.profiles.preferences import ANSWER, DISLIKED, LIKED, TOPIC
from plugin.profiles.settings import Settings
from plugin.profiles.state import EMPTY, SourceState
from plugin.profiles.view import attributes_of, exposures_of, segments_of
from rules.attributes import Type
from tests.unit.profiles.support import DAY, HOUR, MINUTE, NOW, event, state_of, view_of

DECLARED: dict[str, Type] = {
    "profile.topics": "string_list",
    "profile.top_topic": "string",
    "profile.likes": "string_list",
    "profile.dislikes": "string_list",
    "profile.dismissed": "string_list",
    "profile.engagement": "number",
    "profile.recency_days": "number",
    "profile.frequency_30d": "number",
    "profile.value_30d": "number",
    "profile.add_to_cart_7d": "number",
    "profile.view_30d": "number",
    "profile.view_decayed": "number",
    "profile.spend_30d": "number",
    "profile.plan": "string",
}


def read(view: View, *names: str, now: int = NOW, declared: Mapping[str, Type] = DECLARED, **more: Any) -> Any:
    found = attributes_of(view, now, frozenset(names), declared, **more)
    return found.get(names[0]) if len(names) == 1 else found


def said(state: SourceState, time: int = NOW, **words: object) -> SourceState:
    keys = {{"t": TOPIC, "a": ANSWER}[name[0]] + name[2:].replace("_", "-"): value for name, value in words.items()}
    return replace(state, preferences=preferences.put(state.preferences, keys, time, "said"))


def test_three_articles_on_science_fiction_make_it_the_first_topic() -> None:
    view = view_of(event(content_id="dune"), event(content_id="lem"), event(content_id="lem"), event(content_id="alps"))
    assert read(view, "profile.topics") == ["sci-fi", "desert", "mountains"]
    assert read(view, "profile.top_topic") == "sci-fi"
    assert read(view, "profile.topics", now=NOW + 23 * DAY) == ["sci-fi", "desert", "mountains"]
    assert read(view, "profile.topics", now=NOW + 24 * DAY) == ["sci-fi"]


def test_what_was_said_beats_what_was_learned() -> None:
    state = said(state_of(event(content_id="dune"), event(content_id="alps")), t_cooking=LIKED, t_sci_fi=DISLIKED)
    view = fold([("s", state)], uid="u")
    assert read(view, "profile.topics") == ["cooking", "desert", "mountains"]
    assert (read(view, "profile.likes"), read(view, "profile.dislikes")) == (["cooking"], ["sci-fi"])
    taken_back = fold([("s", said(state, time=NOW + 1, t_cooking=None))], uid="u")
    assert read(taken_back, "profile.likes") is None


def test_dismissed_entries_are_the_latest_first_until_they_are_rated() -> None:
    view = view_of(
        event("dismiss", NOW - 2, "dune"), event("dismiss", NOW - 1, "alps"), event("rating", NOW, "dune", value=4.0)
    )
    assert read(view, "profile.dismissed") == ["alps"]


def test_counts_and_amounts() -> None:
    view = view_of(
        event("purchase", NOW - 29 * DAY, value=0.1),
        event("view", NOW - 8 * DAY),
        event("view", NOW),
        event("add_to_cart", NOW - 6 * DAY, value=3.0),
        event("purchase", NOW, value=0.2),
    )
    assert read(view, "profile.view_30d") == 2
    assert read(view, "profile.view_decayed") == pytest.approx(1.452861)
    assert read(view, "profile.add_to_cart_7d") == 1
    assert read(view, "profile.add_to_cart_7d", now=NOW + DAY) == 0
    assert read(view, "profile.value_30d") == 0.3
    assert read(view, "profile.frequency_30d") == 4


def test_engagement_rises_to_a_hundred_and_fades() -> None:
    assert read(NOBODY, "profile.engagement") == 0
    one, many = view_of(event()), view_of(*[event("purchase", value=1.0) for _ in range(60)])
    assert 0 < read(one, "profile.engagement") < 10
    assert read(many, "profile.engagement") == 100
    assert read(many, "profile.engagement", now=NOW + 365 * DAY) == 0


def test_visits() -> None:
    view = view_of(event(time=NOW - 3 * DAY), event(time=NOW - HOUR), event(time=NOW - 40 * MINUTE), known=True)
    names = ("visitor.known", "visitor.new", "visitor.visits", "visitor.days_since_last_visit", "session.page_views")
    during = read(view, *names, "session.seconds", now=NOW - 20 * MINUTE)
    assert list(map(during.get, names)) == [True, False, 2, 2, 2]
    assert during["session.seconds"] == 40 * 60
    after = read(view, *names, "session.seconds", now=NOW)
    assert list(map(after.get, names)) == [True, False, 3, 0, 0]
    assert after["session.seconds"] == 0


def test_of_somebody_never_seen() -> None:
    found = read(NOBODY, *DECLARED, "visitor.known", "visitor.new", "visitor.visits", "visitor.days_since_last_visit")
    assert found == {
        "visitor.known": False,
        "visitor.new": True,
        "visitor.visits": 1,
        "profile.engagement": 0,
        "profile.frequency_30d": 0,
        "profile.value_30d": 0,
        "profile.add_to_cart_7d": 0,
        "profile.view_30d": 0,
        "profile.view_decayed": 0,
    }


def test_what_was_set_wins_and_what_is_not_declared_is_not_derived() -> None:
    state = put(state_of(event()), {"topics": ["set"], "plan": "pro", "gone": 1}, time_ms=NOW, identifier="e")
    state = put(state, {"gone": None}, time_ms=NOW + 1, identifier="e")
    view = fold([("s", state)], uid="u")
    assert read(view, "profile.topics", "profile.plan", "profile.gone") == {
        "profile.topics": ["set"],
        "profile.plan": "pro",
    }
    assert read(view_of(event()), "profile.view_7d") is None
    assert read(view_of(event()), "profile.view_30d", declared={"profile.view_30d": "string"}) is None
    assert read(view_of(event()), "profile.spend_30d") is None


def test_an_answer_fills_what_nothing_else_does() -> None:
    view = fold([("s", said(EMPTY, a_plan="free", a_other="x"))], uid="u")
    assert read(view, "profile.plan", "profile.other") == {"profile.plan": "free"}


def test_everything_is_read_where_nothing_is_wanted_by_name() -> None:
    state = put(state_of(event()), {"undeclared": 1}, time_ms=NOW, identifier="e")
    found = attributes_of(fold([("s", state)], uid="u"), NOW, None, DECLARED)
    assert {"profile.undeclared", "profile.view_30d", "visitor.new", "session.seconds"} <= found.keys()


def test_stored_consent_is_read_and_visits_need_that_of_the_profile() -> None:
    state = record(state_of(event()), "analytics", allowed=False, time_ms=NOW, identifier="e", purposes={})
    view = fold([("s", state)], uid="u")
    assert read(view, "visitor.visits", "visitor.known", allowed=False) == {
        "consent.analytics": False,
        "visitor.known": False,
    }


def test_facts_read_what_a_view_gives() -> None:
    """The types are those that rules expect: a condition on each holds."""
    document = {
        "version": 1,
        "attributes": {name: {"type": type_} for name, type_ in DECLARED.items()},
        "slots": [{"id": "s", "select": {"content.type": "a"}, "limit": 9}],
        "rules": [
            {
                "id": f"r-{n}",
                "slot": "s",
                "when": {name: {"exists": True}},
                "then": [{"set": {f"presentation.p{n}": 1}}],
            }
            for n, name in enumerate((*sorted(DECLARED), "visitor.visits", "session.seconds", "visitor.new"))
        ],
    }
    state = said(
        state_of(event(content_id="dune"), event("dismiss", content_id="alps")),
        t_a=LIKED,
        t_b=DISLIKED,
        a_plan="pro",
        a_spend_30d="x",
    )
    found = attributes_of(fold([("s", state)], uid="u"), NOW, None, DECLARED)
    decision = rules.load(document).decide("s", found, [], now=datetime.fromtimestamp(NOW / 1_000, UTC))
    assert (
        len(decision.presentation) == len(DECLARED) + 3 - 1
    )  # the answer for spend_30d is a text, and of another type


def test_segments_are_held_from_since_until_until() -> None:
    view = view_of(segments={"always": (0, None), "now": (NOW, NOW + 1), "past": (0, NOW), "later": (NOW + 1, None)})
    assert segments_of(view, NOW) == {"always", "now"}


def test_exposures_are_instants() -> None:
    view = view_of(event("impression", NOW, "dune"), event("impression", NOW - 1_500, "dune"))
    shown = exposures_of(view)
    assert dict(shown) == {"dune": (datetime(2026, 11, 21, 23, 59, 58, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC))}
    assert not exposures_of(NOBODY)


def test_a_link_is_undone_by_folding_without_it() -> None:
    known, device = state_of(event(content_id="dune")), state_of(event(content_id="alps"))
    both = fold([("k", known), ("d", device)], uid="u", known=True)
    assert read(both, "profile.topics") == ["desert", "mountains", "sci-fi"]
    assert fold([("k", known)], uid="u", known=True) == view_of(event(content_id="dune"), known=True)


def test_half_lives_can_change() -> None:
    settings = Settings(half_life_ms=DAY)
    state = state_of(event(time=NOW), start=state_of(event(time=NOW - 7 * DAY)), settings=settings)
    assert state.counters.at("view", NOW) == 1.5
    assert state.counters.at("view", NOW + DAY) == 0.75


def typical() -> SourceState:
    """Twenty attributes, ten counters of a month each, visits, interests, and a few exposures."""
    state = EMPTY
    types = ("impression", "click", "view", "dwell", "scroll", "search", "rating", "add_to_cart", "purchase", "signup")
    for day in range(31):
        for type_ in types:
            state = state_of(event(type_, NOW - day * DAY, "dune", value=4.5), start=state)
    values = {f"attribute_{number}": f"value-{number}" for number in range(20)}
    return put(state, values, time_ms=NOW, identifier="01JD0000000000000000000000")


def test_a_view_of_twenty_attributes_and_ten_counters_has_less_than_two_kilobytes() -> None:
    view = fold([("s", typical())], uid="u" * 32, known=True, person="s" * 32, segments={"a": (NOW, None)})
    assert len(view.state.counters.weights) == 10
    assert len(view.state.attributes) == 20
    assert len(folding.encode(view)) <= 2_048
    assert folding.decode(folding.encode(view)) == view


@pytest.mark.parametrize("octets", [b"", b"\xc1", b"\x91\x02", b"\x90"])
def test_other_bytes_are_no_view(octets: bytes) -> None:
    with pytest.raises(folding.BadViewError):
        folding.decode(octets)


def test_a_view_shows_nothing_of_its_visitor() -> None:
    assert "dune" not in repr(view_of(event(content_id="dune")))
