"""Reading conditions from a document: their form, and their words against the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from zoneinfo import ZoneInfo

from rules.attributes import Attribute, Catalogue, Type
from rules.conditions import ALWAYS, Ago, All, AnyOf, Condition, InSegment, Not, Percent, Ref, Test
from rules.countries import unlikely_country
from rules.durations import ago
from rules.operands import OperandError, read_operand
from rules.operators import ANY_CASE, FOR_TYPES, applies
from rules.report import Path, Report
from rules.values import is_number

Mode = Literal["visitor", "content", "event"]
DEEPEST = 32
_COMBINING = ("all", "any", "not", "segment")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a condition may name.

    Attributes:
        report: takes the problems.
        catalogue: the attributes there are; None leaves names and types unchecked.
        mode: whether it is about a visitor, a content entry (a selector), or an event.
        zone: of the document.
        segments: the names there are; None leaves them unchecked.
        leaves: what tests came to that were read without a problem: rules ask the same of visitors again and again.
    """

    report: Report
    catalogue: Catalogue | None
    mode: Mode
    zone: ZoneInfo
    segments: frozenset[str] | None = None
    leaves: dict[object, list[Condition]] = field(default_factory=dict, repr=False, compare=False)

    def attribute(self, name: str) -> Attribute | None:
        """The catalogue's entry, or None."""
        return self.catalogue.resolve(name) if self.catalogue is not None else None


def parse_condition(data: object, path: Path, scope: Scope, depth: int = 0) -> Condition:
    """The condition of parsed YAML or JSON; problems go to the report, and what they concern is left out."""
    if depth > DEEPEST:
        scope.report.add(path, f"conditions nest deeper than {DEEPEST} levels; split them into segments")
        return ALWAYS
    if type(data) is not dict and not isinstance(data, Mapping):
        scope.report.add(path, "a condition is a mapping, such as {geo.country: FR} or {all: [...]}")
        return ALWAYS
    items: list[Condition] = []
    for key, value in data.items():
        here = (*path, key)
        if not isinstance(key, str) or not key:
            scope.report.add(here, "the name of an attribute is a string that is not empty", at_key=True)
        elif key in ("all", "any"):
            parts = _parse_list(value, here, scope, depth)
            items.append(All(parts) if key == "all" else AnyOf(parts))
        elif key == "not":
            items.append(Not(parse_condition(value, here, scope, depth + 1)))
        elif key == "segment" and scope.mode == "visitor":
            items.extend(_parse_segment(value, here, scope))
        else:
            items.extend(_leaf(key, value, here, scope))
    return items[0] if len(items) == 1 else All(tuple(items))


def _parse_list(value: object, path: Path, scope: Scope, depth: int) -> tuple[Condition, ...]:
    if not isinstance(value, list | tuple):
        scope.report.add(path, f"{path[-1]!r} takes a list of conditions")
        return ()
    return tuple(parse_condition(item, (*path, index), scope, depth + 1) for index, item in enumerate(value))


def _parse_segment(value: object, path: Path, scope: Scope) -> list[Condition]:
    names = value if isinstance(value, list | tuple) else [value]
    if not names:
        scope.report.add(path, "a list of segments names at least one")
    for index, name in enumerate(names):
        here = (*path, index) if isinstance(value, list | tuple) else path
        if not isinstance(name, str):
            scope.report.add(here, "the name of a segment is a string")
        elif scope.segments is not None and name not in scope.segments:
            scope.report.add(here, f"there is no segment {name!r}", word=name, known=scope.segments)
    return [InSegment(tuple(name for name in names if isinstance(name, str)))]


_PLAIN = (str, int, float)


def _leaf(key: str, value: object, path: Path, scope: Scope) -> list[Condition]:
    """What is asked of one attribute; the same words without a problem are read once, wherever they stand."""
    words = _words(value)
    if words is None:
        return _parse_leaf(key, value, path, scope)
    found = scope.leaves.get((key, words))
    if found is None:
        before = scope.report.noted
        found = _parse_leaf(key, value, path, scope)
        if scope.report.noted == before:
            scope.leaves[key, words] = found
    return found


