"""The panel of the storefront: its fields, what each choice means to the rules, and visitors ready to try.

The form is data (`site/interface/panel.yaml`). What only its author can get wrong is not checked: it fails at start.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rules.clock import parse_date
from rules.source import parse

Kind = Literal["select", "number", "text", "date", "time", "checkboxes"]
Texts = Mapping[str, str]
"""By language."""
Values = Mapping[str, tuple[str, ...]]
"""What is chosen, by field; one text but for checkboxes. An absent field is empty."""

LONGEST_TEXT = 64
_DATE = re.compile(r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_NUMBER = re.compile(r"[0-9.eE+-]{1,20}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a select or a group of checkboxes, and the attributes that it stands for."""

    value: str
    label: Texts
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of the form.

    Attributes:
        attribute: takes the value of a number or text field as it is.
        listed: the attribute that collects the values of checkboxes.
        segments: whether the choices are segments held.
    """

    name: str
    kind: Kind
    label: Texts
    hint: Texts = field(default_factory=dict)
    unit: str | None = None
    attribute: str | None = None
    listed: str | None = None
    segments: bool = False
    choices: tuple[Choice, ...] = ()

    def read(self, given: Sequence[str]) -> tuple[str, ...] | None:
        """What of the given values this field can hold; None where that is nothing, so that the default stands."""
        if self.kind == "checkboxes":
            return tuple(choice.value for choice in self.choices if choice.value in given)
        text = given[-1].strip() if given else ""
        if self.kind == "select":
            return (text,) if any(choice.value == text for choice in self.choices) else None
        return (text,) if self._is_good(text) else None

    def chosen(self, values: Values) -> Iterator[Choice]:
        """The choices that are selected."""
        held = values.get(self.name, ())
        return (choice for choice in self.choices if choice.value in held)

    def _is_good(self, text: str) -> bool:
        if not text:
            return True
        match self.kind:
            case "number":
                return number(text) is not None
            case "date":
                return _DATE.fullmatch(text) is not None and parse_date(text) is not None
            case "time":
                return _TIME.fullmatch(text) is not None
        return len(text) <= LONGEST_TEXT and not _CONTROL.search(text)


def number(text: str) -> float | None:
    """The finite number, not below 0, that a text is; else None."""
    try:
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


@dataclass(frozen=True, slots=True)
class Group:
    """A few fields under one heading."""

    legend: Texts
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Preset:
    """A visitor ready to try: everything that is chosen, defaults included."""

    label: Texts
    detail: Texts
    values: Values


@dataclass(frozen=True, slots=True)
class Panel:
    """The whole form."""

    groups: tuple[Group, ...]
    defaults: Values
    presets: tuple[Preset, ...]

    @property
    def fields(self) -> Iterator[Field]:
        """All fields, in the order of the form."""
        return (one for group in self.groups for one in group.fields)

    def settled(self, given: Mapping[str, Sequence[str]], base: Values) -> Values:
        """The given values where their fields can hold them, else those of `base`; fields in the form's order."""
        found: dict[str, tuple[str, ...]] = {}
        for one in self.fields:
            read = one.read(given[one.name]) if one.name in given else None
            value = base.get(one.name) if read is None else read
            if value is not None and (any(value) or one.name in self.defaults):
                found[one.name] = value
        return found


def read_panel(text: str) -> Panel:
    """The panel of a YAML text.

    Raises:
        RuleError: it is no YAML.
        KeyError, TypeError: it is no panel.
    """
    data = parse(text, "panel.yaml").data
    groups = tuple(Group(one["legend"], tuple(_field(item) for item in one["fields"])) for one in data["groups"])
    bare = Panel(groups, {}, ())
    defaults = bare.settled(_lists(data["defaults"]), {})
    presets = tuple(
        Preset(one["label"], one["detail"], bare.settled(_lists(one["set"]), defaults)) for one in data["presets"]
    )
    return Panel(groups, defaults, presets)


def _field(data: Mapping[str, Any]) -> Field:
    return Field(
        name=data["name"],
        kind=data["kind"],
        label=data["label"],
        hint=data.get("hint", {}),
        unit=data.get("unit"),
        attribute=data.get("attribute"),
        listed=data.get("list"),
        segments=data.get("segments", False),
        choices=tuple(Choice(one["value"], one["label"], one.get("attributes", {})) for one in data.get("choices", ())),
    )


def _lists(data: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        name: [str(item) for item in value] if isinstance(value, list) else [str(value)] for name, value in data.items()
    }
