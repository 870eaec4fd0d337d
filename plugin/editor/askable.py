"""Which tests the form offers for an attribute, and how the value of each stands in its fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from plugin.editor.phrases import mapping
from plugin.editor.situation import number

Control = Literal[
    "none", "text", "lines", "number", "numbers", "range", "time", "times", "date", "dates", "moment", "ago",
    "place", "share", "boxes", "ref",
]  # fmt: skip
Texts = tuple[str, ...]

_UNTYPED = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?")
_AGO = re.compile(r"([1-9][0-9]{0,6})([smhdw])")
_MOST_LINES = 500
WRAPPING = frozenset({"time.hour"})
"""Numbers of which a range may end below where it begins."""
SPANS = (("m", "minutes"), ("h", "hours"), ("d", "days"), ("w", "weeks"), ("s", "seconds"))


@dataclass(frozen=True, slots=True)
class Ask:
    """One test that may be chosen.

    Attributes:
        id: of it among the tests of an attribute.
        op: as documents write it; `bare` for a value without a test, where the type is known only when it is read.
        words: between the attribute and the value.
        fixed: the value, where nothing is left to fill in.
    """

    id: str
    op: str
    words: str
    control: Control
    fixed: object = None


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be asked of an attribute.

    Attributes:
        tests: in the order in which they are offered.
        values: the only ones there are, each with its words; empty where any is allowed.
        comparable: the attributes that it may be compared with, likewise.
        bare: the tests that are meant by a value and by a list without one.
        cased: the tests that may be told to take upper and lower case alike.
    """

    tests: tuple[Ask, ...]
    values: Mapping[str, str]
    comparable: Mapping[str, str]
    bare: tuple[str, str]
    unit: str | None = None
    cased: frozenset[str] = frozenset()

    def test(self, id_: str) -> Ask | None:
        """A test by its id."""
        return next((one for one in self.tests if one.id == id_), None)


_KNOWN = (Ask("known", "exists", "is known", "none", True), Ask("unknown", "exists", "is not known", "none", False))
_REFS = {
    "eq": "is the same as", "ne": "is not the same as", "gt": "is more than that of", "gte": "is at least that of",
    "lt": "is less than that of", "lte": "is at most that of", "contains": "includes the value of",
    "contains_any": "includes one of the values of", "contains_all": "includes all values of",
    "bare": "is, or includes, the same as", "before": "is before that of", "after": "is after that of",
}  # fmt: skip


def _refs(*ops: str) -> tuple[Ask, ...]:
    return tuple(Ask(f"{op}-ref", op, _REFS[op], "ref") for op in ops)


