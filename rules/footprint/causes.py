"""What a slot depends on, who may share it for that, and why, in words: each cause with the rule that it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from rules.actors import Actor
from rules.attributes import Catalogue
from rules.conditions import Ago, Condition, InSegment, Percent, Test, walk
from rules.footprint.inputs import LOCALE, carrier_of, input_of
from rules.schedule import Schedule
from rules.segments import Segment

if TYPE_CHECKING:
    from rules.content import Content
    from rules.ruleset import Ruleset

Sharing = Literal["everyone", "inputs", "class", "private"]
ONE_VISITOR = "visitor"
"""Stands for everything that only one visitor has: buckets, segments given from elsewhere, caps, own scores."""
_ZONES = ("context.timezone", "geo.timezone")  # the second stands in for the first
_OF_ONE = (None, "visitor.id")
_MOST_NAMED = 3
_CONSENT = "consent."
_CAPPED = "has a cap, so that what the visitor was shown before counts"
_UNCAP = "leave out the cap, or give what is capped a slot of its own"
_SCORE_ALIKE = "let the model score per: audience, or give what it ranks a slot of its own"
_INSTEAD = {
    "geo.city": "ask for geo.country instead",
    "geo.region": "ask for geo.country instead",
    "geo.location": "ask for geo.country instead",
    "request.referrer_host": "ask for request.referrer_kind instead",
    "request.path": "give the pages that it names slots of their own",
    "visitor.id": "name these visitors in a segment with members",
}
"""By attribute that no edge is told, what comes near to it and is told."""
_OTHERWISE = (
    ("device.", "ask for device.type instead"),
    ("request.utm.", "ask for one of the usual campaign parameters instead"),
    ("request.", "ask for a campaign parameter instead"),
)
_KINDS = {"pattern": "an event pattern", "members": "a list of visitors", "computed": "a computed segment"}


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that a slot depends on.

    Attributes:
        makes: the widest sharing that it allows.
        what: such as `reads geo.country`.
        rules: whose conditions or effects it comes from: `the rule 'a'`, `the content's audience tags`.
        attribute: that is read; None where it is none.
        input: the edge's input that carries it; None where none does.
        remedy: what to do where that makes the slot private to each visitor; None where it does not.
    """

    makes: Sharing
    what: str
    rules: tuple[str, ...]
    attribute: str | None = None
    input: str | None = None
    remedy: str | None = None

    @property
    def sentence(self) -> str:
        """All of it, naming the first rules."""
        named = ", ".join(self.rules[:_MOST_NAMED])
        more = len(self.rules) - _MOST_NAMED
        return f"{named}{f' and {more} more' if more > 0 else ''}: {self.what}"


@dataclass(frozen=True, slots=True)
class Reads:
    """What a slot asks.

    Attributes:
        causes: by what they make, the narrowest first, then in the order of rules.
        tests: of visitors and time, those of segments included.
        schedules: of rules and experiments.
    """

    causes: tuple[Cause, ...]
    tests: tuple[Test, ...]
    schedules: tuple[Schedule, ...]

    @property
    def sharing(self) -> Sharing:
        """Who may share."""
        return self.causes[0].makes if self.causes else "everyone"

    @property
    def attributes(self) -> frozenset[str]:
        """What of a visitor can change the slot, with ONE_VISITOR where nothing short of the visitor says it.

        What is left out cannot; the clock's are left out, for it is not the visitor's.
        """
        found = {ONE_VISITOR if one.attribute in _OF_ONE else one.attribute for one in self.causes}
        if _ZONES[0] in found:
            found.update(_ZONES)
        return frozenset(found)


_ORDER: Sequence[Sharing] = ("private", "class", "inputs", "everyone")


def reads_of(ruleset: Ruleset, content: Content | None, slot_id: str) -> Reads:
    """Everything that a slot depends on.

    Args:
        content: whose audience tags and languages count; None: none of these.
    """
    compiled, document = ruleset.compiled(slot_id), ruleset.document
    collected = _Collected(
        {segment.id: segment for segment in document.segments if segment.enabled}, document.catalogue
    )
    schedules: list[Schedule] = []
    for rule in compiled.rules:
        collected.condition(rule.when, f"the rule {rule.id!r}")
        schedules.append(rule.schedule)
    for one in compiled.experiments:
        who = f"the experiment {one.id!r}"
        collected.condition(one.when, who)
        collected.add(_Made("class", "gives arms by the visitor's id, which the class cookie carries"), who)
        schedules.append(one.schedule)
    for actor in compiled.actors:
        collected.effects(actor)
    slot = compiled.slot
    for name in (*slot.select_refs, *slot.default_refs):
        collected.attribute(name, "the slot itself")
    if slot.cap is not None:
        collected.add(_Made("private", _CAPPED, remedy=_UNCAP), "the slot itself")
    if slot.model.per == "visitor":
        scores = f"the model {slot.model.name!r} scores for each visitor"
        collected.add(_Made("private", scores, remedy=_SCORE_ALIKE), "the slot itself")
    if document.holdout is not None:
        collected.add(_Made("class", "keeps a share of the visitors out by their ids"), "the holdout")
    if content is not None:
        for name in sorted(content.pool(slot_id).audiences):
            collected.segment(name, "the content's audience tags")
        if content.pool(slot_id).locales or content.default(slot_id).locales:
            collected.attribute(LOCALE, "the content's languages")
    if any(one.visitor for one in schedules) or collected.reads_local_time:
        collected.attribute(_ZONES[0], "what goes by the visitor's clock")
    return Reads(collected.causes(), tuple(collected.tests), tuple(dict.fromkeys(schedules)))


