"""A compiled document: decisions, audience keys, and the two halves of which a decision is made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rules import outcome_text
from rules.actors import hints_from
from rules.arrange import arrange
from rules.blocks import MadeOf, blocks_of, defaults_of
from rules.clock import FIRST_YEAR, LAST_YEAR, as_instant, within_calendar
from rules.compiled import CompiledSlot, rules_by_slot, shared_table
from rules.content import Content
from rules.decision import Decision, Hint
from rules.document import Document
from rules.errors import Problem, UnknownSlotError
from rules.explain import trace_of
from rules.facts import Facts
from rules.keys import audience_key
from rules.locales import chosen
from rules.membership import Membership
from rules.model_scores import opinions
from rules.named_tuples import make
from rules.plan import Plan, Shown
from rules.planning import planned
from rules.suggest import nearest

if TYPE_CHECKING:
    from rules.analysis.findings import Finding

_NOBODY: frozenset[str] = frozenset()
_MOST_WRITTEN = 1_024  # outcomes of a slot that are kept as they were read
_NO_SCORES: Mapping[str, float] = MappingProxyType({})
_NEVER_SHOWN: Mapping[str, Sequence[datetime]] = MappingProxyType({})
_UTC_ZONE = ZoneInfo("UTC")
Instants = Sequence[datetime | str]


class Ruleset:
    """A document, compiled. Immutable; safe to share between threads."""

    def __init__(self, document: Document, warnings: Sequence[Problem] = ()) -> None:
        """Compile a checked document; `rules.load` is the way from text."""
        self.document = document
        self.warnings = tuple(warnings)
        self._zone, self._catalogue = document.zone, document.catalogue
        shared = shared_table(document)
        own = rules_by_slot(document) if shared is None else {}
        self._slots = {
            slot.id: CompiledSlot(slot, document, own.get(slot.id, ()), shared)
            for slot in document.slots
            if slot.enabled
        }
        membership = Membership(document, shared)
        self._enabled = membership.enabled
        self._held = membership.held  # bound once, not for every request

    @property
    def canonical(self) -> str:
        """The document as JSON that depends on nothing outside, for storage; loading it gives an equal rule set."""
        return json.dumps(self.document.data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form, in hexadecimal."""
        return sha256(self.canonical.encode()).hexdigest()

    @property
    def slots(self) -> tuple[str, ...]:
        """The ids of the enabled slots, in the order written."""
        return tuple(self._slots)

    def compiled(self, slot: str) -> CompiledSlot:
        """One slot. Raises UnknownSlotError with the nearest name."""
        found = self._slots.get(slot)
        if found is None:
            raise UnknownSlotError(slot, nearest(slot, self._slots))
        return found

    def prepare(self, content: Iterable[Mapping[str, object]], *, before: Content | None = None) -> Content:
        """Work out once what does not depend on the visitor; `decide` and `plan` take the result as `content`.

        Args:
            before: what was prepared of the same entries when they were others, as far as they are the very objects.
        """
        return Content(content, self.document, before)

    def facts(
        self,
        attributes: Mapping[str, object],
        *,
        segments: Iterable[str] = (),
        now: datetime | str,
        deny_unknown: bool = False,
    ) -> Facts:
        """What is known of one visitor at one moment; one object serves all slots of a request.

        Args:
            attributes: flat values by name, such as {"geo.country": "FR"}.
            segments: membership that the caller knows of; it adds to what conditions give.
            now: an instant; without an offset, UTC.
            deny_unknown: whether a purpose whose consent is unknown is refused.
        """
        if type(now) is not datetime or now.tzinfo is not UTC or not FIRST_YEAR <= now.year <= LAST_YEAR:
            now = _instant(now)
        given = _NOBODY
        if segments:
            given = self._enabled.intersection([segments] if isinstance(segments, str) else segments)
        # By position: this is done for every request, and names cost a quarter of it.
        return Facts(attributes, now, self._zone, self._catalogue, given, self._held, deny_unknown)

    def decide(
        self,
        slot: str,
        attributes: Mapping[str, object],
        content: Iterable[Mapping[str, object]] | Content,
        *,
        segments: Iterable[str] = (),
        now: datetime | str,
        scores: Mapping[str, float | None] | None = None,
        exposures: Mapping[str, Instants] | None = None,
        seed: int = 0,
        limit: int | None = None,
        exclude: Iterable[str] = (),
        explain: bool = False,
    ) -> Decision:
        """The decision for one slot: the same for the same arguments, in every process.

        Args:
            slot: its id.
            attributes: flat values by name; those given beat derived ones (`time.*`).
            content: entries with `id`, `type`, `tags`, `locale`, `published_at` and fields, in any order; or prepared.
            segments: membership that the caller knows of.
            now: the decision's clock.
            scores: of the slot's model, by entry id, in [0, 1]; None and what is left out is no opinion, and counts 0.
            exposures: when each entry was shown to this visitor, by id.
            seed: of exploration by models; rules do not read it.
            limit: lowers the slot's own.
            exclude: ids to leave out.
            explain: whether the decision carries its trace.
        Raises:
            UnknownSlotError: there is no such slot, or it is disabled.
            ValueError: an entry without an id, an instant that is none, a score that is no number.
        """
        del seed  # part of the call for models that explore; nothing here is random
        self.compiled(slot)
        prepared = content if isinstance(content, Content) else self.prepare(content)
        plan = self.plan(slot, self.facts(attributes, segments=segments, now=now), prepared)
        return self.settle(
            plan,
            scores=opinions(scores) if scores else {},
            exposures=exposures or {},
            limit=limit,
            exclude=exclude,
            explain=explain,
        )

    def hints(
        self, slot: str, attributes: Mapping[str, object], *, segments: Iterable[str] = (), now: datetime | str
    ) -> dict[str, Hint]:
        """The presentation of a slot alone, each hint with the rule or arm that gave it; no content is looked at.

        The values are those of `Decision.presentation`. For slots that hold switches and no blocks.
        """
        return hints_from(self.compiled(slot).outcome(self.facts(attributes, segments=segments, now=now)).actors)

    def plan(self, slot: str, facts: Facts, content: Content, *, arms: Mapping[str, str] | None = None) -> Plan:
        """The first half of a decision: candidates, rules, experiments; everything before a model is asked.

        Args:
            arms: arms by experiment, instead of what the buckets give; for tests and previews.
        Raises:
            UnknownSlotError: there is no such slot, or it is disabled.
            ValueError: the facts have no clock.
        """
        compiled = self._slots.get(slot) or self.compiled(slot)
        situation = compiled.situation(facts, arms)
        bound = compiled.bound(situation, facts)
        return planned(compiled, facts, content, situation, situation.arms, bound, self.document.locales)

    def outcome_text(self, plan: Plan, content: Content) -> str:
        """All that a plan is made of beside content and clock; `plan_written` makes it again from that.

        Texts are as many as audience keys. They carry the values of attributes that selectors name, and no others.
        """
        texts = plan.course.texts
        if not texts:
            ground = content.ground(plan.compiled)
            order = ground.order(plan.facts.tongue, self.document.locales) if ground.locales else None
            texts.append(outcome_text.write(plan.compiled, plan.outcome, plan.facts, pool=plan.pool, order=order))
        return texts[0]

    def plan_written(self, slot: str, text: str, content: Content, *, now: datetime) -> Plan:
        """The first half of a decision, from what `outcome_text` gave for the same document.

        Raises:
            UnknownSlotError: there is no such slot.
            BadOutcomeError: the text is not of an outcome of it.
        """
        compiled = self.compiled(slot)
        written = compiled.written.get(text)
        if written is None:
            types = {
                name: attribute.type
                for name in outcome_text.names_read(compiled)
                if (attribute := self._catalogue.resolve(name)) is not None
            }
            written = outcome_text.read(compiled, text, types)
            if len(compiled.written) >= _MOST_WRITTEN:
                compiled.written.clear()
            compiled.written[text] = written
        facts = Facts(written.values, now, self._zone, self._catalogue, written.held)
        facts.languages = written.languages
        moves = bool(compiled.ages) or compiled.slot.select_moves or compiled.slot.default_moves
        bound = None if moves else ""
        return planned(compiled, facts, content, written, written.outcome.arms, bound, self.document.locales)

    def settle(
        self,
        plan: Plan,
        *,
        scores: Mapping[str, float],
        exposures: Mapping[str, Instants],
        limit: int | None = None,
        exclude: Iterable[str] = (),
        explain: bool = False,
    ) -> Decision:
        """The second half of a decision: caps, pins, scores, diversity, default.

        Args:
            plan: of this very rule set; the others are those of `decide`.
        Raises:
            ValueError: an instant that is none.
        """
        slot, pool, course = plan.slot, plan.pool, plan.course
        most = slot.limit if limit is None else max(0, min(limit, slot.limit))
        scores = scores or _NO_SCORES
        excluded = 0
        excluded_ids = _NOBODY
        if exclude:
            excluded_ids = frozenset([exclude] if isinstance(exclude, str) else exclude)
            for name in excluded_ids:
                excluded |= pool.by_id.get(name, 0)
            excluded &= course.left
        counting = plan.compiled.has_caps and bool(exposures)
        shown = None if excluded or counting else course.shown.get(most)
        if shown is None or shown.scores is not scores:
            arrangement = arrange(
                slot,
                course.outcome.actors,
                course.acts,
                course.left & ~excluded,
                pool,
                model=course.model,
                scores=scores,
                exposures=_read_exposures(exposures) if counting else _NEVER_SHOWN,
                limit=most,
                now=plan.now,
            )
            fallback = not arrangement.placed
            defaults = defaults_of(plan, excluded_ids, most, self.document.locales) if fallback else []
            alike = not (excluded or counting or fallback)
            blocks = blocks_of(plan, arrangement, defaults, scores)
            shown = make(Shown, (arrangement, blocks, fallback, scores, {} if alike else None))
            if alike:
                course.shown[most] = shown
        trace = None
        if explain:
            trace = trace_of(plan, shown.arrangement, shown.blocks, excluded, scores, shown.fallback)
        decision: Decision = make(
            Decision,
            (
                slot.id,
                shown.blocks,
                dict(course.hints),
                shown.fallback,
                course.audience_key,
                dict(course.outcome.arms),
                make(MadeOf, (plan, shown.arrangement)),
                trace,
                shown.notes,
            ),
        )
        return decision

    def audience_key(
        self,
        slot: str,
        attributes: Mapping[str, object],
        *,
        segments: Iterable[str] = (),
        now: datetime | str,
        audiences: Iterable[str] | None = None,
        locale: str | None = None,
    ) -> str:
        """The key of a slot for a visitor: equal keys, equal decisions for the same content, clock and scores.

        Args:
            audiences: the segments that the candidates' audience tags name; None: every segment held counts.
            locale: what tells the visitor's language apart for this content; None: the visitor's choice among the
                document's locales, which is enough where content has no others; "": content that has none at all.
        """
        compiled = self.compiled(slot)
        facts = self.facts(attributes, segments=segments, now=now)
        derived = chosen(facts["request.locale"], self.document.locales) if locale is None else locale
        named = None if audiences is None else frozenset(audiences)
        return audience_key(compiled.slot, compiled.outcome(facts), facts, audiences=named, locale=derived or None)

    def analyse(self) -> list[Finding]:
        """Rules that can never fire, are always beaten, contradict each other, or are doubled, each with a witness."""
        from rules.analysis.findings import analyse  # noqa: PLC0415 - whoever only decides need not load it

        return analyse(self)


def _read_exposures(exposures: Mapping[str, Instants]) -> dict[str, list[datetime]]:
    return {name: [_instant(one) for one in instants] for name, instants in exposures.items()}


def _instant(value: datetime | str) -> datetime:
    found = as_instant(value, _UTC_ZONE)
    if found is None:
        raise ValueError(f"{value!r} is no instant; give an aware datetime or an ISO 8601 text")
    return within_calendar(found)
