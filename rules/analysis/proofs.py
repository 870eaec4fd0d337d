"""Tests of one attribute that no value can meet at once, shown without trying values."""

from __future__ import annotations

from collections.abc import Sequence

from rules.analysis.goals import Literal
from rules.attributes import Attribute
from rules.conditions import Test
from rules.predicates import distance_km, fold
from rules.versions import version_key

Tests = Sequence[tuple[Test, bool]]
"""Tests, each with whether it is negated."""
_METRES_KM = 0.01
"""More than the rounding of two distances."""


def tests_of(literals: Sequence[Literal]) -> Tests:
    """The tests among literals."""
    return [(one.leaf, one.negated) for one in literals if isinstance(one.leaf, Test)]


def impossible(attribute: Attribute, literals: Sequence[Literal]) -> bool:
    """Whether no value at all, present or missing, suits; False where that is not certain."""
    tests = tests_of(literals)
    if all(test.when_missing is not negated for test, negated in tests):
        return False
    kind = attribute.type
    if kind == "location":
        return _far_apart(tests)
    if kind in ("string", "version", "ip"):
        return _unspellable(tests) or _no_version(tests)
    return False


def _no_version(tests: Tests) -> bool:
    """Whether bounds of versions that must hold leave nothing between them."""
    bounds = [
        (test.op, version_key(test.operand))
        for test, negated in tests
        if not negated and test.op.startswith("version_") and isinstance(test.operand, str)
    ]
    for op, low in bounds:
        for other, high in bounds:
            if low is None or high is None or op not in ("version_gt", "version_gte", "version_eq"):
                continue
            strict = op == "version_gt" or other == "version_lt"
            if other in ("version_lt", "version_lte", "version_eq") and (low > high or (low == high and strict)):
                return True
    return False


def _unspellable(tests: Tests) -> bool:
    """Whether tests of parts of a text contradict: two beginnings, or a part that must and must not be there."""
    for any_case in (False, True):
        kept = [
            (test.op, fold(test.operand) if any_case else test.operand, negated)
            for test, negated in tests
            if test.any_case is any_case
            and isinstance(test.operand, str)
            and test.op in ("starts_with", "ends_with", "contains")
        ]
        must = [(op, text) for op, text, negated in kept if not negated]
        for op, text in must:
            for other, again in must:
                if op == other == "starts_with" and not (text.startswith(again) or again.startswith(text)):
                    return True
                if op == other == "ends_with" and not (text.endswith(again) or again.endswith(text)):
                    return True
            for other, banned, negated in kept:
                if negated and _implied(op, text, other, banned):
                    return True
    return False


def _implied(op: str, text: str, other: str, part: str) -> bool:
    """Whether a part that is there means that another test holds."""
    if other == "contains":
        return part in text
    if op != other:
        return False
    return text.startswith(part) if op == "starts_with" else text.endswith(part)


def _far_apart(tests: Tests) -> bool:
    """Whether two circles that must hold do not touch, or one that must hold lies within one that must not."""
    circles = [(test.operand, negated) for test, negated in tests if isinstance(test.operand, tuple)]
    for (lat, lon, km), negated in circles:
        for (other_lat, other_lon, other_km), other_negated in circles:
            apart = distance_km((lat, lon), (other_lat, other_lon))
            if not negated and not other_negated and apart > km + other_km + _METRES_KM:
                return True
            if not negated and other_negated and apart + km < other_km - _METRES_KM:
                return True
    return False