def _words(value: Any) -> object:  # noqa: ANN401 - any JSON
    """What is equal for equal words, their types included; None for what is seldom written twice."""
    kind = type(value)
    if kind is str:
        return value
    if kind is list:
        return (list, *value) if all(type(item) is str for item in value) else None
    if kind is dict and len(value) == 1:
        ((op, operand),) = value.items()
        words = _words(operand) if type(operand) is not dict else None
        return (dict, op, words) if words is not None else None
    return (kind, value) if kind is bool or kind is int or kind is float else None


def _parse_leaf(key: str, value: object, path: Path, scope: Scope) -> list[Condition]:
    name = "content.id" if key == "id" and scope.mode == "content" else key
    attribute = scope.attribute(name)
    if not _may_read(name, attribute, path, scope):
        return []
    plain = isinstance(value, _PLAIN)  # most are, and asking whether they are mappings takes much longer
    if not plain and isinstance(value, Mapping) and set(value) != {"ref"}:
        return _parse_tests(name, attribute, value, path, scope)
    is_list = attribute.is_list if attribute else None
    if isinstance(value, list | tuple):
        op = "bare_list" if is_list is None else "contains_any" if is_list else "in"
    elif not plain and isinstance(value, Mapping):
        op = "bare"
    else:
        op = "bare" if is_list is None else "contains" if is_list else "eq"
    test = _parse_test(name, attribute, op, value, False, path, scope)
    return [test] if test else []


def _may_read(name: str, attribute: Attribute | None, path: Path, scope: Scope) -> bool:
    """Whether the name belongs here; else the problem is noted."""
    report, catalogue = scope.report, scope.catalogue
    family = name.partition(".")[0]
    if scope.mode == "content" and family != "content":
        known = [one for one in catalogue or () if one.startswith("content.")]
        report.add(path, f"a selector reads content.*, not {name!r}", word=name, known=known, at_key=True)
        return False
    if scope.mode == "event" and family not in ("event", "content"):
        report.add(path, f"'where' reads event.* and content.*, not {name!r}", word=name, at_key=True)
        return False
    if scope.mode == "visitor" and family == "content" and catalogue is not None:
        report.add(path, f"{name!r} belongs to content and can be read in selectors only", word=name, at_key=True)
        return False
    if catalogue is None or attribute is not None:
        return True
    if scope.mode != "visitor" and "." in name and name.partition(".")[2]:
        return True  # any field of an entry, and any property of an event, by its name
    if name in FOR_TYPES:
        message = f"{name!r} is a test and stands under the name of an attribute"
    else:
        own = "; declare it under 'attributes', with its type" if name.startswith("custom.") else ""
        message = f"there is no attribute {name!r}{own}"
    known = [*catalogue, *_COMBINING]
    report.add(path, message, word=name, known=known, at_key=True)
    return False


def _parse_tests(
    name: str, attribute: Attribute | None, tests: Mapping[object, object], path: Path, scope: Scope
) -> list[Condition]:
    any_case = tests.get("any_case", False)
    if not isinstance(any_case, bool):
        scope.report.add((*path, "any_case"), "'any_case' is true or false")
        any_case = False
    found: list[Condition] = []
    for op, operand in tests.items():
        here = (*path, op if isinstance(op, str) else str(op))
        if op == "any_case":
            continue
        if not isinstance(op, str) or op not in FOR_TYPES:
            if op == "ref":
                message = "'ref' stands alone; beside others it is the value of a test, such as eq: {ref: ...}"
                scope.report.add(here, message, word=op, at_key=True)
                continue
            message = f"there is no test {op!r}"
            scope.report.add(here, message, word=str(op), known=[*FOR_TYPES, "any_case", "ref"], at_key=True)
            continue
        if any_case and op not in ANY_CASE:
            scope.report.add(here, f"'any_case' does not go with {op!r}", word=op, at_key=True)
            continue
        test = _parse_test(name, attribute, op, operand, any_case, here, scope)
        if test:
            found.append(test)
    if not found and not [op for op in tests if op != "any_case"]:
        scope.report.add(path, f"{name!r} is given no test, such as {{eq: ...}} or {{exists: true}}")
    return found


