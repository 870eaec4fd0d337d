"""What is written at once is what an execution answers, for whatever selection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from plugin.graphql import plain
from plugin.graphql.projection import BESIDE, MOST_TIMES, Projection
from plugin.store import open_store
from tests.strategies.profiles import searched
from tests.unit.plugin.graphql.answering import MANAGER, VISITOR, Answering, answering

REASON = ["kind", "rule", "experiment", "arm", "model", "__typename"]
BLOCK = ["id", "type", "position", "score", "fields", "tags", "html", "__typename"]
TYPED = {
    "HeroBlock": ["title", "weight", "sizes", "score_", "call_to_action", "__typename"],
    "LandingPageBlock": ["title"],
    "CardBlock": ["id"],
    "Block": ["id", "type"],
}
SLOT = ["id", "presentation", "fallback", "audienceKey", "ttlS", "decisionToken", "trace", "__typename"]
WHOLE = ["decisionId", "ruleset", "degraded", "__typename"]
FAULT = ["slot", "pointer", "detail", "__typename"]


@pytest.fixture(scope="module")
def site(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answering]:
    file = tmp_path_factory.mktemp("graphql") / "tessera.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    store = open_store(f"sqlite:///{file}")
    yield answering(store)
    store.close()


@st.composite
def flat(draw: Any, names: list[str]) -> str:
    """Some of these fields, some of them under another key, some decided by a directive."""
    found = []
    for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=4)):
        alias = draw(st.sampled_from(["", "", "", f"{name.strip('_')}Too: "]))
        directive = draw(st.sampled_from([""] * 8 + [" @skip(if: $no)", " @include(if: $yes)", " @include(if: true)"]))
        found.append(f"{alias}{name}{directive}")
    return " ".join(found)


@st.composite
def block(draw: Any) -> str:
    parts = draw(st.lists(st.sampled_from(["own", "reason", "typed", "inline", "spread", "again"]), max_size=4))
    found = []
    for part in parts:
        if part in {"own", "again"}:
            found.append(draw(flat(BLOCK)))
        elif part == "reason":
            found.append(f"reason {{ {draw(flat(REASON))} }}")
        elif part == "typed":
            kind = draw(st.sampled_from(sorted(TYPED)))
            found.append(f"... on {kind} {{ {draw(flat(TYPED[kind]))} }}")
        elif part == "inline":
            found.append(f"... {{ {draw(flat(BLOCK))} }}")
        else:
            found.append("...Title ...Shared")
    return " ".join(found) or "id"


@st.composite
def document(draw: Any) -> str:
    slot = [draw(flat(SLOT))]
    if draw(st.booleans()):
        slot.append(f"blocks {{ {draw(block())} }}")
    if draw(st.integers(0, 5)) == 5:
        slot.append(f"blocks {{ {draw(block())} }}")
    if draw(st.integers(0, 3)) == 3:
        slot.append(f"others: blocks {{ {draw(block())} }}")
    whole = [draw(flat(WHOLE)), f"slots {{ {' '.join(slot)} }}"]
    if draw(st.booleans()):
        whole.append("visitor { id segments __typename }")
    if draw(st.booleans()):
        whole.append(f"errors {{ {draw(flat(FAULT))} }}")
    whole = draw(st.permutations(whole))
    key = draw(st.sampled_from(["", "page: "]))
    return (
        "query Q($slots: [SlotInput!]!, $context: JSON, $visitor: VisitorInput, $render: Render = json,"
        " $explain: Boolean, $yes: Boolean = true, $no: Boolean! = true, $events: [JSON!]) {"
        f" {key}personalize(slots: $slots, context: $context, visitor: $visitor, render: $render, explain: $explain,"
        f" events: $events) {{ {' '.join(whole)} ...Whole @include(if: $yes) ruleset @skip(if: $no) }} }}"
        " fragment Whole on Personalization { slots { id ...OfSlot } }"
        " fragment OfSlot on Slot { blocks { ...Title ...Shared } }"
        " fragment Title on HeroBlock { title weight } fragment Shared on Block { position reason { kind } }"
    )


VARIABLES = st.fixed_dictionaries(
    {
        "slots": st.lists(
            st.builds(
                lambda name, rest: {"id": name, **rest},
                st.sampled_from(["hero", "feed", "empty", "nope"]),
                st.sampled_from([{}, {"limit": 1}, {"limit": None}, {"exclude": ["a"]}, {"exclude": None}]),
            ),
            min_size=1,
            max_size=3,
            unique_by=lambda one: one["id"],
        )
    },
    optional={
        "context": st.sampled_from([{"custom": {"rich": True}}, {}, None, {"url": "https://x.example/"}]),
        "visitor": st.sampled_from([{"id": "v-1"}, {"id": None}, {}, None]),
        "render": st.sampled_from(["json", "html", "both"]),
        "explain": st.sampled_from([True, False, None]),
        "yes": st.booleans(),
        "no": st.booleans(),
        "events": st.sampled_from([[], None, [{"type": "view"}], [1]]),
    },
)


@searched(150)
@given(document(), VARIABLES, st.sampled_from([MANAGER, VISITOR]), st.booleans())
def test_a_projection_is_what_an_execution_answers(
    site: Answering, text: str, variables: dict[str, Any], caller: Any, by_get: bool
) -> None:
    """To the order of the members."""
    note(f"{text}\n{variables}")
    projected = site.ask(text, variables, caller=caller, by_get=by_get)
    again = site.ask(text, variables, caller=caller, by_get=by_get)
    executed = site.ask(text, variables, caller=caller, by_get=by_get, projects=False)
    assert json.dumps(projected[0]).replace(".0", "") == json.dumps(executed[0]).replace(".0", "")
    assert projected == again == executed


def test_plain_documents_are_projected(site: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the property above cannot fall silent."""
    written = []
    write = Projection.write
    monkeypatch.setattr(Projection, "write", lambda self, *rest: written.append(self) or write(self, *rest))
    asked = {
        '{ personalize(slots: [{id: "hero"}]) { ruleset } }': None,
        "query Q($slots: [SlotInput!]!) { personalize(slots: $slots) { ruleset } }": {"slots": [{"id": "hero"}]},
        "query Q($id: String!) { personalize(slots: [{id: $id}]) { ruleset } }": {"id": "hero"},
        "query Q($s: SlotInput!, $no: Boolean!) { personalize(slots: [$s]) { ruleset slots @skip(if: $no) { id } } }": {
            "s": {"id": "hero"},
            "no": True,
        },
        # One value stands for a list of one.
        "query Q($slots: [SlotInput!]!, $a: Int) { personalize(slots: $slots) { ruleset } }".replace(", $a: Int", ""): {
            "slots": {"id": "hero"}
        },
    }
    for text, variables in asked.items():
        before = len(written)
        body, status, _ = site.ask(text, variables)
        assert (status, body["data"]["personalize"]["ruleset"]) == (200, 1)
        assert len(written) == before + 1, text
    for text in ('{ personalize(slots: [{id: "hero"}]) @skip(if: true) { ruleset } }', "{ __typename }"):
        before = len(written)
        assert site.ask(text)[1] == 200
        assert len(written) == before


