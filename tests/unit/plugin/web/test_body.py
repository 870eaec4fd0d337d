"""Strict JSON: whatever systems read differently is a 4xx, and never found out later."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.errors import MalformedRequest, ValidationFailed
from plugin.web.body import DEEPEST, read_json, refuse_unsafe


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a": }',
        b"nul",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1} trailing',
        b'{"a": 1, "a": 2}',
        b'{"a": [{"b": 1, "b": 2}]}',
        b'"\xff"',
        b'"\x00"',
        b'\xef\xbb\xbf{"a": 1}',
        b"\xff\xfe{\x00}\x00",
        b"01",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
        b'["' + b"[" * 200 + b'", ' + b"[" * DEEPEST + b"]" * DEEPEST + b"]",
        b'"' + b"[" * 200,
    ],
)
def test_what_is_no_json_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedRequest):
        read_json(raw)


@pytest.mark.parametrize(
    ("raw", "pointers"),
    [
        (rb'{"a": "\ud800"}', ["/a"]),
        (rb'{"a": ["x", "\u0000"]}', ["/a/1"]),
        (rb'{"\udc00": 1, "b/~": "\u0000"}', ["", "/b~1~0"]),
        (b'{"a": 9007199254740993}', ["/a"]),
        (b'{"a": -9007199254740993, "b": 1e400}', ["/a", "/b"]),
        (b"[" + b"9" * 100_000 + b"]", ["/0"]),
    ],
)
def test_values_that_no_system_of_ours_may_hold_are_named_with_their_place(raw: bytes, pointers: list[str]) -> None:
    with pytest.raises(ValidationFailed) as refused:
        read_json(raw)
    assert [error.pointer for error in refused.value.errors] == pointers


def test_only_so_many_faults_are_reported() -> None:
    with pytest.raises(ValidationFailed) as refused:
        refuse_unsafe(["\0"] * 10_000)
    assert len(refused.value.errors) == 100


def test_depth_counts_brackets_outside_of_texts_alone() -> None:
    deepest = b"[" * DEEPEST + b"]" * DEEPEST
    assert read_json(deepest)
    assert read_json(b'["' + b"[{" * 500 + b'\\"[[["]') == ["[{" * 500 + '"[[[']
    assert read_json(b"[" + b"[]," * 500 + b"[]]") == [[]] * 501


def test_the_largest_exact_integers_pass() -> None:
    assert read_json(b"[9007199254740992, -9007199254740992]") == [2**53, -(2**53)]


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), inner, max_size=4
            )
        ),
        max_leaves=20,
    )
)
def test_all_other_json_is_read_as_it_is(value: object) -> None:
    assert read_json(json.dumps(value).encode()) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=60))
def test_no_bytes_do_worse_than_a_refusal(raw: bytes) -> None:
    try:
        read_json(raw)
    except (MalformedRequest, ValidationFailed):
        return
    json.loads(raw)
