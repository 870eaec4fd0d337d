"""The canonical outcome of a slot's rules for a visitor: what an audience key is the hash of."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Any

from .effects import Source
from .experiments import Assignment
from .locales import canonical_locale
from .values import MISSING
from .visitor import Visitor


def outcome(
    counted: list[Source],
    arms: list[Assignment],
    visitor: Visitor,
    held: set[str],
    audiences: Collection[str] | None,
) -> str:
    """A text that two visitors share where their outcomes are equal, and only there."""
    effects = [
        [source.item["id"], None if source.arm is None else source.arm["id"], bound(effect, visitor)]
        for source in heard(counted)
        for effect in source.effects
        if "stop" not in effect
    ]
    effects += [[one.item["id"], one.arm["id"], "acts"] for one in counted if one.arm is not None]
    assigned = [[experiment["id"], arm["id"]] for experiment, arm in arms]
    named = sorted(held if audiences is None else held & set(audiences))
    return json.dumps([effects, assigned, canonical_locale(visitor), named], sort_keys=True)


def heard(counted: list[Source]) -> list[Source]:
    """Without rules that only set hints, all of which were set before them: nobody sees that they hold."""
    found: list[Source] = []
    for source in counted:
        doing = [effect for effect in source.effects if "stop" not in effect]
        said = {name for effect in doing if "set" in effect for name in effect["set"]}
        before = {name for one in found for effect in one.effects if "set" in effect for name in effect["set"]}
        if source.arm is not None or not all("set" in effect for effect in doing) or not said <= before:
            found.append(source)
    return found


def bound(written: Any, visitor: Visitor) -> Any:
    """The effect with each `{ref: ATTRIBUTE}` replaced with the visitor's value."""
    if isinstance(written, dict):
        if "ref" in written and not written["ref"].startswith("content."):
            return {"bound": plain(visitor.value(written["ref"]))}
        return {key: bound(inner, visitor) for key, inner in written.items()}
    return [bound(one, visitor) for one in written] if isinstance(written, list) else written


def plain(value: Any) -> Any:
    """A value so that equal ones look equal: 1 is 1.0, and date-times are instants."""
    if value is MISSING:
        return ["missing"]
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