_TEXT = (
    Ask("eq", "eq", "is", "text"),
    Ask("in", "in", "is one of", "lines"),
    Ask("ne", "ne", "is not", "text"),
    Ask("not_in", "not_in", "is none of", "lines"),
    Ask("starts_with", "starts_with", "begins with", "text"),
    Ask("ends_with", "ends_with", "ends with", "text"),
    Ask("contains", "contains", "contains", "text"),
    Ask("matches", "matches", "matches the regular expression", "text"),
)
_SHARE = Ask("percent", "percent", "is in a random share of all visitors", "share")
_NUMBER = (
    Ask("gte", "gte", "is at least", "number"),
    Ask("lte", "lte", "is at most", "number"),
    Ask("gt", "gt", "is more than", "number"),
    Ask("lt", "lt", "is less than", "number"),
    Ask("between", "between", "is between", "range"),
    Ask("eq", "eq", "is", "number"),
    Ask("ne", "ne", "is not", "number"),
    Ask("in", "in", "is one of", "numbers"),
    Ask("not_in", "not_in", "is none of", "numbers"),
)
_YES_NO = (
    Ask("yes", "eq", "yes", "none", True),
    Ask("no", "eq", "no", "none", False),
    Ask("not_yes", "ne", "no, or not known", "none", True),
    Ask("not_no", "ne", "yes, or not known", "none", False),
)
_DATE = (
    Ask("gte", "gte", "is this day or later", "date"),
    Ask("lte", "lte", "is this day or earlier", "date"),
    Ask("gt", "gt", "is after", "date"),
    Ask("lt", "lt", "is before", "date"),
    Ask("between", "between", "is between", "dates"),
    Ask("eq", "eq", "is", "date"),
    Ask("ne", "ne", "is not", "date"),
)
_MOMENTS = (
    Ask("after-ago", "after", "is less than so long ago:", "ago"),
    Ask("before-ago", "before", "is more than so long ago:", "ago"),
    Ask("after", "after", "is after", "moment"),
    Ask("before", "before", "is before", "moment"),
)
_VERSION = (
    Ask("version_gte", "version_gte", "is this version or newer", "text"),
    Ask("version_lte", "version_lte", "is this version or older", "text"),
    Ask("version_gt", "version_gt", "is newer than version", "text"),
    Ask("version_lt", "version_lt", "is older than version", "text"),
    Ask("version_eq", "version_eq", "is version", "text"),
)
_CLOCK = (
    Ask("between", "between", "is between", "times"),
    Ask("gte", "gte", "is this time or later", "time"),
    Ask("lt", "lt", "is before", "time"),
    Ask("gt", "gt", "is later than", "time"),
    Ask("lte", "lte", "is this time or earlier", "time"),
)
_CHOICE = (Ask("in", "in", "is", "boxes"), Ask("not_in", "not_in", "is not (or not known)", "boxes"))
_LIST = (
    Ask("contains", "contains", "includes", "text"),
    Ask("contains_any", "contains_any", "includes one of", "lines"),
    Ask("contains_all", "contains_all", "includes all of", "lines"),
)
_NUMBERS = (
    Ask("contains", "contains", "includes", "number"),
    Ask("contains_any", "contains_any", "includes one of", "numbers"),
    Ask("contains_all", "contains_all", "includes all of", "numbers"),
)
_FIELD = (
    Ask("bare", "bare", "is, or includes", "text"),
    Ask("bare_list", "bare_list", "is, or includes, one of", "lines"),
    *_NUMBER[:5],
    Ask("bare-number", "bare", "is the number", "number"),
    Ask("yes", "bare", "is “yes”", "none", True),
    Ask("no", "bare", "is “no”", "none", False),
    Ask("eq", "eq", "is exactly", "text"),
    Ask("in", "in", "is exactly one of", "lines"),
    Ask("ne", "ne", "is not", "text"),
    Ask("not_in", "not_in", "is none of", "lines"),
    *_TEXT[4:],
    *_LIST[1:],
)
_FILLED = (Ask("known", "exists", "is filled in", "none", True), Ask("unknown", "exists", "is empty", "none", False))
_SEGMENT = (Ask("in", "segment", "is in", "boxes"), Ask("out", "not", "is not in", "boxes"))
_IN_NETWORK = Ask("in_network", "in_network", "is in the network", "lines")
_NEAR = Ask("within_km", "within_km", "is near", "place")
_ANY_CASE = frozenset({"eq", "ne", "in", "not_in", "contains", "contains_any", "contains_all", "starts_with",
                       "ends_with"})  # fmt: skip

_BY_TYPE: Mapping[str, tuple[tuple[Ask, ...], tuple[str, ...]]] = {
    "string": (_TEXT, ("eq", "ne")),
    "number": (_NUMBER, ("eq", "ne", "gte", "lte", "gt", "lt")),
    "boolean": (_YES_NO, ("eq", "ne")),
    "date": (_DATE, ("eq", "ne", "gte", "lte", "gt", "lt")),
    "datetime": (_MOMENTS, ("before", "after")),
    "version": (_VERSION, ("eq", "ne")),
    "ip": ((_IN_NETWORK, *_TEXT[:4]), ("eq", "ne")),
    "location": ((_NEAR,), ()),
    "string_list": (_LIST, ("contains", "contains_any", "contains_all")),
    "number_list": (_NUMBERS, ("contains", "contains_any", "contains_all")),
    "field": (_FIELD, ("bare", "ne", "gte", "lte", "gt", "lt", "contains_any", "contains_all")),
}
_LISTS = {"string_list", "number_list"}
_CASED_TYPES = {"string", "string_list", "field"}


