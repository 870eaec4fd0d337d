"""When rules and experiments are in force."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from .instants import instant
from .visitor import WEEKDAYS, Visitor


def in_force(item: dict[str, Any], visitor: Visitor) -> bool:
    """From, until and the recurrence, in the document's zone or in the visitor's where the item says so."""
    where = visitor.own_zone if item.get("timezone") == "visitor" else visitor.document_zone
    return within_dates(item, visitor, where) and recurs(item.get("on"), visitor, where)


def within_dates(item: dict[str, Any], visitor: Visitor, where: tzinfo) -> bool:
    """`from` is in, `until` is out; without an offset they are local to `where`."""
    assert visitor.now is not None
    if "from" in item and visitor.now < instant(item["from"], where):
        return False
    return "until" not in item or visitor.now < instant(item["until"], where)


def recurs(on: dict[str, Any] | None, visitor: Visitor, where: tzinfo) -> bool:
    """Both hours are in, to their last minute; a night counts to the weekday on which it began."""
    if on is None:
        return True
    assert visitor.now is not None
    local = visitor.now.astimezone(where)
    began = local.weekday()
    if "hours" in on:
        first, last = on["hours"]
        if first <= last:
            if not first <= local.hour <= last:
                return False
        elif local.hour <= last:
            began = (began - 1) % 7
        elif local.hour < first:
            return False
    return "weekdays" not in on or WEEKDAYS[began] in on["weekdays"]
