"""Publishing: what fails changes nothing, and what is published can be taken back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugin.errors import Conflict, NotFound, PreconditionFailed, RulesRejected, ValidationFailed
from plugin.ports import Changes, StoredEntry
from plugin.service.content.management import Contents, Variant
from plugin.service.preconditions import ANY
from plugin.service.rulesets.draft import Drafting
from plugin.service.rulesets.publish import Publishing
from plugin.store import Store
from tests.unit.plugin.service.conftest import NOW


def document(*, limit: int = 1, expect: str = "a") -> dict[str, Any]:
    return {
        "version": 1,
        "slots": [{"id": "home", "limit": limit}],
        "rules": [{"id": "r", "slot": "home", "then": [{"pin": {"id": "a"}}]}],
        "tests": [{"slot": "home", "content": [{"id": "a"}, {"id": "b"}], "expect": {"first": expect}}],
    }


def test_a_document_that_checks_is_kept_published_and_served(publishing: Publishing) -> None:
    version, moved = publishing.release(document(), author="ada", note="first")
    served = publishing.published()
    assert served is not None
    assert (version.number, moved.epoch, served.version.number) == (1, 1, 1)
    assert json.loads(served.version.document) == document()
    assert (version.author, version.note, version.created_at) == ("ada", "first", NOW)


def test_a_check_reports_every_problem_with_its_place_and_keeps_nothing(publishing: Publishing) -> None:
    found = publishing.check("version: 1\nslots: [{id: home}]\nrules:\n  - {id: r, slot: hone, then: [{pinn: {}}]}\n")
    assert not found.ok
    assert found.digest is None
    assert [(one.line, one.column, one.word, one.suggestion) for one in found.problems] == [
        (4, 19, "hone", "home"),
        (4, 33, "pinn", "pin"),
    ]
    assert publishing.page().items == ()


def test_a_check_runs_the_tests_in_the_document(publishing: Publishing) -> None:
    found = publishing.check(document(expect="b"))
    assert not found.ok
    assert found.digest is not None
    assert [(test.passed, test.pointer) for test in found.tests] == [(False, "/tests/0")]
    assert publishing.check(document()).ok


def test_a_document_whose_tests_fail_is_not_published_and_the_old_one_serves_on(publishing: Publishing) -> None:
    publishing.release(document(), author="ada")
    with pytest.raises(RulesRejected, match="1 problem") as refused:
        publishing.release(document(expect="b"), author="ada")
    assert refused.value.problems[0].pointer == "/tests/0"
    assert "expected first 'b', got 'a'" in refused.value.problems[0].message
    served = publishing.published()
    assert served is not None
    assert served.version.number == 1
    assert len(publishing.page().items) == 1


def test_a_version_whose_tests_fail_may_be_kept_but_not_published(publishing: Publishing) -> None:
    version = publishing.save(document(expect="b"), author="ada")
    with pytest.raises(RulesRejected):
        publishing.publish(version.number, author="ada")
    assert publishing.published() is None


def test_a_document_that_does_not_check_is_not_kept(publishing: Publishing) -> None:
    with pytest.raises(RulesRejected):
        publishing.save({"version": 2}, author="ada")
    assert publishing.page().items == ()


def test_tests_without_content_run_on_what_is_published(publishing: Publishing, contents: Contents) -> None:
    wanting = document()
    del wanting["tests"][0]["content"]
    assert not publishing.check(wanting).ok
    assert publishing.check(wanting, content=[{"id": "a"}]).ok
    contents.create("a", [Variant(type="hero")])
    assert publishing.check(wanting).ok


def test_content_that_is_none_is_refused(publishing: Publishing) -> None:
    wanting = document()
    del wanting["tests"][0]["content"]
    with pytest.raises(ValidationFailed) as refused:
        publishing.check(wanting, content=[{"type": "hero"}])
    assert refused.value.errors[0].pointer == "/content"


def test_an_attribute_of_visitors_without_a_purpose_is_warned_of(publishing: Publishing) -> None:
    """Wherever rules are checked: who publishes over HTTP or in the editor sees it, too."""
    attributes = {"profile.tier": {"type": "string"}, "profile.plan": {"type": "string", "purpose": "service"}}
    found = publishing.check({"version": 1, "attributes": attributes, "slots": [{"id": "hero"}]})
    assert [(one.severity, one.pointer) for one in found.problems] == [("warning", "/attributes/profile.tier")]
    assert found.ok


def test_an_unknown_model_is_a_warning_with_the_nearest_name(publishing: Publishing) -> None:
    one = document()
    one["slots"][0]["blend"] = {"model": {"name": "hero-liner"}}
    found = publishing.check(one)
    assert found.ok
    assert [(problem.severity, problem.pointer, problem.suggestion) for problem in found.problems] == [
        ("warning", "/slots/0/blend/model/name", "hero-linear")
    ]


def test_a_rollback_serves_an_older_version_though_its_tests_fail_by_now(
    publishing: Publishing, contents: Contents, sqlite_store: Store
) -> None:
    wanting = document()
    del wanting["tests"][0]["content"]
    contents.create("a", [Variant(type="hero")])
    publishing.release(wanting, author="ada")
    publishing.release(document(limit=2), author="ada")
    contents.delete("a", precondition=ANY)
    moved = publishing.rollback(1, author="bob", note="back")
    assert (moved.number, moved.previous, moved.action, moved.author) == (1, 2, "rollback", "bob")
    assert sqlite_store.rulesets.epoch() == 3


def test_only_what_was_published_can_be_rolled_back_to(publishing: Publishing) -> None:
    publishing.release(document(), author="ada")
    publishing.save(document(limit=2), author="ada")
    with pytest.raises(Conflict):
        publishing.rollback(2, author="ada")
    with pytest.raises(NotFound):
        publishing.rollback(3, author="ada")


def test_who_knows_an_older_epoch_publishes_nothing(publishing: Publishing) -> None:
    publishing.release(document(), author="ada", expected_epoch=0)
    publishing.save(document(limit=2), author="ada")
    with pytest.raises(PreconditionFailed):
        publishing.publish(2, author="bob", expected_epoch=0)
    with pytest.raises(PreconditionFailed):
        publishing.release(document(limit=3), author="bob", expected_epoch=0)
    assert len(publishing.page().items) == 2
    assert publishing.publish(2, author="bob", expected_epoch=1).epoch == 2


def test_a_diff_names_items_and_their_fields(publishing: Publishing) -> None:
    publishing.save(document(), author="ada")
    other = document(limit=3)
    other["rules"][0]["enabled"] = False
    other["rules"].append({"id": "s", "slot": "*", "then": []})
    other["timezone"] = "Europe/Paris"
    del other["tests"]
    publishing.save(other, author="ada")
    found = publishing.diff(1, 2)
    assert found.sections["rules"].added == ("s",)
    assert [
        (item.id, [(c.pointer, c.op, c.after) for c in item.changes]) for item in found.sections["rules"].changed
    ] == [("r", [("/enabled", "add", False)])]
    (slot,) = found.sections["slots"].changed
    assert [(c.pointer, c.op, c.before, c.after) for c in slot.changes] == [("/limit", "replace", 1, 3)]
    assert [(c.pointer, c.op) for c in found.settings] == [("/tests", "remove"), ("/timezone", "add")]
    assert not found.same
    assert publishing.diff(2, 2).same


def test_a_diff_tells_true_from_one_and_knows_the_draft(publishing: Publishing, drafting: Drafting) -> None:
    one, other = document(), document()
    one["rules"][0]["then"] = [{"set": {"presentation.x": True}}]
    one["tests"] = other["tests"] = []
    other["rules"][0]["then"] = [{"set": {"presentation.x": 1}}]
    publishing.release(one, author="ada")
    drafting.replace(other, precondition=ANY, author="ada")
    (rule,) = publishing.diff("published", "draft").sections["rules"].changed
    assert [change.pointer for change in rule.changes] == ["/then/0/set/presentation.x"]
    with pytest.raises(NotFound):
        publishing.diff(1, 9)


def test_without_a_publication_there_is_no_published_document(publishing: Publishing) -> None:
    with pytest.raises(NotFound):
        publishing.diff("published", "draft")


def test_the_draft_is_published_where_no_document_is_given(publishing: Publishing, drafting: Drafting) -> None:
    drafting.create("slots", {"id": "side"}, author="ada")
    version, _ = publishing.release(None, author="ada")
    assert json.loads(version.document) == {"version": 1, "slots": [{"id": "side"}]}


def test_the_draft_follows_a_publication_unless_it_was_edited(publishing: Publishing, drafting: Drafting) -> None:
    drafting.create("slots", {"id": "side"}, author="ada")
    publishing.release(None, author="ada")
    publishing.release(document(), author="files")
    assert drafting.document().document == document()
    drafting.create("slots", {"id": "extra"}, author="ada")
    publishing.release(document(limit=4), author="files")
    assert [slot["id"] for slot in drafting.document().document["slots"]] == ["home", "extra"]  # type: ignore[union-attr, index, call-overload]


def test_entries_of_every_source_are_what_tests_run_on(publishing: Publishing, sqlite_store: Store) -> None:
    entry = StoredEntry("files", "a", "en", "hero", (), {"title": "A"}, None, None, ())
    sqlite_store.content.apply("files", Changes(entries=(entry,)), now=NOW)
    wanting = document()
    wanting["tests"] = [{"slot": "home", "expect": {"ids": ["a"]}, "given": {"request.locale": "en"}}]
    assert publishing.check(wanting).ok


def two_slots(*, limit: int = 1, then: str = "x", **rest: Any) -> dict[str, Any]:
    slots = [{"id": "a", "limit": limit}, {"id": "b"}]
    rules = [{"id": "r", "slot": "b", "then": [{"pin": {"id": then}}]}]
    return {"version": 1, "slots": slots, "rules": rules, **rest}


@pytest.mark.parametrize(
    ("document", "slots"),
    [
        (two_slots(), ()),
        (two_slots(name="spring"), ()),
        (two_slots(limit=2), ("a",)),
        (two_slots(then="y"), ("b",)),
        (two_slots(slots=[{"id": "b"}]), ("a",)),
        (two_slots(slots=[*two_slots()["slots"], {"id": "c"}]), ("c",)),
        (two_slots(limit=2, then="y"), None),
        (two_slots(segments=[{"id": "vip", "members": ["v"]}]), None),
        (two_slots(slots=[*two_slots()["slots"], *({"id": f"s{number}"} for number in range(61))]), None),
    ],
    ids=["none", "its name", "a slot", "a rule", "one gone", "one new", "all", "a segment", "very many"],
)
def test_caches_are_told_which_slots_a_publication_changes(
    publishing: Publishing, sqlite_store: Store, document: dict[str, Any], slots: tuple[str, ...] | None
) -> None:
    """And nothing of the draft or of versions that were not published bears on that; a rollback tells the same."""
    publishing.release(two_slots(), author="ada")
    publishing.save(two_slots(limit=7, then="z"), author="ada")
    publishing.release(document, author="ada")
    publishing.rollback(1, author="ada")
    assert [one.slots for one in sqlite_store.purges.due(now=NOW)] == [None, slots, slots]


def test_what_is_published_need_not_check_any_more_for_the_next_publication(
    publishing: Publishing, sqlite_store: Store
) -> None:
    sqlite_store.rulesets.save({"slots": [{"id": "a"}], "rules": [{"id": "r"}]}, author="ada", now=NOW)
    sqlite_store.rulesets.publish(1, author="ada", now=NOW)
    publishing.release(two_slots(), author="ada")
    assert [one.slots for one in sqlite_store.purges.due(now=NOW)] == [None, None]
