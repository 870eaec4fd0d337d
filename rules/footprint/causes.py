"""Who may share what a slot shows, and why, in words: each cause with the rule that it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rules.actors import Actor
from rules.attributes import Catalogue
from rules.compiled import CompiledSlot
from rules.conditions import Ago, Condition, InSegment, Percent, Ref, Test, walk
from rules.document import Document
from rules.footprint.inputs import carrier_of, input_of
from rules.schedule import Schedule
from rules.segments import Segment

Sharing = Literal["everyone", "inputs", "class", "private"]
_MOST_NAMED = 3
_CONSENT = "consent."
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
    """

    makes: Sharing
    what: str
    rules: tuple[str, ...]
    attribute: str | None = None
    input: str | None = None

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


_ORDER: Sequence[Sharing] = ("private", "class", "inputs", "everyone")


def reads_of(compiled: CompiledSlot, document: Document, audiences: Sequence[str], has_languages: bool) -> Reads:
    """Everything that a slot depends on."""
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
        collected.add("class", "gives arms by the visitor's id, which the class cookie carries", who)
        schedules.append(one.schedule)
    for actor in compiled.actors:
        collected.effects(actor)
    slot = compiled.slot
    for name in (*slot.select_refs, *slot.default_refs):
        collected.attribute(name, "the slot itself")
    if slot.cap is not None:
        collected.add("private", "has a cap, so that what the visitor was shown before counts", "the slot itself")
    if slot.model.per == "visitor":
        collected.add("private", f"the model {slot.model.name!r} scores for each visitor", "the slot itself")
    if document.holdout is not None:
        collected.add("class", "keeps a share of the visitors out by their ids", "the holdout")
    for name in audiences:
        collected.segment(name, "the content's audience tags")
    if has_languages:
        collected.attribute("request.locale", "the content's languages")
    if any(one.visitor for one in schedules) or collected.reads_local_time:
        collected.attribute("context.timezone", "what goes by the visitor's clock")
    return Reads(collected.causes(), tuple(collected.tests), tuple(dict.fromkeys(schedules)))


class _Collected:
    def __init__(self, segments: Mapping[str, Segment], catalogue: Catalogue) -> None:
        self._segments, self._catalogue = segments, catalogue
        self._found: dict[tuple[Sharing, str, str | None, str | None], dict[str, None]] = {}
        self._seen: set[tuple[str, str]] = set()
        self._tests: dict[str, Test] = {}
        self.reads_local_time = False

    @property
    def tests(self) -> list[Test]:
        return list(self._tests.values())

    def causes(self) -> tuple[Cause, ...]:
        made = [
            Cause(makes, what, tuple(who), attribute, carried)
            for (makes, what, attribute, carried), who in self._found.items()
        ]
        return tuple(sorted(made, key=lambda one: _ORDER.index(one.makes)))

    def add(
        self, makes: Sharing, what: str, who: str, attribute: str | None = None, carried: str | None = None
    ) -> None:
        self._found.setdefault((makes, what, attribute, carried), {})[who] = None

    def condition(self, condition: Condition, who: str) -> None:
        for leaf in walk(condition):
            if isinstance(leaf, InSegment):
                for name in leaf.names:
                    self.segment(name, who)
                continue
            self._tests.setdefault(leaf.key, leaf)
            if isinstance(leaf.operand, Percent):
                self.add(
                    "class",
                    "takes a share of the visitors by their ids, which the class cookie carries",
                    who,
                    "visitor.id",
                )
                continue
            for name in _names(leaf):
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
            self.add("class", f"asks for the segment {name!r}, {kind}, which the class cookie carries", who)

    def attribute(self, name: str, who: str) -> None:
        carrier = carrier_of(name)
        self.reads_local_time = self.reads_local_time or (carrier == "clock" and name != "time.now")
        found = self._catalogue.resolve(name)
        if found is not None and found.purpose is not None:
            self.attribute(f"consent.{found.purpose}", who)
        if name.startswith(_CONSENT):
            said = (
                f"reads {name}, which the request says, or what is kept of the visitor, which the class cookie carries"
            )
            self.add("class", said, who, name, input_of(name))
        elif carrier == "input":
            self.add("inputs", f"reads {name}", who, name, input_of(name))
        elif carrier == "class":
            self.add("class", f"reads {name}, which only the origin knows; the class cookie carries it", who, name)
        elif carrier == "nobody":
            self.add("private", f"reads {name}, which an edge is not told", who, name)

    def effects(self, actor: Actor) -> None:
        who = f"the rule {actor.rule!r}" if actor.rule is not None else f"the experiment {actor.experiment!r}"
        for name in actor.refs:
            self.attribute(name, who)
        if actor.cap is not None:
            self.add("private", "has a cap, so that what the visitor was shown before counts", who)
        for model in actor.models:
            if model.per == "visitor":
                self.add("private", "chooses a model that scores for each visitor", who)


def _names(test: Test) -> Iterator[str]:
    yield test.attribute
    if isinstance(test.operand, Ref):
        yield test.operand.name
