"""Conditions and schedules as an edge evaluates them: typed, literals read, nothing left to look up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rules.attributes import Catalogue
from rules.clock import parse_date, parse_instant
from rules.conditions import Ago, All, AnyOf, Condition, InSegment, Not, Percent, Ref, Test
from rules.predicates import network_of
from rules.schedule import Schedule, has_offset
from rules.segments import Segment

_DATED = frozenset({"date", "datetime"})
_ORDERED_TEXTS = frozenset({"clock", "weekday"})


class Writer:
    """Writes the conditions of one document."""

    def __init__(self, catalogue: Catalogue, zone: ZoneInfo, segments: Mapping[str, Segment]) -> None:
        """``segments``: those that can be held, by id."""
        self._catalogue, self._zone, self._segments = catalogue, zone, segments

    def condition(self, condition: Condition) -> dict[str, Any]:
        """One of the forms of the specification: all, any, not, segment, or a test."""
        match condition:
            case All(items):
                return {"all": [self.condition(item) for item in items]}
            case AnyOf(items):
                return {"any": [self.condition(item) for item in items]}
            case Not(item):
                return {"not": self.condition(item)}
            case InSegment(names):
                return {"segment": [name for name in names if name in self._segments]}
            case Test():
                return self._test(condition)

    def _test(self, test: Test) -> dict[str, Any]:
        found: dict[str, Any] = {"attribute": test.attribute, "test": "is" if test.op == "bare" else test.op}
        match test.operand:
            case Ref(name):
                found["ref"] = name
            case Ago(duration):
                found["ago_s"] = int(duration.total_seconds())
            case Percent(salt, gte, lt):
                found.update(salt=salt, gte=gte, lt=lt)
            case _:
                found["value"] = self._literal(test)
        if test.any_case:
            found["any_case"] = True
        if test.order in _ORDERED_TEXTS or (test.order is not None and test.op == "between"):
            found["order"] = test.order
        return found

    def _literal(self, test: Test) -> object:
        operand = test.operand
        if test.op == "within_km":
            circle: tuple[float, float, float] = operand  # type: ignore[assignment]
            return dict(zip(("lat", "lon", "km"), circle, strict=True))
        if test.op == "in_network":
            return [str(network_of(one)) for one in operand]  # type: ignore[attr-defined]
        declared = self._catalogue.resolve(test.attribute)
        if declared is not None and declared.type in _DATED and test.op != "exists":
            return [self._instant(one) for one in operand] if isinstance(operand, tuple) else self._instant(operand)
        return list(operand) if isinstance(operand, tuple) else operand

    def _instant(self, literal: object) -> str | None:
        """In UTC; null equals nothing."""
        found = parse_instant(literal, self._zone) if isinstance(literal, str) else None
        return utc(found) if found is not None else None

    def schedule(self, schedule: Schedule) -> dict[str, Any]:
        """What is not said is left out; a time without a Z is the visitor's own."""
        found: dict[str, Any] = {}
        for key, text in (("from", schedule.start), ("until", schedule.until)):
            if text is not None:
                moves = schedule.visitor and (parse_date(text) is not None or not has_offset(text))
                instant = parse_instant(text, ZoneInfo("UTC") if moves else self._zone)
                if instant is not None:
                    found[key] = utc(instant).removesuffix("Z") if moves else utc(instant)
        if schedule.weekdays is not None:
            found["weekdays"] = sorted(schedule.weekdays)
        if schedule.hours is not None:
            found["hours"] = list(schedule.hours)
        if found and schedule.visitor:
            found["visitor"] = True
        return found


def utc(instant: datetime) -> str:
    """With six decimals and a Z, so that instants compare as texts."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def names_in(written: object) -> set[str]:
    """The attributes that a written condition reads."""
    if isinstance(written, Mapping):
        if "attribute" in written:
            return {str(written[key]) for key in ("attribute", "ref") if key in written}
        return set().union(*(names_in(value) for value in written.values()))
    if isinstance(written, Sequence) and not isinstance(written, str):
        return set().union(*(names_in(one) for one in written))
    return set()
