"""What a decision is: blocks in order, and why each is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol

ReasonKind = Literal["pin", "score", "experiment", "default", "degraded"]
RESERVED_FIELDS = frozenset({"id", "type", "tags", "locale", "published_at", "expires_at"})


class Reason(NamedTuple):
    """Why a block is where it is.

    Attributes:
        kind: pin (by a rule), experiment (pinned by an arm), score, default, degraded.
        rule: the rule that pinned it, or whose boost weighed most.
        experiment: likewise, where it was an arm.
        model: the model whose score counted.
    """

    kind: ReasonKind
    rule: str | None = None
    experiment: str | None = None
    arm: str | None = None
    model: str | None = None

    def to_dict(self) -> dict[str, str | None]:
        """As the API shows it."""
        return {
            "kind": self.kind,
            "rule": self.rule,
            "experiment": self.experiment,
            "arm": self.arm,
            "model": self.model,
        }


class Hint(NamedTuple):
    """A presentation hint, and the rule, or the arm of an experiment, that gave it."""

    value: object
    rule: str | None = None
    experiment: str | None = None
    arm: str | None = None


class Block(NamedTuple):
    """One entry in its place.

    Attributes:
        position: from 1, without gaps.
        score: unitless; rules weight x boosts + model weight x model score.
        entry: the content entry as it was given.
    """

    id: str
    position: int
    score: float
    reason: Reason
    entry: Mapping[str, object]

    @property
    def type(self) -> str | None:
        """The entry's type."""
        value = self.entry.get("type")
        return value if isinstance(value, str) else None

    @property
    def locale(self) -> str | None:
        """The language of the variant."""
        value = self.entry.get("locale")
        return value if isinstance(value, str) else None

    @property
    def tags(self) -> tuple[str, ...]:
        """The entry's tags."""
        value = self.entry.get("tags")
        return tuple(value) if isinstance(value, list | tuple) else ()

    @property
    def fields(self) -> dict[str, object]:
        """The entry's own fields."""
        return {name: value for name, value in self.entry.items() if name not in RESERVED_FIELDS}

    def to_dict(self) -> dict[str, object]:
        """As the API shows it."""
        return {
            "id": self.id,
            "type": self.type,
            "position": self.position,
            "score": self.score,
            "fields": self.fields,
            "tags": list(self.tags),
            "html": None,
            "reason": self.reason.to_dict(),
        }


class MadeOf(Protocol):
    """What a decision can tell of how it came about."""

    def rules(self) -> tuple[str, ...]:
        """See `Decision.rules`."""

    def exposed(self) -> tuple[str, ...]:
        """See `Decision.exposed`."""

    def segments(self) -> tuple[str, ...]:
        """See `Decision.segments`."""


class Decision(NamedTuple):
    """The decision for one slot. Two are equal where what they answer is.

    Attributes:
        presentation: hints by name, without their `presentation.`.
        fallback: whether nothing was left and the slot's default stands in, even where that is empty too.
        audience_key: equal for visitors who get equal decisions from this content.
        arms: experiment to arm, all that the visitor is in.
        made_of: what the decision was made of, for what is told of it only when asked.
        trace: with `explain`, what was considered and why it was kept or dropped.
        notes: kept with these very blocks for as long as they are, for what can be worked out from them once; None
            where they are one visitor's alone.
    """

    slot: str
    blocks: tuple[Block, ...]
    presentation: Mapping[str, object]
    fallback: bool
    audience_key: str
    arms: Mapping[str, str]
    made_of: MadeOf
    trace: Mapping[str, object] | None = None
    notes: dict[object, object] | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Decision):
            return NotImplemented
        return self[:6] == other[:6] and self.trace == other.trace

    def __hash__(self) -> int:
        return hash((self.slot, self.audience_key))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in (*self._fields[:6], "trace"))
        return f"Decision({shown})"

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that had an effect on the answer, in the order in which they apply."""
        return self.made_of.rules()

    @property
    def exposed(self) -> tuple[str, ...]:
        """The experiments whose arm's effects were not stopped; only these count an exposure."""
        return self.made_of.exposed()

    @property
    def segments(self) -> tuple[str, ...]:
        """The segments that the visitor holds."""
        return self.made_of.segments()

    def to_dict(self) -> dict[str, object]:
        """As the API shows a slot, without what only a server adds."""
        found: dict[str, object] = {
            "blocks": [block.to_dict() for block in self.blocks],
            "presentation": dict(self.presentation),
            "fallback": self.fallback,
            "audience_key": self.audience_key,
        }
        if self.trace is not None:
            found["trace"] = dict(self.trace)
        return found
