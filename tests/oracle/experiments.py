"""Which arms a visitor is in, and what experiments keep to themselves."""

from __future__ import annotations

from typing import Any

from .buckets import bucket
from .conditions import holds
from .schedule import in_force, within_dates
from .values import MISSING
from .visitor import Visitor

Assignment = tuple[dict[str, Any], dict[str, Any]]


def names_slot(item: dict[str, Any], slot: str) -> bool:
    """Whether a rule or experiment is for that slot: a name, a list of names, or `*`."""
    named = item["slot"]
    return named == "*" or named == slot or (isinstance(named, list) and slot in named)


def in_holdout(visitor: Visitor) -> bool:
    """Whether the visitor is kept out of all rules and experiments."""
    kept = visitor.document.get("holdout")
    who = visitor.value("visitor.id")
    if kept is None or who is MISSING:
        return False
    return bool(bucket(kept["salt"], who) / 100 < kept["percent"])


def assignments(slot: str, visitor: Visitor, held: set[str]) -> list[Assignment]:
    """The experiments of the slot that the visitor has entered, each with the arm, by their ids."""
    if in_holdout(visitor):
        return []
    found = []
    for experiment in sorted(visitor.document.get("experiments", []), key=lambda item: item["id"]):
        if experiment.get("enabled") is not False and names_slot(experiment, slot):
            arm = arm_of(experiment, visitor, held)
            if arm is not None:
                found.append((experiment, arm))
    return found


def arm_of(experiment: dict[str, Any], visitor: Visitor, held: set[str]) -> dict[str, Any] | None:
    who = visitor.value("visitor.id")
    if who is MISSING or (experiment.get("unit") == "person" and visitor.value("visitor.known") is not True):
        return None
    if not in_force(experiment, visitor) or not holds(experiment.get("when", {}), visitor, held):
        return None
    if not has_the_group(experiment, who, visitor):
        return None
    salt = experiment.get("salt", experiment["id"])
    if bucket(f"{salt}:traffic", who) / 100 >= experiment.get("traffic", 100):
        return None
    return arm_at(bucket(f"{salt}:arm", who), experiment["arms"])


def has_the_group(experiment: dict[str, Any], who: str, visitor: Visitor) -> bool:
    """Experiments of one group, disabled ones too, share the visitors equally in the order of their ids."""
    if "group" not in experiment:
        return True
    group = experiment["group"]
    sharing = [item["id"] for item in visitor.document["experiments"] if item.get("group") == group]
    mine = sorted(sharing)[bucket(f"{group}:group", who) * len(sharing) // 10_000]
    return bool(mine == experiment["id"])


def arm_at(place: int, arms: list[dict[str, Any]]) -> dict[str, Any]:
    """The first arm whose cumulative weight c has place x total < c x 10,000."""
    total = sum(arm.get("weight", 1) for arm in arms)
    reached = 0
    for arm in arms:
        reached += arm.get("weight", 1)
        if place * total < reached * 10_000:
            return arm
    raise AssertionError("weights sum to 0")


def reserved(slot: str, visitor: Visitor, arms: list[Assignment]) -> set[str]:
    """The ids that experiments of the slot keep for arms that this visitor is not in."""
    kept: set[str] = set()
    for experiment in visitor.document.get("experiments", []):
        if experiment.get("enabled") is False or experiment.get("shared") is True:
            continue
        if names_slot(experiment, slot) and within_dates(experiment, visitor, visitor.document_zone):
            for arm in experiment["arms"]:
                kept.update(pinned_ids(arm))
    for _, arm in arms:
        kept.difference_update(pinned_ids(arm))
    return kept


def pinned_ids(arm: dict[str, Any]) -> set[str]:
    """The ids that an arm's pins name."""
    pins = [effect["pin"] for effect in arm.get("then", []) if "pin" in effect]
    return set().union(*(only_ids(pin) or set() for pin in pins))


def only_ids(selector: dict[str, Any]) -> set[str] | None:
    """The ids to which a selector is bound, whichever way it is written; None where it may take any."""
    bound: set[str] | None = None
    for word, inner in selector.items():
        ids: set[str] | None = None
        if word in ("id", "content.id"):
            ids = ids_of_tests(inner)
        elif word == "all":
            ids = only_ids_of_all(inner)
        elif word == "any":
            each = [only_ids(one) for one in inner]
            ids = None if None in each else set().union(*(one or set() for one in each))
        if ids is not None:
            bound = ids if bound is None else bound & ids
    return bound


def only_ids_of_all(parts: list[dict[str, Any]]) -> set[str] | None:
    bound = [ids for ids in map(only_ids, parts) if ids is not None]
    return set.intersection(*bound) if bound else None


def ids_of_tests(tests: Any) -> set[str] | None:
    if isinstance(tests, str):
        return {tests}
    if isinstance(tests, list):
        return set(tests)
    named = [
        {wanted} if test == "eq" else set(wanted)
        for test, wanted in tests.items()
        if test in ("eq", "in") and not isinstance(wanted, dict)
    ]
    return set.intersection(*named) if named else None
