"""Invented values of one attribute: enough of them that, for many tests, none that is missing could matter."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice, pairwise, product
from zoneinfo import ZoneInfo

from rules.analysis.clock import around, instants_of
from rules.analysis.expressions import examples
from rules.analysis.goals import Literal
from rules.analysis.proofs import Tests, tests_of
from rules.attributes import Attribute
from rules.predicates import fold, network_of
from rules.versions import version_key

MOST = 512
"""How many values are tried."""
_EXACT = frozenset({"eq", "ne", "in", "not_in", "exists"})
_ORDERED = _EXACT | {"gt", "gte", "lt", "lte", "between"}
_KM_A_DEGREE = 111.195


@dataclass(frozen=True, slots=True)
class Supply:
    """Values as a visitor's attributes carry them.

    Attributes:
        complete: whether some value of each kind that the tests can tell apart is among them; absence is not.
    """

    values: list[object]
    complete: bool


def supply(attribute: Attribute, literals: Sequence[Literal], zone: ZoneInfo) -> Supply:
    """Values for an attribute that literals are about, all of them tests with literal operands."""
    tests = tests_of(literals)
    named = _named(tests)
    if named is not None and attribute.type not in ("date", "datetime"):
        return Supply(list(named[:MOST]), len(named) <= MOST)
    found = _MAKERS[attribute.type](tests, zone)
    if attribute.type in ("string", "version", "ip"):
        found = _texts(attribute, tests, zone, found)
    if attribute.values is not None:
        found = Supply([*attribute.values, *found.values], found.complete)
    return Supply(found.values[:MOST], found.complete and len(found.values) <= MOST)


def _texts(attribute: Attribute, tests: Tests, zone: ZoneInfo, found: Supply) -> Supply:
    """Texts may be asked as versions and addresses, and these as texts."""
    values = list(found.values)
    for kind, asked in (("version", "version_"), ("ip", "in_network"), ("string", "")):
        if kind != attribute.type and any(test.op.startswith(asked) for test, _negated in tests):
            more = _MAKERS[kind](tests, zone)
            values.extend(more.values)
    return Supply(list(dict.fromkeys(values)), found.complete)


def _named(tests: Tests) -> Sequence[object] | None:
    """The shortest list of values that a test leaves, where one does."""
    lists = [
        test.operand if isinstance(test.operand, tuple) else (test.operand,)
        for test, negated in tests
        if not negated and test.op in ("eq", "in") and not test.any_case
    ]
    return min(lists, key=len) if lists else None


def _operands(tests: Tests, ops: Iterable[str] | None = None) -> Iterator[object]:
    for test, _negated in tests:
        if ops is None or test.op in ops:
            yield from islice(test.operand if isinstance(test.operand, tuple) else (test.operand,), MOST)


def _only(tests: Tests, ops: frozenset[str]) -> bool:
    return all(test.op in ops and not test.any_case for test, _negated in tests)


def _booleans(_tests: Tests, _zone: ZoneInfo) -> Supply:
    return Supply([True, False], True)


def _numbers(tests: Tests, _zone: ZoneInfo) -> Supply:
    ends = sorted({float(value) for value in _operands(tests) if isinstance(value, int | float)})  # bool: exists
    found: set[float] = {0.0, 1.0, *ends}
    for low, high in pairwise(ends):
        whole = math.floor(low) + 1.0
        found.update((whole if whole < high else low, low + (high - low) / 2, math.ceil(high) - 1.0))
    if ends:
        found.update(
            (
                min(ends[0] - 1, math.nextafter(ends[0], -math.inf)),
                max(ends[-1] + 1, math.nextafter(ends[-1], math.inf)),
            )
        )
    values = sorted((value for value in found if math.isfinite(value)), key=_plausible)
    return Supply(
        [int(value) if value.is_integer() and abs(value) < 2**53 else value for value in values], _only(tests, _ORDERED)
    )


def _plausible(value: float) -> tuple[bool, bool, float]:
    return value < 0, not value.is_integer(), abs(value)


def _strings(tests: Tests, _zone: ZoneInfo) -> Supply:
    texts = [text for text in _operands(tests) if isinstance(text, str)]
    fresh = _fresh(texts)
    wanted = [text for text in _wanted(tests) if isinstance(text, str)]
    starts = [str(test.operand) for test, negated in tests if test.op == "starts_with" and not negated]
    ends = [str(test.operand) for test, negated in tests if test.op == "ends_with" and not negated]
    middles = [str(test.operand) for test, negated in tests if test.op == "contains" and not negated]
    start, end = max(starts, key=len, default=""), max(ends, key=len, default="")
    built = [
        start + end,
        start + fresh + end,
        f"{start}{' '.join(middles)}{end}",
        f"{start}{fresh}{''.join(middles)}{end}",
    ]
    spelled = [
        other
        for text in [*wanted, *built]
        for other in (text, text.lower(), text.upper(), text.swapcase(), text.title())
    ]
    simple = [
        text for test, negated in tests if test.op == "matches" and not negated for text in examples(str(test.operand))
    ]
    return Supply(list(dict.fromkeys([*wanted, *built, *simple, *spelled, fresh, *texts, ""])), _only(tests, _EXACT))


def _wanted(tests: Tests) -> Iterator[object]:
    """What a test that must hold names."""
    for test, negated in tests:
        if not negated and test.op not in ("ne", "not_in", "exists", "matches"):
            yield from islice(test.operand if isinstance(test.operand, tuple) else (test.operand,), MOST)


def _fresh(texts: Sequence[str]) -> str:
    """A text that none of the others contains or is contained in."""
    taken = fold("\0".join(texts))
    names = chain(("other", "another"), (f"other-{number}" for number in range(len(texts) + 1)))
    return next(name for name in names if name not in taken)


def _dates(tests: Tests, zone: ZoneInfo) -> Supply:
    days = set[date]()
    for test, _negated in tests:
        for instant in instants_of(test, zone)[:MOST]:
            local = instant.astimezone(zone).date()
            days.update(_near(local))
    found = sorted(days) or [date(2000, 1, 1)]
    return Supply([day.isoformat() for day in found], _only(tests, _ORDERED | {"before", "after"}))


def _near(day: date) -> Iterator[date]:
    for by in (-1, 0, 1):
        try:
            yield day + timedelta(days=by)
        except OverflowError:  # there is no such day
            continue


def _instants(tests: Tests, zone: ZoneInfo) -> Supply:
    ends = [instant for test, _negated in tests for instant in instants_of(test, zone)[:MOST]]
    found = around(ends) or [datetime(2026, 1, 1, tzinfo=UTC)]
    return Supply([written(instant) for instant in found], _only(tests, _ORDERED | {"before", "after"}))


def written(instant: datetime) -> str:
    """An instant as JSON carries it."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _versions(tests: Tests, _zone: ZoneInfo) -> Supply:
    texts = [text for text in _operands(tests) if isinstance(text, str) and version_key(text) is not None]
    found = list(texts)
    for text in texts:
        core, _, pre = text.partition("+")[0].partition("-")
        found.extend([f"{core}.0.0.1", f"{core}-0", f"{core}.1", *([f"{text.partition('+')[0]}.0"] if pre else [])])
    found.extend(["0", "1", "1000000"])
    named = [text for text in _operands(tests, _EXACT) if isinstance(text, str)]
    return Supply(list(dict.fromkeys([*found, *named])), _only(tests, _EXACT))


