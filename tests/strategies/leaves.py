"""Valid tests for an attribute of each type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .choices import Choices
from .vocabulary import DURATIONS, NETWORKS, PLACES, VERSIONS

Maker = Callable[[Choices], Any]
ORDERINGS = ["gt", "gte", "lt", "lte"]


def exists(pick: Choices) -> dict[str, Any]:
    """Presence or absence."""
    return {"exists": pick.one([True, False])}


def ref(pick: Choices, names: Sequence[str]) -> dict[str, str]:
    """A reference to one of these attributes."""
    return {"ref": pick.one(names)}


def doubled(pick: Choices, single: Maker) -> dict[str, Any]:
    """One test, or two on the same attribute."""
    return {**single(pick), **(single(pick) if pick.percent(25) else {})}


def equality(values: Sequence[Any], partners: Sequence[str] = ()) -> Maker:
    """Short forms, `eq`, `ne`, `in`, `not_in`."""

    def written(pick: Choices) -> dict[str, Any]:
        test = pick.one(["eq", "ne", "in", "not_in", "exists"])
        if test == "exists":
            return exists(pick)
        return {test: pick.one(values) if test in ("eq", "ne") else pick.some(values)}

    def make(pick: Choices) -> Any:
        form = pick.number(7)
        if form <= 2:
            return pick.one(values)
        if form == 3:
            return pick.some(values)
        if form == 4 and partners:
            return ref(pick, partners) if pick.percent(50) else {pick.one(["eq", "ne"]): ref(pick, partners)}
        return doubled(pick, written)

    return make


def text(values: Sequence[str], patterns: Sequence[str], partners: Sequence[str] = ()) -> Maker:
    """Everything that strings allow, in any case as well."""
    parts = [value[:2] for value in values if value] + [value[-2:] for value in values if value]
    plain = equality(values, partners)

    def written(pick: Choices) -> dict[str, Any]:
        test = pick.one(["starts_with", "ends_with", "contains", "eq", "ne", "in", "not_in"])
        if test in ("in", "not_in"):
            return {test: pick.some(values)}
        if test in ("eq", "ne"):
            return {test: ref(pick, partners) if partners and pick.percent(30) else pick.one(values)}
        return {test: pick.one(parts)}

    def make(pick: Choices) -> Any:
        form = pick.number(5)
        if form <= 1:
            return plain(pick)
        if form == 2:
            return {"matches": pick.one(patterns)}
        return {**doubled(pick, written), **({"any_case": True} if form >= 4 else {})}

    return make


def ordered(values: Sequence[Any], partners: Sequence[str] = ()) -> Maker:
    """Equality and order; the values ascend, so that `between` is never upside down."""
    plain = equality(values, partners)

    def compared(pick: Choices) -> dict[str, Any]:
        wanted = ref(pick, partners) if partners and pick.percent(20) else pick.one(values)
        return {pick.one(ORDERINGS): wanted}

    def make(pick: Choices) -> Any:
        form = pick.number(4)
        if form <= 1:
            return plain(pick)
        if form == 2:
            low, high = sorted([pick.number(len(values) - 1), pick.number(len(values) - 1)])
            return {"between": [values[low], values[high]]}
        return doubled(pick, compared)

    return make


def wrapping(values: Sequence[Any]) -> Maker:
    """`between` of the clock's attributes, either end above the other."""
    return lambda pick: {"between": [pick.one(values), pick.one(values)]}


def instants(moments: Sequence[str], dates: Sequence[str], partners: Sequence[str] = ()) -> Maker:
    """Date-times: as instants, beside bare dates, and against the clock."""
    literals = [*moments, *dates]
    plain = equality(literals, partners)

    def compared(pick: Choices) -> dict[str, Any]:
        test = pick.one(["before", "after", *ORDERINGS])
        if test in ("before", "after") and pick.percent(40):
            return {test: {"ago": pick.one(DURATIONS)}}
        return {test: ref(pick, partners) if partners and pick.percent(20) else pick.one(literals)}

    return lambda pick: plain(pick) if pick.percent(30) else doubled(pick, compared)


def lists(values: Sequence[Any], partners: Sequence[str] = (), *, words: bool = True) -> Maker:
    """Membership; in any case where the members are words."""

    def written(pick: Choices) -> dict[str, Any]:
        test = pick.one(["contains", "contains_any", "contains_all"])
        return {test: pick.one(values) if test == "contains" else pick.some(values)}

    def make(pick: Choices) -> Any:
        form = pick.number(6)
        if form <= 1:
            return pick.one(values)
        if form == 2:
            return pick.some(values)
        if form == 3:
            return exists(pick)
        if form == 4 and partners:
            return ref(pick, partners)
        return {**doubled(pick, written), **({"any_case": True} if words and form == 5 else {})}

    return make


def versions(pick: Choices) -> dict[str, Any]:
    """Precedence, and presence."""
    if pick.percent(10):
        return exists(pick)
    names = ["version_eq", "version_gt", "version_gte", "version_lt", "version_lte"]
    return doubled(pick, lambda choose: {choose.one(names): choose.one(VERSIONS)})


def networks(pick: Choices) -> dict[str, Any]:
    """Some CIDR ranges."""
    return exists(pick) if pick.percent(10) else {"in_network": pick.some(NETWORKS)}


def locations(pick: Choices) -> dict[str, Any]:
    """Circles around the places, some of which just miss the next."""
    if pick.percent(10):
        return exists(pick)
    return {"within_km": {**pick.one(PLACES), "km": pick.one([0, 22, 343.557, 343.556])}}


def percents(pick: Choices) -> dict[str, Any]:
    """Shares of the visitors, salted."""
    low, high = pick.one([(0, 50), (20, 50), (33.3, 100), (50, 50.5)])
    ends = pick.one([{"lt": high}, {"gte": low}, {"gte": low, "lt": high}])
    return {"percent": {**ends, "salt": pick.one(["s", "t"])}}
