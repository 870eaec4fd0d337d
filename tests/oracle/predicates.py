"""Each test on one attribute, with what an absent value means to it."""

from __future__ import annotations

import ipaddress
import math
import unicodedata
from datetime import UTC, date, datetime
from typing import Any

import re2

from .buckets import bucket
from .instants import duration, instant, is_date_text, read_moment
from .values import MISSING, is_number
from .versions import compare_versions
from .visitor import WEEKDAYS, Visitor

TRUE_WHEN_ABSENT = ("ne", "not_in")
ORDERINGS = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}
VERSION_ORDERINGS = {
    "version_eq": lambda sign: sign == 0,
    "version_gt": lambda sign: sign > 0,
    "version_gte": lambda sign: sign >= 0,
    "version_lt": lambda sign: sign < 0,
    "version_lte": lambda sign: sign <= 0,
}
WRAPPING = ("time.hour", "time.weekday", "time.of_day")
EARTH_RADIUS_KM = 6371.0088


def leaf_holds(name: str, tests: Any, visitor: Visitor) -> bool:
    """All the tests of one attribute; a bare value or list is its short form."""
    value = visitor.value(name)
    written = spelled_out(value, tests, visitor)
    fold = written.get("any_case") is True
    return all(
        test_holds(name, test, wanted, value, visitor, fold) for test, wanted in written.items() if test != "any_case"
    )


def spelled_out(value: Any, tests: Any, visitor: Visitor) -> dict[str, Any]:
    """A bare value is `eq` and a bare list `in`; on a list they are `contains` and `contains_any`."""
    if isinstance(tests, dict) and "ref" not in tests:
        return tests
    many = isinstance(visitor.value(tests["ref"]) if isinstance(tests, dict) else tests, list)
    if isinstance(value, list):
        return {"contains_any" if many else "contains": tests}
    return {"in" if many else "eq": tests}


def test_holds(name: str, test: str, wanted: Any, value: Any, visitor: Visitor, fold: bool) -> bool:
    """One test; `fold` compares any case."""
    if test == "exists":
        return bool((value is not MISSING) == wanted)
    if isinstance(wanted, dict) and "ref" in wanted:
        wanted = visitor.value(wanted["ref"])
    else:
        wanted = literal(wanted, value, visitor)
    if value is MISSING or wanted is MISSING:
        return test in TRUE_WHEN_ABSENT
    if fold:
        value, wanted = folded(value), folded(wanted)
    return compare(name, test, wanted, value, visitor)


def literal(wanted: Any, value: Any, visitor: Visitor) -> Any:
    """A value written in the document: beside dates, text means a date or an instant of the site's zone."""
    if isinstance(wanted, list):
        return [literal(one, value, visitor) for one in wanted]
    if not isinstance(value, date) or not isinstance(wanted, str):
        return wanted
    return read_moment(wanted) if is_date_text(wanted) else instant(wanted, visitor.document_zone)


def folded(value: Any) -> Any:
    if isinstance(value, list):
        return [folded(one) for one in value]
    if not isinstance(value, str):
        return value
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", value).casefold())


def compare(name: str, test: str, wanted: Any, value: Any, visitor: Visitor) -> bool:
    if test in ("eq", "in", "ne", "not_in"):
        return equality_holds(test, wanted, value, visitor)
    if test in ORDERINGS:
        pair = comparable(value, wanted, visitor)
        return pair is not None and ORDERINGS[test](*pair)
    if test == "between":
        return between(name, wanted, value, visitor)
    if test in ("contains", "contains_any", "contains_all"):
        return contains(test, wanted, value)
    if test in VERSION_ORDERINGS:
        sign = compare_versions(value, wanted) if isinstance(value, str) else None
        return sign is not None and VERSION_ORDERINGS[test](sign)
    if test == "percent":
        share = bucket(wanted["salt"], value) / 100
        return bool(wanted.get("gte", 0) <= share < wanted.get("lt", 100))
    if test == "within_km":
        return isinstance(value, tuple) and metres(value, (wanted["lat"], wanted["lon"])) / 1000 <= wanted["km"]
    if test in ("before", "after"):
        return moment_holds(test, wanted, value, visitor)
    return isinstance(value, str) and text_holds(test, wanted, value)


def text_holds(test: str, wanted: Any, value: str) -> bool:
    if test == "starts_with":
        return value.startswith(wanted)
    if test == "ends_with":
        return value.endswith(wanted)
    if test == "matches":
        return re2.search(wanted, value) is not None
    if test == "in_network":
        return in_network(value, wanted)
    raise ValueError(f"the oracle does not know the test {test!r}")


def same(left: Any, right: Any, visitor: Visitor) -> bool:
    """Equality of two scalars: a boolean is no number, 1 is 1.0, date-times are instants."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    pair = comparable(left, right, visitor)
    return pair is not None and bool(pair[0] == pair[1])


def equality_holds(test: str, wanted: Any, value: Any, visitor: Visitor) -> bool:
    """A list is of the wrong type to all four, which makes the negative ones true."""
    positive = test in ("eq", "in")
    if isinstance(value, list | tuple):
        return not positive
    options = wanted if test in ("in", "not_in") else [wanted]
    return any(same(value, one, visitor) for one in options) == positive


def comparable(left: Any, right: Any, visitor: Visitor) -> tuple[Any, Any] | None:
    """Two numbers, two dates, or two instants; a date beside an instant is the site's midnight."""
    if is_number(left) and is_number(right):
        return left, right
    if not isinstance(left, date) or not isinstance(right, date):
        return None
    if isinstance(left, datetime) == isinstance(right, datetime):
        return left, right
    return instant(left, visitor.document_zone), instant(right, visitor.document_zone)


def between(name: str, ends: list[Any], value: Any, visitor: Visitor) -> bool:
    """Both ends in; the clock's attributes wrap around where the low end is above the high one."""
    low, high = ends
    if name in WRAPPING:
        if name == "time.weekday":
            if value not in WEEKDAYS:
                return False
            low, high, value = (WEEKDAYS.index(day) for day in (low, high, value))
        return bool(low <= value <= high if low <= high else value >= low or value <= high)
    above, below = comparable(value, low, visitor), comparable(value, high, visitor)
    return above is not None and below is not None and above[0] >= above[1] and below[0] <= below[1]


def contains(test: str, wanted: Any, value: Any) -> bool:
    if isinstance(value, str):
        return test == "contains" and isinstance(wanted, str) and wanted in value
    if not isinstance(value, list):
        return False
    if test == "contains":
        return wanted in value
    found = [one in value for one in wanted]
    return any(found) if test == "contains_any" else all(found)


def in_network(value: str, networks: str | list[str]) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    listed = [networks] if isinstance(networks, str) else networks
    return any(address in ipaddress.ip_network(one) for one in listed)


def metres(here: tuple[float, float], there: tuple[float, float]) -> int:
    """The haversine distance on a sphere of the mean earth radius, rounded to the metre."""
    lat1, lon1, lat2, lon2 = map(math.radians, (*here, *there))
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return round(2000 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, half))))


def moment_holds(test: str, wanted: Any, value: Any, visitor: Visitor) -> bool:
    """`{ago: DURATION}` counts back from the decision's clock; without a clock it is false."""
    if isinstance(wanted, dict):
        if visitor.now is None:
            return False
        wanted = visitor.now.astimezone(UTC) - duration(wanted["ago"])
    pair = comparable(value, wanted, visitor)
    return pair is not None and (pair[0] < pair[1] if test == "before" else pair[0] > pair[1])
