"""Conditions as rows of literals: a condition holds where every literal of one of its rows does."""

from __future__ import annotations

from dataclasses import dataclass

from rules.conditions import All, AnyOf, Condition, InSegment, Not, Test

MOST_ROWS = 16
"""Beyond that a disjunction stays whole and is evaluated as it stands."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A test, a membership, or a condition left whole; or the negation of one."""

    leaf: Condition
    negated: bool = False

    @property
    def key(self) -> str:
        """Equal for equal literals."""
        leaf = self.leaf.key if isinstance(self.leaf, Test) else repr(self.leaf)
        return f"-{leaf}" if self.negated else leaf


Row = tuple[Literal, ...]


def rows_of(condition: Condition) -> list[Row]:
    """The rows of a condition, at most MOST_ROWS; no row: never true; an empty row: always."""
    return _rows(condition, negated=False)


def _rows(condition: Condition, *, negated: bool) -> list[Row]:
    if isinstance(condition, Test):  # most are
        return [(Literal(condition, negated),)]
    match condition:
        case Not(item):
            return _rows(item, negated=not negated)
        case All(items) if not negated:
            return _every(items, negated=False)
        case AnyOf(items) if negated:
            return _every(items, negated=True)
        case All(items) | AnyOf(items):
            rows = [row for item in items for row in _rows(item, negated=negated)]
            return rows if len(rows) <= MOST_ROWS else [(Literal(condition, negated),)]
        case InSegment():
            return [(Literal(condition, negated),)]


def _every(items: tuple[Condition, ...], *, negated: bool) -> list[Row]:
    rows: list[Row] = [()]
    for item in items:
        parts = _rows(item, negated=negated)
        if len(rows) * len(parts) > MOST_ROWS:
            parts = [(Literal(item, negated),)]
        rows = [row + part for row in rows for part in parts]
    return rows
