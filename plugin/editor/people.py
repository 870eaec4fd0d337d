"""Who is in a segment, in words and numbers for people who write no programs. Never who they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plugin.editor.desk import Desk
from plugin.errors import NotFound, ServiceUnavailable
from plugin.service.segments.kinds import Kind
from plugin.service.segments.reading import Activity


@dataclass(frozen=True, slots=True)
class People:
    """What the page of a segment says of those who are in it.

    Attributes:
        size: how many, in a sentence.
        lines: a label and what it says.
        notes: what a reader may otherwise get wrong.
    """

    size: str
    lines: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


_HOW: Mapping[Kind, str] = {
    "pattern": "Visitors come in by what they do on the site, and leave when their time in it is over.",
    "members": "Visitors are put on a list, here in the document or by a file that is loaded.",
    "computed": "A program puts visitors in and takes them out; nobody does it by hand.",
}


def people_of(desk: Desk, id_: str) -> People | None:
    """The people of a segment; None where the pages do not know of any."""
    if desk.services.segments is None:
        return None
    try:
        return told(desk.services.segments.reading.activity(id_))
    except NotFound:  # deleted just now
        return None
    except ServiceUnavailable:
        return People("The number of visitors cannot be told just now.")


def told(found: Activity) -> People:
    """The numbers in words."""
    size = found.size
    if size.size is None or size.kind is None:
        return People(
            "Nobody is kept in it: each visit is looked at anew.",
            notes=(
                "Whoever meets the condition at that moment counts as in the segment, so there is no number to show.",
            ),
        )
    lines = [("How they come in", _HOW[size.kind])]
    if size.listed:
        kept = size.size - size.listed
        lines.append(("Of these", f"{size.listed:,} stand in the document, {kept:,} were loaded"))
    lines += [
        ("Last 24 hours", _moved(found.day.entered, found.day.left)),
        ("Last 7 days", _moved(found.week.entered, found.week.left)),
    ]
    return People(_size(size.size), tuple(lines), tuple(_notes(found)))


def _size(number: int) -> str:
    return {0: "Nobody.", 1: "1 visitor."}.get(number, f"{number:,} visitors.")


def _moved(entered: int, left: int) -> str:
    if not entered and not left:
        return "nobody came or went"
    return f"{entered:,} came in, {left:,} went out"


def _notes(found: Activity) -> list[str]:
    notes = []
    if not found.size.published:
        notes.append("It is in the draft only: no visitor is treated as being in it until you publish.")
    if not found.size.enabled:
        notes.append("It is switched off: no visitor counts as being in it.")
    return notes