def test_bytes_are_kept_with_a_decision_for_a_few_documents_only(site: Answering) -> None:
    for number in range(40):
        text = f'{{ personalize(slots: [{{id: "feed"}}]) {{ slots {{ key{number}: id blocks {{ id }} }} }} }}'
        body, _, _ = site.ask(text)
        (slot,) = body["data"]["personalize"]["slots"]
        assert slot[f"key{number}"] == "feed"
    served = site.schemas.served()
    ground = served.site.content.ground(served.site.ruleset.compiled("feed"))
    kept = [len(notes["graphql"]) for notes in _notes(ground) if "graphql" in notes]
    assert kept
    assert max(kept) <= 8


def test_what_is_kept_with_a_decision_is_no_more_than_a_few_times_what_it_shows(site: Answering) -> None:
    again = [" ".join(f"{letter}{number}: blocks {{ fields }}" for number in range(30)) for letter in "abcdef"]
    texts = [f'{{ personalize(slots: [{{id: "feed"}}]) {{ slots {{ {one} }} }} }}' for one in again]
    for text in texts:
        projected, executed = (site.ask(text, projects=projects) for projects in (True, False))
        assert projected == executed
        assert projected[1] == 200
    served = site.schemas.served()
    ground = served.site.content.ground(served.site.ruleset.compiled("feed"))
    most = MOST_TIMES * (sum(map(len, served.site.texts.values())) + BESIDE * (len(served.site.texts) + 1))
    for notes in _notes(ground):
        assert sum(len(one) for pieces in notes["graphql"].values() for one in pieces) <= most