class _Made(NamedTuple):
    """A cause, whatever it comes from."""

    makes: Sharing
    what: str
    attribute: str | None = None
    input: str | None = None
    remedy: str | None = None


class _Collected:
    def __init__(self, segments: Mapping[str, Segment], catalogue: Catalogue) -> None:
        self._segments, self._catalogue = segments, catalogue
        self._found: dict[_Made, dict[str, None]] = {}
        self._made: dict[str, tuple[_Made, ...]] = {}
        self._seen: set[tuple[str, str]] = set()
        self._tests: dict[str, Test] = {}
        self.reads_local_time = False

    @property
    def tests(self) -> list[Test]:
        return list(self._tests.values())

    def causes(self) -> tuple[Cause, ...]:
        made = [Cause(one.makes, one.what, tuple(who), *one[2:]) for one, who in self._found.items()]
        return tuple(sorted(made, key=lambda one: _ORDER.index(one.makes)))

    def add(self, made: _Made, who: str) -> None:
        self._found.setdefault(made, {})[who] = None

    def condition(self, condition: Condition, who: str) -> None:
        for leaf in walk(condition):
            if isinstance(leaf, InSegment):
                for name in leaf.names:
                    self.segment(name, who)
                continue
            self._tests.setdefault(leaf.key, leaf)
            if isinstance(leaf.operand, Percent):
                share = "takes a share of the visitors by their ids, which the class cookie carries"
                self.add(_Made("class", share, "visitor.id"), who)
                continue
            for name in leaf.names:
                self.attribute(name, who)
            if isinstance(leaf.operand, Ago):
                self.attribute("time.now", who)

    def segment(self, name: str, who: str) -> None:
        segment = self._segments.get(name)
        if segment is None or (name, who) in self._seen:
            return
        self._seen.add((name, who))
        if segment.kind == "when":
            self.condition(segment.when, who)
        else:
            kind = _KINDS[segment.kind]
            asks = f"asks for the segment {name!r}, {kind}, which the class cookie carries"
            self.add(_Made("class", asks), who)

    def attribute(self, name: str, who: str) -> None:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = tuple(self._of(name))
        for one in made:
            self.add(one, who)

    def _of(self, name: str) -> Iterator[_Made]:
        carrier = carrier_of(name)
        self.reads_local_time = self.reads_local_time or (carrier == "clock" and name != "time.now")
        found = self._catalogue.resolve(name)
        if found is not None and found.purpose is not None:
            yield from self._of(f"{_CONSENT}{found.purpose}")
        if name.startswith(_CONSENT):
            said = (
                f"reads {name}, which the request says, or what is kept of the visitor, which the class cookie carries"
            )
            yield _Made("class", said, name, input_of(name))
        elif carrier == "input":
            yield _Made("inputs", f"reads {name}", name, input_of(name))
        elif carrier == "class":
            yield _Made("class", f"reads {name}, which only the origin knows; the class cookie carries it", name)
        elif carrier == "nobody":
            yield _Made("private", f"reads {name}, which an edge is not told", name, remedy=_instead_of(name))

    def effects(self, actor: Actor) -> None:
        who = f"the rule {actor.rule!r}" if actor.rule is not None else f"the experiment {actor.experiment!r}"
        for name in actor.refs:
            self.attribute(name, who)
        if actor.cap is not None:
            self.add(_Made("private", _CAPPED, remedy=_UNCAP), who)
        for model in actor.models:
            if model.per == "visitor":
                scores = "chooses a model that scores for each visitor"
                self.add(_Made("private", scores, remedy=_SCORE_ALIKE), who)


def _instead_of(attribute: str) -> str:
    """What to do about an attribute that no edge is told."""
    near = _INSTEAD.get(attribute) or next((said for start, said in _OTHERWISE if attribute.startswith(start)), None)
    apart = "give what asks for it a slot of its own"
    return f"{near}, or {apart}" if near is not None and "own" not in near else near or apart
