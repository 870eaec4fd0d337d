"""Windows: what is kept, in what order, and as which bytes."""

from __future__ import annotations

import msgspec
import pytest

from rules.patterns.forms import Limit
from rules.patterns.windows import Entry, Window

ANY = {"a": Limit(), "b": Limit()}


def test_events_stand_by_time_and_then_by_id() -> None:
    """In whatever order they came."""
    entries = [Entry(5, "x", ("a",)), Entry(3, "z", ("a",)), Entry(5, "b", ("a", "b"))]
    assert Window().add(entries, ANY).entries == (entries[1], entries[2], entries[0])


def test_an_event_that_is_there_changes_nothing() -> None:
    """What comes twice is one event; letters of a later rule set join those it had."""
    window = Window().add([Entry(1, "x", ("a",))], ANY)
    assert window.add([Entry(1, "x", ("a",))], ANY) == window
    assert window.add([Entry(1, "x", ("b",))], ANY).entries == (Entry(1, "x", ("a", "b")),)


def test_each_letter_keeps_its_newest_and_counts_what_was_cut() -> None:
    """A letter that comes often pushes out no other."""
    limits = {"a": Limit(3), "b": Limit(3)}
    window = Window().add([Entry(0, "b0", ("b",)), *(Entry(time, f"a{time}", ("a",)) for time in range(5))], limits)
    assert [one.id for one in window.entries] == ["b0", "a2", "a3", "a4"]
    assert window.cut == 2


def test_what_is_past_its_horizon_is_dropped_letter_by_letter() -> None:
    """And counted nowhere: nobody can miss it."""
    limits = {"a": Limit(horizon=10), "b": Limit(horizon=100)}
    window = Window().add([Entry(0, "x", ("a", "b")), Entry(0, "y", ("a",)), Entry(11, "z", ("a",))], limits)
    assert window.entries == (Entry(0, "x", ("b",)), Entry(11, "z", ("a",)))
    assert window.cut == 0


def test_letters_of_patterns_that_are_gone_are_dropped() -> None:
    """With the next event."""
    window = Window().add([Entry(0, "x", ("a", "b")), Entry(1, "y", ("b",))], ANY)
    assert window.add([], {"a": Limit()}).entries == (Entry(0, "x", ("a",)),)


def test_two_sources_of_a_person_make_one_window() -> None:
    """Whichever is merged into the other."""
    one = Window().add([Entry(1, "x", ("a",)), Entry(4, "y", ("a",))], ANY)
    other = Window().add([Entry(2, "v", ("b",))], ANY)
    assert one.merge(other, ANY) == other.merge(one, ANY)
    assert [entry.id for entry in one.merge(other, ANY).entries] == ["x", "v", "y"]


def test_windows_survive_as_bytes() -> None:
    """A full one of fifty takes about the room of its ids."""
    window = Window().add([Entry(1_790_000_000_000 + 977 * n, f"{n:036}", ("a", "b")) for n in range(50)], ANY)
    data = window.encode()
    assert Window.decode(data) == window
    assert len(data) < 50 * 46
    assert Window.decode(b"") == Window()


@pytest.mark.parametrize(
    "stored", [[2, 0, [], []], [1, 0, ["a"], [[0, "x", 1]]], [1, 0, [], [["x", 0]]], [1, 0, [], [[1]]]]
)
def test_foreign_bytes_are_refused(stored: object) -> None:
    """Rather than read as something else."""
    with pytest.raises(ValueError, match=r"window|unpack"):
        Window.decode(msgspec.msgpack.encode(stored))