def test_what_names_many_types_with_many_fields_is_executed(site: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f'{{ personalize(slots: [{{id: "feed"}}]) {{ slots {{ blocks {{ {" ".join(BLOCK[:7])} %s }} }} }} }}'
    text %= "".join(f"... on {kind} {{ x{number}: id }} " for number, kind in enumerate(sorted(TYPED)))
    before = site.ask(text, projects=False)
    served = site.schemas.served().built
    for most, is_projected in ((500, True), (20, False)):
        monkeypatch.setattr(plain, "MOST_PARTS", most)
        served.documents._kept.clear()
        assert site.ask(text) == before
        (operation,) = served.documents.prepare(text, hides=True).operations.values()
        assert operation.plain is not None
        assert (operation.plain.projection({}) is not None) is is_projected


def test_of_the_ways_in_which_flags_turn_out_a_few_are_kept(site: Answering) -> None:
    flags = "abcd"
    head, parts = (
        " ".join(one % (flag, flag) for flag in flags) for one in ("$%.1s%.0s: Boolean!", "%s: ruleset @skip(if: $%s)")
    )
    text = f'query Q({head}) {{ personalize(slots: [{{id: "feed"}}]) {{ {parts} }} }}'
    for values in (*product([True, False], repeat=4), *product([True, False], repeat=4)):
        variables = dict(zip(flags, values, strict=True))
        assert set(site.ask(text, variables)[0]["data"]["personalize"]) == {one for one in flags if not variables[one]}
    (operation,) = site.schemas.served().built.documents.prepare(text, hides=True).operations.values()
    assert operation.plain is not None
    assert 0 < len(operation.plain._made) <= plain.MOST_MADE


def _notes(thing: Any) -> Iterator[dict[Any, Any]]:
    """Every notes dictionary that is reachable from here."""
    import gc

    seen, left = set(), [thing]
    while left and len(seen) < 200_000:
        one = left.pop()
        if id(one) in seen or isinstance(one, type) or type(one).__name__ in {"module", "function"}:
            continue
        seen.add(id(one))
        if isinstance(one, dict) and "graphql" in one:
            yield one
        left.extend(gc.get_referents(one))


def test_what_is_kept_of_a_slot_has_no_trace_of_another_visitor(site: Answering) -> None:
    text = """query Q($context: JSON) {
      personalize(slots: [{id: "hero"}], context: $context, explain: true) { slots { trace } } }"""
    for rich in (True, False, True):
        body, _, _ = site.ask(text, {"context": {"custom": {"rich": rich}}}, caller=MANAGER)
        (slot,) = body["data"]["personalize"]["slots"]
        assert ("rich" in slot["trace"]["segments"]) is rich


UNSAFE = ['"\\u0000"', '"a\\u0000b"', '"\\ud83d"', '{a: "\\u0000"}', '[{id: "\\u0000"}]']


@pytest.mark.parametrize("literal", UNSAFE)
@pytest.mark.parametrize("argument", ["context: {custom: {x: %s}}", "visitor: {id: %s}", "events: [{type: %s}]"])
def test_what_json_of_ours_may_not_hold_is_refused_in_a_document_too(
    site: Answering, argument: str, literal: str
) -> None:
    text = f'{{ personalize(slots: [{{id: "hero"}}], {argument % literal}) {{ ruleset }} }}'
    answers = [site.ask(text, projects=projects) for projects in (True, False, True)]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][1] in {400, 422}, answers[0]