def kind_of(
    name: str, type_: str, values: Mapping[str, str], comparable: Mapping[str, str], unit: str | None = None
) -> Kind:
    """What can be asked of an attribute.

    Args:
        type_: of the catalogue; `field` for a field of an entry, whose type only its values tell.
    """
    own, refs = _BY_TYPE.get(type_, ((), ()))
    bare = (
        ("contains", "contains_any") if type_ in _LISTS else ("bare", "bare_list") if type_ == "field" else ("eq", "in")
    )
    if name == "time.of_day":
        own, refs = _CLOCK, ()
    elif values and type_ == "string":
        own = _CHOICE
    elif values and type_ in _LISTS:
        own = tuple(Ask(one.id, one.op, one.words, "boxes") for one in own[1:])
    elif name == "visitor.id":
        own = (*own, _SHARE)
    known = _FILLED if name.startswith("content.") else _KNOWN
    tests = (*own, *(_refs(*refs) if comparable else ()), *known)
    cased = _ANY_CASE if type_ in _CASED_TYPES and not values and name != "time.of_day" else frozenset[str]()
    return Kind(tests, values, comparable, bare, unit, cased)


def segments_kind(names: Mapping[str, str]) -> Kind:
    """What can be asked of segments."""
    return Kind(_SEGMENT, names, {}, ("segment", "segment"))


# --- values of tests, as fields hold them


def texts_of(test: Ask, held: object, kind: Kind) -> Texts | None:
    """What the fields hold for the value of a test; None where they cannot say it."""
    if test.control == "none":
        return () if held is test.fixed else None
    return _READERS[test.control](held, kind)


def value_of(test: Ask, texts: Texts) -> Any:  # noqa: ANN401  # any JSON
    """The value of a test that fields without a problem hold."""
    return test.fixed if test.control == "none" else _WRITERS[test.control](texts)


def wrong(test: Ask, texts: Texts, *, wraps: bool) -> tuple[int, str] | None:
    """What cannot be taken of the fields: which of them, and why.

    Args:
        wraps: whether a range may end below where it begins, as hours do.
    """
    blank = next((at for at, text in enumerate(texts) if not text), None)
    if test.control == "share" and blank in (0, 1):
        blank = None if texts[2] else 2
    if test.control != "none" and (not texts or blank is not None):
        return blank or 0, _MISSING.get(test.control, "write a value")
    for at, text in enumerate(texts):
        problem = _wrong_text(test.control, at, text)
        if problem:
            return at, problem
    if test.control in ("range", "dates") and not wraps:
        low, high = (number(one) if test.control == "range" else one for one in texts)
        if low > high:  # type: ignore[operator]  # both of one kind
            return 1, "it ends before it begins: write the lower one first"
    return None


def _wrong_text(control: Control, at: int, text: str) -> str | None:
    if control in ("number", "numbers", "range", "place") or (control == "share" and at < 2 and text):
        try:
            number(text)
        except ValueError as error:
            return str(error)
    if control in ("time", "times") and not _TIME.fullmatch(text):
        return "hours are written as 18:30"
    if control in ("date", "dates") and not _is_day(text):
        return "days are written as 2026-12-24"
    if control == "moment" and not _MOMENT.fullmatch(text):
        return "write it as 2026-12-24T18:00"
    if control == "ago" and at == 0 and not re.fullmatch(r"[1-9][0-9]{0,6}", text):
        return "a whole number, such as 7"
    return None


_MISSING: Mapping[Control, str] = {
    "boxes": "tick at least one",
    "ref": "choose what it is compared with",
    "time": "write a time such as 18:30",
    "times": "say both times",
    "date": "choose a day",
    "dates": "say both days",
    "number": "write a number",
    "numbers": "write at least one, each on a line of its own",
    "range": "write both numbers",
    "lines": "write at least one, each on a line of its own",
    "place": "say latitude, longitude and kilometres",
    "ago": "write how long",
    "share": "give the share a name",
}


def typeable(text: str) -> bool:
    """Whether a field of one line brings a text back as it is."""
    return bool(text) and text == text.strip() and not _UNTYPED.search(text)


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _number_text(held: object) -> str | None:
    if isinstance(held, bool) or not isinstance(held, int | float):
        return None
    try:
        return str(held) if number(str(held)) == held else None
    except ValueError:
        return None


def _text(held: object, _kind: Kind) -> Texts | None:
    return (held,) if isinstance(held, str) and typeable(held) else None


def _number(held: object, _kind: Kind) -> Texts | None:
    text = _number_text(held)
    return None if text is None else (text,)


