"""What the services are asked to do, where that takes more than a few arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from plugin.ports import JSON

RulesetChoice: TypeAlias = 'Literal["published", "draft"] | int | Mapping[str, JSON]'


@dataclass(frozen=True, slots=True)
class SlotRequest:
    """One slot that is asked for; a limit can only lower the slot's own."""

    id: str
    limit: int | None = None
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateRequest:
    """A decision for an invented visitor and moment; never counted.

    Attributes:
        attributes: flat, by name, such as {"geo.country": "FR"}.
        segments: membership beside what conditions give.
        arms: experiment to arm, instead of what the buckets give.
        at: the decision's clock; None: now.
        draft: the rules: those published, the working draft, a version by its number, or a document.
        content: entries instead of the published ones, as `rules` reads them.
        visitor_id: for buckets, which fall as on the live site; stands for the attribute `visitor.id`.
        as_visitor: whether what is kept of this visitor is read, as on the live site; what is said here wins.
        unique: whether an entry goes only to the first slot that shows it.
        exposures: when each entry was shown to this visitor, by id.
    """

    slots: tuple[SlotRequest, ...]
    attributes: Mapping[str, JSON] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    arms: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None
    draft: RulesetChoice = "published"
    content: tuple[Mapping[str, JSON], ...] | None = None
    visitor_id: str | None = None
    as_visitor: bool = False
    unique: bool = False
    exposures: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)
    seed: int = 0
    explain: bool = True
