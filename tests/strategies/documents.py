"""Whole documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .choices import Choices
from .conditions import condition, selector
from .rules import cap, experiment, rule
from .vocabulary import ATTRIBUTES, IDS, LOCALES, SEGMENTS, SHARES, SLOTS, VISITORS, ZONES

LIMITS = {"hero": 1, "feed": 4, "side": 2}


def slot(pick: Choices, name: str) -> dict[str, Any]:
    """One slot; its `select` never refers to the visitor, for that is no effect of a rule."""
    made: dict[str, Any] = {"id": name, "limit": LIMITS[name]}
    if pick.percent(25):
        made["select"] = selector(pick, bound=False)
    if pick.percent(60):
        made["default"] = {"id": pick.one(IDS) if pick.percent(50) else pick.some(IDS)}
    if pick.percent(40):
        made["blend"] = blend(pick)
    if pick.percent(40):
        fields = ["content.topics", "content.region", "content.tags", "content.type"]
        trade = {"trade_off": pick.one([0.5, 0.7, 1, 0])} if pick.percent(50) else {}
        made["diversify"] = {"by": pick.one(fields), **trade}
    if pick.percent(25):
        made["cap"] = cap(pick)
    return made


def blend(pick: Choices) -> dict[str, Any]:
    """Shares of the rules and of a model."""
    made: dict[str, Any] = {}
    if pick.percent(50):
        made["rules"] = pick.one(SHARES)
    if pick.percent(70):
        weight = {"weight": pick.one(SHARES)} if pick.percent(60) else {}
        made["model"] = {"name": "m", **weight, "per": pick.one(["audience", "visitor"])}
    return made


def segments(pick: Choices, names: Sequence[str]) -> list[dict[str, Any]]:
    """Each may name those before it; the document lists them backwards as often as not."""
    made: list[dict[str, Any]] = []
    for place, name in enumerate(names):
        kind = pick.number(5)
        item: dict[str, Any] = {"id": name}
        if kind <= 3:
            item["when"] = condition(pick, names[:place])
        elif kind == 4:
            item["members"] = pick.some(VISITORS[:6])
        else:
            pattern = {"event": "view", "count": {"gte": 3}, "within": "30m"}
            item.update(pick.one([{"computed": True}, {"pattern": pattern}]))
        if pick.percent(10):
            item["enabled"] = False
        made.append(item)
    return made[::-1] if pick.percent(50) else made


def document(pick: Choices, turn: Sequence[str]) -> dict[str, Any]:
    """A valid document whose schedules turn around these moments."""
    held = pick.one([[], SEGMENTS[:2], SEGMENTS])
    named = pick.one([SLOTS[:2], SLOTS])
    least = 0 if pick.percent(5) else 1
    rules = pick.several(lambda choose: rule(choose, named, held, turn), least, 5)
    experiments = pick.several(lambda choose: experiment(choose, named, held, turn), 0, 3)
    made = {
        "version": 1,
        "attributes": ATTRIBUTES,
        "segments": segments(pick, held),
        "slots": [slot(pick, name) for name in named],
        # Ids are not in the order of the list, so that order by id and order of writing differ.
        "rules": [{"id": f"r{9 - place}", **one} for place, one in enumerate(rules)],
        "experiments": [{"id": f"e{9 - place}", **one} for place, one in enumerate(experiments)],
    }
    if pick.percent(70):
        made["timezone"] = pick.one(ZONES)
    if pick.percent(70):
        made["locales"] = pick.some(LOCALES)
    if pick.percent(10):
        made["holdout"] = {"percent": pick.one([20, 0, 100]), "salt": "h"}
    return made