def _each(held: object, one: Callable[[object], str | None]) -> Texts | None:
    if not isinstance(held, Sequence) or isinstance(held, str) or not 0 < len(held) <= _MOST_LINES:
        return None
    found = [one(item) for item in held]
    return tuple(text for text in found if text is not None) if None not in found else None


def _lines(held: object, kind: Kind) -> Texts | None:
    return _each(held, lambda one: next(iter(_text(one, kind) or ()), None))


def _pair(control: Callable[[object], str | None]) -> Callable[[object, Kind], Texts | None]:
    def read(held: object, _kind: Kind) -> Texts | None:
        found = _each(held, control)
        return found if found is not None and len(found) == 2 else None

    return read


def _like(is_right: Callable[[str], object]) -> Callable[[object], str | None]:
    return lambda held: held if isinstance(held, str) and is_right(held) else None


def _single(control: Callable[[object], str | None]) -> Callable[[object, Kind], Texts | None]:
    def read(held: object, _kind: Kind) -> Texts | None:
        found = control(held)
        return None if found is None else (found,)

    return read


def _ago(held: object, _kind: Kind) -> Texts | None:
    found = mapping(held)
    text = found.get("ago")
    match = _AGO.fullmatch(text) if isinstance(text, str) and len(found) == 1 else None
    return (match[1], match[2]) if match else None


def _place(held: object, _kind: Kind) -> Texts | None:
    found = mapping(held)
    return (
        _each([found[key] for key in ("lat", "lon", "km")], _number_text)
        if set(found) == {"lat", "lon", "km"}
        else None
    )


def _share(held: object, _kind: Kind) -> Texts | None:
    found = mapping(held)
    if not set(found) <= {"gte", "lt", "salt"} or not isinstance(salt := found.get("salt"), str) or not typeable(salt):
        return None
    ends = [_number_text(found[key]) if key in found else "" for key in ("gte", "lt")]
    return (ends[0], ends[1], salt) if ends[0] is not None and ends[1] is not None else None


def _boxes(held: object, kind: Kind) -> Texts | None:
    """In the order of the boxes."""
    listed = held if isinstance(held, Sequence) and not isinstance(held, str) else [held]
    if not listed or not all(isinstance(one, str) and one in kind.values for one in listed):
        return None
    return tuple(one for one in kind.values if one in listed)


def _ref(held: object, kind: Kind) -> Texts | None:
    found = mapping(held)
    name = found.get("ref")
    return (name,) if len(found) == 1 and isinstance(name, str) and name in kind.comparable else None


_READERS: Mapping[Control, Callable[[object, Kind], Texts | None]] = {
    "text": _text,
    "lines": _lines,
    "number": _number,
    "numbers": lambda held, _kind: _each(held, _number_text),
    "range": _pair(_number_text),
    "time": _single(_like(_TIME.fullmatch)),
    "times": _pair(_like(_TIME.fullmatch)),
    "date": _single(_like(_is_day)),
    "dates": _pair(_like(_is_day)),
    "moment": _single(_like(_MOMENT.fullmatch)),
    "ago": _ago,
    "place": _place,
    "share": _share,
    "boxes": _boxes,
    "ref": _ref,
}


def _share_of(texts: Texts) -> Mapping[str, object]:
    low, high, salt = texts
    return {**({"gte": number(low)} if low else {}), **({"lt": number(high)} if high else {}), "salt": salt}


_WRITERS: Mapping[Control, Callable[[Texts], object]] = {
    "text": lambda texts: texts[0],
    "lines": list,
    "number": lambda texts: number(texts[0]),
    "numbers": lambda texts: [number(one) for one in texts],
    "range": lambda texts: [number(one) for one in texts],
    "time": lambda texts: texts[0],
    "times": list,
    "date": lambda texts: texts[0],
    "dates": list,
    "moment": lambda texts: texts[0],
    "ago": lambda texts: {"ago": "".join(texts)},
    "place": lambda texts: dict(zip(("lat", "lon", "km"), map(number, texts), strict=True)),
    "share": _share_of,
    "boxes": list,
    "ref": lambda texts: {"ref": texts[0]},
}
SIZES: Mapping[Control, int] = {"range": 2, "times": 2, "dates": 2, "ago": 2, "place": 3, "share": 3}
"""How many fields a control has, where it has more than one."""
