"""Experiments: who enters, and which arm a visitor is in. Counting and statistics are elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rules.buckets import BUCKETS, arm_of
from rules.conditions import ALWAYS, Condition, Reading
from rules.effects import Effect, Pin, canonical, parse_effects
from rules.expressions import Scope, parse_condition
from rules.fields import Fields
from rules.report import Path
from rules.schedule import ALWAYS_ON, Schedule, parse_schedule
from rules.selectors import named_ids

Unit = Literal["device", "person"]
LARGEST_WEIGHT = 1_000_000


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm; an arm without effects is the control."""

    id: str
    weight: int
    effects: tuple[Effect, ...] = ()
    canonical: str = ""

    @property
    def pinned_ids(self) -> frozenset[str]:
        """The entries that the arm pins by id."""
        return frozenset(
            name for effect in self.effects if isinstance(effect, Pin) for name in named_ids(effect.selector)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """An experiment.

    Attributes:
        slots: the slots it runs in; None: every one.
        traffic: percent of the audience that enters.
        salt: of its buckets; its id unless the document says otherwise.
        group: experiments of one group share the visitors.
        unit: what is hashed: the visitor's id, or that of known visitors only.
        shared: whether entries that an arm pins by id stay candidates for everyone.
        first_view: whether visitors are in it from their first view on, which then is no answer of a shared cache.
    """

    id: str
    name: str | None = None
    enabled: bool = True
    slots: tuple[str, ...] | None = None
    priority: float = 0
    when: Condition = ALWAYS
    schedule: Schedule = ALWAYS_ON
    traffic: float = 100.0
    arms: tuple[Arm, ...] = ()
    salt: str = ""
    group: str | None = None
    unit: Unit = "device"
    shared: bool = False
    first_view: bool = False


@dataclass(frozen=True, slots=True)
class Holdout:
    """A share of the visitors kept out of all rules and experiments."""

    percent: float
    salt: str

    def keeps_out(self, reading: Reading) -> bool:
        """Whether this visitor is in the holdout; without an id nobody is."""
        position = reading.bucket(self.salt)
        return position is not None and position < self.percent * (BUCKETS / 100)


@dataclass(frozen=True, slots=True)
class Group:
    """The experiments that exclude each other, in the order of their ids, disabled ones too."""

    name: str
    experiments: tuple[str, ...]

    def chosen(self, reading: Reading) -> str | None:
        """The one experiment of the group that this visitor may enter."""
        position = reading.bucket(f"{self.name}:group")
        if position is None:
            return None
        return self.experiments[position * len(self.experiments) // BUCKETS]


def arm_for(experiment: Experiment, reading: Reading) -> Arm | None:
    """The arm that the buckets give a visitor who meets the condition, the schedule and the group.

    None: no id, a person-unit experiment and an unknown visitor, or not within the traffic.
    """
    if experiment.unit == "person" and reading["visitor.known"] is not True:
        return None
    person = experiment.unit == "person"
    entered = reading.bucket(f"{experiment.salt}:traffic", person=person)
    position = reading.bucket(f"{experiment.salt}:arm", person=person)
    if entered is None or position is None or entered >= experiment.traffic * (BUCKETS / 100):
        return None
    return experiment.arms[arm_of(position, tuple(arm.weight for arm in experiment.arms))]


_ARMS = ", such as [{id: control, weight: 1}, {id: bold, weight: 1, then: [...]}]"
FIELDS = (
    "id",
    "name",
    "description",
    "enabled",
    "slot",
    "priority",
    "when",
    "from",
    "until",
    "on",
    "timezone",
    "traffic",
    "arms",
    "goal",
    "salt",
    "group",
    "unit",
    "shared",
    "first_view",
)


def parse_experiment(
    fields: Fields, slots: tuple[str, ...] | None, scope: Scope, content: Scope, models: set[str]
) -> Experiment | None:
    """One experiment; its slots were read already."""
    report = scope.report
    identifier = fields.identifier()
    arms: list[Arm] = []
    seen: set[str] = set()
    for item, here in fields.items("arms"):
        arm = _parse_arm(item, here, content, models)
        if arm is None:
            continue
        if arm.id in seen:
            report.add((*here, "id"), f"there are two arms {arm.id!r}", word=arm.id)
        seen.add(arm.id)
        arms.append(arm)
    fields.needs("arms", _ARMS)
    if "arms" in fields and fields["arms"] == []:
        report.add(fields.path, f"an experiment needs 'arms'{_ARMS}")
    elif arms and not sum(arm.weight for arm in arms):
        report.add(fields.at("arms"), "at least one arm has a weight above 0")
    if "goal" in fields:
        _check_goal(fields["goal"], fields.at("goal"), content)
    if identifier is None:
        return None
    return Experiment(
        id=identifier,
        name=fields.text("name"),
        enabled=fields.flag("enabled", True),
        slots=slots,
        priority=fields.number("priority", 0),
        when=parse_condition(fields["when"], fields.at("when"), scope) if "when" in fields else ALWAYS,
        schedule=parse_schedule(fields.data, fields.path, report, scope.zone),
        traffic=fields.number("traffic", 100, 0, 100),
        arms=tuple(arms),
        salt=fields.text("salt") or identifier,
        group=fields.text("group"),
        unit=fields.one_of("unit", ("device", "person"), "device"),  # type: ignore[arg-type]
        shared=fields.flag("shared", False),
        first_view=fields.flag("first_view", False),
    )


def _parse_arm(data: object, path: Path, content: Scope, models: set[str]) -> Arm | None:
    fields = Fields(data, path, content.report, ("id", "name", "description", "weight", "then"), "an arm")
    identifier = fields.identifier()
    weight = fields.whole("weight", 1, 0, LARGEST_WEIGHT)
    effects = parse_effects(fields["then"], fields.at("then"), content, models) if "then" in fields else ()
    fields.text("name")
    fields.text("description")
    if identifier is None:
        return None
    return Arm(identifier, weight, effects, canonical(fields.data.get("then", [])))


def _check_goal(data: object, path: Path, scope: Scope) -> None:
    fields = Fields(data, path, scope.report, ("event", "where", "within"), "a goal")
    fields.text("event", required=True)
    fields.duration("within")
    if "where" in fields:
        events = Scope(scope.report, scope.catalogue, "event", scope.zone)
        parse_condition(fields["where"], fields.at("where"), events)


def reserved_by(experiment: Experiment) -> frozenset[str]:
    """The entries that the experiment pins by id, which are candidates in the arms that pin them alone."""
    if not experiment.enabled or experiment.shared:
        return frozenset()
    return frozenset().union(*(arm.pinned_ids for arm in experiment.arms))
