"""What of the visitor can change a slot, read off its rules and its content; what is left out cannot."""

from __future__ import annotations

from collections.abc import Iterable

from rules import Content, Ruleset
from rules.conditions import Condition, InSegment, Percent, Ref, Test, walk

VISITOR = "visitor"
"""Stands for everything that only one visitor has: buckets, segments given from elsewhere, caps, own scores."""
LOCALE = "request.locale"


def reads_of(ruleset: Ruleset, content: Content, slot: str) -> frozenset[str]:
    """The attributes that can change the slot, with VISITOR where nothing short of the visitor says it."""
    compiled = ruleset.compiled(slot)
    found: set[str] = set()
    conditions: list[Condition] = [rule.when for rule in compiled.rules]
    conditions.extend(one.when for one in compiled.experiments)
    segments = {segment.id: segment for segment in ruleset.document.segments if segment.enabled}
    named: set[str] = set(content.pool(slot).audiences) & segments.keys()
    while conditions or named:
        for condition in conditions:
            for leaf in walk(condition):
                if isinstance(leaf, InSegment):
                    named.update(leaf.names)
                else:
                    found.update(_read(leaf))
        # Audience tags alone name segments too, so this runs even where the slot has no rule.
        met = [segments.pop(name) for name in named & segments.keys()]
        conditions = [segment.when for segment in met]
        if any(segment.kind != "when" for segment in met):
            found.add(VISITOR)
        named.clear()
    for refs in (compiled.reads, compiled.slot.select_refs, compiled.slot.default_refs):
        found.update(refs)
    if compiled.experiments or ruleset.document.holdout or private_reasons(ruleset, slot):
        found.add(VISITOR)
    if any(rule.schedule.visitor for rule in compiled.rules) or any(name.startswith("time.") for name in found):
        found.update(("context.timezone", "geo.timezone"))
    if content.pool(slot).locales or content.default(slot).locales:
        found.add(LOCALE)
    found.update(_consents(ruleset, found))
    return frozenset(name for name in found if not name.startswith("time."))


def _consents(ruleset: Ruleset, names: Iterable[str]) -> set[str]:
    """The consents without which these attributes count as missing."""
    attributes = (ruleset.document.catalogue.resolve(name) for name in names)
    return {f"consent.{one.purpose}" for one in attributes if one is not None and one.purpose is not None}


def _read(leaf: Test) -> set[str]:
    if isinstance(leaf.operand, Percent):
        return {VISITOR}
    names = {leaf.attribute}
    if isinstance(leaf.operand, Ref):
        names.add(leaf.operand.name)
    return names


def private_reasons(ruleset: Ruleset, slot: str) -> list[str]:
    """What makes a slot one visitor's alone: caps, and scores of one's own. Empty where nothing does."""
    compiled = ruleset.compiled(slot)
    found = []
    if compiled.slot.cap is not None:
        found.append("it has a cap")
    if compiled.slot.model.per == "visitor":
        found.append(f"the model {compiled.slot.model.name!r} scores per visitor")
    for actor in compiled.actors:
        what = f"the rule {actor.rule!r}" if actor.rule is not None else f"the experiment {actor.experiment!r}"
        if actor.cap is not None:
            found.append(f"{what} has a cap")
        found += [f"{what} has a model score per visitor" for model in actor.models if model.per == "visitor"]
    return found


def wanted_by(ruleset: Ruleset) -> frozenset[str]:
    """Every attribute that some condition or selector of the rule set reads."""
    document = ruleset.document
    conditions: list[Condition] = [
        one.when for part in (document.rules, document.experiments, document.segments) for one in part
    ]
    found = {"request.locale", "geo.timezone"}
    if any(one.unit == "person" for one in document.experiments):
        found.add("visitor.known")  # nobody else enters them
    for condition in conditions:
        for leaf in walk(condition):
            if isinstance(leaf, Test):
                found.update(_read(leaf))
    for slot in ruleset.slots:
        compiled = ruleset.compiled(slot)
        for refs in (compiled.reads, compiled.slot.select_refs, compiled.slot.default_refs):
            found.update(refs)
    return frozenset(found - {VISITOR})
