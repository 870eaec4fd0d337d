"""A rule set for edges that evaluate by themselves: JSON by the specification in `docs/compiled.md`.

It holds what decides outcomes and nothing more: no names, descriptions, tests or selectors, no lists of visitors, no
rule of a slot that is left to the origin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rules.actors import Actor
from rules.buckets import ALGORITHM
from rules.compiled import CompiledSlot
from rules.conditions import Condition, InSegment, Percent, walk
from rules.content import Content
from rules.experiments import Experiment
from rules.export_conditions import Writer, names_in
from rules.footprint.causes import reads_of
from rules.keys import FORMAT as KEYS
from rules.portable import beyond_the_edge, leaves_edge
from rules.rules import Rule
from rules.ruleset import Ruleset
from rules.segments import Segment

FORMAT, VERSION = "tessera-compiled", 1
_ALWAYS_READ = ("request.locale", "context.timezone", "geo.timezone", "visitor.id", "visitor.known")


def export(ruleset: Ruleset, *, number: int | None = None, content: Content | None = None) -> dict[str, Any]:
    """The compiled form.

    Args:
        number: of the version; None: it is none that was kept.
        content: whose languages and audience tags its keys tell apart; None: the form says nothing of content, and keys
            are those that `Ruleset.audience_key` gives.
    """
    return _Export(ruleset, content).document(number)


class _Export:
    def __init__(self, ruleset: Ruleset, content: Content | None) -> None:
        self._ruleset, self._content = ruleset, content
        document = ruleset.document
        layered = dict.fromkeys(one.id for layer in document.layers for one in layer)
        enabled = {one.id: one for one in document.segments if one.enabled}
        order = [*(name for name in enabled if name not in layered), *layered]
        self._segments = {name: enabled[name] for name in order if name in enabled}
        self._hidden = {name for name, one in enabled.items() if one.kind != "when" or leaves_edge(one.when)}
        self._writer = Writer(document.catalogue, document.zone, self._segments)
        self._needed: dict[str, Segment] = {}
        self._names: set[str] = set(_ALWAYS_READ)

    def document(self, number: int | None) -> dict[str, Any]:
        document = self._ruleset.document
        slots = [self._slot(self._ruleset.compiled(name)) for name in self._ruleset.slots]
        segments = [self._segment(one) for one in self._segments.values() if one.id in self._needed]
        groups = {one["group"] for slot in slots for one in slot.get("experiments", ()) if "group" in one}
        return {
            "format": FORMAT,
            "version": VERSION,
            "ruleset": {"number": number, "digest": self._ruleset.digest},
            "buckets": ALGORITHM,
            "keys": KEYS,
            "timezone": document.zone.key,
            "locales": list(document.locales),
            "holdout": (
                {"percent": document.holdout.percent, "salt": document.holdout.salt} if document.holdout else None
            ),
            "groups": {name: list(document.groups[name].experiments) for name in sorted(groups)},
            "attributes": {name: self._attribute(name) for name in sorted(self._names) if name in document.catalogue},
            "segments": segments,
            "slots": slots,
        }

    def _attribute(self, name: str) -> dict[str, str]:
        declared = self._ruleset.document.catalogue[name]
        purpose = {"purpose": declared.purpose} if declared.purpose is not None else {}
        return {"type": declared.type, **purpose}

    def _segment(self, segment: Segment) -> dict[str, Any]:
        """In the order in which they are evaluated. Who is in one without a portable condition, the origin knows."""
        if segment.id in self._hidden:
            return {"id": segment.id, "given": True}
        return {"id": segment.id, "when": self._condition(segment.when)}

    def _condition(self, condition: Condition) -> dict[str, Any]:
        written = self._writer.condition(condition)
        self._names |= names_in(written)
        return written

    def _slot(self, compiled: CompiledSlot) -> dict[str, Any]:
        slot = compiled.slot
        audiences, languages = self._content_of(slot.id)
        reads = reads_of(self._ruleset, self._content, slot.id)
        found: dict[str, Any] = {"id": slot.id, "sharing": reads.sharing}
        reasons = beyond_the_edge(self._ruleset, slot.id)
        if reasons:
            return {**found, "decided": "origin", "reasons": reasons}
        held = self._segments if audiences is None else audiences
        self._need(InSegment((*held,)))
        actors = {(actor.rule, actor.experiment, actor.arm): actor for actor in compiled.actors}
        orders = sorted({actor.order for actor in compiled.actors})
        ranks = {(order[1], order[2]): rank for rank, order in enumerate(orders)}
        refs = (*slot.select_refs, *slot.default_refs)
        self._names.update(refs)
        return {
            **found,
            "decided": "edge",
            "needs": self._needs(compiled),
            "refs": list(refs),
            "audiences": audiences,
            "languages": languages,
            "rules": [self._rule(one, actors[one.id, None, None], ranks[0, one.id]) for one in compiled.rules],
            "experiments": [self._experiment(one, actors, ranks[1, one.id]) for one in compiled.experiments],
        }

    def _content_of(self, slot: str) -> tuple[list[str] | None, list[str] | None]:
        if self._content is None:
            return None, None
        pool, default = self._content.pool(slot), self._content.default(slot)
        return sorted(pool.audiences), sorted(pool.locales | default.locales)

    def _rule(self, rule: Rule, actor: Actor, rank: int) -> dict[str, Any]:
        return {
            "id": rule.id,
            "rank": rank,
            "priority": rule.priority,
            **self._applies(rule),
            **({"strict": True} if rule.strict else {}),
            **({"only_hints": True} if actor.only_hints else {}),
            **self._acts(actor),
        }

    def _experiment(
        self, one: Experiment, actors: Mapping[tuple[str | None, str | None, str | None], Actor], rank: int
    ) -> dict[str, Any]:
        return {
            "id": one.id,
            "rank": rank,
            "priority": one.priority,
            **self._applies(one),
            "unit": one.unit,
            "salt": one.salt,
            "traffic": one.traffic,
            **({"group": one.group} if one.group is not None else {}),
            "arms": [
                {"id": arm.id, "weight": arm.weight, **self._acts(actors[None, one.id, arm.id])} for arm in one.arms
            ],
        }

    def _applies(self, one: Rule | Experiment) -> dict[str, Any]:
        self._need(one.when)
        found: dict[str, Any] = {"when": self._condition(one.when)}
        schedule = self._writer.schedule(one.schedule)
        return {**found, "schedule": schedule} if schedule else found

    def _acts(self, actor: Actor) -> dict[str, Any]:
        """What of an actor bears on the outcome. Hints are given whole: they are all that needs no content."""
        self._names.update(actor.refs)
        found: dict[str, Any] = {"digest": actor.digest}
        if actor.stops:
            found["stop"] = True
        if actor.refs:
            found["refs"] = list(actor.refs)
        if actor.hints:
            found["hints"] = {name: hint.value for name, hint in sorted(actor.hints.items())}
        return found

    def _need(self, condition: Condition) -> None:
        """Note the segments that are asked for, and those that these ask for."""
        for name in _segments_in(condition):
            segment = self._segments.get(name)
            if segment is not None and name not in self._needed:
                self._needed[name] = segment
                if name not in self._hidden:
                    self._need(segment.when)

    def _needs(self, compiled: CompiledSlot) -> list[str]:
        """What an edge must be told beside attributes."""
        acting: tuple[Rule | Experiment, ...] = (*compiled.rules, *compiled.experiments)
        conditions = [one.when for one in acting]
        named = self._closure([*conditions, InSegment(tuple(self._held(compiled)))])
        found = {f"segment:{name}" for name in named if name in self._hidden}
        conditions.extend(self._segments[name].when for name in named if name not in self._hidden)
        shares = any(isinstance(getattr(leaf, "operand", None), Percent) for one in conditions for leaf in walk(one))
        units = {one.unit for one in compiled.experiments}
        if "person" in units:
            found |= {"person", "visitor_known"}
        grouped = any(one.group is not None for one in compiled.experiments)
        if shares or grouped or "device" in units or self._ruleset.document.holdout is not None:
            found.add("device")
        return sorted(found)

    def _held(self, compiled: CompiledSlot) -> set[str]:
        audiences, _languages = self._content_of(compiled.slot.id)
        return {name for name in (self._segments if audiences is None else audiences) if name in self._segments}

    def _closure(self, conditions: Sequence[Condition]) -> set[str]:
        """The segments that conditions name, and those that these do."""
        found: set[str] = set()
        waiting = [*conditions]
        while waiting:
            for name in _segments_in(waiting.pop()):
                if name in self._segments and name not in found:
                    found.add(name)
                    if name not in self._hidden:
                        waiting.append(self._segments[name].when)
        return found


def _segments_in(condition: Condition) -> Iterator[str]:
    for leaf in walk(condition):
        if isinstance(leaf, InSegment):
            yield from leaf.names
