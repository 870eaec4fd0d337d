"""Documents that would cost too much are refused, and soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from plugin.errors import ValidationFailed
from plugin.graphql import documents
from plugin.graphql.limits import (
    LONGEST_LIST,
    MOST_ALIASES,
    MOST_BYTES,
    MOST_FIELDS,
    MOST_FRAGMENTS,
    MOST_ROOTS,
    MOST_TOKENS,
    MOST_VALUES,
    judge_text,
    judge_values,
)
from plugin.graphql.persisted import Persisted, hash_of
from plugin.store import Store
from tests.unit.plugin.graphql.answering import MANAGER, Answering, answering


@pytest.fixture
def site(sqlite_store: Store) -> Answering:
    return answering(sqlite_store)


def personalize(selection: str) -> str:
    return f'{{ personalize(slots: [{{id: "hero"}}]) {{ {selection} }} }}'


def doubling(levels: int) -> str:
    """Two spreads of a fragment of two spreads, and so on."""
    parts = [f"fragment F{n} on Slot {{ a{n}: id blocks {{ id }} ...F{n + 1} ...F{n + 1} }}" for n in range(levels)]
    return personalize("slots { ...F0 }") + " ".join(parts) + f" fragment F{levels} on Slot {{ id }}"


BOMBS: dict[str, tuple[Callable[[], str], int]] = {
    "long": (lambda: personalize("ruleset " + "#" + "x" * MOST_BYTES), 413),
    "long in octets": (lambda: personalize("ruleset #" + "é" * (MOST_BYTES // 2 + 1)), 413),
    "many tokens": (lambda: personalize("ruleset " * MOST_TOKENS), 400),
    "deep": (lambda: "{ a " * 30 + "}" * 30, 400),
    "deep values": (lambda: f"{{ personalize(slots: {'[' * 5000}{']' * 5000}) {{ ruleset }} }}", 400),
    "unclosed": (lambda: "{" * 5000, 400),
    "aliases": (lambda: personalize(" ".join(f"a{n}: ruleset" for n in range(MOST_ALIASES + 1))), 400),
    "aliases of the root": (
        lambda: "{" + " ".join(f"a{n}: personalize(slots: []) {{ ruleset }}" for n in range(MOST_ROOTS + 1)) + "}",
        400,
    ),
    "fields": (lambda: personalize("ruleset " * (MOST_FIELDS + 1)), 400),
    "fields behind fragments": (lambda: doubling(20), 400),
    "a cycle": (lambda: personalize("slots { ...A }") + "fragment A on Slot { ...B } fragment B on Slot { ...A }", 400),
    "a cycle of one": (lambda: personalize("slots { ...A }") + "fragment A on Slot { blocks { id } ...A }", 400),
    "a cycle that nobody spreads": (
        lambda: personalize("ruleset") + "fragment A on Slot { ...B } fragment B on Slot { ...A }",
        400,
    ),
    "a chain": (
        lambda: (
            personalize("slots { ...F0 }")
            + " ".join(f"fragment F{n} on Slot {{ ...F{n + 1} }}" for n in range(MOST_FRAGMENTS))
            + f" fragment F{MOST_FRAGMENTS} on Slot {{ id }}"
        ),
        400,
    ),
    "a schema": (lambda: "type Query { a: Int } { personalize { ruleset } }", 400),
    "nothing": (lambda: "# nothing", 400),
    "empty selections": (lambda: "{ personalize(slots: []) { } }", 400),
    "unknown fragments": (
        lambda: (
            "{ ...F0 }"
            + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(MOST_FRAGMENTS - 1))
        ),
        400,
    ),
    "an unknown fragment": (lambda: personalize("...Nobody"), 400),
    "a huge number": (lambda: f"{{ personalize(slots: [], context: {{a: {'9' * 5000}}}) {{ ruleset }} }}", 400),
    "an infinite number": (lambda: "{ personalize(slots: [], context: {a: 1e999}) { ruleset } }", 400),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_time_and_nothing_is_kept(site: Answering, name: str) -> None:
    make, status = BOMBS[name]
    built = site.schemas.served().built
    began = time.process_time()
    body, found, headers = site.ask(make())
    assert found == status, body
    assert headers["Cache-Control"] == "no-store"
    assert body["errors"][0]["extensions"]["problem"]["status"] == status
    assert time.process_time() - began < 2
    assert len(built.documents) == 0


def test_fields_of_the_root_are_counted_before_anything_is_validated(site: Answering) -> None:
    for text in ("{ %s }" % ("nonsense " * 11), "{ ...F ...F } fragment F on Nothing { %s }" % ("nonsense " * 6)):
        body, status, _ = site.ask(text)
        assert status == 400
        assert "more than 10 fields of query" in body["errors"][0]["message"]


def test_aliases_in_arguments_are_none() -> None:
    judge_text(personalize("ruleset").replace("[{", "[" + '{id: "x"},' * (MOST_ALIASES + 5) + "{"))


def test_brackets_in_texts_and_comments_count_for_nothing() -> None:
    judge_text('{ a(b: "' + "{[(" * 50 + '", c: """' + '{[( \\""" " ' * 50 + '""") } # ' + "{" * 100)


def test_a_document_that_is_too_large_is_told_as_such(site: Answering) -> None:
    body, status, _ = site.ask(personalize("ruleset " + "#" * MOST_BYTES))
    (error,) = body["errors"]
    assert (status, error["message"]) == (413, "The document may have 16,384 bytes.")
    problem = error["extensions"]["problem"]
    assert problem["limit_bytes"] == MOST_BYTES
    assert problem["errors"] == [{"pointer": "/query", "detail": "The document may have 16,384 bytes."}]


@pytest.mark.parametrize(
    ("variables", "pointer"),
    [
        ({"a/b": [{"id": "feed"}, {"id": "hero", "exclude": ["x"] * 1_001}]}, "/variables/a~1b/1/exclude"),
        ({"a/b": [{"id": "x"}] * 1_001}, "/variables/a~1b"),
        ({"a/b": [{"id": "feed", "exclude": ["x"] * 900}] * 30}, "/variables"),
    ],
)
def test_values_that_are_too_many_are_named_by_their_place(variables: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        judge_values(variables)
    assert [one.pointer for one in refused.value.errors] == [pointer]


def test_too_many_excluded_ids_are_told_at_the_place_that_rest_names(site: Answering) -> None:
    text = "query Q($slots: [SlotInput!]!) { personalize(slots: $slots) { ruleset } }"
    variables = {"slots": [{"id": "feed", "exclude": ["x"] * 1_001}]}
    for projects in (True, False):
        body, status, _ = site.ask(text, variables, projects=projects)
        (error,) = body["errors"][0]["extensions"]["problem"]["errors"]
        assert (status, error["pointer"]) == (422, "/variables/slots/0/exclude")


@pytest.mark.parametrize(
    "variables",
    [
        {"slots": [{"id": str(n)} for n in range(LONGEST_LIST + 1)]},
        {"slots": [{"id": "a", "exclude": ["x"] * 900} for _ in range(MOST_VALUES // 900 + 1)]},
    ],
)
def test_huge_variables_are_refused_before_they_are_coerced(site: Answering, variables: dict[str, Any]) -> None:
    text = "query Q($slots: [SlotInput!]!) { personalize(slots: $slots) { ruleset } }"
    for projects in (True, False):
        body, status, _ = site.ask(text, variables, projects=projects)
        assert status == 422, body
        assert body["errors"][0]["extensions"]["problem"]["type"] == "/problems/validation-failed"


def test_documents_are_kept_within_bounds_and_registered_ones_for_good(sqlite_store: Store) -> None:
    pinned = personalize("ruleset degraded")
    site = answering(sqlite_store, {hash_of(pinned): pinned})
    assert site.ask(None, document=hash_of(pinned))[1] == 200
    served = site.schemas.served().built.documents
    first = served.prepare(pinned, hides=False)
    for number in range(documents.MOST_KEPT + 20):
        served.prepare(personalize(f"r{number}: ruleset"), hides=False)
    assert len(served) == documents.MOST_KEPT + 1
    assert served.prepare(pinned, hides=False) is first


def test_a_document_is_made_once_for_each_schema(site: Answering) -> None:
    text = personalize("ruleset")
    served = site.schemas.served()
    made = served.built.documents.prepare(text, hides=True)
    assert served.built.documents.prepare(text, hides=False) is made
    site.schemas.follow(served.site)
    assert site.schemas.served().built is served.built, "the same shapes are the same schema"


def test_slots_may_show_so_many_blocks_together(site: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugin.graphql.asking.MOST_BLOCKS", 6)
    asked = 'a: personalize(slots: [{id: "feed"}]) { ruleset }'
    assert site.ask(f"{{ {asked} }}")[1] == 200
    body, status, _ = site.ask(f'{{ {asked} b: personalize(slots: [{{id: "feed"}}]) {{ ruleset }} }}')
    assert (status, body["data"]) == (400, None)
    limited = asked.replace('"feed"', '"feed", limit: 2').replace("a:", "b:")
    assert site.ask(f"{{ {asked} {limited} }}")[1] == 200


def test_many_fields_of_many_blocks_are_refused_before_anything_is_decided(
    site: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin.graphql.asking.MOST_TOLD", 24)
    whole = '{ personalize(slots: [{id: "feed"}]) { slots { %s } } }'  # four blocks
    for projects in (True, False):
        assert site.ask(whole % "blocks { id type tags }", projects=projects)[1] == 200
        body, status, _ = site.ask(whole % "a: blocks { id } b: blocks { id type }", projects=projects)
        assert status == 400
        assert "4 blocks together, and 7 fields are asked for" in body["errors"][0]["message"]
        two = "query A " + whole % "blocks { id type tags }" + " query B " + whole % "blocks { id type tags }"
        assert site.ask(two, operation="A", projects=projects)[1] == 200
        few = whole.replace('"feed"', '"feed", limit: 3')
        assert site.ask(few % "a: blocks { id } b: blocks { id type }", projects=projects)[1] == 200


def test_names_that_are_nearly_right_are_told_to_managers_alone(site: Answering) -> None:
    text = personalize("rulesets")
    assert "Did you mean" not in site.ask(text)[0]["errors"][0]["message"]
    assert "Did you mean 'ruleset'" in site.ask(text, caller=MANAGER)[0]["errors"][0]["message"]


def test_persisted_documents_are_bounded_and_checked() -> None:
    kept = Persisted({}, only_registered=False)
    for number in range(1_100):
        kept.keep(text := f"{{ a{number} }}", hash_of(text))
    assert kept.text(None, hash_of("{ a1099 }"), may_send=False) == "{ a1099 }"
    assert len(kept._sent) == 1_000
