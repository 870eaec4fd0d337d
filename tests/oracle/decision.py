"""One slot, decided by walking the page from top to bottom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .arrange import arrange
from .candidates import candidates, defaults
from .effects import Source, each, sources
from .experiments import assignments, reserved
from .outcome import outcome
from .scores import boosters
from .segments import held_segments
from .visitor import Visitor


@dataclass(frozen=True)
class Reason:
    """Why an entry is where it is; `kind` is `pin`, `experiment` (a pin of an arm), `score` or `default`."""

    kind: str
    rule: str | None = None
    experiment: str | None = None
    arm: str | None = None


@dataclass(frozen=True)
class Answer:
    """The blocks in order, and what led to them.

    Attributes:
        ids, entries, reasons: of the blocks.
        scores: of the blocks; those of a fallback have none.
        boosts: of each block, what boosted it, as reasons; none in a fallback.
        effects: the canonical outcome, see `outcome.outcome`.
        arms: experiment to arm.
        exposed: the experiments whose arm's effects survived `stop`.
        rules: those that hold and survived it, in order.
        segments: those that the visitor holds.
    """

    ids: list[str]
    entries: list[dict[str, Any]]
    reasons: list[Reason]
    scores: list[float]
    boosts: list[list[Reason]]
    presentation: dict[str, Any]
    fallback: bool
    effects: str
    arms: dict[str, str]
    exposed: set[str]
    rules: list[str]
    segments: set[str]


def decide(
    document: dict[str, Any],
    slot: str,
    attributes: Mapping[str, Any],
    content: Sequence[dict[str, Any]],
    *,
    segments: Iterable[str] = (),
    now: datetime,
    scores: Mapping[str, float] | None = None,
    exposures: Mapping[str, Iterable[Any]] | None = None,
    limit: int | None = None,
    exclude: Collection[str] = (),
    audiences: Collection[str] | None = None,
) -> Answer:
    """The decision for one slot.

    Args:
        document: a valid document as plain data.
        slot: the id of an enabled slot of it.
        attributes: flat, `{"geo.country": "FR"}`; they beat what derives from the clock.
        content: entries `{"id", "type", "tags", "locale", "published_at", **fields}`.
        segments: names that the caller says are held.
        now: the decision's clock, with an offset.
        scores: the model's scores by id, in [0, 1].
        exposures: instants at which the visitor saw each id.
        limit: can only lower the slot's own.
        exclude: ids left out.
        audiences: the segments that the outcome names where they are held (None: all).
    """
    visitor = Visitor(document, attributes, tuple(segments), now)
    home = next(item for item in document["slots"] if item["id"] == slot)
    held = held_segments(visitor)
    arms = assignments(slot, visitor, held)
    counted = sources(slot, visitor, held, arms)
    size = min(home.get("limit", 1), home.get("limit", 1) if limit is None else limit)

    left_out = set(exclude) | reserved(slot, visitor, arms)
    entries = candidates(home, content, visitor, held, left_out)
    placed = arrange(home, entries, counted, visitor, scores or {}, exposures or {}, size)
    shown = [one.entry for one in placed] or defaults(home, content, visitor, exclude)[:size]
    boosted = [boosters(one.entry, counted, visitor, exposures or {}) for one in placed]
    return Answer(
        ids=[entry["id"] for entry in shown],
        entries=shown,
        reasons=[reason(one.source) for one in placed] or [Reason("default")] * len(shown),
        scores=[one.score for one in placed],
        boosts=[[reason(source) for source, _ in found] for found in boosted],
        presentation=presentation(counted),
        fallback=not placed,
        effects=outcome(counted, arms, visitor, held, audiences),
        arms={experiment["id"]: arm["id"] for experiment, arm in arms},
        exposed={one.item["id"] for one in counted if one.arm is not None},
        rules=[one.item["id"] for one in counted if one.arm is None],
        segments=held,
    )


def reason(source: Source | None) -> Reason:
    """What placed an entry: a rule's pin, an arm's, or the score."""
    if source is None:
        return Reason("score")
    if source.arm is None:
        return Reason("pin", rule=source.item["id"])
    return Reason("experiment", experiment=source.item["id"], arm=source.arm["id"])


def presentation(counted: list[Source]) -> dict[str, Any]:
    """The hints of `set`, without their prefix; the first to set a key wins."""
    hints: dict[str, Any] = {}
    for _, effect in each(counted, "set"):
        for key, value in effect["set"].items():
            hints.setdefault(key.removeprefix("presentation."), value)
    return hints
