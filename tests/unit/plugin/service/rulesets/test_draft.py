"""The draft: each change is checked with the whole, none is lost, and nothing in use is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from plugin.errors import (
    Conflict,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    RulesRejected,
    ValidationFailed,
)
from plugin.ports import JSON, Changes, Draft, DraftStore, StoredEntry
from plugin.service.preconditions import ANY, Precondition, tag_of
from plugin.service.rulesets.draft import Drafting
from plugin.service.rulesets.items import Section
from plugin.service.rulesets.publish import Publishing
from plugin.service.rulesets.uses import InUse
from plugin.store import Store
from tests.unit.plugin.service.conftest import NOW

NEW = Precondition(only_new=True)
NONE = Precondition()

WHOLE: dict[str, Any] = {
    "version": 1,
    "attributes": {"profile.spend": {"type": "number"}, "custom.spare": {"type": "string"}},
    "segments": [
        {"id": "spender", "when": {"profile.spend": {"gte": 500}}},
        {"id": "loyal", "when": {"any": [{"segment": ["spender"]}, {"visitor.visits": {"gt": 5}}]}},
        {"id": "spare", "computed": True},
    ],
    "slots": [{"id": "hero"}, {"id": "feed", "limit": 4}, {"id": "spare"}],
    "rules": [
        {
            "id": "vip",
            "slot": ["hero", "feed"],
            "when": {"segment": "loyal"},
            "then": [{"pin": {"content.tags": "vip"}}],
        },
        {"id": "near", "slot": "*", "then": [{"boost": {"content.price": {"lte": {"ref": "profile.spend"}}}, "by": 1}]},
    ],
}


@pytest.fixture
def filled(drafting: Drafting) -> Drafting:
    drafting.replace(WHOLE, precondition=ANY, author="ada")
    return drafting


def test_an_item_is_created_read_changed_and_deleted(drafting: Drafting) -> None:
    made = drafting.create("slots", {"id": "hero"}, author="ada")
    assert drafting.get("slots", "hero") == made
    changed, new = drafting.put(
        "slots", "hero", {"limit": 2}, precondition=Precondition(frozenset({made.tag})), author="ada"
    )
    assert not new
    assert changed.value == {"id": "hero", "limit": 2}
    drafting.delete("slots", "hero", precondition=Precondition(frozenset({changed.tag})), author="ada")
    with pytest.raises(NotFound):
        drafting.get("slots", "hero")


def test_an_attribute_is_an_item_under_its_name(drafting: Drafting) -> None:
    drafting.put("attributes", "custom.size", {"type": "number"}, precondition=NEW, author="ada")
    assert drafting.document().document["attributes"] == {"custom.size": {"type": "number"}}
    assert drafting.get("attributes", "custom.size").value == {"id": "custom.size", "type": "number"}


def test_problems_point_into_the_item_that_was_sent(filled: Drafting) -> None:
    rule = {"id": "new", "slot": "hreo", "when": {"geo.contry": "FR"}, "then": [{"hide": {"content.tags": []}}]}
    with pytest.raises(RulesRejected) as refused:
        filled.create("rules", rule, author="ada")
    assert [problem.pointer for problem in refused.value.problems] == [
        "/slot",
        "/then/0/hide/content.tags",
        "/when/geo.contry",
    ]
    assert refused.value.problems[0].suggestion == "hero"


def test_problems_of_an_attribute_point_into_it_too(drafting: Drafting) -> None:
    with pytest.raises(RulesRejected) as refused:
        drafting.put("attributes", "custom.size", {"type": "nummer"}, precondition=NONE, author="ada")
    assert [problem.pointer for problem in refused.value.problems] == ["/type"]


def test_a_change_that_breaks_others_is_refused_and_names_them(filled: Drafting) -> None:
    with pytest.raises(RulesRejected) as refused:
        filled.put("attributes", "profile.spend", {"type": "boolean"}, precondition=ANY, author="ada")
    assert refused.value.problems[0].pointer == ""
    assert refused.value.problems[0].message.startswith("in segment 'spender': ")
    assert filled.document().document == WHOLE


def test_faults_that_were_there_before_bar_no_mending_of_others(filled: Drafting, sqlite_store: Store) -> None:
    """A newer release may find fault with a draft that an older one took."""
    broken = {**WHOLE, "rules": [{"id": "odd", "slot": "gone", "then": []}, {"id": "old", "slot": "gone", "then": []}]}
    sqlite_store.draft.replace(broken, expected=filled.document().revision, author="ada", now=NOW)
    filled.put("rules", "odd", {"slot": "hero", "then": []}, precondition=ANY, author="ada")
    with pytest.raises(RulesRejected) as refused:
        filled.put("rules", "old", {"slot": "gone", "then": []}, precondition=ANY, author="ada")
    assert [problem.pointer for problem in refused.value.problems] == ["/slot"]


def test_an_existing_item_is_changed_only_by_who_read_it(filled: Drafting) -> None:
    with pytest.raises(PreconditionRequired):
        filled.put("slots", "hero", {"limit": 2}, precondition=NONE, author="ada")
    with pytest.raises(PreconditionRequired):
        filled.delete("slots", "spare", precondition=NONE, author="ada")
    with pytest.raises(PreconditionFailed):
        filled.put("slots", "hero", {"limit": 2}, precondition=Precondition(frozenset({"old"})), author="ada")
    with pytest.raises(PreconditionFailed):
        filled.put("slots", "hero", {"limit": 2}, precondition=NEW, author="ada")
    with pytest.raises(PreconditionFailed):
        filled.put("slots", "nobody", {"limit": 2}, precondition=ANY, author="ada")
    assert filled.document().document == WHOLE


def test_ids_are_needed_unique_and_never_change(filled: Drafting) -> None:
    with pytest.raises(Conflict):
        filled.create("slots", {"id": "hero"}, author="ada")
    for value in ({}, {"id": ""}, {"id": 5}):
        with pytest.raises(ValidationFailed) as refused:
            filled.create("slots", value, author="ada")
        assert refused.value.errors[0].pointer == "/id"
    with pytest.raises(ValidationFailed):
        filled.put("slots", "hero", {"id": "hore"}, precondition=ANY, author="ada")


@pytest.mark.parametrize(
    ("section", "name", "uses"),
    [
        ("segments", "loyal", [("rules", "vip", "/when/segment")]),
        ("segments", "spender", [("segments", "loyal", "/when/any/0/segment/0")]),
        ("slots", "feed", [("rules", "vip", "/slot/1")]),
        (
            "attributes",
            "profile.spend",
            [
                ("segments", "spender", "/when/profile.spend"),
                ("rules", "near", "/then/0/boost/content.price/lte/ref"),
            ],
        ),
    ],
)
def test_what_others_use_is_not_deleted(
    filled: Drafting, section: Section, name: str, uses: list[tuple[str, str, str]]
) -> None:
    with pytest.raises(InUse) as refused:
        filled.delete(section, name, precondition=ANY, author="ada")
    assert [(use.section, use.id, use.pointer) for use in refused.value.uses] == uses


@pytest.mark.parametrize(
    ("section", "name"), [("segments", "spare"), ("slots", "spare"), ("attributes", "custom.spare")]
)
def test_what_nobody_uses_is_deleted(filled: Drafting, section: Section, name: str) -> None:
    filled.delete(section, name, precondition=ANY, author="ada")
    with pytest.raises(NotFound):
        filled.get(section, name)


def test_a_segment_that_an_audience_tag_names_is_not_deleted(filled: Drafting, sqlite_store: Store) -> None:
    entry = StoredEntry("files", "a", None, "hero", ("vip", "audience:spare"), {}, None, None, ())
    sqlite_store.content.apply("files", Changes(entries=(entry,)), now=NOW)
    with pytest.raises(InUse) as refused:
        filled.delete("segments", "spare", precondition=ANY, author="ada")
    assert [(use.section, use.id, use.pointer) for use in refused.value.uses] == [("content", "a", "/tags/1")]


def test_a_test_that_names_a_slot_or_segment_keeps_it(filled: Drafting) -> None:
    tests = [{"slot": "spare", "segments": ["spare"], "expect": {"fallback": True}}]
    filled.replace({**WHOLE, "tests": tests}, precondition=ANY, author="ada")
    for section, pointer in (("slots", "/slot"), ("segments", "/segments/0")):
        with pytest.raises(InUse) as refused:
            filled.delete(section, "spare", precondition=ANY, author="ada")  # type: ignore[arg-type]
        assert [(use.section, use.id, use.pointer) for use in refused.value.uses] == [("tests", "0", pointer)]


def test_what_only_looks_like_a_use_is_none(drafting: Drafting) -> None:
    document = {
        "version": 1,
        "attributes": {"custom.a": {"type": "string"}},
        "segments": [{"id": "s", "computed": True}],
        "slots": [{"id": "hero"}],
        "rules": [{"id": "r", "slot": "hero", "then": [{"set": {"presentation.x": {"segment": "s", "custom.a": 1}}}]}],
    }
    drafting.replace(document, precondition=ANY, author="ada")
    drafting.delete("segments", "s", precondition=ANY, author="ada")
    drafting.delete("attributes", "custom.a", precondition=ANY, author="ada")


def test_pages_go_through_all_items_in_the_order_of_ids(filled: Drafting) -> None:
    first = filled.page("slots", limit=2)
    second = filled.page("slots", after=first.next, limit=2)
    assert [item.id for item in (*first.items, *second.items)] == ["feed", "hero", "spare"]
    assert (first.next, second.next) == ("hero", None)
    assert first.tag == second.tag
    filled.put("slots", "hero", {"limit": 9}, precondition=ANY, author="ada")
    assert filled.page("slots").tag != first.tag


def test_a_page_goes_on_after_an_item_that_was_deleted_meanwhile(filled: Drafting) -> None:
    filled.delete("slots", "spare", precondition=ANY, author="ada")
    assert [item.id for item in filled.page("slots", after="foo").items] == ["hero"]


def test_the_unedited_draft_is_what_is_published(drafting: Drafting, publishing: Publishing) -> None:
    publishing.release(WHOLE, author="ada")
    assert drafting.document().document == WHOLE
    assert drafting.get("slots", "hero").value == {"id": "hero"}
    drafting.create("slots", {"id": "more"}, author="ada")
    assert len(drafting.page("slots").items) == 4


def test_a_whole_document_is_checked_before_it_takes_the_place(filled: Drafting) -> None:
    with pytest.raises(RulesRejected):
        filled.replace({"version": 1, "rules": [{}]}, precondition=ANY, author="ada")
    with pytest.raises(PreconditionRequired):
        filled.replace({"version": 1}, precondition=NONE, author="ada")
    known = Precondition(frozenset({filled.document().tag}))
    assert filled.replace({"version": 1}, precondition=known, author="ada").document == {"version": 1}


def test_the_same_value_again_makes_no_new_revision(filled: Drafting) -> None:
    before = filled.document().revision
    filled.put("slots", "hero", {"id": "hero"}, precondition=ANY, author="ada")
    assert filled.document().revision == before


class Busy:
    """A store where somebody else is faster, so many times."""

    def __init__(self, inner: DraftStore, times: int) -> None:
        self.inner, self.times = inner, times

    def get(self) -> Draft:
        return self.inner.get()

    def replace(self, document: Mapping[str, JSON], *, expected: int, author: str, now: datetime) -> Draft:
        if self.times:
            self.times -= 1
            held = self.inner.get()
            slots: Any = [*held.document.get("slots", ()), {"id": f"other-{self.times}"}]  # type: ignore[misc]
            self.inner.replace({**held.document, "slots": slots}, expected=held.revision, author="other", now=now)
        return self.inner.replace(document, expected=expected, author=author, now=now)


def test_a_change_of_another_item_meanwhile_loses_neither(sqlite_store: Store) -> None:
    busy = Busy(sqlite_store.draft, times=3)
    drafting = Drafting(busy, sqlite_store.rulesets, sqlite_store.content, clock=lambda: NOW)
    drafting.create("slots", {"id": "mine"}, author="ada")
    assert [item.id for item in drafting.page("slots").items] == ["mine", "other-0", "other-1", "other-2"]


def test_who_never_gets_a_turn_is_told_so(sqlite_store: Store) -> None:
    busy = Busy(sqlite_store.draft, times=1_000)
    drafting = Drafting(busy, sqlite_store.rulesets, sqlite_store.content, clock=lambda: NOW)
    with pytest.raises(Conflict, match="try again"):
        drafting.create("slots", {"id": "mine"}, author="ada")


def test_tags_are_of_values_and_not_of_their_order() -> None:
    assert tag_of({"a": 1, "b": [True]}) == tag_of({"b": [True], "a": 1})
    assert tag_of({"a": 1}) != tag_of({"a": True})
    with pytest.raises(TypeError):
        tag_of({"a": object()})