def _parse_test(
    name: str,
    attribute: Attribute | None,
    op: str,
    operand: object,
    any_case: bool,
    path: Path,
    scope: Scope,
) -> Test | None:
    type_: Type | None = attribute.type if attribute else None
    order = attribute.order if attribute else _order_of(name)
    if operand is None:
        scope.report.add(path, "null is no value; ask for absence with {exists: false}")
        return None
    if op == "percent":
        return _parse_percent(name, operand, path, scope)
    if type_ and op not in ("bare", "bare_list") and not applies(op, type_, order):
        fitting = [test for test in FOR_TYPES if applies(test, type_, order) and test != "percent"]
        scope.report.add(
            path,
            f"{op!r} is not for {name!r}, which is a {type_}; there it can be {', '.join(fitting)}",
            word=op,
            at_key=True,
        )
        return None
    if not isinstance(operand, _PLAIN) and isinstance(operand, Mapping) and set(operand) == {"ref"}:
        return _parse_ref(name, attribute, op, operand["ref"], any_case, path, scope)
    try:
        if op in ("before", "after") and (span := ago(operand)) is not None:
            return Test(name, op, Ago(span), order=order)
        read = read_operand(op, operand, attribute, order, scope.zone, any_case=any_case)
    except OperandError as error:
        scope.report.add((*path, *error.path), str(error), word=error.word, known=error.known)
        return None
    except ValueError as error:
        scope.report.add(path, str(error), word=str(operand))
        return None
    if name == "geo.country" and op in ("eq", "ne", "in", "not_in"):
        for index, code in enumerate(read if isinstance(read, tuple) else (read,)):
            doubt = unlikely_country(code) if isinstance(code, str) and not any_case else None
            if doubt is not None:
                at = (*path, index) if isinstance(read, tuple) else path
                scope.report.add(at, doubt, word=code, severity="warning")
    return Test(name, op, read, any_case, order)


def _order_of(name: str) -> Literal["clock", "weekday", "hour"] | None:
    """Times keep their order where the catalogue is not asked."""
    if name == "time.of_day":
        return "clock"
    if name == "time.weekday":
        return "weekday"
    return "hour" if name == "time.hour" else None


_COMPARABLE: tuple[frozenset[str], ...] = (
    frozenset({"string", "version", "ip", "string_list"}),
    frozenset({"number", "number_list"}),
    frozenset({"boolean"}),
    frozenset({"date", "datetime"}),
)


def _parse_ref(
    name: str,
    attribute: Attribute | None,
    op: str,
    other: object,
    any_case: bool,
    path: Path,
    scope: Scope,
) -> Test | None:
    here = (*path, "ref")
    if not isinstance(other, str) or not other:
        scope.report.add(here, "'ref' names an attribute")
        return None
    if op in ("exists", "matches", "within_km"):
        scope.report.add(here, f"{op!r} takes a value of its own, not a 'ref'", word=op)
        return None
    catalogue = scope.catalogue
    if catalogue is not None:
        own_content = scope.mode != "visitor" and other.startswith(("content.", "event."))
        if other not in catalogue and not own_content:
            scope.report.add(here, f"there is no attribute {other!r}", word=other, known=catalogue)
            return None
        target = catalogue.resolve(other)
        if attribute and target and not any({attribute.type, target.type} <= group for group in _COMPARABLE):
            scope.report.add(
                here, f"{name!r} is a {attribute.type} and {other!r} a {target.type}: never equal", word=other
            )
            return None
    order = attribute.order if attribute else _order_of(name)
    return Test(name, op, Ref(other), any_case, order)


def _parse_percent(name: str, operand: object, path: Path, scope: Scope) -> Test | None:
    report = scope.report
    if name != "visitor.id":
        report.add(path, f"'percent' is a test of 'visitor.id', not of {name!r}", word=name, at_key=True)
        return None
    if not isinstance(operand, Mapping):
        report.add(path, "'percent' takes a range and a salt, such as {lt: 20, salt: spring}")
        return None
    for key in operand:
        if key not in ("lt", "gte", "salt"):
            report.add(
                (*path, key),
                f"'percent' has no {key!r}",
                word=str(key),
                known=("lt", "gte", "salt"),
                at_key=True,
            )
            return None
    salt, gte, lt = operand.get("salt"), operand.get("gte", 0), operand.get("lt", 100)
    if not isinstance(salt, str) or not salt:
        report.add(path, "'percent' needs a salt, a word of its own that shuffles the visitors")
        return None
    if not (is_number(gte) and is_number(lt) and 0 <= gte <= lt <= 100):
        report.add(path, "'percent' is a range within 0 and 100, the lower end first")
        return None
    return Test(name, "percent", Percent(salt, float(gte), float(lt)))
