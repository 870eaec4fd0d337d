"""Event patterns: their form, checked here; they run in the event worker, see `rules.patterns.live`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from rules.conditions import ALWAYS, Condition, Ref, Test, walk
from rules.expressions import Scope, parse_condition
from rules.fields import Fields
from rules.report import Path

LARGEST_COUNT = 1000
LONGEST_SEQUENCE = 8


@dataclass(frozen=True, slots=True)
class Count:
    """At least `count` matching events in a window of length `within` that ends now."""

    event: str
    where: Condition
    count: int
    within: timedelta | None


@dataclass(frozen=True, slots=True)
class Step:
    """A matching event, sooner than `within` after the step before."""

    event: str
    where: Condition
    within: timedelta | None


@dataclass(frozen=True, slots=True)
class Absence:
    """No matching event for so long after the step before; the last of a sequence only."""

    event: str
    where: Condition
    duration: timedelta


@dataclass(frozen=True, slots=True)
class Sequence:
    """Steps in the order of time, all within a window."""

    steps: tuple[Step | Absence, ...]
    within: timedelta | None


@dataclass(frozen=True, slots=True)
class AnyPattern:
    """Any of several patterns."""

    patterns: tuple[Pattern, ...]


Pattern = Count | Sequence | AnyPattern


def parse_pattern(data: object, path: Path, scope: Scope, depth: int = 0) -> Pattern | None:
    """A pattern; problems are noted, None where nothing can be read."""
    report = scope.report
    kinds = [key for key in ("event", "sequence", "any") if isinstance(data, Mapping) and key in data]
    if not isinstance(data, Mapping) or len(kinds) != 1:
        report.add(path, "a pattern has exactly one of 'event', 'sequence', 'any'")
        return None
    match kinds[0]:
        case "event":
            return _parse_count(data, path, scope)
        case "sequence":
            return _parse_sequence(data, path, scope)
    fields = Fields(data, path, report, ("any",), "a pattern with 'any'")
    if depth > 0:
        report.add(path, "'any' does not nest")
        return None
    parts = [parse_pattern(item, here, scope, depth + 1) for item, here in fields.items("any")]
    if not parts:
        report.add((*path, "any"), "'any' needs a pattern")
    return AnyPattern(tuple(part for part in parts if part is not None))


def _parse_count(data: Mapping[str, object], path: Path, scope: Scope) -> Count | None:
    fields = Fields(data, path, scope.report, ("event", "where", "count", "within"), "a pattern")
    event = fields.text("event", required=True)
    count = 1
    if "count" in fields:
        limits = Fields(fields["count"], fields.at("count"), scope.report, ("gte",), "'count'")
        limits.needs("gte", ", a whole number")
        count = limits.whole("gte", 1, 1, LARGEST_COUNT)
    within = fields.duration("within", required=True)
    return Count(event, _parse_where(fields, scope), count, within) if event else None


def _parse_where(fields: Fields, scope: Scope) -> Condition:
    if "where" not in fields:
        return ALWAYS
    where = parse_condition(fields["where"], fields.at("where"), scope)
    for leaf in walk(where):
        if isinstance(leaf, Test) and isinstance(leaf.operand, Ref):
            name = leaf.operand.name
            if not name.startswith(("event.", "content.")):
                fields.note("where", f"'where' reads event.* and content.*, not {name!r}", name)
    return where


def _parse_sequence(data: Mapping[str, object], path: Path, scope: Scope) -> Sequence:
    fields = Fields(data, path, scope.report, ("sequence", "within"), "a sequence")
    items = list(fields.items("sequence"))
    if not 1 <= len(items) <= LONGEST_SEQUENCE:
        scope.report.add(fields.at("sequence"), f"a sequence has 1 to {LONGEST_SEQUENCE} steps")
    steps: list[Step | Absence] = []
    for index, (item, here) in enumerate(items):
        if isinstance(item, Mapping) and "absent" in item:
            absence = Fields(item, here, scope.report, ("absent", "where", "for"), "an absence")
            event, duration = absence.text("absent", required=True), absence.duration("for", required=True)
            if index != len(items) - 1 or index == 0:
                scope.report.add(here, "'absent' is the last step of a sequence, after another")
            if event and duration:
                steps.append(Absence(event, _parse_where(absence, scope), duration))
        else:
            step = Fields(item, here, scope.report, ("event", "where", "within"), "a step")
            event = step.text("event", required=True)
            within = step.duration("within")
            if index == 0 and "within" in step:
                scope.report.add((*here, "within"), "'within' counts from the step before; the first step has none")
            if event:
                steps.append(Step(event, _parse_where(step, scope), within))
    within = fields.duration("within")
    last = steps[-1] if steps else None
    if within is not None and isinstance(last, Absence) and last.duration >= within:
        fields.note("within", "'within' ends before the absence has lasted; give it more time than 'for'")
    return Sequence(tuple(steps), within)
