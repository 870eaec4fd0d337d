"""Values of one attribute, one at least of each class that tests can tell apart, as far as that can be said."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, combinations, islice, pairwise
from zoneinfo import ZoneInfo

from rules.analysis.clock import around, instants_of
from rules.analysis.goals import Literal
from rules.analysis.values import supply, written
from rules.attributes import Attribute
from rules.conditions import Test
from rules.countries import COUNTRIES
from rules.predicates import network_of

MOST_VALUES = 12_000
"""Of one attribute; a rule set that names more is bounded and not counted."""
_MOST_MEMBERS = 8
_EXACT = frozenset({"eq", "ne", "in", "not_in", "exists"})
_ORDERED = _EXACT | {"gt", "gte", "lt", "lte", "between", "before", "after"}
_LISTED = frozenset({"contains", "contains_any", "contains_all", "bare", "bare_list", "exists"})
_FEW = 64
CLOSED: Mapping[str, Sequence[str]] = {"geo.country": tuple(sorted(COUNTRIES))}
"""The values that there are of attributes that rules may name freely."""


@dataclass(frozen=True, slots=True)
class Values:
    """Values as a visitor's attributes carry them; None stands for absence.

    Attributes:
        complete: whether each class that the tests tell apart has one among them.
    """

    values: tuple[object, ...]
    complete: bool


def closed_values(attribute: Attribute) -> Sequence[object] | None:
    """All values of an attribute, where they are known; None: any."""
    if attribute.values is not None and attribute.type == "string":
        return attribute.values
    if attribute.type == "boolean":
        return (True, False)
    return CLOSED.get(attribute.name)


def values_of(attribute: Attribute, tests: Sequence[Test], zone: ZoneInfo, *, every: bool = False) -> Values:
    """Values of an attribute for tests with literal operands.

    Args:
        every: whether every value counts for itself, as those that selectors compare with do.
    """
    known = closed_values(attribute)
    if known is not None and (every or len(known) <= _FEW or not _only(tests, _EXACT)):
        named = [one for one in _operands(tests) if isinstance(one, str)] if attribute.type == "string" else []
        return _made([*known, *named], complete=True)
    found = _MAKERS[attribute.type](attribute, tests, zone)
    return _made(found.values, complete=found.complete)


def _made(values: Sequence[object], *, complete: bool) -> Values:
    distinct: list[object] = [None]
    seen: set[tuple[type, str]] = set()
    for value in islice(values, MOST_VALUES):
        key = (type(value), repr(value))
        if value is not None and key not in seen:
            seen.add(key)
            distinct.append(value)
    return Values(tuple(distinct), complete and len(values) <= MOST_VALUES)


def _operands(tests: Sequence[Test]) -> Iterator[object]:
    for test in tests:
        if test.op != "exists":
            yield from test.operand if isinstance(test.operand, tuple) else (test.operand,)


def _only(tests: Sequence[Test], ops: frozenset[str]) -> bool:
    return all(test.op in ops and not test.any_case for test in tests)


def _wished(attribute: Attribute, tests: Sequence[Test], zone: ZoneInfo) -> list[object]:
    """What an analysis would try for each test alone, for all together, and for pairs of them."""
    groups: Iterator[Sequence[Test]] = chain([tests], ([test] for test in tests[:_FEW]), combinations(tests[:8], 2))
    found: list[object] = []
    for group in groups:
        found.extend(supply(attribute, [Literal(test, False, test.key) for test in group], zone).values)
    return found


def _texts(attribute: Attribute, tests: Sequence[Test], zone: ZoneInfo) -> Values:
    named = [text for text in _operands(tests) if isinstance(text, str)]
    if _only(tests, _EXACT):
        return Values((*named, _other(named)), complete=True)
    return Values((*named, _other(named), *_wished(attribute, tests, zone)), complete=False)


def _other(named: Sequence[str]) -> str:
    """A text that none of the others is, nor begins, ends or contains."""
    joined = "\0".join(named).lower()
    return next(
        one for one in chain(("other",), (f"other-{number}" for number in range(len(named) + 1))) if one not in joined
    )


def _numbers(_attribute: Attribute, tests: Sequence[Test], _zone: ZoneInfo) -> Values:
    ends = sorted({float(one) for one in _operands(tests) if isinstance(one, int | float)})
    found: list[float] = [*ends]
    for low, high in pairwise(ends):
        whole = math.floor(low) + 1.0
        found.append(whole if whole < high else low + (high - low) / 2)
    if ends:
        found += [min(ends[0] - 1, math.nextafter(ends[0], -math.inf))]
        found += [max(ends[-1] + 1, math.nextafter(ends[-1], math.inf))]
    plain = [int(one) if one.is_integer() and abs(one) < 2**53 else one for one in found or [0.0]]
    return Values(tuple(plain), _only(tests, _ORDERED))


def _dates(_attribute: Attribute, tests: Sequence[Test], zone: ZoneInfo) -> Values:
    days = {date(2000, 1, 1)}
    for test in tests:
        for instant in instants_of(test, zone):
            local = instant.astimezone(zone).date()
            days.update(local + timedelta(days=by) for by in (-1, 0, 1))
    return Values(tuple(day.isoformat() for day in sorted(days)), _only(tests, _ORDERED))


def _instants(_attribute: Attribute, tests: Sequence[Test], zone: ZoneInfo) -> Values:
    ends = [instant for test in tests for instant in instants_of(test, zone)]
    found = [written(instant) for instant in around(ends)] or ["2026-01-01T00:00:00Z"]
    return Values(tuple(found), _only(tests, _ORDERED))


def _addresses(attribute: Attribute, tests: Sequence[Test], zone: ZoneInfo) -> Values:
    """Networks contain each other or have nothing in common, so that their ends and what is beside them are enough."""
    found: list[object] = []
    for test in tests:
        if test.op == "in_network" and isinstance(test.operand, tuple):
            for text in test.operand:
                network = network_of(str(text))
                first, last = int(network.network_address), int(network.broadcast_address)
                make: Callable[[int], object] = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
                top = 2**network.max_prefixlen - 1
                found += [str(make(one)) for one in (first - 1, first, last, last + 1) if 0 <= one <= top]
    complete = all(test.op in ("in_network", "exists") for test in tests)
    rest = () if complete else _wished(attribute, tests, zone)
    return Values((*found, *rest, "192.0.2.1", "2001:db8::1"), complete)


def _others(attribute: Attribute, tests: Sequence[Test], zone: ZoneInfo) -> Values:
    plain: object = {"lat": 0.0, "lon": 0.0} if attribute.type == "location" else "1"
    return Values((*_wished(attribute, tests, zone), plain), complete=_only(tests, frozenset({"exists"})))


def _lists(attribute: Attribute, tests: Sequence[Test], zone: ZoneInfo) -> Values:
    """Every set of the members that tests name, where these are few."""
    members = list(dict.fromkeys(_operands(tests)))
    if len({(type(one), one) for one in members}) != len(members):
        members = list({repr(one): one for one in members}.values())
    if len(members) <= _MOST_MEMBERS:
        sets = [list(chosen) for size in range(len(members) + 1) for chosen in combinations(members, size)]
        return Values(tuple(sets), _only(tests, _LISTED))
    few = [[], *([one] for one in members[:_FEW]), *map(list, combinations(members[:_FEW], 2))]
    return Values((*few, *_wished(attribute, tests[:_FEW], zone)), complete=False)


_MAKERS: Mapping[str, Callable[[Attribute, Sequence[Test], ZoneInfo], Values]] = {
    "boolean": _others,
    "number": _numbers,
    "string": _texts,
    "date": _dates,
    "datetime": _instants,
    "version": _others,
    "ip": _addresses,
    "location": _others,
    "string_list": _lists,
    "number_list": _lists,
}
