"""Tests inside a document: the form, and running them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rules.clock import FIRST_YEAR, LAST_YEAR, parse_instant
from rules.expressions import Scope
from rules.fields import Fields
from rules.report import Path
from rules.values import LARGEST_INTEGER

if TYPE_CHECKING:
    from rules.decision import Decision

FIELDS = (
    "name",
    "description",
    "enabled",
    "given",
    "at",
    "segments",
    "arms",
    "slot",
    "content",
    "expect",
    "seed",
)
EXPECTATIONS = ("first", "ids", "includes", "excludes", "presentation", "fallback", "rule")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTest:
    """One test of a document.

    Attributes:
        at: the decision's clock; None where none is given.
        arms: experiment to arm, instead of what the buckets give.
        content: entries, the name of a file with them, or None for those that the caller has.
        path: where it stands in the document.
    """

    name: str
    slot: str
    given: Mapping[str, object]
    at: datetime | None
    segments: tuple[str, ...]
    arms: Mapping[str, str]
    content: Sequence[Mapping[str, object]] | str | None
    expect: Mapping[str, object]
    path: Path


@dataclass(frozen=True, slots=True)
class Named:
    """What tests may name: slots, rules, and the arms of each experiment."""

    slots: Collection[str]
    rules: Collection[str]
    arms: Mapping[str, Collection[str]]


def parse_test(data: object, path: Path, scope: Scope, named: Named) -> DocumentTest | None:
    """One test; problems are noted. None also where it is disabled."""
    fields = Fields(data, path, scope.report, FIELDS, "a test")
    slot = fields.text("slot", required=True)
    if slot is not None and slot not in named.slots:
        fields.note("slot", f"there is no slot {slot!r}", slot, named.slots)
    given = _mapping(fields, "given")
    catalogue = scope.catalogue
    if catalogue is not None:
        for name in given:
            if name not in catalogue:
                scope.report.add(
                    fields.at("given", name),
                    f"there is no attribute {name!r}",
                    word=name,
                    known=catalogue,
                    at_key=True,
                )
    at = fields.text("at")
    instant = parse_instant(at, scope.zone) if at else None
    if instant is not None and not FIRST_YEAR <= instant.year <= LAST_YEAR:
        fields.note("at", f"'at' is within the years {FIRST_YEAR} to {LAST_YEAR}", at)
        instant = None
    elif at and instant is None:
        fields.note("at", f"{at!r} is no date-time, such as 2026-11-21T20:00:00+01:00", at)
    segments = tuple(_texts(fields, "segments"))
    for index, name in enumerate(segments):
        if scope.segments is not None and name not in scope.segments:
            scope.report.add(
                fields.at("segments", index), f"there is no segment {name!r}", word=name, known=scope.segments
            )
    expect = Fields(fields.data.get("expect", {}), fields.at("expect"), scope.report, EXPECTATIONS, "'expect'")
    if fields.readable and expect.readable and not expect.data:
        scope.report.add(fields.path, f"a test needs 'expect' with any of {', '.join(EXPECTATIONS)}")
    _check_expectations(expect)
    fields.text("description")
    fields.whole("seed", 0, -LARGEST_INTEGER, LARGEST_INTEGER)
    rule = expect.data.get("rule")
    if isinstance(rule, str) and rule not in named.rules:
        expect.note("rule", f"there is no rule {rule!r}", rule, named.rules)
    arms = _arms(fields, named)
    if slot is None or not fields.flag("enabled", True):
        return None
    return DocumentTest(
        name=fields.text("name") or f"test {path[-1]}",
        slot=slot,
        given=given,
        at=instant,
        segments=segments,
        arms=arms,
        content=_content(fields),
        expect=expect.data,
        path=path,
    )


def _mapping(fields: Fields, key: str) -> Mapping[str, object]:
    value = fields.data.get(key, {})
    if not isinstance(value, Mapping):
        fields.note(key, f"{key!r} is a mapping")
        return {}
    return value


def _arms(fields: Fields, named: Named) -> dict[str, str]:
    found: dict[str, str] = {}
    for experiment, arm in _mapping(fields, "arms").items():
        path = fields.at("arms", experiment)
        if experiment not in named.arms:
            message = f"there is no experiment {experiment!r}"
            fields.report.add(path, message, word=experiment, known=named.arms, at_key=True)
        elif not isinstance(arm, str) or arm not in named.arms[experiment]:
            message = f"the experiment {experiment!r} has no arm {arm!r}"
            fields.report.add(path, message, word=str(arm), known=named.arms[experiment])
        else:
            found[experiment] = arm
    return found


def _texts(fields: Fields, key: str) -> list[str]:
    found = []
    for item, path in fields.items(key):
        if isinstance(item, str):
            found.append(item)
        else:
            fields.report.add(path, f"{key!r} lists texts")
    return found


def _content(fields: Fields) -> Sequence[Mapping[str, object]] | str | None:
    if "content" not in fields:
        return None
    value = fields["content"]
    if isinstance(value, Mapping):
        named = Fields(value, fields.at("content"), fields.report, ("file",), "'content'")
        return named.text("file", required=True)
    entries = []
    for item, path in fields.items("content"):
        if isinstance(item, Mapping) and isinstance(item.get("id"), str):
            entries.append(item)
        else:
            fields.report.add(path, "an entry is a mapping with an 'id'")
    return entries


def _check_expectations(expect: Fields) -> None:
    kinds: Mapping[str, type | tuple[type, ...]] = {
        "first": str,
        "rule": str,
        "fallback": bool,
        "ids": list,
        "includes": (list, str),
        "excludes": (list, str),
        "presentation": dict,
    }
    for key, value in expect.data.items():
        wanted = kinds.get(key)
        if key == "first" and value is None:
            continue
        if wanted is not None and not isinstance(value, wanted):
            expect.note(key, f"'{key}' of 'expect' cannot be {value!r}", value)


def differences(expect: Mapping[str, object], decision: Decision) -> list[str]:
    """What of the expectations a decision does not meet, one sentence each."""
    ids = [block.id for block in decision.blocks]
    found = []
    for key, wanted in expect.items():
        match key:
            case "first":
                first = ids[0] if ids else None
                if first != wanted:
                    found.append(f"expected first {wanted!r}, got {first!r}")
            case "ids":
                if ids != wanted:
                    found.append(f"expected ids {wanted!r}, got {ids!r}")
            case "includes":
                missing = [name for name in _as_list(wanted) if name not in ids]
                if missing:
                    found.append(f"expected {missing!r} among {ids!r}")
            case "excludes":
                shown = [name for name in _as_list(wanted) if name in ids]
                if shown:
                    found.append(f"expected {shown!r} not among {ids!r}")
            case "presentation":
                found.extend(_presentation(wanted, decision))
            case "fallback":
                if decision.fallback is not wanted:
                    found.append(f"expected fallback {wanted}, got {decision.fallback}")
            case "rule":
                if wanted not in decision.rules:
                    found.append(
                        f"expected rule {wanted!r} to have an effect, those that had: {list(decision.rules)!r}"
                    )
    return found


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _presentation(wanted: object, decision: Decision) -> list[str]:
    got = decision.presentation
    hints = wanted if isinstance(wanted, Mapping) else {}
    return [
        f"expected presentation {key}: {value!r}, got {got.get(key.removeprefix('presentation.'))!r}"
        for key, value in hints.items()
        if got.get(key.removeprefix("presentation.")) != value
    ]
