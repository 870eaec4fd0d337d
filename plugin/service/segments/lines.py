"""Reading lists of visitor ids as CSV: what every line holds, or what is wrong with it. No line goes missing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from plugin.errors import FieldError, MalformedRequest, ValidationFailed
from plugin.profiles.identity import visitor_id
from plugin.service.segments.asked import NO_ID
from rules.suggest import nearest

HEADERS = ("id", "visitor_id", "visitor.id")
_UNCLOSED = "a quote is opened and not closed, or a field is too long"
_MARKS = (b"\xff\xfe", b"\xfe\xff")  # of UTF-16, as spreadsheets save "Unicode text"


class Rows(Protocol):
    """A reader of the module csv, whose own type has no name."""

    @property
    def line_num(self) -> int: ...
    def __next__(self) -> list[str]: ...


class _Lines:
    """The lines of a file, and whether more were asked for than there are."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.over = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            return next(self._lines)
        except StopIteration:
            self.over = True
            raise


@dataclass(frozen=True, slots=True)
class BadLine:
    """Lines of a file, from 1, that hold no visitor id. ``to`` is above ``line`` where a field goes over several."""

    line: int
    to: int
    detail: str


def read(raw: bytes, column: str | None = None) -> Iterator[str | BadLine]:
    """The id of each line, or what is wrong with it; empty lines are passed over.

    Without a header each line is an id and nothing else. With one (it has a column ``id``, ``visitor_id`` or
    ``visitor.id``, or the ``column`` named), the other columns are passed over. Columns are apart by commas,
    semicolons or tabs, as in the first line.

    Raises:
        MalformedRequest: it is UTF-16.
        ValidationFailed: the column that is asked for is not there, with the nearest that is.
    """
    if raw.startswith(_MARKS):
        raise MalformedRequest("The file is UTF-16; save it as CSV in UTF-8.")
    first = raw[:10_000].removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].decode(errors="replace").strip("\r")
    delimiter = _delimiter(first)
    names = [name.strip().lower() for name in next(csv.reader([first], delimiter=delimiter), [])]
    place = _place(names, column)
    text = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8-sig", errors="surrogateescape", newline="")
    lines = _Lines(text)
    return _ids(csv.reader(lines, delimiter=delimiter), place, lines)


def _ids(rows: Rows, place: int | None, lines: _Lines) -> Iterator[str | BadLine]:
    header = place is not None
    while True:
        start = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield BadLine(start, rows.line_num, _UNCLOSED)
            continue
        if lines.over:  # and there is a row all the same: within a quote it wanted another line
            yield BadLine(start, rows.line_num, _UNCLOSED)
        elif header:
            header = False
        elif any(cell.strip() for cell in row):
            found, fault = _id(row, place)
            yield found or BadLine(start, rows.line_num, fault)


def _id(row: Sequence[str], place: int | None) -> tuple[str, str]:
    """The id of a row, or why there is none; the other is empty."""
    if place is None and len(row) > 1:
        return "", "more than one column, and no header that says which one has the ids"
    cell = row[place or 0] if (place or 0) < len(row) else ""
    if not cell.strip():
        return "", "nothing where the id should be"
    if any("\udc80" <= char <= "\udcff" for char in cell):
        return "", "not UTF-8"
    return visitor_id(cell) or "", NO_ID


def _delimiter(first: str) -> str:
    """Of the first line, which is a header where it has several columns."""
    return max(",;\t", key=lambda one: (first.count(one), -",;\t".index(one)))


def _place(names: Sequence[str], column: str | None) -> int | None:
    """Which column has the ids; None: there is no header."""
    if column is None:
        return next((names.index(name) for name in HEADERS if name in names), None)
    wanted = column.strip().lower()
    if wanted in names:
        return names.index(wanted)
    near = nearest(wanted, names)
    raise ValidationFailed(
        [FieldError("/column", f"the first line names no {column!r}" + (f"; did you mean {near!r}?" if near else ""))]
    )
