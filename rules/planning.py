"""The first half of a decision: candidates, and what the rules and experiments come to for them."""

from __future__ import annotations

from rules.actors import Outcome, Written
from rules.acts import acts_of, entries_for
from rules.arrange import Drop, eligible, hints_of, model_of
from rules.compiled import CompiledSlot, Situation
from rules.content import Content
from rules.facts import Facts
from rules.keys import audience_key
from rules.named_tuples import make
from rules.plan import Course, Plan
from rules.pool import Pool

_NOBODY: frozenset[str] = frozenset()


def planned(
    compiled: CompiledSlot,
    facts: Facts,
    content: Content,
    cause: Situation | Written,
    arms: tuple[tuple[str, str], ...],
    bound: str | tuple[object, ...] | None,
    locales: tuple[str, ...],
) -> Plan:
    """A plan for what the rules and experiments come to, whether they were asked or it was written down.

    Args:
        cause: what they come to; with `bound`, alike for all who share a course.
        arms: experiment and arm, all that the visitor is in.
        bound: see `CompiledSlot.bound`; None: the course is this visitor's alone.
        locales: the document's, the default first.
    Raises:
        ValueError: there is no clock.
    """
    now = facts.now
    if now is None:
        raise ValueError("a decision needs a clock")
    ground = content.ground(compiled)
    pool, asked = ground.pool, compiled.slot
    tag = facts.tongue
    visible = pool.all
    if asked.select_moves:
        visible &= entries_for(pool, facts, asked.select, asked.select_refs)
    candidates = pool.variants(now, tag, locales, visible)
    unseen: tuple[Drop, ...] = ()
    if visible != candidates:
        unseen = (Drop(visible & ~candidates, "variant"),)
    named = _NOBODY
    if pool.audiences:
        named = facts.held.intersection(pool.audiences)
        allowed = pool.for_held(named)
        if candidates & ~allowed:
            unseen += (Drop(candidates & ~allowed, "audience"),)
            candidates &= allowed
    if compiled.reserves:
        reserved = 0
        for name in compiled.reserved(now, arms):
            reserved |= pool.by_id.get(name, 0)
        if candidates & reserved:
            unseen += (Drop(candidates & reserved, "reserved"),)
            candidates &= ~reserved
    order = ground.order(tag, locales) if ground.locales else None
    course = None
    if bound is not None:
        key = (cause.text if isinstance(cause, Written) else cause, candidates, named, order, bound)
        course = ground.courses.get(key)
    if course is None:
        outcome = cause.outcome if isinstance(cause, Written) else compiled.outcome_of(cause)
        course = _course(compiled, outcome, pool, facts, candidates, order)
        if bound is not None:
            ground.courses.keep(key, course)
    return make(Plan, (asked, compiled, facts, course, pool, ground.default, candidates, unseen, now))


def _course(
    compiled: CompiledSlot, outcome: Outcome, pool: Pool, facts: Facts, candidates: int, order: str | None
) -> Course:
    """What an outcome comes to for these candidates."""
    acts = acts_of(outcome.actors, pool, facts)
    left, drops = eligible(acts, candidates)
    hints, givers = hints_of(acts)
    key = audience_key(compiled.slot, outcome, facts, audiences=pool.audiences, locale=order)
    return make(Course, (outcome, acts, left, drops, model_of(compiled.slot, acts), key, hints, givers, {}, []))
