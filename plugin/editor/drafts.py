"""The text of an item that an editor is at work on: read, saved, and its problems beside their lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import ndiff
from typing import Any, Protocol

from plugin.editor.services import Parsed
from plugin.errors import FieldError, RulesRejected
from plugin.service.rulesets.items import SINGULAR, Section

TEMPLATES: Mapping[Section, str] = {
    "rules": """\
id: new-rule
name: What this rule is for, in your words
slot: {slot}
priority: 0
# Who sees it and when. Leave "when" out for everybody, always.
when: {{device.type: mobile}}
# from: 2026-12-01
# until: 2026-12-25
then:
  - {{pin: {{content.tags: new}}, position: 1}}
""",
    "segments": """\
id: new-segment
name: How you call these visitors
when:
  all:
    - {{visitor.visits: {{gte: 3}}}}
    - {{device.type: mobile}}
""",
    "slots": """\
id: page.place
name: Where on which page it is
limit: 1
# Which entries may stand there, and what stands there when nothing is left.
select: {{content.type: article}}
# default: {{id: the-id-of-an-entry}}
""",
    "experiments": """\
id: new-experiment
name: What you want to find out
slot: {slot}
traffic: 50
arms:
  - {{id: control, weight: 1}}
  - {{id: new, weight: 1, then: [{{pin: {{content.tags: new}}}}]}}
goal: {{event: purchase, within: 1d}}
""",
    "attributes": """\
id: profile.favourite_colour
type: string
description: What it says of a visitor, and where it comes from
purpose: personalization
""",
}


class _Flaw(Protocol):
    """A problem of a document, as the rules report it."""

    @property
    def message(self) -> str: ...
    @property
    def pointer(self) -> str: ...
    @property
    def line(self) -> int | None: ...
    @property
    def column(self) -> int | None: ...
    @property
    def word(self) -> str | None: ...
    @property
    def severity(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Remark:
    """A problem beside a text; lines and columns from 1, None where it concerns the whole."""

    message: str
    line: int | None = None
    column: int | None = None


def template(section: Section, slot: str | None) -> str:
    """The text with which a new item begins."""
    return TEMPLATES[section].format(slot=slot or "home.hero")


def remarks_of_syntax(error: RulesRejected) -> list[Remark]:
    """Problems of a text that does not parse."""
    return [Remark(flaw.message, flaw.line, flaw.column) for flaw in error.problems]


def remarks_of_rules(flaws: Iterable[_Flaw], parsed: Parsed) -> list[Remark]:
    """Problems of an item, each at its place in the text that it was read from."""
    return [_placed(flaw.message, flaw.pointer, parsed, flaw.word) for flaw in flaws if flaw.severity == "error"]


def remarks_of_fields(errors: Sequence[FieldError], parsed: Parsed) -> list[Remark]:
    """Likewise for what was refused before the rules were asked."""
    return [_placed(error.detail, error.pointer, parsed, None) for error in errors]


def no_mapping(section: Section) -> list[Remark]:
    """What is said of a text that is YAML and no item."""
    return [Remark(f"a {SINGULAR[section]} is a mapping: lines such as 'id: my-{SINGULAR[section]}'", 1, 1)]


def _placed(message: str, pointer: str, parsed: Parsed, word: str | None) -> Remark:
    path = _path(pointer, parsed.data)
    if not path:
        return Remark(message)
    place = parsed.place(path, at_key=word is not None and word == path[-1])
    return Remark(message, place.line, place.column)


def _path(pointer: str, data: Any) -> tuple[str | int, ...]:  # noqa: ANN401  # any JSON
    """The path of a JSON pointer: which parts are places in lists, only the data can tell."""
    found: list[str | int] = []
    for raw in pointer.split("/")[1:]:
        part = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(data, list) and part.isdecimal():
            found.append(int(part))
            data = data[int(part)] if int(part) < len(data) else None
        else:
            found.append(part)
            data = data.get(part) if isinstance(data, Mapping) else None
    return tuple(found)


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of two texts compared: `same`, `mine` or `theirs`."""

    kind: str
    text: str


def compared(mine: str, theirs: str) -> list[DiffLine]:
    """What differs between the text typed and the one that somebody else saved meanwhile."""
    kinds = {"  ": "same", "- ": "theirs", "+ ": "mine"}
    lines = ndiff(theirs.splitlines(), mine.splitlines())
    return [DiffLine(kinds[line[:2]], line[2:]) for line in lines if line[:2] in kinds]
