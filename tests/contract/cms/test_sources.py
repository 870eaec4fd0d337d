"""What every content source promises, run over all that are registered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters import registry
from adapters.cms.mapping_options import read_mapping
from adapters.cms.port import Changes, CmsError, Entry, Key, NotFound, OptionsError, Unavailable, digest
from tests.contract.clock import FakeTime
from tests.contract.cms.harness import EMPTY, HARNESSES, Harness, Piece

# An adapter that speaks to two versions of its CMS has a harness for each.
NAMES = registry.discover("cms").keys() | HARNESSES.keys()


@pytest.fixture(params=sorted(NAMES))
def any_source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    with HARNESSES[request.param](tmp_path) as harness:  # a KeyError: this source has no harness
        yield harness


@pytest.fixture(params=sorted(NAMES - EMPTY))
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    with HARNESSES[request.param](tmp_path) as harness:
        yield harness


def by_key(changes: Changes) -> dict[Key, Entry]:
    made = {entry.key: entry for entry in changes.entries}
    assert len(made) == len(changes.entries), "an entry came twice in one answer"
    return made


PIECES = [Piece(f"p{n}", f"Title {n}", locale) for n in range(5) for locale in ("en", "fr")]


def test_the_spec_names_the_adapter_under_which_it_is_registered(any_source: Harness) -> None:
    assert any_source.source.spec.name in registry.discover("cms")


def test_a_healthy_source_answers_a_ping_and_closes_twice(any_source: Harness) -> None:
    any_source.source.ping()
    any_source.source.close()
    any_source.source.close()


def test_an_empty_source_gives_a_full_and_empty_answer(any_source: Harness) -> None:
    changes = any_source.source.changes(None)
    assert (changes.entries, changes.full, changes.present) == ((), True, frozenset())


def test_a_missing_entry_is_not_found(any_source: Harness) -> None:
    with pytest.raises(NotFound):
        any_source.source.fetch("no-such-entry", "en")


@pytest.mark.parametrize("name", sorted(registry.discover("cms")))
def test_unknown_options_are_named_with_the_others_that_are_wrong(name: str) -> None:
    with pytest.raises(OptionsError) as caught:
        registry.cms(name)({"no_such_option": 1}, FakeTime().runtime())
    assert any(problem.startswith("no_such_option: unknown") for problem in caught.value.problems)


def test_the_first_answer_brings_everything_to_the_last_page(harness: Harness) -> None:
    for piece in PIECES:
        harness.put(piece)
    changes = harness.source.changes(None)
    found = by_key(changes)
    assert set(found) == {Key(piece.id, piece.locale) for piece in PIECES}
    assert changes.full
    assert changes.present == frozenset(found)
    assert not changes.problems


def test_fields_tags_and_instants_come_across(harness: Harness) -> None:
    harness.put(Piece("a", "Café ☕ <b>", tags=("audience:vip", "topic:food", "audience:vip")))
    entry = harness.source.fetch("a", "en")
    assert entry.fields["title"] == "Café ☕ <b>"
    assert entry.tags == ("audience:vip", "topic:food")
    assert entry.published_at is not None
    assert entry.published_at.tzinfo is UTC


def test_fields_are_plain_json_and_never_named_like_an_entry_property(harness: Harness) -> None:
    harness.put(Piece("a", "A", tags=("x",), html="Text", expires="2031-02-03T04:05:06Z"))
    entry = harness.source.fetch("a", "en")
    assert json.loads(json.dumps(dict(entry.fields), allow_nan=False)) == entry.fields
    assert not {"id", "type", "tags", "locale", "published_at", "expires_at"} & set(entry.fields)


def test_a_field_that_says_when_an_entry_expires_is_kept_and_ends_it(harness: Harness) -> None:
    harness.put(Piece("a", "A", expires="2031-02-03T04:05:06Z"))
    entry = harness.source.fetch("a", "en")
    moment = datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert entry.expires_at == moment or entry.fields["cms_expires_at"] == "2031-02-03T04:05:06Z"
    source = getattr(harness.source, "inner", harness.source)
    declared = getattr(source, "mapping_defaults", None)
    seen = read_mapping(None, source.spec.name, declared).apply(entry)
    assert isinstance(seen, Entry)
    assert seen.expires_at == moment


def test_nothing_changed_brings_nothing(harness: Harness) -> None:
    for piece in PIECES:
        harness.put(piece)
    first = harness.source.changes(None)
    second = harness.source.changes(first.cursor)
    assert (second.entries, second.deleted, second.problems) == ((), (), ())
    assert second.full is not harness.source.spec.incremental
    assert second.gone(first.present or ()) == frozenset()


def test_an_edit_brings_that_variant_alone(harness: Harness) -> None:
    for piece in PIECES:
        harness.put(piece)
    first = harness.source.changes(None)
    harness.put(replace(PIECES[0], title="Edited"))
    second = harness.source.changes(first.cursor)
    assert [(entry.key, entry.fields["title"]) for entry in second.entries] == [(Key("p0", "en"), "Edited")]
    assert digest(second.entries[0]) != digest(by_key(first)[Key("p0", "en")])


def test_a_new_entry_and_a_removed_one_in_the_same_moment_are_both_seen(harness: Harness) -> None:
    for piece in PIECES:
        harness.put(piece)
    first = harness.source.changes(None)
    harness.remove(PIECES[3])
    harness.put(Piece("new", "New"))
    second = harness.source.changes(first.cursor)
    assert set(by_key(second)) == {Key("new", "en")}
    assert second.gone(first.present or ()) == {Key("p1", "fr")}


def test_removed_and_published_again_is_there(harness: Harness) -> None:
    harness.put(PIECES[0])
    first = harness.source.changes(None)
    harness.remove(PIECES[0])
    second = harness.source.changes(first.cursor)
    assert second.gone(first.present or ()) == {Key("p0", "en")}
    harness.put(replace(PIECES[0], title="Again"))
    third = harness.source.changes(second.cursor)
    assert by_key(third)[Key("p0", "en")].fields["title"] == "Again"


def test_incremental_answers_lead_to_the_same_state_as_a_full_one(harness: Harness) -> None:
    state: dict[Key, str] = {}
    cursor = None
    steps = [
        lambda: [harness.put(piece) for piece in PIECES],
        lambda: [harness.remove(PIECES[1]), harness.put(Piece("x", "X", link="p0"))],
        lambda: [harness.put(replace(PIECES[2], title="Two", tags=("t",))), harness.put(PIECES[1])],
        lambda: [harness.remove(Piece("x", "X")), harness.damage(PIECES[4])],
    ]
    for step in steps:
        step()
        changes = harness.source.changes(cursor)
        for key in changes.gone(state):
            del state[key]
        state.update((entry.key, digest(entry)) for entry in changes.entries)
        cursor = changes.cursor
    fresh = harness.source.changes(None)
    broken = {problem.key for problem in fresh.problems if problem.blocking}
    assert broken == {Key("p2", "en")}
    assert {key: value for key, value in state.items() if key not in broken} == {
        key: digest(entry) for key, entry in by_key(fresh).items()
    }


def test_drafts_never_come(harness: Harness) -> None:
    harness.put(Piece("live", "Live"))
    harness.draft(Piece("idea", "Not yet"))
    changes = harness.source.changes(None)
    assert set(by_key(changes)) == {Key("live", "en")}
    assert changes.present == {Key("live", "en")}
    with pytest.raises(NotFound):
        harness.source.fetch("idea", "en")


def test_a_broken_entry_keeps_its_last_good_version_and_is_listed(harness: Harness) -> None:
    for piece in PIECES[:4]:
        harness.put(piece)
    first = harness.source.changes(None)
    harness.damage(PIECES[0])
    harness.put(replace(PIECES[1], title="Edited"))
    second = harness.source.changes(first.cursor)
    assert set(by_key(second)) == {Key("p0", "fr")}, "the others go on"
    assert second.gone(first.present or ()) == frozenset()
    assert [(problem.key, problem.blocking) for problem in second.problems] == [(Key("p0", "en"), True)]
    assert second.problems[0].where
    assert second.problems[0].reason


def test_a_full_answer_does_not_remove_a_broken_entry_either(harness: Harness) -> None:
    for piece in PIECES[:4]:
        harness.put(piece)
    first = harness.source.changes(None)
    harness.damage(PIECES[0])
    again = harness.source.changes(None)
    assert Key("p0", "en") not in by_key(again)
    assert again.gone(first.present or ()) == frozenset()


def test_a_mended_entry_comes_back(harness: Harness) -> None:
    harness.put(PIECES[0])
    first = harness.source.changes(None)
    harness.damage(PIECES[0])
    second = harness.source.changes(first.cursor)
    harness.put(replace(PIECES[0], title="Mended"))
    third = harness.source.changes(second.cursor)
    assert by_key(third)[Key("p0", "en")].fields["title"] == "Mended"
    assert not third.problems


def test_a_linked_entry_is_resolved_and_told(harness: Harness) -> None:
    harness.put(Piece("target", "Target"))
    harness.put(Piece("from", "From", link="target"))
    entry = harness.source.fetch("from", "en")
    related = entry.fields["related"]
    assert isinstance(related, dict)
    assert "Target" in json.dumps(related)
    assert ("/related", "entry", "target", True) in [
        (link.path, link.kind, link.target, link.resolved) for link in entry.links
    ]


def test_markup_is_kept_as_data_and_rendered_without_scripts(harness: Harness) -> None:
    hostile = "Hi *there* <script>steal()</script><img src=x onerror=steal()> <a href='javascript:x()'>x</a>"
    harness.put(Piece("a", "A", html=hostile))
    fields = harness.source.fetch("a", "en").fields
    rendered = next(str(value) for name, value in fields.items() if name.endswith("_html"))
    assert "<em>there</em>" in rendered
    for bad in ("<script", "onerror", "javascript:"):
        assert bad not in rendered
    assert hostile in fields.values()


def test_an_unreadable_cursor_costs_a_full_answer_and_nothing_else(harness: Harness) -> None:
    harness.put(PIECES[0])
    for cursor in ("", "nonsense", "{}", '{"v": 99}', "[]", "null", '{"v": 1, "options": 3, "files": 4}'):
        changes = harness.source.changes(cursor)
        assert changes.full
        assert set(by_key(changes)) == {Key("p0", "en")}


def test_an_outage_is_unavailable_and_not_a_deletion(harness: Harness) -> None:
    harness.put(PIECES[0])
    first = harness.source.changes(None)
    harness.go_down()
    for cursor in (None, first.cursor):
        with pytest.raises(Unavailable):
            harness.source.changes(cursor)
    with pytest.raises(CmsError):
        harness.source.ping()


def test_versions_are_ordered_as_declared(harness: Harness) -> None:
    ordering = harness.source.spec.ordering
    harness.put(PIECES[0])
    old = harness.source.fetch("p0", "en")
    harness.put(replace(PIECES[0], title="Newer"))
    new = harness.source.fetch("p0", "en")
    assert not ordering.older(new, old.version)
    assert ordering.older(old, new.version) is (ordering.kind != "none")
    assert ordering.kind == "timestamp" or ordering.resolution is None
