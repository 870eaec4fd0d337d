"""Segments: named groups of visitors. Exactly one of a condition, an event pattern, a list of members, or computed."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from rules.conditions import ALWAYS, Condition, InSegment, walk
from rules.expressions import Scope, parse_condition
from rules.fields import Fields
from rules.patterns.pattern import Pattern, parse_pattern
from rules.report import Report

Kind = Literal["when", "pattern", "members", "computed"]
KINDS = ("when", "pattern", "members", "computed")
FIELDS = ("id", "name", "description", "enabled", "public", "lasts", *KINDS)
DEEPEST_CHAIN = 50
MOST_MEMBERS = 100_000
ReadFile = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment.

    Attributes:
        kind: which of the four it is; a pattern or computed one is held where the caller says so.
        when: the condition, of a `when` segment.
        members: visitor ids, of a `members` segment.
        lasts: how long a pattern keeps a visitor in after its latest match.
        public: whether a browser may learn that its visitor is in it.
    """

    id: str
    name: str | None = None
    enabled: bool = True
    public: bool = False
    kind: Kind = "computed"
    when: Condition = ALWAYS
    pattern: Pattern | None = None
    members: frozenset[str] = frozenset()
    lasts: timedelta | None = None

    @property
    def names_others(self) -> bool:
        """Whether its condition names segments, of whatever kind."""
        return any(isinstance(leaf, InSegment) for leaf in walk(self.when))


def parse_segment(fields: Fields, scope: Scope, events: Scope, read_file: ReadFile | None) -> Segment | None:
    """One segment; problems are noted."""
    report = scope.report
    identifier = fields.identifier()
    kinds = [kind for kind in KINDS if kind in fields]
    if len(kinds) != 1 and fields.readable:
        report.add(fields.path, f"a segment has exactly one of {', '.join(KINDS)}")
    kind: Kind = kinds[0] if kinds else "computed"  # type: ignore[assignment]
    if "lasts" in fields and kind != "pattern":
        fields.note("lasts", f"'lasts' belongs to a pattern, not to {kind!r}")
    when, pattern, members = ALWAYS, None, frozenset[str]()
    if kind == "when" and kinds:
        when = parse_condition(fields["when"], fields.at("when"), scope)  # type: ignore[assignment]
    elif kind == "pattern":
        pattern = parse_pattern(fields["pattern"], fields.at("pattern"), events)
    elif kind == "members":
        members = _parse_members(fields, read_file)
    elif kinds and fields["computed"] is not True:
        fields.note("computed", "'computed' can be true only")
    if identifier is None:
        return None
    return Segment(
        id=identifier,
        name=fields.text("name"),
        enabled=fields.flag("enabled", True),
        public=fields.flag("public", False),
        kind=kind,
        when=when,
        pattern=pattern,
        members=members,
        lasts=fields.duration("lasts"),
    )


def _parse_members(fields: Fields, read_file: ReadFile | None) -> frozenset[str]:
    value = fields["members"]
    if isinstance(value, Mapping):
        named = Fields(value, fields.at("members"), fields.report, ("file",), "'members'")
        file = named.text("file", required=True)
        if file is None:
            return frozenset()
        if read_file is None:
            message = f"{file!r} is read with documents from files only; nobody is a member here"
            fields.report.add(named.at("file"), message, word=file, severity="warning")
            return frozenset()
        try:
            value = member_ids(read_file(file))
        except (OSError, ValueError) as error:
            named.note("file", f"cannot read {file!r}: {error}", file)
            return frozenset()
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
        fields.note("members", "'members' is a list of visitor ids, or {file: NAME.csv}")
        return frozenset()
    if len(value) > MOST_MEMBERS:
        fields.note("members", f"a document lists at most {MOST_MEMBERS} members; load more by the API")
        return frozenset()
    return frozenset(value)


def member_ids(text: str) -> list[str]:
    """The ids in the first column of a CSV file; a header `id` or `visitor_id` is passed over, as are empty lines.

    Raises:
        ValueError: a quote does not end, or does not end its field; a field is too long.
    """
    reader = csv.reader(text.lstrip("\ufeff").splitlines(), strict=True)
    try:
        rows = [row[0].strip() for row in reader if row and row[0].strip()]
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from error
    return rows[1:] if rows and rows[0].lower() in ("id", "visitor_id", "visitor.id") else rows


def in_order(
    segments: Iterable[Segment], places: Mapping[str, tuple[str | int, ...]], report: Report
) -> list[list[Segment]]:
    """The `when` segments in layers, each naming only those of earlier layers; cycles are noted and left out."""
    named = {
        segment.id: frozenset(name for leaf in walk(segment.when) if isinstance(leaf, InSegment) for name in leaf.names)
        for segment in segments
        if segment.kind == "when"
    }
    by_id = {segment.id: segment for segment in segments if segment.kind == "when"}
    layers: list[list[Segment]] = []
    waiting = dict(named)
    while waiting:
        if len(layers) == DEEPEST_CHAIN:
            first = min(waiting)
            message = f"segments name each other more than {DEEPEST_CHAIN} deep; say the conditions where they belong"
            report.add((*places.get(first, ()), "when"), message, word=first)
            break
        ready = [name for name, needs in waiting.items() if not any(need in waiting for need in needs)]
        if not ready:
            cycle = _cycle(waiting)
            where = places.get(cycle[0], ())
            report.add((*where, "when"), f"segments name each other in a circle: {' -> '.join(cycle)}", word=cycle[0])
            break
        layers.append([by_id[name] for name in ready])
        for name in ready:
            del waiting[name]
    return layers


def _cycle(waiting: Mapping[str, frozenset[str]]) -> list[str]:
    """One circle among segments that wait for each other, from its least id around to it again."""
    name = min(waiting)
    path: list[str] = []
    while name not in path:
        path.append(name)
        name = min(need for need in waiting[name] if need in waiting)
    circle = path[path.index(name) :]
    first = circle.index(min(circle))
    turned = circle[first:] + circle[:first]
    return [*turned, turned[0]]
