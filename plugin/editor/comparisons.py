"""One test of one attribute in words, as the document writes it or as a trace reports it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugin.editor import moments
from plugin.editor.phrases import as_written, many, mapping
from plugin.editor.subjects import NOUNS, YES_NO, noun, number, quoted, value
from plugin.editor.vocabulary import LIST_TYPES, Vocabulary

UNKNOWN_TOO = " (or not known)"
"""`ne` and `not_in` hold where the attribute is missing, and editors should see it."""

_FORMS: Mapping[str, str] = {
    "eq": "is {}",
    "ne": "is not {}",
    "gt": "is more than {}",
    "gte": "is at least {}",
    "lt": "is less than {}",
    "lte": "is at most {}",
    "starts_with": "begins with {}",
    "ends_with": "ends with {}",
    "matches": "matches the expression {}",
    "version_eq": "is version {}",
    "version_gt": "is newer than version {}",
    "version_gte": "is version {} or newer",
    "version_lt": "is older than version {}",
    "version_lte": "is version {} or older",
    "in_network": "is in the network {}",
    "before": "is before {}",
    "after": "is after {}",
}
_LISTED = {"in": ("is {}", "or"), "not_in": ("is none of {}", "or"), "in_network": ("is in the network {}", "or")}
_OF_LISTS = {
    "contains": ("include {}", "and"),
    "contains_any": ("include {}", "or"),
    "contains_all": ("include all of {}", "and"),
}


def one_test(name: str, op: str, operand: object, vocabulary: Vocabulary, *, any_case: bool = False) -> str:
    """`the visitor’s country is FR or BE`, `it is between 18:00 and 22:59`."""
    special = _whole_sentence(name, op, operand, vocabulary)
    if special is not None:
        return special
    return f"{noun(name, vocabulary)} {predicate(name, op, operand, vocabulary, any_case=any_case)}"


def all_tests(name: str, held: Mapping[str, Any], vocabulary: Vocabulary) -> list[str]:
    """Several tests of one attribute: what they say of one subject is said together."""
    any_case = held.get("any_case") is True
    told: list[str] = []
    together: list[str] = []
    for op, operand in held.items():
        if op == "any_case":
            continue
        special = _whole_sentence(name, op, operand, vocabulary)
        if special is not None:
            told.append(special)
        else:
            together.append(predicate(name, op, operand, vocabulary, any_case=any_case))
    return [*told, f"{noun(name, vocabulary)} {' and '.join(together)}"] if together else told


def predicate(name: str, op: str, operand: object, vocabulary: Vocabulary, *, any_case: bool = False) -> str:
    """What a test says of its subject: `is at least 500 EUR`."""
    found = _predicate(name, op, operand, vocabulary)
    return f"{found} (upper or lower case)" if any_case else found


def bare_test(name: str, held: object, vocabulary: Vocabulary) -> str:
    """The test that a value without one means, by the attribute's type."""
    attribute = vocabulary.attribute(name)
    is_list = name == "content.tags" or (attribute is not None and attribute.type in LIST_TYPES)
    if isinstance(held, list | tuple):
        return "contains_any" if is_list else "in"
    return "contains" if is_list else "eq"


def _predicate(name: str, op: str, operand: object, vocabulary: Vocabulary) -> str:
    op = {"bare": "eq", "bare_list": "in"}.get(op, op)
    unknown = UNKNOWN_TOO if op in ("ne", "not_in") else ""
    match op:
        case "exists":
            return "is known" if operand else "is not known"
        case "between" if isinstance(operand, list | tuple) and len(operand) == 2:
            low, high = operand
            return f"is between {value(name, low, vocabulary, unit=False)} and {_value(name, high, vocabulary)}"
        case "before" | "after" if "ago" in mapping(operand):
            more = "more" if op == "before" else "less"
            return f"is {more} than {moments.duration(mapping(operand)['ago'])} ago"
        case "within_km":
            return _circle(operand)
        case "percent":
            return _share(operand)
        case "contains" | "contains_any" | "contains_all":
            return _contents(name, op, operand, vocabulary)
        case "eq" if name == "device.type" and operand == "other":
            return "is of another kind"
        case "in" | "not_in" | "in_network" if isinstance(operand, list | tuple):
            form, last = _LISTED[op]
            if len(operand) == 1:
                form = _FORMS["ne"] if op == "not_in" else form
            if not operand:
                return "is one of an empty list, so never" if op == "in" else "is anything"
            return form.format(_enumerated(name, operand, vocabulary, last)) + unknown
    form = _FORMS.get(op, f"{op} {{}}")
    return form.format(_value(name, operand, vocabulary)) + unknown


def _contents(name: str, op: str, operand: object, vocabulary: Vocabulary) -> str:
    attribute = vocabulary.attribute(name)
    of_text = attribute is not None and attribute.type not in LIST_TYPES
    if "ref" in mapping(operand):
        verb = {"contains": "include", "contains_any": "include one of", "contains_all": "include all of"}[op]
        return f"{verb} {_value(name, operand, vocabulary)}"
    if op == "contains" and of_text:
        return f"contains {_value(name, operand, vocabulary)}"
    form, last = _OF_LISTS[op]
    if op == "contains_all" and len(many(operand)) < 3:
        form = "include {}"
    return form.format(_enumerated(name, many(operand), vocabulary, last))


