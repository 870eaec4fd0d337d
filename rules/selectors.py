"""Selectors: conditions over content entries, and how they are bound to one visitor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rules.attributes import CONTENT
from rules.conditions import (
    Absent,
    Ago,
    All,
    AnyOf,
    Condition,
    Holds,
    Not,
    Ref,
    Test,
    bare_op,
    compile_condition,
    walk,
)
from rules.values import READERS


class EntryReading:
    """A content entry as a condition reads it: `content.NAME` is a field, at the top or by a dotted path."""

    __slots__ = ("_entry",)
    now: datetime | None = None
    held: frozenset[str] = frozenset()

    def __init__(self, entry: Mapping[str, object]) -> None:
        self._entry = entry

    def __getitem__(self, name: str) -> object:
        field = name.removeprefix("content.")
        value = self._entry.get(field)
        if value is None and "." in field:
            value = self._entry
            for part in field.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
        declared = CONTENT.resolve(name)
        if declared is not None and value is not None:
            return READERS[declared.type](value)
        return value

    def bucket(self, salt: str, *, person: bool = False) -> int | None:  # noqa: ARG002
        """Entries have no buckets."""
        return None


def references(condition: Condition) -> tuple[str, ...]:
    """The visitor's attributes that a selector's `ref`s name, each once, in the order written."""
    names = (
        leaf.operand.name
        for leaf in walk(condition)
        if isinstance(leaf, Test) and isinstance(leaf.operand, Ref) and not leaf.operand.name.startswith("content.")
    )
    return tuple(dict.fromkeys(names))


def ages(condition: Condition) -> tuple[tuple[str, timedelta], ...]:
    """The fields that a selector compares with {ago: ...}, and how long ago: what it takes moves with the clock."""
    found = (
        (leaf.attribute, leaf.operand.duration)
        for leaf in walk(condition)
        if isinstance(leaf, Test) and isinstance(leaf.operand, Ago)
    )
    return tuple(dict.fromkeys(found))


def bind(condition: Condition, values: Mapping[str, object], now: datetime) -> Condition:
    """The selector with its `ref`s to the visitor and its {ago: ...} replaced by what they are now."""
    match condition:
        case All(items):
            return All(tuple(bind(item, values, now) for item in items))
        case AnyOf(items):
            return AnyOf(tuple(bind(item, values, now) for item in items))
        case Not(item):
            return Not(bind(item, values, now))
        case Test(operand=Ago(duration)):
            return Test(condition.attribute, condition.op, now - duration)
        case Test(operand=Ref(name)) if name in values:
            value = values[name]
            if value is None:
                return Test(condition.attribute, condition.op, Absent(), condition.any_case, condition.order)
            op = bare_op(condition.op, value)
            return Test(condition.attribute, op, value, condition.any_case, condition.order)
        case _:
            return condition


def compile_bound(condition: Condition, zone: ZoneInfo) -> Holds:
    """A bound selector as a function; a value that does not suit a test makes it what a missing one would."""
    try:
        return compile_condition(condition, zone)
    except ValueError:
        return compile_condition(_without_misfits(condition, zone), zone)


def _without_misfits(condition: Condition, zone: ZoneInfo) -> Condition:
    match condition:
        case All(items):
            return All(tuple(_without_misfits(item, zone) for item in items))
        case AnyOf(items):
            return AnyOf(tuple(_without_misfits(item, zone) for item in items))
        case Not(item):
            return Not(_without_misfits(item, zone))
        case Test():
            try:
                compile_condition(condition, zone)
            except ValueError:
                return Test(condition.attribute, condition.op, Absent())
            return condition
        case _:
            return condition


def named_ids(condition: Condition) -> frozenset[str]:
    """The ids that a selector is bound to, as `{id: X}` and `{id: [X, Y]}` are; none where it can take any entry."""
    return _bound_ids(condition) or frozenset()


def _bound_ids(condition: Condition) -> frozenset[str] | None:
    """The ids outside of which nothing is taken; None: no such bound."""
    match condition:
        case All(items):
            bounds = [ids for item in items if (ids := _bound_ids(item)) is not None]
            return frozenset.intersection(*bounds) if bounds else None
        case AnyOf(items):
            choices = [_bound_ids(item) for item in items]
            known = [ids for ids in choices if ids is not None]
            return frozenset().union(*known) if len(known) == len(choices) else None
        case Test(attribute="content.id", op="eq", operand=str(value), any_case=False):
            return frozenset([value])
        case Test(attribute="content.id", op="in", operand=tuple(values), any_case=False):
            return frozenset(value for value in values if isinstance(value, str))
        case _:
            return None
