"""What a slot's rules ask of a visitor, and the visitor that the form makes up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from plugin.editor.reads import reads_of
from plugin.editor.situation import read
from plugin.editor.vocabulary import vocabulary_of
from rules.attributes import BUILT_IN
from tests.unit.plugin.editor.texts import DOCUMENT

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
VOCABULARY = vocabulary_of(DOCUMENT, BUILT_IN)


def filled(**answers: str | list[str]) -> Any:
    wanted = {key.replace("__", "."): [one] if isinstance(one, str) else one for key, one in answers.items()}
    return read(wanted, reads_of(DOCUMENT, "home.hero"), [DOCUMENT], VOCABULARY, NOW)


def test_rules_segments_refs_and_experiments_are_asked_about() -> None:
    found = reads_of(DOCUMENT, "home.hero")
    assert list(found.attributes) == ["geo.country", "geo.region", "profile.spend", "visitor.id"]
    assert list(found.attributes["geo.country"]) == ["FR", "BE"]
    assert list(found.segments) == ["big"]


def test_a_slot_without_questions_asks_nothing() -> None:
    assert not reads_of(DOCUMENT, "home.feed").attributes
    assert not reads_of(DOCUMENT, "nowhere").attributes


def test_rules_that_are_off_ask_nothing() -> None:
    rules = [{**rule, "enabled": False} for rule in DOCUMENT["rules"]]
    assert list(reads_of({**DOCUMENT, "rules": rules, "experiments": []}, "home.hero").attributes) == []


def test_segments_are_followed_into_each_other_and_to_their_lists() -> None:
    segments = [
        {"id": "outer", "when": {"segment": "inner"}},
        {"id": "inner", "when": {"any": [{"segment": "outer"}, {"segment": "listed"}, {"geo.eu": True}]}},
        {"id": "listed", "members": ["v-1"]},
    ]
    rules = [{"id": "r", "slot": "s", "when": {"segment": "outer"}, "then": []}]
    found = reads_of({"segments": segments, "slots": [{"id": "s"}], "rules": rules}, "s")
    assert list(found.segments) == ["outer", "inner", "listed"]
    assert list(found.attributes) == ["visitor.id", "geo.eu"]


def test_what_rules_read_is_offered_first_and_the_clock_never() -> None:
    form, _ = filled()
    first, more = [one.name for one in form.first], [one.name for one in form.more]
    assert first == ["a.request.locale", "a.geo.country", "a.geo.region", "a.profile.spend", "a.visitor.id"]
    assert "a.device.type" in more
    assert not set(first) & set(more)
    assert not [name for name in first + more if name.startswith("a.time.") or name.endswith("*")]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("profile.spend", "12.50", 12.5),
        ("profile.spend", "900", 900),
        ("profile.interests", " sea, maps ,", ["sea", "maps"]),
        ("geo.eu", "yes", True),
        ("geo.eu", "no", False),
        ("geo.location", "48.85, 2.35", {"lat": 48.85, "lon": 2.35}),
        ("geo.country", " FR ", "FR"),
        ("request.utm.campaign", "winter", "winter"),
    ],
)
def test_texts_become_values_of_the_attributes_type(name: str, text: str, value: object) -> None:
    form, made_up = filled(**{f"a.{name}": text})
    assert form.ok
    assert made_up.attributes == {name: value}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("profile.spend", "much"),
        ("profile.spend", "nan"),
        ("geo.location", "Paris"),
        ("geo.location", "99, 0"),
        ("geo.eu", "x"),
        ("geo.country", "France"),
        ("geo.country", "fr"),
    ],
)
def test_what_cannot_be_read_is_marked_and_kept_in_the_form(name: str, text: str) -> None:
    form, made_up = filled(**{f"a.{name}": text})
    (field,) = [one for one in (*form.first, *form.more) if one.name == f"a.{name}"]
    assert not form.ok
    assert field.problem
    assert field.value == text
    assert name not in made_up.attributes


def test_the_moment_is_on_the_visitors_clock() -> None:
    assert filled(date="2026-11-24", time="20:30")[1].at == datetime(2026, 11, 24, 19, 30, tzinfo=UTC)
    there = filled(date="2026-11-24", time="20:30", **{"a.geo.timezone": "America/Toronto"})
    assert there[1].at == datetime(2026, 11, 25, 1, 30, tzinfo=UTC)
    assert there[0].zone == "America/Toronto"


def test_a_day_alone_keeps_the_hour_and_an_hour_alone_the_day() -> None:
    assert filled(date="2026-12-24")[1].at == datetime(2026, 12, 24, 12, 30, tzinfo=UTC)
    assert filled(time="08:00")[1].at == datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
    assert filled()[1].at is None
    assert filled(date="tomorrow")[0].moment_problem


def test_only_known_segments_are_held() -> None:
    form, made_up = filled(segment=["friends", "nobody"])
    assert made_up.segments == ("friends",)
    assert [one.id for one in form.groups] == ["big"]
    assert form.more_is_used
