"""Rules and arms as the decision sees them: who acts, in which order, with which effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import Any, NamedTuple, TypeAlias

from rules.decision import Hint, Reason
from rules.effects import Boost, Cap, Effect, Hide, Only, Pin, SetHints, Stop, UseModel
from rules.experiments import Arm, Experiment
from rules.rules import Rule
from rules.selectors import ages


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Actor:
    """A rule, or an arm of an experiment. Equal to nothing but itself.

    Attributes:
        order: priority (higher first), rules before arms, then the id.
        effects: all but `stop`.
        stops: whether it drops what has strictly lower priority.
        refs: the visitor's attributes that its selectors name.
        ages: the fields of content that they compare with {ago: ...}.
        moves: whether what they take depends on the visitor or the moment.
        digest: equal for the same actor with the same effects; None for a rule that has none but `stop`. An arm has one
            in any case: that it was not stopped makes it an exposure.
        only_hints: whether it is a rule that sets hints and does nothing else but perhaps `stop`.
        pinned, scored: the reasons of blocks that it pins, and of those that its boost ranks.
        hints: what it sets, by name.
    """

    order: tuple[float, int, str]
    priority: float
    rule: str | None
    experiment: str | None = None
    arm: str | None = None
    effects: tuple[Effect, ...]
    stops: bool
    cap: Cap | None
    refs: tuple[str, ...]
    ages: tuple[tuple[str, timedelta], ...]
    moves: bool
    digest: str | None
    only_hints: bool
    pinned: Reason
    scored: Reason
    hints: Mapping[str, Hint]

    @property
    def models(self) -> tuple[UseModel, ...]:
        """Those of its effects that choose a model."""
        return tuple(effect for effect in self.effects if isinstance(effect, UseModel))


_SELECTING = (Only, Hide, Pin, Boost)


def of_rule(rule: Rule) -> Actor:
    """A rule as an actor."""
    return _actor(
        effects=rule.effects,
        order=(-rule.priority, 0, rule.id),
        name=f"r\0{rule.id}\0{rule.canonical}",
        rule=rule.id,
        cap=rule.cap,
    )


def of_arm(experiment: Experiment, arm: Arm) -> Actor:
    """An arm as an actor."""
    return _actor(
        effects=arm.effects,
        order=(-experiment.priority, 1, experiment.id),
        name=f"e\0{experiment.id}\0{arm.id}\0{arm.canonical}",
        experiment=experiment.id,
        arm=arm.id,
    )


def _actor(
    *,
    effects: tuple[Effect, ...],
    order: tuple[float, int, str],
    name: str,
    rule: str | None = None,
    experiment: str | None = None,
    arm: str | None = None,
    cap: Cap | None = None,
) -> Actor:
    acting = tuple([effect for effect in effects if not isinstance(effect, Stop)])
    selecting = [effect for effect in acting if isinstance(effect, _SELECTING)]
    refs = [ref for effect in selecting for ref in effect.refs]
    compared = [one for effect in selecting for one in ages(effect.selector)]
    return Actor(
        order=order,
        priority=-order[0],
        rule=rule,
        experiment=experiment,
        arm=arm,
        effects=acting,
        stops=len(acting) < len(effects),
        cap=cap,
        refs=tuple(dict.fromkeys(refs)),
        ages=tuple(dict.fromkeys(compared)),
        moves=bool(refs or compared),
        digest=blake2b(name.encode("utf-8", "replace"), digest_size=12).hexdigest() if acting or arm else None,
        only_hints=rule is not None and bool(acting) and all(isinstance(effect, SetHints) for effect in acting),
        pinned=Reason("pin" if experiment is None else "experiment", rule, experiment, arm),
        scored=Reason("score", rule, experiment, arm),
        hints={
            name: Hint(value, rule, experiment, arm)
            for effect in reversed(acting)
            if isinstance(effect, SetHints)
            for name, value in effect.hints
        },
    )


Doing: TypeAlias = "tuple[tuple[int, Any], ...]"
"""What an actor does to a pool: the place of each kind in `Acts`, and what is appended there."""


class Outcome(NamedTuple):
    """What the rules and experiments of one slot come to, for one visitor and moment.

    Attributes:
        actors: those that remain after `stop`, in the order in which they apply.
        stopped: those that it dropped.
        arms: experiment and arm, all that the visitor is in, by experiment.
        held_out: whether the visitor is in the holdout.
    """

    actors: Sequence[Actor]
    stopped: Sequence[Actor]
    arms: tuple[tuple[str, str], ...]
    held_out: bool


class Written(NamedTuple):
    """An outcome read back.

    Attributes:
        text: it.
        languages: in the order in which variants are tried; None where the content had none.
        held: the segments held that audience tags name.
        values: of the attributes that selectors name.
    """

    text: str
    outcome: Outcome
    languages: tuple[str, ...]
    held: frozenset[str]
    values: Mapping[str, object]


def hints_from(actors: Sequence[Actor]) -> dict[str, Hint]:
    """What actors in order set: of each hint, the first wins."""
    found: dict[str, Hint] = {}
    for actor in reversed(actors):
        if actor.hints:
            found.update(actor.hints)
    return found


def telling(actors: Sequence[Actor]) -> list[Actor]:
    """Of actors in order those that a decision can depend on.

    Without rules that only stop others, and without rules that only set hints which all are set before them. Arms stay,
    those without effects, too: whose arm acts counts as exposed.
    """
    found: list[Actor] = []
    known: set[str] = set()
    for actor in actors:
        if actor.digest is None:
            continue
        if actor.hints:
            if actor.only_hints and known.issuperset(actor.hints):
                continue
            known.update(actor.hints)
        found.append(actor)
    return found


def after_stop(actors: Sequence[Actor]) -> tuple[Sequence[Actor], Sequence[Actor]]:
    """Apply `stop` to actors in order: those that remain, and those of strictly lower priority than one that stops."""
    for actor in actors:
        if actor.stops:
            limit = actor.priority
            break
    else:
        return actors, ()
    return (
        [actor for actor in actors if actor.priority >= limit],
        [actor for actor in actors if actor.priority < limit],
    )
