"""Whole documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .choices import Choices
from .conditions import condition, selector
from .rules import EXPERIMENT_BYTES, RULE_BYTES, cap, experiment, rule
from .vocabulary import ATTRIBUTES, IDS, LOCALES, SEGMENTS, SHARES, SLOTS, VISITORS, ZONES

LIMITS = {"hero": 1, "feed": 4, "side": 2}
HEAD_BYTES, SEGMENT_BYTES, SLOT_BYTES = 16, 40, 40
DOCUMENT_BYTES = HEAD_BYTES + 3 + 5 * RULE_BYTES + 3 * EXPERIMENT_BYTES + 4 * SEGMENT_BYTES + len(LIMITS) * SLOT_BYTES


def slot(pick: Choices, name: str) -> dict[str, Any]:
    """One slot; its `select` never refers to the visitor, for that is no effect of a rule."""
    made: dict[str, Any] = {"id": name, "limit": LIMITS[name]}
    if pick.percent(25):
        made["select"] = selector(pick, bound=False)
    if pick.percent(60):
        made["default"] = {"id": pick.one(IDS) if pick.percent(50) else pick.some(IDS)}
    if pick.percent(40):
        made["blend"] = blend(pick)
    if pick.percent(50):
        fields = ["content.topics", "content.type", "content.region", "content.tags"]
        trade = {"trade_off": pick.one([0.5, 0.3, 1, 0])} if pick.percent(40) else {}
        made["diversify"] = {"by": pick.one(fields), **trade}
    if pick.percent(35):
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
    backwards = pick.percent(50)
    for place, name in enumerate(names):
        part = pick.part(SEGMENT_BYTES)
        kind = part.number(5)
        item: dict[str, Any] = {"id": name}
        if kind <= 3:
            item["when"] = condition(part, names[:place])
        elif kind == 4:
            item["members"] = part.some(VISITORS[:6])
        else:
            pattern = {"event": "view", "count": {"gte": 3}, "within": "30m"}
            item.update(part.one([{"computed": True}, {"pattern": pattern}]))
        if part.percent(10):
            item["enabled"] = False
        made.append(item)
    return made[::-1] if backwards else made


def document(pick: Choices, turn: Sequence[str]) -> dict[str, Any]:
    """A valid document whose schedules turn around these moments."""
    head = pick.part(HEAD_BYTES)
    held = head.one([[], SEGMENTS[:2], SEGMENTS])
    named = head.one([SLOTS[:2], SLOTS])
    least = 0 if head.percent(5) else 1
    rules = pick.several(lambda part: rule(part, named, held, turn), least, 5, RULE_BYTES)
    experiments = pick.several(lambda part: experiment(part, named, held, turn), 0, 3, EXPERIMENT_BYTES)
    made = {
        "version": 1,
        "attributes": ATTRIBUTES,
        "segments": segments(pick, held),
        "slots": [slot(pick.part(SLOT_BYTES), name) for name in named],
        # Ids are not in the order of the list, so that order by id and order of writing differ.
        "rules": [{"id": f"r{9 - place}", **one} for place, one in enumerate(rules)],
        "experiments": [{"id": f"e{9 - place}", **one} for place, one in enumerate(experiments)],
    }
    if head.percent(70):
        made["timezone"] = head.one(ZONES)
    if head.percent(70):
        made["locales"] = head.some(LOCALES)
    if head.percent(10):
        made["holdout"] = {"percent": head.one([20, 0, 100]), "salt": "h"}
    return made