def _enumerated(name: str, operands: Any, vocabulary: Vocabulary, last: str) -> str:  # noqa: ANN401  # a JSON list
    shown = [_value(name, one, vocabulary) for one in operands[:12]]
    if len(operands) > len(shown):
        return f"{', '.join(shown)} {last} {len(operands) - len(shown)} more"
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}" if len(shown) > 1 else shown[0]


def _value(name: str, operand: object, vocabulary: Vocabulary) -> str:
    if isinstance(operand, Mapping):
        if "ref" in operand:
            return noun(str(operand["ref"]), vocabulary)
        return as_written(operand)
    attribute = vocabulary.attribute(name)
    if attribute is not None and attribute.type in ("date", "datetime"):
        return moments.instant(operand)
    return value(name, operand, vocabulary)


def _circle(operand: object) -> str:
    match operand:
        case {"lat": lat, "lon": lon, "km": km} | [lat, lon, km]:
            return f"is within {_short(km)} km of {_short(lat)}, {_short(lon)}"
    return f"is within {as_written(operand)}"


def _short(held: object) -> str:
    return number(held) if isinstance(held, int | float) else str(held)


def _share(operand: object) -> str:
    found = mapping(operand)
    low, high = found.get("gte") or 0, found.get("lt")
    high = 100 if high is None else high
    salt = quoted(str(found.get("salt", "")))
    share = f"first {_short(high)} %" if not low else f"{_short(low)} to {_short(high)} %"
    return f"is among the {share} of the split {salt}"


def _whole_sentence(name: str, op: str, operand: object, vocabulary: Vocabulary) -> str | None:
    """Tests that read better without a subject and a predicate."""
    op = {"bare": "eq", "bare_list": "in"}.get(op, op)
    if op == "eq" and isinstance(operand, bool):
        return _boolean(name, yes=operand, vocabulary=vocabulary)
    if op == "ne" and isinstance(operand, bool):
        return f"{_boolean(name, yes=not operand, vocabulary=vocabulary)}{UNKNOWN_TOO}"
    if op == "percent":
        return f"the visitor {_share(operand)}"
    if name == "request.referrer_kind" and op in ("eq", "in"):
        ways = [value(name, one, vocabulary) for one in many(operand)]
        return f"the visitor comes by {' or '.join(ways)}"
    if name == "time.hour":
        return _hour(op, operand)
    if name in ("time.of_day", "time.weekday"):
        return _clock(name, op, operand, vocabulary)
    return None


def _boolean(name: str, *, yes: bool, vocabulary: Vocabulary) -> str:
    if name in YES_NO:
        return YES_NO[name][0 if yes else 1]
    if name.startswith("consent."):
        purpose = quoted(name.removeprefix("consent."))
        return f"the visitor agreed to {purpose}" if yes else f"the visitor refused {purpose}"
    return f"{noun(name, vocabulary)}: {'yes' if yes else 'no'}"


def _hour(op: str, operand: object) -> str | None:
    match op, operand:
        case "between", [first, last]:
            return f"it is {moments.hours_words(first, last)}"
        case "eq", int() | float() as hour:
            return f"it is {moments.hours_words(hour, hour)}"
        case "gte", int() | float() as hour:
            return f"it is {int(hour):02}:00 or later"
        case "gt", int() | float() as hour:
            return f"it is later than {int(hour):02}:59"
        case "lt", int() | float() as hour:
            return f"it is before {int(hour):02}:00"
        case "lte", int() | float() as hour:
            return f"it is {int(hour):02}:59 or earlier"
        case "in" | "not_in", [*hours]:
            verb = "is" if op == "in" else "is not"
            return f"the hour {verb} {' or '.join(map(str, hours))}"
    return f"the hour {_FORMS.get(op, op + ' {}').format(as_written(operand))}"


def _clock(name: str, op: str, operand: object, vocabulary: Vocabulary) -> str | None:
    match op, operand:
        case "between", [first, last]:
            return f"it is between {value(name, first, vocabulary)} and {value(name, last, vocabulary)}"
        case (("eq" | "in"), str() | list() | tuple()):
            return f"it is {' or '.join(value(name, one, vocabulary) for one in many(operand))}"
        case (("ne" | "not_in"), str() | list() | tuple()):
            return f"it is not {' or '.join(value(name, one, vocabulary) for one in many(operand))}"
        case "gte", str():
            return f"it is {operand} or later"
        case "gt", str():
            return f"it is later than {operand}"
        case "lt", str():
            return f"it is before {operand}"
        case "lte", str():
            return f"it is {operand} or earlier"
    what = NOUNS.get(name, "the time of day" if name == "time.of_day" else "the weekday")
    return f"{what} {_predicate('', op, operand, vocabulary)}"
