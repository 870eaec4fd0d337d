"""Conditions in lines and groups mean what was written, and come back from a browser as they were."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from plugin.editor import more, tree, tree_fields
from plugin.editor.parts import Item
from plugin.editor.phrases import plain
from plugin.editor.readable import same
from plugin.editor.subjects_asked import Subjects
from plugin.editor.tree import Group, Kept, Leaf
from plugin.editor.vocabulary import vocabulary_of
from rules.attributes import BUILT_IN
from tests import oracle
from tests.strategies import Person, conditions, people
from tests.strategies.profiles import searched
from tests.strategies.vocabulary import ATTRIBUTES, SEGMENTS, TURNS
from tests.unit.plugin.editor.texts import DOCUMENT

INSTANTS = [now for clocks, _ in TURNS for now in clocks]
RANDOM: dict[str, Any] = {
    "attributes": ATTRIBUTES,
    "segments": [{"id": name, "computed": True} for name in SEGMENTS],
}
SUBJECTS = Subjects(vocabulary_of(RANDOM, BUILT_IN))
SMALL = Subjects(vocabulary_of(DOCUMENT, BUILT_IN))


@searched(300)
@given(conditions(SEGMENTS), people(5), st.sampled_from(INSTANTS))
def test_what_is_drawn_means_what_was_written(condition: dict[str, Any], crowd: list[Person], now: datetime) -> None:
    """Written anew from the lines alone, with nothing remembered of how it was written."""
    group, _spelled = tree.draw(condition, SUBJECTS)
    again = tree.write(group, SUBJECTS, {})
    note(group)
    for person in crowd:
        told = person.attributes, person.segments, now
        wanted = oracle.matches(condition, *told, document=RANDOM)
        assert oracle.matches(again, *told, document=RANDOM) == wanted


@searched(300)
@given(conditions(SEGMENTS))
def test_what_is_drawn_comes_back_from_a_browser(condition: dict[str, Any]) -> None:
    group, _spelled = tree.draw(condition, SUBJECTS)
    drawn = tree_fields.drawn("if", group, SUBJECTS)
    sent = {name: text.replace("\n", "\r\n") for name, text in tree_fields.written(drawn.top).items()}
    assert tree_fields.read("if", sent, SUBJECTS) == group
    assert tree_fields.problems("if", group, SUBJECTS) == {}
    assert same(more.put_rest({"when": condition}, condition, group, SUBJECTS), {"when": condition})


@searched(300)
@given(conditions(SEGMENTS), st.data())
def test_lines_are_moved_and_nothing_gets_lost(condition: dict[str, Any], data: st.DataObject) -> None:
    group, _spelled = tree.draw(condition, SUBJECTS)
    places = [path for path, _node in tree.lines(group)]
    if not places:
        return
    path = data.draw(st.sampled_from(places))
    held = tree.at(group, path)
    for doing in data.draw(st.lists(st.sampled_from(["up", "down"]), max_size=5)):
        moved, place = tree.done(group, doing, path)
        assert tree.at(moved, place) == held
        assert _lines(moved) == _lines(group)
        if place != path and len(place) == len(path):
            back = tree.done(moved, "down" if doing == "up" else "up", place)
            assert back == (group, path)
        group, path = moved, place
    taken, _place = tree.done(group, "remove", path)
    assert len(_lines(taken)) < len(_lines(group)) or not isinstance(held, Leaf | Kept)


def _lines(group: Group) -> list[str]:
    return sorted(repr(node) for _path, node in tree.lines(group) if not isinstance(node, Group))


A, B = {"profile.spend": {"gte": 5}}, {"visitor.visits": 3}


@pytest.mark.parametrize(
    ("when", "doing", "made"),
    [
        ({"any": [A, B]}, "if.0:remove", {"any": [B]}),
        ({"any": [A, B]}, "if.1:up", {"any": [B, A]}),
        ({"all": [A, {"any": [B]}]}, "if.0:down", {"all": [{"any": [A, B]}]}),
        ({"all": [A, {"any": [B, A]}]}, "if.1.0:up", {"all": [A, B, {"any": [A]}]}),
        ({"not": {"any": [A, B]}}, "if.0:remove", {"not": B}),
        ({"geo.country": "FR", **A}, "if.0:remove", {"geo.country": "FR"}),
        ({**A, "geo.location": {"exists": True}}, "if.1:remove", A),
        (A, "if.0:remove", None),
        ({"any": [A, B]}, "if.7:remove", {"any": [A, B]}),
        ({"any": [A, B]}, "if:remove", {"any": [A, B]}),
        ({"any": [A, B]}, "then.0:remove", {"any": [A, B]}),
    ],
)
def test_a_button_does_one_thing(when: dict[str, Any], doing: str, made: dict[str, Any] | None) -> None:
    item: Item = {"id": "x", "when": when}
    rest = more.rest_of("rules", item, {"country"})
    assert rest is not None
    drawn = tree_fields.drawn("if", tree.draw(rest, SMALL)[0], SMALL)
    group = tree_fields.read("if", {**tree_fields.written(drawn.top), "do": doing}, SMALL)
    assert more.put_rest(item, rest, group, SMALL).get("when") == made


@pytest.mark.parametrize(
    "held",
    [
        {"nowhere": 1},
        {"profile.spend": {}},
        {"profile.spend": {"gte": "much"}},
        {"geo.city": " Paris"},
        {"geo.city": ""},
        {"geo.city": {"matches": "a", "any_case": True}},
        {"geo.city": {"eq": {"ref": "geo.region"}, "any_case": True}},
        {"segment": "gone"},
        {"segment": []},
        {"any": []},
        {"any": "x"},
        {"not": 3},
        {"visitor.id": {"percent": {"lt": 5}}},
        {"profile.since": {"after": {"ago": "0d"}}},
        {"device.type": ["mobile", "toaster"]},
        {"profile.home": {"ref": "profile.spend"}},
    ],
)
def test_what_no_line_can_say_stands_in_its_place(held: dict[str, Any]) -> None:
    """It can be moved and taken out, and is never changed."""
    when = {"any": [A, held]}
    group, spelled = tree.draw(when, SMALL)
    assert group.nodes[1] == Kept(json.dumps(held))
    moved, _place = tree.done(group, "up", (1,))
    assert tree.write(moved, SMALL, spelled) == {"any": [held, A]}
    shown = tree_fields.drawn("if", group, SMALL).top.inner[1]
    assert plain(shown.words), "it is told in words"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"what": ""}, ("what", "choose what is asked")),
        ({"what": "gone"}, ("what", "choose one of these")),
        ({"what": "request.query.*", "own": ""}, ("own", "say which one")),
        ({"what": "profile.spend", "test": "gte", "v": "much"}, ("v", "not a number")),
        ({"what": "profile.spend", "test": "between", "v": "5"}, ("v1", "write both")),
        ({"what": "profile.spend", "test": "between", "v": "5", "v1": "3"}, ("v1", "lower one first")),
        ({"what": "time.of_day", "test": "between", "v": "18:00", "v1": "late"}, ("v1", "18:30")),
        ({"what": "time.date", "test": "gte", "v": "2026-02-30"}, ("v", "2026-12-24")),
        ({"what": "profile.since", "test": "after-ago", "v": "0", "v1": "d"}, ("v", "whole number")),
        ({"what": "profile.since", "test": "after", "v": "soon"}, ("v", "2026-12-24T18:00")),
        ({"what": "time.weekday", "test": "in"}, ("v", "tick")),
        ({"what": "geo.city", "test": "in", "v": " \r\n"}, ("v", "each on a line")),
        ({"what": "geo.city", "test": "eq-ref"}, ("v", "choose what")),
        ({"what": "visitor.id", "test": "percent", "v": "", "v1": "20", "v2": ""}, ("v2", "a name")),
        ({"kept": "{"}, ("kept", "cannot be read")),
    ],
)
def test_what_is_missing_is_said_at_its_field(fields: dict[str, str], problem: tuple[str, str]) -> None:
    sent = {"if.join": "all", **{f"if.0.{name}": text for name, text in fields.items()}}
    found = tree_fields.problems("if", tree_fields.read("if", sent, SMALL), SMALL)
    ((name, said),) = found.items()
    assert name == f"if.0.{problem[0]}"
    assert problem[1] in said


@pytest.mark.parametrize(
    ("fields", "made"),
    [
        ({"what": "time.weekday", "test": "in", "v.fri": "yes", "v.sat": "yes"}, {"time.weekday": ["fri", "sat"]}),
        ({"what": "segment", "test": "in", "v.big": "yes"}, {"segment": "big"}),
        ({"what": "segment", "test": "out", "v.big": "yes", "v.new": "y"}, {"not": {"segment": ["big", "new"]}}),
        ({"what": "geo.city", "test": "contains", "v": "par", "case": "yes"},
         {"geo.city": {"contains": "par", "any_case": True}}),
        ({"what": "geo.region", "test": "eq-ref", "v": "profile.home"}, {"geo.region": {"ref": "profile.home"}}),
        ({"what": "profile.interests", "test": "contains_any-ref", "v": "custom.topics"},
         {"profile.interests": {"contains_any": {"ref": "custom.topics"}}}),
        ({"what": "profile.interests", "test": "contains_any", "v": "sea\r\n sand "},
         {"profile.interests": ["sea", "sand"]}),
        ({"what": "request.utm.*", "own": "term", "test": "eq", "v": "x"}, {"request.utm.term": "x"}),
        ({"what": "visitor.known", "test": "not_yes"}, {"visitor.known": {"ne": True}}),
        ({"what": "profile.since", "test": "after-ago", "v": "7", "v1": "d"},
         {"profile.since": {"after": {"ago": "7d"}}}),
        ({"what": "geo.location", "test": "within_km", "v": "48.8", "v1": "2", "v2": "30"},
         {"geo.location": {"within_km": {"lat": 48.8, "lon": 2, "km": 30}}}),
        ({"what": "visitor.id", "test": "percent", "v": "", "v1": "20", "v2": "spring"},
         {"visitor.id": {"percent": {"lt": 20, "salt": "spring"}}}),
        ({"what": "device.os_version", "test": "version_lt", "v": "16.10"},
         {"device.os_version": {"version_lt": "16.10"}}),
    ],
)  # fmt: skip
def test_what_is_chosen_is_written_in_the_shortest_way(fields: dict[str, str], made: dict[str, Any]) -> None:
    sent = {"if.join": "all", **{f"if.0.{name}": text for name, text in fields.items()}}
    group = tree_fields.read("if", sent, SMALL)
    assert tree_fields.problems("if", group, SMALL) == {}
    assert tree.write(group, SMALL, {}) == made
    assert tree.draw(made, SMALL)[0] == group
