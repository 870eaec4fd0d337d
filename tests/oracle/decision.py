"""One slot, decided by walking the page from top to bottom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .arrange import Placed, arrange
from .candidates import candidates, defaults
from .effects import Source, each, sources
from .experiments import assignments, reserved
from .outcome import outcome
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
    """The blocks in order with their reasons, and `effects`: the canonical outcome, see `outcome.outcome`."""

    ids: list[str]
    reasons: list[Reason]
    presentation: dict[str, Any]
    fallback: bool
    effects: str
    entries: list[dict[str, Any]]


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
    placed: Placed = arrange(home, entries, counted, visitor, scores or {}, exposures or {}, size)
    reasons = [reason(source) for _, source in placed]
    shown = [entry for entry, _ in placed]
    fallback = not placed
    if fallback:
        shown = defaults(home, content, visitor, exclude)[:size]
        reasons = [Reason("default")] * len(shown)
    return Answer(
        ids=[entry["id"] for entry in shown],
        reasons=reasons,
        presentation=presentation(counted),
        fallback=fallback,
        effects=outcome(counted, arms, visitor, held, audiences),
        entries=shown,
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
