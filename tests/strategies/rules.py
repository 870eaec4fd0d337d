"""Rules with every effect, and experiments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .choices import Choices
from .conditions import condition, selector
from .schedules import schedule
from .vocabulary import IDS, SHARES, STEPS

EFFECT_BYTES = 24
RULE_BYTES = 64 + 3 * EFFECT_BYTES
EXPERIMENT_BYTES = 80 + 3 * 2 * EFFECT_BYTES


def cap(pick: Choices) -> dict[str, Any]:
    """Once or twice in an hour or a day."""
    return {"per_visitor": pick.one([1, 2]), "within": pick.one(["1d", "1h"])}


def pin(pick: Choices) -> dict[str, Any]:
    """A pin, somewhere."""
    made: dict[str, Any] = {"pin": selector(pick)}
    if pick.percent(50):
        made["position"] = 1 + pick.number(3)
    if pick.percent(30):
        made["max"] = 1 + pick.number(2)
    if pick.percent(35):
        made["uncapped"] = pick.one([True, True, True, False])
    return made


def boost(pick: Choices) -> dict[str, Any]:
    """A boost, down as well."""
    return {"boost": selector(pick), "by": pick.one(STEPS)}


def hints(pick: Choices) -> dict[str, Any]:
    """One or two presentation hints."""
    names = pick.some(["presentation.images", "presentation.size"], most=2)
    return {"set": {name: pick.one(["small", "large", 1, True]) for name in names}}


def model(pick: Choices) -> dict[str, Any]:
    """Another model, or another weight, or both."""
    return {"model": pick.one([{"weight": pick.one(SHARES)}, {"name": "m2"}, {"name": "m1", "weight": 0.5}])}


def effect(pick: Choices) -> dict[str, Any]:
    """One effect; pins and boosts are the most frequent."""
    kind = pick.number(11)
    if kind <= 3:
        return pin(pick)
    if kind <= 6:
        return boost(pick)
    if kind == 7:
        return {"hide": selector(pick)}
    if kind == 8:
        return {"only": selector(pick)}
    return pick.make([hints, model]) if kind <= 10 else {"stop": True}


def common(pick: Choices, segments: Sequence[str], turn: Sequence[str]) -> dict[str, Any]:
    """What rules and experiments share."""
    made: dict[str, Any] = schedule(pick, turn)
    if pick.percent(50):
        made["priority"] = pick.one([1, 2, -1, 0])
    if pick.percent(50):
        made["when"] = condition(pick, segments)
    if pick.percent(15):
        made["enabled"] = pick.one([False, True])
    return made


def rule(pick: Choices, slots: Sequence[str], segments: Sequence[str], turn: Sequence[str]) -> dict[str, Any]:
    """One rule; its id is given by the document."""
    named: Any = pick.one([*slots, "*"]) if pick.percent(80) else pick.some(slots)
    then = pick.several(effect, 1, 3, EFFECT_BYTES)
    made = {"slot": named, "then": then, **common(pick, segments, turn)}
    if pick.percent(25):
        made["cap"] = cap(pick)
    return made


def arm_effect(pick: Choices) -> dict[str, Any]:
    """More often than not a pin by id, which reserves the entry."""
    if pick.percent(40):
        return effect(pick)
    wanted: Any = pick.one(IDS) if pick.percent(70) else pick.some(IDS)
    made: dict[str, Any] = {"pin": {pick.one(["id", "content.id"]): wanted}}
    return {**made, "position": 2} if pick.percent(30) else made


def experiment(pick: Choices, slots: Sequence[str], segments: Sequence[str], turn: Sequence[str]) -> dict[str, Any]:
    """One experiment of two or three arms; its id is given by the document."""
    weights: list[int | None] = pick.one([[None, None], [1, 3], [0, 1], [1, 1, 2]])
    arms = []
    for place, weight in enumerate(weights):
        arm: dict[str, Any] = {"id": f"arm-{place}"}
        if weight is not None:
            arm["weight"] = weight
        if not pick.percent(30):
            arm["then"] = pick.several(arm_effect, 1, 2, EFFECT_BYTES)
        arms.append(arm)
    named: Any = pick.one(slots) if pick.percent(70) else pick.some(slots)
    made = {"slot": named, "arms": arms, **common(pick, segments, turn)}
    options: dict[str, list[Any]] = {
        "traffic": [50, 100, 33.3, 0],
        "salt": ["x", "y"],
        "group": ["g"],
        "shared": [True, False],
        "unit": ["person", "device"],
        "goal": [{"event": "signup", "within": "1d"}],
    }
    return {**made, **{key: pick.one(values) for key, values in options.items() if pick.percent(25)}}
