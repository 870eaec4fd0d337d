"""What a rule, or an arm of an experiment, does to the candidates of a slot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from rules.conditions import Condition
from rules.expressions import Scope, parse_condition
from rules.fields import Fields
from rules.report import Path
from rules.selectors import references

Per = Literal["audience", "visitor"]
PRESENTATION = "presentation."
LAST_POSITION = 1000
KINDS = ("only", "hide", "pin", "boost", "set", "model", "stop")


@dataclass(frozen=True, slots=True)
class Only:
    """Keeps the entries that match."""

    selector: Condition
    refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hide:
    """Removes the entries that match."""

    selector: Condition
    refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pin:
    """Gives the best-ranked `max` matches a place of their own, from `position` (1 is the first) on."""

    selector: Condition
    refs: tuple[str, ...]
    position: int | None = None
    max: int = 1
    uncapped: bool = False


@dataclass(frozen=True, slots=True)
class Boost:
    """Adds to the score of the entries that match."""

    selector: Condition
    refs: tuple[str, ...]
    by: float


@dataclass(frozen=True, slots=True)
class SetHints:
    """Presentation hints, names without their `presentation.`."""

    hints: tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class UseModel:
    """Another model, weight or grain of scoring; None leaves what was there."""

    name: str | None = None
    weight: float | None = None
    per: Per | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Drops the rules and arms of strictly lower priority."""


Effect = Only | Hide | Pin | Boost | SetHints | UseModel | Stop


@dataclass(frozen=True, slots=True)
class Cap:
    """An entry is over the cap once it was shown `per_visitor` times after now − within."""

    per_visitor: int
    within: timedelta


def parse_cap(data: object, path: Path, scope: Scope) -> Cap | None:
    """`{per_visitor: 3, within: 1d}`."""
    fields = Fields(data, path, scope.report, ("per_visitor", "within"), "a cap")
    fields.needs("per_visitor", ", a whole number")
    if "per_visitor" not in fields:
        return None
    within = fields.duration("within", required=True)
    return Cap(fields.whole("per_visitor", 1, 1, 1_000_000), within) if within else None


def parse_effects(data: object, path: Path, content: Scope, models: set[str]) -> tuple[Effect, ...]:
    """The list under `then`; names of models are added to `models`."""
    if not isinstance(data, list | tuple):
        content.report.add(path, "'then' is a list of effects, such as [{hide: {content.tags: upsell}}]")
        return ()
    found = (parse_effect(item, (*path, index), content, models) for index, item in enumerate(data))
    return tuple(effect for effect in found if effect is not None)


def parse_effect(data: object, path: Path, content: Scope, models: set[str]) -> Effect | None:
    """One effect, or None where it cannot be read."""
    report = content.report
    if not isinstance(data, Mapping):
        report.add(path, f"an effect is a mapping with one of {', '.join(KINDS)}")
        return None
    kinds = [key for key in data if key in KINDS]
    if len(kinds) != 1:
        if kinds:
            report.add(path, f"an effect does one thing; make {' and '.join(map(repr, kinds))} two effects")
        else:
            key = next(iter(data), "")
            report.add(
                (*path, key) if data else path,
                f"there is no effect {key!r}",
                word=str(key),
                known=KINDS,
                at_key=True,
            )
        return None
    kind = kinds[0]
    beside = {"pin": ("position", "max", "uncapped"), "boost": ("by",)}.get(kind, ())
    fields = Fields(data, path, report, (kind, *beside), f"the effect {kind!r}")
    match kind:
        case "stop":
            if data["stop"] is not True:
                report.add((*path, "stop"), "'stop' can be true only; leave it out instead")
            return Stop()
        case "set":
            return _parse_set(data["set"], (*path, "set"), content)
        case "model":
            return parse_model(data["model"], (*path, "model"), content, models)
    selector = parse_condition(data[kind], (*path, kind), content)
    refs = references(selector)
    match kind:
        case "only":
            return Only(selector, refs)
        case "hide":
            return Hide(selector, refs)
        case "pin":
            position = fields.whole("position", 1, 1, LAST_POSITION) if "position" in fields else None
            return Pin(
                selector,
                refs,
                position,
                fields.whole("max", 1, 1, LAST_POSITION),
                fields.flag("uncapped", False),
            )
        case _:
            fields.needs("by", ", a number that is added to the score")
            return Boost(selector, refs, float(fields.number("by", 0.0, -1e9, 1e9)))


def _parse_set(data: object, path: Path, scope: Scope) -> SetHints | None:
    if not isinstance(data, Mapping) or not data:
        scope.report.add(path, "'set' takes presentation hints, such as {presentation.images: small}")
        return None
    hints: list[tuple[str, object]] = []
    for key, value in data.items():
        here = (*path, key)
        if not key.startswith(PRESENTATION) or key == PRESENTATION:
            scope.report.add(
                here,
                f"'set' gives presentation.* hints, not {key!r}; write {PRESENTATION + key!r}",
                word=key,
                at_key=True,
            )
        elif value is None:
            scope.report.add(here, "null is no hint")
        else:
            hints.append((key.removeprefix(PRESENTATION), value))
    return SetHints(tuple(hints))


def parse_model(data: object, path: Path, scope: Scope, models: set[str]) -> UseModel:
    """`{name, weight, per}`, of a slot's blend or of a rule."""
    fields = Fields(data, path, scope.report, ("name", "weight", "per"), "a model")
    if not fields.data and isinstance(data, Mapping):
        scope.report.add(path, "a model takes a name, a weight, or both")
    name = fields.text("name")
    if name:
        models.add(name)
    weight = float(fields.number("weight", 1.0, -1e9, 1e9)) if "weight" in fields else None
    return UseModel(name, weight, fields.one_of("per", ("audience", "visitor"), None))  # type: ignore[arg-type]


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces; equal for equal values, 1 and 1.0 alike."""
    return _encode(_plain(value))


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str).encode


def _plain(value: object) -> object:
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return int(value)
    if kind is dict or isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}  # type: ignore[attr-defined]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
