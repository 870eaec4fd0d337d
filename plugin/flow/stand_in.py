"""What stands in for a slot that cannot be decided: its default, else what the CMS publishes for everybody. Pure.

Little of the engine is used here, for something in it has just failed: entries are looked through one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from plugin.flow.types import Planned, Rung, SlotAsk
from rules import Block, Decision, Reason
from rules.locales import preference
from rules.pool import Candidate
from rules.slots import Slot

KEY = "degraded"
"""Instead of an audience key: nothing was decided that visitors could share."""
_REASON = Reason("degraded")
_LONG_AGO = float("-inf")


class _Nothing:
    """What such a decision was made of."""

    def rules(self) -> tuple[str, ...]:
        return ()

    exposed = segments = rules


_MADE_OF = _Nothing()


def stand_in(ask: SlotAsk, planned: Planned, exclude: Collection[str]) -> tuple[Decision, Rung]:
    """The blocks for a slot of the rule set that could not be decided, and which rung of the ladder gave them."""
    visit, site = planned.visit, planned.site
    slot = next(one for one in site.ruleset.document.slots if one.id == ask.id)
    most = slot.limit if ask.limit is None else max(0, min(ask.limit, slot.limit))
    order = preference(visit.attributes.get("request.locale"), site.ruleset.document.locales)
    rung: Rung = "default"
    named = [one for one in site.content.candidates if one.id in slot.default_order and one.id not in exclude]
    found = _variants(named, visit.now, order)
    found.sort(key=lambda one: slot.default_order.index(one.id))
    if not found:
        rung = "baseline"
        found = _variants((one for one in _published(planned, slot) if one.id not in exclude), visit.now, order)
        found.sort(key=_newest_first)
    blocks = tuple(Block(one.id, place, 0.0, _REASON, one.entry) for place, one in enumerate(found[:most], start=1))
    trace = _trace(planned, slot, blocks) if visit.explain else None
    return Decision(slot.id, blocks, {}, True, KEY, {}, _MADE_OF, trace), rung


def _published(planned: Planned, slot: Slot) -> Iterable[Candidate]:
    """What the slot selects and is for everybody; nothing where what it selects depends on the visitor."""
    if slot.select_moves:
        return ()
    return (one for one in planned.site.content.pool(slot.id).entries if not one.audiences)


def _variants(entries: Iterable[Candidate], now: datetime, order: Sequence[str]) -> list[Candidate]:
    """Of each id that is live the variant in the language that comes first, else the one without."""
    ranks = {name: place for place, name in enumerate(order)}
    best: dict[str, tuple[int, Candidate]] = {}
    for one in entries:
        rank = len(ranks) if one.locale is None else ranks.get(one.locale.lower())
        if rank is not None and one.live(now) and (one.id not in best or rank < best[one.id][0]):
            best[one.id] = (rank, one)
    return [one for _rank, one in best.values()]


def _newest_first(entry: Candidate) -> tuple[float, str]:
    published = entry.published_at
    return (-(published.timestamp() if published is not None else _LONG_AGO), entry.id)


def _trace(planned: Planned, slot: Slot, blocks: Sequence[Block]) -> dict[str, object]:
    """As of any decision, with nothing considered; see `rules.explain`."""
    shown = [
        {"id": one.id, "locale": one.locale, "kept": True, "why": "default", "position": one.position} for one in blocks
    ]
    return {
        "now": planned.visit.now.isoformat(),
        "zone": str(planned.site.ruleset.document.zone),
        "held_out": False,
        "segments": [],
        "rules": [],
        "experiments": [],
        "candidates": shown,
        "refused_pins": [],
        "model": {"name": slot.model.name, "weight": slot.model.weight, "per": slot.model.per},
        "mistyped": [],
        "fallback": True,
    }