@pytest.mark.parametrize(
    "selection",
    [
        "ruleset @include(if: $no)",
        "slots @skip(if: true) { id } ruleset @include(if: $no)",
        "slots { id @include(if: $no) }",
        "slots { ttlS @include(if: $no) blocks @include(if: $no) { id } }",
        "slots { blocks { id @include(if: $no) } }",
        "slots { blocks { reason { kind @include(if: $no) } } }",
        "visitor { id @include(if: $no) }",
        "errors { detail @include(if: $no) }",
    ],
)
def test_where_all_is_left_out_an_object_is_empty(site: Answering, selection: str) -> None:
    text = (
        'query Q($no: Boolean!) { personalize(slots: [{id: "feed"}, {id: "nope"}],'
        f' visitor: {{id: "v"}}) {{ {selection} }} }}'
    )
    for no in (False, True, False):
        projected, executed = (site.ask(text, {"no": no}, projects=projects) for projects in (True, False))
        assert projected == executed
        assert projected[1] == 200


@pytest.mark.parametrize(
    ("head", "arguments", "all_variables"),
    [
        ("$l: String", "context: {locale: $l, custom: {rich: true}}", [{}, {"l": None}, {"l": "fr"}]),
        ("$l: JSON", "context: {custom: {a: [$l, 1], rich: $l}}", [{}, {"l": None}, {"l": True}]),
        ("$l: JSON", 'context: $l, visitor: {id: "a"}', [{}, {"l": None}, {"l": {"custom": {"rich": True}}}, {"l": 5}]),
        ("$l: JSON!", "events: [$l]", [{}, {"l": None}, {"l": {"type": "view"}}]),
        ("$l: [JSON!]", "events: $l", [{}, {"l": None}, {"l": {"type": "view"}}, {"l": [None]}]),
        ("$l: String", "visitor: {id: $l}", [{}, {"l": None}, {"l": "v"}, {"l": 5}]),
        ("$l: Boolean = true", "unique: $l", [{}, {"l": None}, {"l": False}, {"l": "x"}]),
        ("$l: Render = both", "render: $l", [{}, {"l": None}, {"l": "html"}, {"l": "x"}, {"l": 1}]),
    ],
)
def test_variables_mean_the_same_wherever_they_stand(
    site: Answering, head: str, arguments: str, all_variables: list[dict[str, Any]]
) -> None:
    text = (
        f'query Q({head}) {{ personalize(slots: [{{id: "feed"}}], {arguments})'
        " { visitor { id segments } slots { blocks { id html } } errors { pointer } } }"
    )
    for variables in (*all_variables, *all_variables):
        projected, executed = (site.ask(text, variables, projects=projects) for projects in (True, False))
        assert projected == executed
        assert projected[1] == (400 if _is_refused(head, variables) else 422 if variables == {"l": 5} else 200)


def _is_refused(head: str, variables: dict[str, Any]) -> bool:
    """Whether GraphQL itself finds that a variable is not of its type."""
    said = variables.get("l")
    if head.endswith("!"):
        return said is None
    kind = {"$l: String": str, "$l: Boolean = true": bool, "$l: Render = both": str}.get(head)
    return said == [None] or said == "x" or (kind is not None and said is not None and not isinstance(said, kind))


def test_a_variable_of_a_field_that_is_left_out_has_to_be_of_its_type(site: Answering) -> None:
    text = """query Q($id: String!, $no: Boolean!) {
      personalize(slots: [{id: "hero"}]) { ruleset } content(id: $id) @skip(if: $no) { next } }"""
    for variables, status in (({"no": True}, 400), ({"no": True, "id": 5}, 400), ({"no": True, "id": "a"}, 200)):
        projected, executed = (site.ask(text, variables, projects=projects) for projects in (True, False))
        assert projected == executed
        assert projected[1] == status
