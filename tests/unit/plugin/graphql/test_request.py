"""The fast reading of a request takes what the strict one takes, and as it takes it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plugin.errors import MalformedRequest, ValidationFailed
from plugin.graphql.request import OWN_PARAMETERS, Asked, from_address, from_body, read_address
from plugin.web.body import read_json
from plugin.web.wsgi import MOST_PARAMETERS, read_query
from tests.strategies.profiles import searched

VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1.5, 2**53 + 1, 2**70, -(2**63), 1e300])
    | st.text(st.sampled_from('ab"\\\0\ud800é'), max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "\0"]), inner, max_size=2),
    max_leaves=6,
)
BODY = st.fixed_dictionaries(
    {},
    optional={
        "query": st.sampled_from(["{ a }", "", '{ a(b: "c") }']) | VALUE,
        "variables": st.dictionaries(st.sampled_from(["a", "b"]), VALUE, max_size=2) | VALUE,
        "operationName": st.sampled_from(["A", None]) | VALUE,
        "extensions": st.just({"persistedQuery": {"version": 1, "sha256Hash": "a" * 64}}) | VALUE,
        "documentId": st.sampled_from(["sha256:" + "b" * 64, None, "x"]),
        "other": VALUE,
    },
)


@searched(300)
@given(BODY | VALUE, st.booleans())
@example({"query": "{ a }", "other": 2**70}, True)
def test_every_body_is_read_or_refused_with_a_reason(body: Any, is_ascii: bool) -> None:
    raw = json.dumps(body, ensure_ascii=is_ascii).encode(errors="surrogatepass")
    try:
        found = from_body(raw)
    except (MalformedRequest, ValidationFailed):
        return
    strict = read_json(raw)
    assert found.query == (strict.get("query") or None)
    assert found.variables == (strict.get("variables") or {})
    assert found.operation == strict.get("operationName")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"query": "{a}", "query": "{a}"}',
        b'{"query": "{a}", "variables": {"a": {"b": 1, "b": 1}}}',
        b'{"query": "{a}", "x": [{"b": 1, "b": 1}]}',
        b'{"query": "{a}", "variables": {"a": 1, "\\u0061": 1}}',
        b'{"query": "{a}", "extensions": {"persistedQuery": null, "persistedQuery": null}}',
        b'{"query": null, "query": "{a}"}',
    ],
)
def test_a_key_given_twice_is_refused_wherever_it_stands(raw: bytes) -> None:
    with pytest.raises(MalformedRequest, match="twice"):
        from_body(raw)


def test_what_is_nested_deeply_is_refused_as_by_rest_whether_anything_reads_it_or_not() -> None:
    for deep in (b'{"query": "{a}", "variables": {"a": %b}}', b'{"query": "{a}", "other": %b}'):
        assert from_body(deep % (b"[" * 40 + b"]" * 40)).query == "{a}"
        with pytest.raises(MalformedRequest, match="deep"):
            from_body(deep % (b"[" * 70 + b"]" * 70))


def test_an_address_says_what_a_body_does() -> None:
    body = {"query": "{ a }", "variables": {"a": 1}, "operationName": "A"}
    address = {"query": ("{ a }",), "variables": ('{"a": 1}',), "operationName": ("A",), "locale": ("fr",)}
    assert from_address(address) == from_body(json.dumps(body).encode())
    assert from_address({"query": ("{ a }",), "variables": ("",)}) == Asked("{ a }", {}, None, None)


PART = st.sampled_from(
    [
        "query=%7B+a+%7D",
        "query={a}",
        "qu%65ry={b}",
        "variables=%7B%22a%22:1%7D",
        "variables={",
        "variables=%22%22",
        "operationName=A",
        "operationName",
        "key=k",
        "key=",
        "k%65y=other",
        "locale=fr",
        "locale=de",
        "visitor.id=v+1",
        "custom.query=x",
        "custom.a=%ff",
        "querying=1",
        "=",
        "",
        "documentId=sha256:" + "a" * 64,
        "query=" + "x" * 1_100,
    ]
)


@searched(300)
@given(st.lists(PART, max_size=6))
@example(["locale=fr"] * (MOST_PARAMETERS + 1))
@example(["query={a}"] + ["locale=fr"] * MOST_PARAMETERS)
@example(["query={a}"] * MOST_PARAMETERS)
def test_an_address_taken_apart_is_what_its_parameters_say(parts: list[str]) -> None:
    """In whatever order, and however they are written: twice, as what is kept says the same."""
    text = "&".join(parts)
    try:
        query = read_query(text)
    except MalformedRequest as error:
        with pytest.raises(MalformedRequest, match=str(error)):
            read_address(text)
        return
    expected: Asked | None = None
    with suppress(MalformedRequest, ValidationFailed):
        expected = from_address(query)
    for _ in range(2):
        found = read_address(text)
        assert {**found.own, **found.said} == query
        assert found.own.keys() == OWN_PARAMETERS & query.keys()
        assert found.asked == expected
