"""The tests that a condition can make of one value: which there are, and for which types."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rules.attributes import Order, Type

Predicate = Callable[[object], bool]
"""What a test, with its operand, says of a value that is there."""

_TEXTS: frozenset[Type] = frozenset({"string", "version", "ip"})
_SCALARS: frozenset[Type] = frozenset({"string", "number", "boolean", "date", "datetime", "version", "ip"})
_ORDERED: frozenset[Type] = frozenset({"number", "date", "datetime"})
_DATES: frozenset[Type] = frozenset({"date", "datetime"})
_LISTS: frozenset[Type] = frozenset({"string_list", "number_list"})
_ALL: frozenset[Type] = _SCALARS | _LISTS | {"location"}

FOR_TYPES: Mapping[str, frozenset[Type]] = {
    "eq": _SCALARS,
    "ne": _SCALARS,
    "in": _SCALARS,
    "not_in": _SCALARS,
    "gt": _ORDERED,
    "gte": _ORDERED,
    "lt": _ORDERED,
    "lte": _ORDERED,
    "between": _ORDERED,
    "contains": _LISTS | {"string"},
    "contains_any": _LISTS,
    "contains_all": _LISTS,
    "starts_with": _TEXTS,
    "ends_with": _TEXTS,
    "matches": _TEXTS,
    "exists": _ALL,
    "version_eq": frozenset({"string", "version"}),
    "version_gt": frozenset({"string", "version"}),
    "version_gte": frozenset({"string", "version"}),
    "version_lt": frozenset({"string", "version"}),
    "version_lte": frozenset({"string", "version"}),
    "in_network": frozenset({"string", "ip"}),
    "within_km": frozenset({"location"}),
    "before": _DATES,
    "after": _DATES,
    "percent": frozenset({"string"}),
}
"""The types to which each test applies."""

TRUE_WHERE_MISSING = frozenset({"ne", "not_in"})
"""Those that hold where the attribute is missing, as `exists: false` does; the others do not."""

ANY_CASE = frozenset(
    {"eq", "ne", "in", "not_in", "contains", "contains_any", "contains_all", "starts_with", "ends_with"}
)
"""Those that can be told to compare strings whatever their case."""


def applies(test: str, type_: Type, order: Order | None) -> bool:
    """Whether a test makes sense for an attribute; times of day and weekdays are strings with an order of their own."""
    if type_ in FOR_TYPES[test]:
        return True
    if order == "clock":
        return test in ("between", "gt", "gte", "lt", "lte")
    return order == "weekday" and test == "between"
