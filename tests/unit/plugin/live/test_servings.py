"""Servings: what caps count, in bounded memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Thread

from hypothesis import given
from hypothesis import strategies as st

from plugin.live import servings as module
from plugin.live.servings import MOST_ENTRIES, MOST_PER_ENTRY, Servings

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_a_visitor_nobody_served_has_seen_nothing() -> None:
    assert Servings().exposures("v") == {}


def test_each_visitor_has_seen_what_they_were_shown_and_when() -> None:
    servings, later = Servings(), NOW + timedelta(minutes=1)
    servings.record("v", ["a", "b"], NOW)
    servings.record("v", ["a"], later)
    servings.record("w", ["c"], later)
    assert servings.exposures("v") == {"a": (NOW, later), "b": (NOW,)}
    assert servings.exposures("w") == {"c": (later,)}


def test_what_was_given_out_does_not_change_afterwards() -> None:
    servings = Servings()
    servings.record("v", ["a"], NOW)
    seen = servings.exposures("v")
    servings.record("v", ["a"], NOW)
    assert seen == {"a": (NOW,)}


def test_the_visitor_unseen_for_longest_is_forgotten_first() -> None:
    servings = Servings(most_visitors=2)
    for visitor in ("a", "b", "a", "c"):
        servings.record(visitor, ["x"], NOW)
    assert [bool(servings.exposures(visitor)) for visitor in "abc"] == [True, False, True]


def test_of_one_visitor_only_so_much_is_remembered() -> None:
    servings = Servings()
    servings.record("v", [f"e-{number}" for number in range(MOST_ENTRIES + 10)], NOW)
    assert len(servings.exposures("v")) == MOST_ENTRIES
    assert "e-9" not in servings.exposures("v")
    for second in range(MOST_PER_ENTRY + 5):
        servings.record("v", ["often"], NOW + timedelta(seconds=second))
    often = servings.exposures("v")["often"]
    assert len(often) == MOST_PER_ENTRY
    assert often[-1] == NOW + timedelta(seconds=MOST_PER_ENTRY + 4)


def test_a_cap_of_hundreds_can_be_reached() -> None:
    servings = Servings()
    for _ in range(500):
        servings.record("v", ["a"], NOW)
    assert len(servings.exposures("v")["a"]) == 500


@given(st.lists(st.tuples(st.sampled_from("vwxyz"), st.lists(st.sampled_from("abc"), max_size=4)), max_size=60))
def test_in_all_only_so_many_servings_are_remembered(events: list[tuple[str, list[str]]]) -> None:
    """Whoever asks under new names again and again fills no memory; the latest visitor is always kept whole."""
    servings = Servings(most_visitors=3, most_instants=8)
    for visitor, shown in events:
        before = servings.exposures(visitor)
        servings.record(visitor, shown, NOW)
        held = {name: servings.exposures(name) for name in "vwxyz"}
        count = sum(len(instants) for entries in held.values() for instants in entries.values())
        others = sum(len(instants) for name in held if name != visitor for instants in held[name].values())
        assert others == 0 or count <= 8
        assert sum(map(bool, held.values())) <= 3
        assert {name: len(instants) for name, instants in held[visitor].items()} == {
            name: len(before.get(name, ())) + shown.count(name) for name in {*before, *shown}
        }


def test_threads_do_not_lose_servings_of_each_other() -> None:
    servings = Servings()
    threads = [Thread(target=lambda: [servings.record("v", ["a"], NOW) for _ in range(100)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(servings.exposures("v")["a"]) == 400


def test_the_default_bounds_are_a_few_hundred_megabytes_at_most() -> None:
    """An instant is 48 octets and its place in the queue 8."""
    assert module.MOST_INSTANTS * 56 < 200_000_000
