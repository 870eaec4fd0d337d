"""What a document says in vain: rules that never hold or are always beaten, and effects that no entry fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from rules.content import Content
from rules.document import Document
from rules.effects import Boost, Effect, Only, Pin
from rules.errors import Problem
from rules.experiments import Experiment, reserved_by
from rules.pool import Pool
from rules.ruleset import Ruleset
from rules.selectors import named_ids
from rules.suggest import nearest

_ADVICE = {
    "unreachable": "Take one of these out, or put them under 'any' where one of them is enough",
    "shadowed": "Give it a higher priority than theirs, or let theirs leave these visitors out",
    "duplicate": "Keep one of them",
    "contradiction": "The higher priority wins; where that is not meant, let one leave the other's visitors out",
}
_KINDS: Mapping[type[Effect], str] = {Pin: "pin", Only: "only", Boost: "boost"}
"""What works on entries that are there. A `hide` may be a precaution."""


def findings(ruleset: Ruleset, entries: Iterable[Mapping[str, object]], *, now: datetime) -> list[Problem]:
    """Warnings, each at its rule or experiment: it may be published, but hardly does what is meant.

    Args:
        entries: of the published content.
    """
    return [*_of_rules(ruleset), *_of_effects(ruleset.document, ruleset.prepare(entries), now)]


def _of_rules(ruleset: Ruleset) -> Iterator[Problem]:
    places = {rule.id: place for place, rule in enumerate(ruleset.document.rules)}
    for one in ruleset.analyse():
        place, said = max(places[rule] for rule in one.rules), one.message.removesuffix(".")
        if one.kind in ("unreachable", "shadowed"):  # sentences about the first alone; of others the newest is at fault
            place, said = places[one.rules[0]], said.removeprefix(f"{one.rules[0]!r} ")
        yield Problem(f"{said}. {_ADVICE[one.kind]}.", f"/rules/{place}", severity="warning")


def _of_effects(document: Document, content: Content, now: datetime) -> Iterator[Problem]:
    known = {one.id for one in content.candidates}
    owners = {id_: one for one in document.experiments for id_ in reserved_by(one)}
    for pointer, slots, effects in _effects(document):
        for at, effect in enumerate(effects):
            if not isinstance(effect, Pin | Only | Boost) or effect.refs:  # refs: another visitor's may fit
                continue
            pools = [content.pool(slot) for slot in slots]
            met = {pool.entries[place].id for pool in pools for place in _met(pool, effect, now)}
            if not met:
                yield _missed(effect, slots, known, f"{pointer}/{at}")
            elif pointer.startswith("/rules") and met <= owners.keys():
                yield _kept_apart(min(met), owners, f"{pointer}/{at}")


def _met(pool: Pool, effect: Pin | Only | Boost, now: datetime) -> list[int]:
    return pool.places(pool.matching(effect.selector, (), (), now))


def _kept_apart(id_: str, owners: Mapping[str, Experiment], pointer: str) -> Problem:
    message = (
        f"the entry {id_!r} is shown by the experiment {owners[id_].id!r} to one of its arms alone, as long as that "
        "runs. Name another entry, or write 'shared: true' in the experiment."
    )
    return Problem(message, pointer, word=id_, severity="warning")


def _effects(document: Document) -> Iterator[tuple[str, Sequence[str], Sequence[Effect]]]:
    """The effects of each rule and arm that is on, with their place in the document and the slots they are for."""
    enabled = [slot.id for slot in document.slots if slot.enabled]
    for place, rule in enumerate(document.rules):
        slots = [slot for slot in enabled if rule.slots is None or slot in rule.slots]
        if rule.enabled and slots:
            yield f"/rules/{place}/then", slots, rule.effects
    for place, experiment in enumerate(document.experiments):
        slots = [slot for slot in enabled if experiment.slots is None or slot in experiment.slots]
        if experiment.enabled and slots:
            for number, arm in enumerate(experiment.arms):
                yield f"/experiments/{place}/arms/{number}/then", slots, arm.effects


def _missed(effect: Pin | Only | Boost, slots: Sequence[str], known: set[str], pointer: str) -> Problem:
    where = slots[0] if len(slots) == 1 else "its slots"
    named = sorted(named_ids(effect.selector))
    missing = [id_ for id_ in named if id_ not in known]
    if missing:
        near = nearest(missing[0], known)
        hint = f". Did you mean {near!r}?" if near else ". Publish it in the CMS, or name another."
        message = f"there is no published entry {missing[0]!r}, so that its {_KINDS[type(effect)]!r} does nothing{hint}"
        return Problem(message, pointer, word=missing[0], suggestion=near, severity="warning")
    what = f"the entry {named[0]!r} cannot stand in {where}" if named else f"no published entry of {where} fits"
    message = (
        f"{what}, so that its {_KINDS[type(effect)]!r} does nothing. Change what it asks for, or what the slot takes."
    )
    return Problem(message, pointer, severity="warning")
