"""JSONPath as the generic adapter uses it, and what it makes of any JSON at all."""

from __future__ import annotations

import json
from pathlib import Path as FilePath
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.cms.generic import build
from adapters.cms.generic.paths import MAX_DEPTH, PathFault, Unanswerable, compile_condition, compile_path
from adapters.cms.port import CmsError, digest
from tests.contract.clock import FakeTime


@pytest.mark.parametrize(
    ("path", "names", "plain", "singular"),
    [
        ("$", (), True, True),
        ("$.a['b c']", ("a", "b c"), True, True),
        ("$.a[0].b", ("a",), False, True),
        ("$.a[*].b", ("a",), False, False),
        ("$..a", (), False, False),
        ("$['a','b']", (), False, False),
    ],
)
def test_a_path_knows_with_which_names_it_begins(
    path: str, names: tuple[str, ...], plain: bool, singular: bool
) -> None:
    made = compile_path(path)
    assert (made.names, made.plain, made.singular) == (names, plain, singular)


def test_places_are_normalised_paths() -> None:
    assert list(compile_path("$..a").nodes({"a": [{"a": None}]})) == [
        ([{"a": None}], "$['a']"),
        (None, "$['a'][0]['a']"),
    ]


@pytest.mark.parametrize("document", [None, 3, "text", '{"a": 1}', "[1]", True])
def test_what_is_no_document_matches_nothing_but_itself(document: object) -> None:
    assert compile_path("$.a").values(document) == compile_path("$[0]").values(document) == []
    assert compile_path("$").values(document) == [document]


def test_descending_has_a_limit() -> None:
    deep: Any = 1
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    with pytest.raises(Unanswerable, match=r"\$\.\.a"):
        compile_path("$..a").values(deep)
    assert compile_path("$..a").values(deep[0][0]) == []


def test_matches_have_a_limit() -> None:
    with pytest.raises(Unanswerable, match="more than 100000 matches"):
        compile_path("$[*,*]").values([0] * 50_001)


@pytest.mark.parametrize("text", ["", "a", "$.", "$ ", " $", "$[", "$.a b", "$[?@.a = 1]", "$[?eval('1')]", "$" * 600])
def test_what_is_no_path_is_told(text: str) -> None:
    with pytest.raises(PathFault):
        compile_path(text)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("@.a == 1", True),
        ("@.a == 2", False),
        ("@.b", True),  # it is there, whatever its value
        ("!@.b", False),
        ("@.c > 3 || @.a < 2", True),
        ("length(@.t) == 3", True),
        ("match(@.t, 'x.z')", True),
        ("match(@.t, '(')", False),
        ("match(@.t, @.t)", True),
        ("search(@.a, 'x')", False),
    ],
)
def test_conditions_hold_of_an_item(condition: str, holds: bool) -> None:
    item = {"a": 1, "b": None, "t": "xyz"}
    assert bool(compile_condition(condition).values([item])) is holds


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**70), max_value=2**70)
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["1", "en", "fr_BE", "2026-01-01", "9" * 30, "\x00", "\ud800", "{}", "<script>"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "t", "l", "p", "v", "f", "x_html", "tags", "\x00", "to"]), inner, max_size=6
        )
    ),
    max_leaves=25,
)
ways = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["$.t", "$..t"]),
        "locale": st.just("$.l"),
        "published_at": st.sampled_from(["$.p", "$..p"]),
        "epoch": st.sampled_from(["s", "ms"]),
        "tags": st.sampled_from(["$.tags", "$..t", "$.f[*]"]),
        "keep": st.sampled_from(["@.t", "@.v > 1", "match(@.t, @.l)"]),
        "fields_at": st.sampled_from(["$.f", "$.f.x_html"]),
        "localized_fields": st.just(["t", "x_html"]),
        "markdown_fields": st.just(["t"]),
        "html_fields": st.just(["f"]),
        "link_fields": st.just(["to", "f"]),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=300)
@given(items=st.lists(anything, max_size=6), options=ways, versions=st.sampled_from([None, "integer", "timestamp"]))
def test_any_json_gives_storable_entries_and_problems_and_nothing_else(
    tmp_path: FilePath, items: list[Any], options: dict[str, Any], versions: str | None
) -> None:
    file = tmp_path / "feed.json"
    file.write_text(json.dumps(items))
    more = {"version": "$.v", "ordering": versions} if versions else {}
    source = build({"file": str(file), "content_type": "thing", **options, **more}, FakeTime().runtime())
    changes = source.changes(None)
    for entry in changes.entries:
        json.dumps(dict(entry.fields), allow_nan=False, ensure_ascii=False).encode()
        json.dumps([entry.id, entry.type, entry.tags], ensure_ascii=False).encode()
        assert "\\u0000" not in json.dumps([entry.id, entry.type, entry.tags, dict(entry.fields)])
        try:
            assert digest(source.fetch(entry.id, entry.locale)) == digest(entry) or entry.locale is None
        except CmsError:  # without a language, another variant may be meant, and be broken
            if entry.locale is not None:
                raise
    told = {problem.key for problem in changes.problems if problem.blocking}
    assert not told & {entry.key for entry in changes.entries}
    again = source.changes(changes.cursor)
    assert (again.entries, again.deleted, again.full) == ((), (), False)
