"""A segment as CSV. Ids are kept nowhere, so what is kept comes by what stands for them; a document's list as it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from plugin.ports import Membership
from plugin.service.segments.kinds import KINDS
from plugin.service.segments.times import shown

COLUMNS = ("id", "source", "from", "since", "until", "score")
"""``from``: `document`, or the kind of segment that put the visitor in. ``id`` is there for the document's alone."""
_ROWS = 500  # of one part


def csv_of(listed: Sequence[tuple[str, str]], kept: Iterable[Membership]) -> Iterator[bytes]:
    """The file, in parts: the header, those whom the document lists, those who are kept in order of source."""
    rows = chain(
        [COLUMNS],
        ((id_, source, "document", "", "", "") for id_, source in listed),
        (_row(one) for one in kept),
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")  # RFC 4180
    held = 0
    for row in rows:
        writer.writerow(row)
        held += 1
        if held == _ROWS:
            yield _taken(text)
            held = 0
    if held:
        yield _taken(text)


def _row(one: Membership) -> tuple[str, ...]:
    score = "" if one.score is None else repr(one.score)
    return "", one.source, KINDS[one.kind], shown(one.since) or "", shown(one.until) or "", score


def _taken(text: io.StringIO) -> bytes:
    part = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return part