def _addresses(tests: Tests, _zone: ZoneInfo) -> Supply:
    found: list[str] = []
    for text in _operands(tests, {"in_network"}):
        network = network_of(text)
        first, last = int(network.network_address), int(network.broadcast_address)
        make: Callable[[int], object] = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
        top = 2**network.max_prefixlen - 1
        found.extend(
            str(make(number)) for number in (first + 1, first, last, last + 1, first - 1) if 0 <= number <= top
        )
    found.extend(["192.0.2.1", "2001:db8::1"])
    named = [text for text in _operands(tests, _EXACT) if isinstance(text, str)]
    networks_only = all(test.op in ("in_network", "exists") for test, _negated in tests)
    return Supply(list(dict.fromkeys([*found, *named])), networks_only)


def _locations(tests: Tests, _zone: ZoneInfo) -> Supply:
    centres = [test.operand[:2] for test, _negated in tests if isinstance(test.operand, tuple)]
    found = list(centres)
    for here, there in product(centres, centres):
        found.extend(
            (here[0] * part + there[0] * (1 - part), here[1] * part + there[1] * (1 - part)) for part in (0.5, 0.9)
        )
    reaches = sorted({0.0, *(test.operand[2] for test, _negated in tests if isinstance(test.operand, tuple))})
    steps = [*((low + high) / 2 for low, high in pairwise(reaches)), reaches[-1] * 1.01 + 1]
    for lat, lon in centres:
        found.extend((lat + (step if lat < 0 else -step) / _KM_A_DEGREE, lon) for step in steps)
        found.extend([(-lat, lon - 180 if lon > 0 else lon + 180), (lat / 2, lon), (lat, lon / 2), (0.0, 0.0)])
    return Supply([{"lat": lat, "lon": lon} for lat, lon in dict.fromkeys(found)], False)


def _lists(tests: Tests, _zone: ZoneInfo) -> Supply:
    """The least lists that hold what must be there: what must not be there only ever needs less."""
    needed: list[object] = []
    choices: list[tuple[object, ...]] = []
    for test, negated in tests:
        if negated or test.op == "exists":
            continue
        operand = test.operand
        if test.op == "contains_any" and isinstance(operand, tuple):
            choices.append(operand)
        else:
            needed.extend(operand if isinstance(operand, tuple) else (operand,))
    found = [list(dict.fromkeys([*needed, *chosen])) for chosen in islice(product(*choices), MOST)]
    combinations = math.prod(map(len, choices))
    if any(test.any_case for test, _negated in tests):
        found.extend(
            [
                [_cased(item, how) for item in one]
                for one in found[:MOST]
                for how in (str.lower, str.upper, str.swapcase)
            ]
        )
    exact = not any(test.any_case for test, _negated in tests)
    return Supply([*found], exact and combinations <= MOST)


def _cased(item: object, how: Callable[[str], str]) -> object:
    return how(item) if isinstance(item, str) else item


_MAKERS: Mapping[str, Callable[[Tests, ZoneInfo], Supply]] = {
    "boolean": _booleans,
    "number": _numbers,
    "string": _strings,
    "date": _dates,
    "datetime": _instants,
    "version": _versions,
    "ip": _addresses,
    "location": _locations,
    "string_list": _lists,
    "number_list": _lists,
}
