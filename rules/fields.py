"""Reading the fields of one item of a document, each with its type, every problem noted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta

from rules.durations import parse_duration
from rules.report import Path, Report
from rules.values import is_number

LONGEST_ID = 128
LONGEST_TEXT = 2000


class Fields:
    """One mapping of a document. What is not of its type is noted and read as if it were not there."""

    def __init__(self, data: object, path: Path, report: Report, allowed: Collection[str], what: str) -> None:
        self.path = path
        self.report = report
        self.what = what
        self.readable = type(data) is dict or isinstance(data, Mapping)
        self.data: Mapping[str, object] = data if self.readable else {}  # type: ignore[assignment]
        if not self.readable:
            report.add(path, f"{what} is a mapping")
        for key in self.data:
            if key not in allowed:
                report.add(self.at(key), f"{what} has no {key!r}", word=key, known=allowed, at_key=True)

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def __getitem__(self, key: str) -> object:
        return self.data[key]

    def at(self, *parts: str | int) -> Path:
        """The path of a field."""
        return (*self.path, *parts)

    def note(self, key: str, message: str, word: object = None, known: Collection[str] = ()) -> None:
        """A problem of a field; of the whole item where the field is not there."""
        path = self.at(key) if key in self.data else self.path
        self.report.add(path, message, word=None if word is None else str(word), known=known)

    def needs(self, key: str, hint: str = "") -> None:
        """Notes that a field is not there; of what is no mapping that was said already."""
        if self.readable and key not in self.data:
            self.report.add(self.path, f"{self.what} needs {key!r}{hint}")

    def text(self, key: str, *, required: bool = False) -> str | None:
        """A string that is not empty."""
        if key not in self.data:
            if required:
                self.needs(key)
            return None
        value = self.data[key]
        if not isinstance(value, str) or not value:
            self.note(key, f"{key!r} is a text that is not empty", value)
            return None
        if len(value) > LONGEST_TEXT:
            self.note(key, f"{key!r} is longer than {LONGEST_TEXT} characters")
            return None
        return value

    def identifier(self, key: str = "id") -> str | None:
        """A required name without control characters, at most 128 characters long."""
        value = self.text(key, required=True)
        if value is None:
            return None
        if len(value) > LONGEST_ID or not value.isprintable() or value != value.strip():
            self.note(
                key,
                f"{key!r} is at most {LONGEST_ID} printable characters, without spaces at its ends",
                value,
            )
            return None
        return value

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            self.note(key, f"{key!r} is true or false", value)
            return default
        return value

    def number(self, key: str, default: float, low: float | None = None, high: float | None = None) -> float:
        """A finite number in [low, high]."""
        value = self.data.get(key, default)
        if not is_number(value):
            self.note(key, f"{key!r} is a number", value)
            return default
        number: float = value  # type: ignore[assignment]
        if (low is not None and number < low) or (high is not None and number > high):
            limits = f"from {low:g} up" if high is None else f"from {low:g} to {high:g}"
            self.note(key, f"{key!r} is a number {limits}", value)
            return default
        return number

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        value = self.data.get(key, default)
        if not is_number(value) or value != int(value) or not low <= value <= high:  # type: ignore[call-overload, operator]
            self.note(key, f"{key!r} is a whole number from {low} to {high}", value)
            return default
        return int(value)  # type: ignore[call-overload, no-any-return]

    def duration(self, key: str, *, required: bool = False) -> timedelta | None:
        """A duration such as 30m."""
        if key not in self.data:
            if required:
                self.needs(key, ", a duration such as 30m")
            return None
        try:
            return parse_duration(self.data[key])
        except ValueError as error:
            self.note(key, str(error), self.data[key])
            return None

    def one_of(self, key: str, choices: Collection[str], default: str | None) -> str | None:
        """One of a few words."""
        value = self.data.get(key, default)
        if key in self.data and (not isinstance(value, str) or value not in choices):
            self.note(key, f"{key!r} is one of {', '.join(choices)}", value, choices)
            return default
        return value  # type: ignore[return-value]

    def items(self, key: str) -> Iterator[tuple[object, Path]]:
        """The items of a list, with their paths."""
        value = self.data.get(key, [])
        if not isinstance(value, list | tuple):
            self.note(key, f"{key!r} is a list")
            return
        for index, item in enumerate(value):
            yield item, self.at(key, index)


def unique(seen: dict[str, Path], identifier: str | None, path: Path, report: Report, what: str) -> bool:
    """Notes an id that another item of its kind has already."""
    if identifier is None:
        return False
    if identifier in seen:
        report.add(
            (*path, "id"),
            f"there are two {what}s {identifier!r}; ids are unique in their kind",
            word=identifier,
        )
        return False
    seen[identifier] = path
    return True
