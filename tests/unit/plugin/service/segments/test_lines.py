"""Files of visitor ids: what is an id, what is a bad line, and that no line goes missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.errors import MalformedRequest, ValidationFailed
from plugin.service.segments.lines import BadLine, read


def ids(raw: bytes, column: str | None = None) -> list[str]:
    return [one for one in read(raw, column) if isinstance(one, str)]


def bad(raw: bytes, column: str | None = None) -> list[tuple[int, int]]:
    return [(one.line, one.to) for one in read(raw, column) if isinstance(one, BadLine)]


@pytest.mark.parametrize(
    "raw",
    [
        b"a\nb\n",
        b"a\r\nb\r\n",
        b"\xef\xbb\xbfa\nb",
        b"id\na\nb\n",
        b"Visitor_ID\n a \nb\n",
        b"name,id\nAnn,a\nBob,b\n",
        b"name;id\r\nAnn;a\r\nBob;b\r\n",
        b"name\tid\nAnn\ta\nBob\tb\n",
        b'name,id\n"Ann,\nof the hill",a\nBob,"b"\n',
        b"\n\na\n   \nb\n\n",
    ],
)
def test_files_as_programs_write_them(raw: bytes) -> None:
    assert ids(raw) == ["a", "b"]
    assert bad(raw) == []


def test_the_column_may_be_named() -> None:
    assert ids(b"id,customer\n1,a\n2,b\n", "Customer") == ["a", "b"]
    with pytest.raises(ValidationFailed, match="did you mean 'customer'"):
        ids(b"id,customer\n1,a\n", "custmer")


def test_each_bad_line_is_named() -> None:
    raw = b'id,name\na,x\n,x\n\xff,x\n"b\nc",x\n' + b"d" * 129 + b",x\ne\x01,x\nf,x\n"
    assert ids(raw) == ["a", "f"]
    assert bad(raw) == [(3, 3), (4, 4), (5, 6), (7, 7), (8, 8)]


def test_nothing_is_cut_where_no_header_says_which_column() -> None:
    assert ids(b"a b\n") == ["a b"]
    for raw in (b"a,b\nc\n", b"email;name\nc\n", b"a\tb\nc\n"):
        assert (ids(raw), bad(raw)) == (["c"], [(1, 1)])


def test_a_quote_that_never_ends_costs_its_own_lines_and_says_which() -> None:
    raw = b'id\na\n"b\n' + b"c\n" * 100_000 + b"d\n"
    found = bad(raw)
    assert found[0][0] == 3
    assert found[0][1] > 60_000
    assert ids(raw)[-1] == "d" or found[-1][1] == 100_003


@pytest.mark.parametrize("end", ['"v-2', '"v-2\n', '"', '"v-2""', 'x,"v-2'])
def test_a_file_that_ends_within_a_quote_is_cut_and_its_last_line_no_id(end: str) -> None:
    found = list(read(f"id,x\nv-1,a\n{end}".encode()))
    assert found == ["v-1", BadLine(3, 3, "a quote is opened and not closed, or a field is too long")]
    whole = f"id,x\nv-1,a\n{end}".encode().replace(b'"', b"")
    assert not any(isinstance(one, BadLine) and "quote" in one.detail for one in read(whole))


def test_utf_16_is_refused_by_its_name() -> None:
    with pytest.raises(MalformedRequest, match="UTF-16"):
        ids("id\na\n".encode("utf-16"))


@given(st.lists(st.text(st.characters(exclude_characters='"\r\n\0,', exclude_categories=("Cs",)), max_size=20)))
def test_every_line_is_an_id_a_bad_line_or_empty(lines: list[str]) -> None:
    raw = "\n".join(["id", *lines]).encode()
    found = list(read(raw))
    assert len(found) == sum(bool(line.strip()) for line in lines)
