"""What is asked of a model for a slot: one row of features a candidate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from rules import Facts, Plan

Feature: TypeAlias = "float | int | str | bool | Sequence[str] | None"
Row = Mapping[str, Feature]
SEGMENTS = "audience.segments"


def rows_for(plan: Plan, features: Iterable[str]) -> tuple[list[str], list[Row]]:
    """The ids that a model may score and a row for each.

    Args:
        features: the names that the model reads; none: everything there is.

    A model that scores `per: visitor` sees every attribute of the visitor. One that scores per audience sees only what
    all visitors with the same audience key share: the candidates, and the segments held among their audience tags; else
    the first visitor of an audience would decide for all of it.
    """
    wanted = frozenset(features)
    shared = _visitor(plan.facts, wanted) if plan.model.per == "visitor" else _audience(plan, wanted)
    ids: list[str] = []
    rows: list[Row] = []
    for place, entry in enumerate(plan.pool.entries):
        if plan.left >> place & 1:
            ids.append(entry.id)
            rows.append({**shared, **_content(entry.entry, wanted)})
    return ids, rows


def _visitor(facts: Facts, wanted: frozenset[str]) -> dict[str, Feature]:
    names = wanted or frozenset(facts.attributes)
    found = {name: _plain(facts[name]) for name in names if not name.startswith(("content.", "request.ip", "@"))}
    if not wanted or SEGMENTS in wanted:
        found[SEGMENTS] = sorted(facts.held)
    return {name: value for name, value in found.items() if value is not None}


def _audience(plan: Plan, wanted: frozenset[str]) -> dict[str, Feature]:
    if wanted and SEGMENTS not in wanted:
        return {}
    return {SEGMENTS: sorted(plan.facts.held.intersection(plan.pool.audiences))}


def _content(entry: Mapping[str, object], wanted: frozenset[str]) -> dict[str, Feature]:
    found: dict[str, Feature] = {}
    for field, value in entry.items():
        name = f"content.{field}"
        if (not wanted or name in wanted) and (plain := _plain(value)) is not None:
            found[name] = plain
    return found


def _plain(value: object) -> Feature:
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return list(value)
    return None
