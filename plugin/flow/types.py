"""The values that go down the line of a decision. All of them frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from rules import Content, Decision, Facts, Plan, Ruleset
from rules.shared_slots import SharedSlots

Scores = Mapping[str, Mapping[str, float]]
"""By slot, then by entry id, in [0, 1]."""
Render = Literal["json", "html", "both"]
Rung = Literal["last_scores", "rules", "default", "baseline"]
_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SlotAsk:
    """One slot of a request; a limit can only lower the slot's own."""

    id: str
    limit: int | None = None
    exclude: tuple[str, ...] = ()


class Visit(NamedTuple):
    """Who asks for what, when. Its repr shows nothing of the visitor.

    Attributes:
        attributes: flat, by name, of context and profile together.
        segments: membership known from elsewhere than conditions.
        unique: whether an entry goes only to the first slot that shows it.
        arms: arms by experiment instead of what the buckets give; for previews.
        deny_unknown: whether a purpose without recorded consent is refused.
    """

    attributes: Mapping[str, object]
    asks: tuple[SlotAsk, ...]
    now: datetime
    segments: frozenset[str] = frozenset()
    unique: bool = False
    explain: bool = False
    arms: Mapping[str, str] = _NONE
    deny_unknown: bool = False

    def __repr__(self) -> str:
        return f"Visit(asks={self.asks!r}, now={self.now!r})"


class Profile(NamedTuple):
    """What is kept of a visitor: attributes, segments, and when entries were shown; and what it had to do without.

    Its repr shows nothing of the visitor.

    Attributes:
        consent: what was said of purposes, as `consent.PURPOSE`.
    """

    attributes: Mapping[str, object] = _NONE
    segments: frozenset[str] = frozenset()
    exposures: Mapping[str, Sequence[datetime]] = _NONE
    degraded: tuple[str, ...] = ()
    consent: Mapping[str, bool] = _NONE

    def __repr__(self) -> str:
        return f"Profile(degraded={self.degraded!r})"


class Surrogates(NamedTuple):
    """The keys of a slot's answers, beside those of the entries shown.

    Attributes:
        of_read: purged when an entry that could be chosen comes or goes, or changes in what the choice reads.
        of_any: fewer, purged when one changes in anything; the same where the choice may read everything.
    """

    of_read: tuple[str, ...]
    of_any: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """What is published: one rule set and one state of the content, prepared for each other.

    Attributes:
        version: number of the rule set.
        revision: moves with every publication and every change of content; names this state in caches.
        texts: the JSON of each entry's own part of a block, by the identity of the entry in `content`.
        reads: for each slot, what of the visitor can change it; see `rules.footprint.causes`.
        wanted: every attribute that some condition or selector reads.
        public_segments: those that a browser may learn of.
        surrogates: for each slot, the keys of its answers; see `plugin.edge.cover`.
        strict: the slots of which some rule says that it is never served stale.
        sources: of which source each entry is, by the identity of the entry in `content`.
        born: when and as which version these rules were made; with the revision it is not met twice.
        shared: which slots visitors may share, and by what they are told apart.
    """

    version: int
    revision: str
    ruleset: Ruleset = field(repr=False)
    content: Content = field(repr=False)
    texts: Mapping[int, bytes] = field(repr=False)
    reads: Mapping[str, frozenset[str]] = field(repr=False)
    wanted: frozenset[str] = field(repr=False)
    shared: SharedSlots = field(repr=False)
    public_segments: frozenset[str] = frozenset()
    surrogates: Mapping[str, Surrogates] = field(default_factory=dict, repr=False)
    strict: frozenset[str] = frozenset()
    sources: Mapping[int, str] = field(default_factory=dict, repr=False)
    born: str = ""


class Step(NamedTuple):
    """How far a slot came down the ladder: model score, else last scores, else rules, else default, else baseline.

    Attributes:
        rung: what decided: the model's scores of a while ago, the rules without a model, the slot's default though
            candidates were left, or what the CMS publishes for everybody.
        cause: what failed: `model:NAME`, or `slot`, which nobody foresaw.
        why: in words, for the trace; nothing of the visitor is in it.
        age_s: how old last scores are.
    """

    rung: Rung
    cause: str
    why: str
    age_s: float | None = None

    def to_dict(self) -> dict[str, object]:
        """As the trace shows it."""
        return self._asdict()


class Planned(NamedTuple):
    """The first half of a request's decisions: everything before a model is asked.

    Attributes:
        failed: the slots that could not be planned, and the fault of each, which nobody foresaw.
    """

    visit: Visit
    site: Site
    facts: Facts
    plans: tuple[tuple[SlotAsk, Plan], ...]
    unknown: tuple[str, ...]
    failed: tuple[tuple[SlotAsk, Exception], ...] = ()


class Settled(NamedTuple):
    """A request's decisions, slot by slot in the order asked.

    Attributes:
        steps: of the slots that came down the ladder.
        faults: what nobody foresaw, by slot; its step says what stands in.
    """

    planned: Planned
    decisions: tuple[tuple[SlotAsk, Decision], ...]
    ttl_s: Mapping[str, int]
    steps: Mapping[str, Step] = _NONE
    faults: Mapping[str, Exception] = _NONE

    @property
    def degraded(self) -> tuple[str, ...]:
        """What failed, such as `model:NAME`, and `slot:ID:RUNG` for each slot that it brought down."""
        if not self.steps:
            return ()
        causes = dict.fromkeys(step.cause for step in self.steps.values() if step.cause != "slot")
        return (*causes, *(f"slot:{slot}:{step.rung}" for slot, step in self.steps.items()))
