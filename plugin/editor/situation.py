"""The form in which an editor makes up a visitor, and what it means: attributes, segments and a moment."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from plugin.editor.moments import zone_of
from plugin.editor.reads import Reads
from plugin.editor.subjects import label, value
from plugin.editor.vocabulary import Vocabulary
from plugin.service.rulesets.items import Document, items

PREFIX = "a."
"""Before the name of an attribute, in the names of the form's fields."""
LOCALE, VISITOR = "request.locale", "visitor.id"
_ALWAYS = (LOCALE,)
_NEVER = ("time.",)  # they follow from the moment
_ZONES = ("context.timezone", "geo.timezone")
_KINDS = {"boolean": "choice", "number": "number", "date": "date", "datetime": "datetime-local"}
_HINTS = {
    "string_list": "separated by commas",
    "number_list": "separated by commas",
    "location": "latitude, longitude",
    "version": "such as 16.2",
}
_TWO_LETTERS = re.compile(r"[A-Z]{2}")
_HINTS_BY_NAME = {"geo.country": "two letters, such as FR", "geo.continent": "two letters, such as EU"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of the form.

    Attributes:
        kind: of the control: choice, number, date, datetime-local or text.
        choices: value and words of each choice.
        suggestions: values that rules mention.
        problem: why the value cannot be taken.
    """

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    unit: str | None = None
    hint: str | None = None
    choices: tuple[tuple[str, str], ...] = ()
    suggestions: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A segment that the visitor may be put into."""

    id: str
    name: str
    chosen: bool
    known_otherwise: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form as it was filled in: what rules read first, the rest behind it."""

    first: tuple[Field, ...] = ()
    more: tuple[Field, ...] = ()
    groups: tuple[Group, ...] = ()
    more_groups: tuple[Group, ...] = ()
    date: str = ""
    time: str = ""
    zone: str = "UTC"
    moment_problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether everything in it can be taken."""
        return not self.moment_problem and not any(one.problem for one in (*self.first, *self.more))

    @property
    def more_is_used(self) -> bool:
        """Whether something is filled in that is not offered first."""
        return any(one.value for one in self.more) or any(one.chosen for one in self.more_groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The visitor and the moment."""

    attributes: Mapping[str, Any] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    at: datetime | None = None


Answers = Mapping[str, list[str]]


def read(
    answers: Answers, reads: Reads, documents: Iterable[Document], vocabulary: Vocabulary, now: datetime
) -> tuple[Form, Situation]:
    """What was filled in. What cannot be taken is marked in the form, and left out of the situation."""
    documents = list(documents)
    wanted = [*_ALWAYS, *(name for name in reads.attributes if name not in _ALWAYS)]
    first: list[Field] = []
    more: list[Field] = []
    attributes: dict[str, Any] = {}
    for name, is_first in _offered(wanted, answers, vocabulary):
        one = _field(name, reads.attributes.get(name, {}), documents, vocabulary)
        text = next(iter(answers.get(PREFIX + name, ())), "").strip()
        if text:
            one = replace(one, value=text)
            try:
                attributes[name] = _value(name, text, vocabulary)
            except ValueError as error:
                one = replace(one, problem=str(error))
        (first if is_first else more).append(one)
    groups = _groups(documents, set(answers.get("segment", ())))
    form = Form(
        first=tuple(first),
        more=tuple(more),
        groups=tuple(one for one in groups if one.id in reads.segments),
        more_groups=tuple(one for one in groups if one.id not in reads.segments),
        date=next(iter(answers.get("date", ())), ""),
        time=next(iter(answers.get("time", ())), ""),
        zone=_zone(attributes, vocabulary),
    )
    form, at = _moment(form, now)
    return form, Situation(attributes=attributes, segments=tuple(one.id for one in groups if one.chosen), at=at)


def _offered(wanted: list[str], answers: Answers, vocabulary: Vocabulary) -> Iterator[tuple[str, bool]]:
    """Names of attributes, and whether rules read them."""
    seen = set()
    for name in wanted:
        if not name.startswith(_NEVER) and vocabulary.attribute(name) is not None:
            seen.add(name)
            yield name, True
    filled = [key.removeprefix(PREFIX) for key in answers if key.startswith(PREFIX)]
    for name in (*vocabulary.declared, *vocabulary.built_in, *filled):
        if name in seen or name.startswith(_NEVER) or name.endswith("*") or vocabulary.attribute(name) is None:
            continue
        seen.add(name)
        yield name, False


def _field(name: str, mentioned: Mapping[str, None], documents: list[Document], vocabulary: Vocabulary) -> Field:
    attribute = vocabulary.attribute(name)
    kind = _KINDS.get(attribute.type if attribute else "", "text")
    values = attribute.values if attribute else None
    choices: tuple[tuple[str, str], ...] = ()
    if values and attribute and attribute.type == "string":
        kind, choices = "choice", tuple((one, value(name, one, vocabulary)) for one in values)
    elif kind == "choice":
        choices = (("yes", "yes"), ("no", "no"))
    suggestions = tuple(mentioned)[:30]
    if name == LOCALE:
        suggestions = tuple(
            dict.fromkeys([*suggestions, *(one for document in documents for one in _locales(document))])
        )
    return Field(
        name=PREFIX + name,
        label=label(name, vocabulary),
        kind=kind,
        unit=attribute.unit if attribute else None,
        hint=_HINTS_BY_NAME.get(name) or (_HINTS.get(attribute.type) if attribute else None),
        choices=choices,
        suggestions=suggestions,
    )


def _locales(document: Document) -> list[str]:
    held = document.get("locales")
    return [str(one) for one in held] if isinstance(held, list | tuple) else []


def _type(name: str, vocabulary: Vocabulary) -> str:
    attribute = vocabulary.attribute(name)
    return attribute.type if attribute is not None else "string"


def _value(name: str, text: str, vocabulary: Vocabulary) -> Any:  # noqa: ANN401  # any JSON
    if name in _HINTS_BY_NAME and not _TWO_LETTERS.fullmatch(text):
        raise ValueError(f"“{text}” is no code: write {_HINTS_BY_NAME[name]}")
    return _parse(text, _type(name, vocabulary))


def _parse(text: str, type_: str) -> Any:  # noqa: ANN401  # any JSON
    """A text of the form as a value. Raises ValueError with a sentence for the editor."""
    match type_:
        case "boolean":
            return _choice(text)
        case "number":
            return number(text)
        case "string_list":
            return [part.strip() for part in text.split(",") if part.strip()]
        case "number_list":
            return [number(part) for part in text.split(",") if part.strip()]
        case "location":
            return _position(text)
        case "date":
            return _date(text)
    return text


def _choice(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("choose yes or no")
    return text == "yes"


def number(text: str) -> float:
    """A number, a whole one as such. Raises ValueError with a sentence for the editor."""
    try:
        found = float(text.strip())
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"“{text.strip()}” is not a number")
    return int(found) if found.is_integer() and abs(found) < 2**53 else found


def _position(text: str) -> Mapping[str, float]:
    parts = text.split(",")
    if len(parts) != 2:
        raise ValueError("write a latitude and a longitude, such as 48.85, 2.35")
    lat, lon = number(parts[0]), number(parts[1])
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise ValueError("a latitude is from -90 to 90, a longitude from -180 to 180")
    return {"lat": lat, "lon": lon}


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ValueError(f"“{text}” is not a date such as 2026-11-24") from error


def filled(attributes: Mapping[str, Any], segments: Iterable[str], at: datetime | None, zone: str) -> Answers:
    """What the form holds for a visitor, as the fields of an address; ``zone``: the site's."""
    found = {PREFIX + name: [_text(held)] for name, held in attributes.items() if not name.startswith(_NEVER)}
    if at is not None:
        names = (attributes.get(name) for name in _ZONES)
        own = next((name for name in names if isinstance(name, str) and zone_of(name).key == name), zone)
        local = at.astimezone(zone_of(own))
        found |= {"date": [local.date().isoformat()], "time": [f"{local:%H:%M}"]}
    return {**found, "segment": list(segments)}


def _text(held: object) -> str:
    match held:
        case bool():
            return "yes" if held else "no"
        case {"lat": lat, "lon": lon}:
            return f"{lat}, {lon}"
        case list() | tuple():
            return ", ".join(map(str, held))
    return str(held)


def _groups(documents: list[Document], chosen: set[str]) -> list[Group]:
    found: dict[str, Group] = {}
    for document in documents:
        for id_, item in items(document, "segments").items():
            otherwise = "when" in item or "members" in item
            found.setdefault(
                id_,
                Group(id=id_, name=str(item.get("name") or id_), chosen=id_ in chosen, known_otherwise=otherwise),
            )
    return list(found.values())


def _zone(attributes: Mapping[str, Any], vocabulary: Vocabulary) -> str:
    """The zone of the visitor's clock, as rules see it."""
    for name in _ZONES:
        held = attributes.get(name)
        if isinstance(held, str) and zone_of(held).key == held:
            return held
    return vocabulary.zone


def _moment(form: Form, now: datetime) -> tuple[Form, datetime | None]:
    """The moment, on the visitor's clock; a day alone keeps the present hour, an hour alone the present day."""
    if not form.date and not form.time:
        return form, None
    local = now.astimezone(zone_of(form.zone))
    try:
        day = date.fromisoformat(form.date) if form.date else local.date()
        hour = datetime.strptime(form.time[:5], "%H:%M").time() if form.time else local.time()  # noqa: DTZ007
        return form, datetime.combine(day, hour, zone_of(form.zone))
    except ValueError:
        return replace(form, moment_problem="write the day as 2026-11-24 and the hour as 18:30"), None
