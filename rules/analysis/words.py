"""Conditions, selectors and effects in the words of a finding, and as keys that are equal where they mean the same."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from rules.analysis.goals import During, Literal, Recurring, Row
from rules.clock import WEEKDAYS
from rules.conditions import Ago, All, AnyOf, Condition, InSegment, Not, Percent, Ref, Test
from rules.schedule import Schedule

_LONGEST = 60
_SHOWN_LITERALS = 4
_SAID = {
    "eq": "is",
    "ne": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "gt": "is above",
    "gte": "is at least",
    "lt": "is below",
    "lte": "is at most",
    "between": "is between",
    "contains": "contains",
    "contains_any": "contains one of",
    "contains_all": "contains all of",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "matches": "matches",
    "version_eq": "is version",
    "version_gt": "is a version after",
    "version_gte": "is at least version",
    "version_lt": "is a version before",
    "version_lte": "is at most version",
    "in_network": "is in the network",
    "within_km": "is near",
    "before": "is before",
    "after": "is after",
    "percent": "is in the share",
    "bare": "is",
    "bare_list": "is one of",
}


def key_of(condition: Condition) -> str:
    """Equal for conditions that are alike but for the order of parts and parts said twice."""
    match condition:
        case Test():
            return f"({condition.key})"
        case InSegment(names):
            return f"(segment {sorted(set(names))!r})"
        case Not(item):
            return f"(not {key_of(item)})"
        case All(items) | AnyOf(items):
            whole = isinstance(condition, All)
            parts = sorted({key for item in items for key in _flat(item, whole=whole)})
            return parts[0] if len(parts) == 1 else f"({'all' if whole else 'any'} {' '.join(parts)})"


def _flat(condition: Condition, *, whole: bool) -> Iterable[str]:
    if isinstance(condition, All if whole else AnyOf):
        return (key for item in condition.items for key in _flat(item, whole=whole))
    return (key_of(condition),)


def said(one: Literal) -> str:
    """A literal in words, such as `geo.country is 'FR'`."""
    match one.leaf:
        case InSegment(names):
            text = f"in segment {', '.join(map(repr, names))}"
        case During(schedule) | Recurring(schedule):
            text = f"the schedule {_schedule(schedule, span=isinstance(one.leaf, During))}"
        case Test() as test if test.op == "exists":
            return f"{test.attribute} is {'known' if bool(test.operand) is not one.negated else 'missing'}"
        case Test() as test:
            text = f"{test.attribute} {_SAID[test.op]} {_value(test.operand)}{' in any case' if test.any_case else ''}"
    return f"not ({text})" if one.negated else text


def _schedule(schedule: Schedule, *, span: bool) -> str:
    parts = []
    if span:
        parts.extend([f"from {schedule.start}"] if schedule.start else [])
        parts.extend([f"until {schedule.until}"] if schedule.until else [])
    else:
        if schedule.weekdays is not None:
            parts.append(f"on {', '.join(WEEKDAYS[day] for day in sorted(schedule.weekdays))}")
        if schedule.hours is not None:
            parts.append(f"in the hours {schedule.hours[0]} to {schedule.hours[1]}")
    return " ".join(parts) + (" in the visitor's zone" if schedule.visitor else "")


def _duration(duration: timedelta) -> str:
    seconds = int(duration.total_seconds())
    size, unit = next(
        (size, unit) for size, unit in ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s")) if seconds % size == 0
    )
    return f"{seconds // size}{unit}"


def _value(operand: object) -> str:
    match operand:
        case Ref(name):
            text = name
        case Ago(duration):
            text = f"{_duration(duration)} ago"
        case Percent(salt, gte, lt):
            text = f"from {gte:g} to {lt:g} % of {salt!r}"
        case tuple():
            text = ", ".join(map(repr, operand[:_SHOWN_LITERALS])) + (", …" if len(operand) > _SHOWN_LITERALS else "")
        case _:
            text = repr(operand)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def together(clashes: Iterable[Row]) -> str:
    """Why nothing holds: for one row what clashes, for several the first and how many more."""
    distinct = list(dict.fromkeys(tuple(dict.fromkeys(map(said, row))) for row in clashes))
    if not distinct:
        return "it needs one of several things of which there is none, as where a segment is disabled or 'any' is empty"
    first = distinct[0]
    more = f" (and so it is with {len(distinct) - 1} other alternatives)" if len(distinct) > 1 else ""
    if len(first) == 1:
        return f"nothing satisfies: {first[0]}{more}"
    return f"nothing satisfies all of: {'; '.join(first[:_SHOWN_LITERALS])}{more}"


def selector_text(condition: Condition) -> str:
    """A selector in words."""
    match condition:
        case Test() as test:
            return said(Literal(test, False, ""))
        case All(()):
            return "everything"
        case All(items):
            return " and ".join(map(selector_text, items))
        case AnyOf(items):
            return " or ".join(f"({selector_text(item)})" for item in items) or "nothing"
        case Not(item):
            return f"not ({selector_text(item)})"
        case InSegment(names):
            return f"in segment {', '.join(names)}"
