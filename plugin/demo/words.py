"""The storefront in words: its interface texts, and dates, conditions and values put so that a reader can follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rules.source import parse

LANGUAGES: Mapping[str, str] = MappingProxyType({"fr": "Français", "en": "English"})
"""The languages of the interface, the default first, each by its own name."""
SIGNS: Mapping[str, str] = MappingProxyType({"EUR": "€", "GBP": "£", "USD": "$"})
_SHOWN = 120
_WEEKDAYS = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "en": "January February March April May June July August September October November December",
}
_FRENCH_MISSING = {"not known": "inconnu", "hidden": "caché", "of another type": "d’un autre type"}
_NO_CONSENT = "no consent for "


@dataclass(frozen=True, slots=True)
class Words:
    """One language.

    Attributes:
        t: the texts of `site/interface/<lang>.yaml`; `tests`, `drops`, `statuses`, `events` and counts are nested.
    """

    lang: str
    t: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A text of the interface."""
        return str(self.t[name])

    def count(self, name: str, number: int) -> str:
        """`1 event`, `3 events`."""
        return f"{number}\u00a0{self.t[name]['one' if number == 1 else 'many']}"

    def event(self, kind: str) -> str:
        """What a visitor did, by the type of the event."""
        return str(self.t["events"].get(kind, kind))

    def moment(self, local: datetime) -> str:
        """`Tuesday 24 November 2026, 22:40`."""
        return f"{_WEEKDAYS[self.lang][local.weekday()]} {self.day(local)}, {self.hour(local)}"

    def short_moment(self, local: datetime) -> str:
        """`Tue 22:40`."""
        return f"{self.weekday(local.weekday())} {self.hour(local)}"

    def day(self, local: datetime) -> str:
        """`24 November 2026`; the hour behind it where it is not midnight is the caller's to add."""
        day = "1er" if local.day == 1 and self.lang == "fr" else str(local.day)
        return f"{day} {_MONTHS[self.lang].split()[local.month - 1]} {local.year}"

    def hour(self, local: datetime) -> str:
        """`22:40`, in French `22 h 40`."""
        return f"{local.hour}\u00a0h\u00a0{local:%M}" if self.lang == "fr" else f"{local:%H:%M}"

    def instant(self, local: datetime) -> str:
        """`24 November 2026`, with the hour where it is not midnight."""
        return self.day(local) if (local.hour, local.minute) == (0, 0) else f"{self.day(local)}, {self.hour(local)}"

    def weekday(self, number: int) -> str:
        """The short name of a weekday, 0 for Monday."""
        name = _WEEKDAYS[self.lang][number][:3]
        return f"{name}." if self.lang == "fr" else name

    def price(self, amount: object, currency: object) -> str | None:
        """`42 €`; None where there is no amount."""
        if isinstance(amount, bool) or not isinstance(amount, int | float):
            return None
        return f"{self.value(amount)}\u00a0{SIGNS.get(str(currency), currency or '')}".rstrip()

    def test(self, attribute: str, test: str, value: object) -> str:
        """A test of a condition, such as `geo.country is one of FR, BE`."""
        verb = self.t["tests"].get(test, test)
        if test == "exists":
            return f"{attribute} {verb}: {self.value(value)}"
        match value:
            case [low, high] if test == "between":
                shown = f"{self.value(low)} – {self.value(high)}"
            case [lat, lon, km] if test == "within_km":
                shown = f"{self.value(km)} ({self.value(lat)}, {self.value(lon)})"
            case {"gte": low, "lt": high} if test == "percent":
                shown = f"{self.value(low or 0)} – {self.value(100 if high is None else high)}"
            case _:
                shown = self.value(value)
        return f"{attribute} {verb} {shown}"

    def value(self, value: object) -> str:
        """A value as short text."""
        shown = self._value(value)
        return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"

    def _value(self, value: object) -> str:
        match value:
            case bool():
                return self.text("why_true" if value else "why_false")
            case float() if value.is_integer():
                return str(int(value))
            case {"ref": name, "seen": seen}:
                return str(name) if seen is None else f"{name} ({self._value(seen)})"
            case {"ago": span}:
                return f"− {span}"
            case Mapping():
                return ", ".join(f"{name} {self._value(item)}" for name, item in value.items())
            case list() | tuple():
                return ", ".join(map(self._value, value))
        return str(value)

    def missing(self, reason: object) -> str | None:
        """Why there is no value to see, as the trace says it, in this language."""
        if not isinstance(reason, str) or self.lang != "fr":
            return reason if isinstance(reason, str) else None
        if reason.startswith(_NO_CONSENT):
            return f"pas d’accord pour {reason.removeprefix(_NO_CONSENT)}"
        return _FRENCH_MISSING.get(reason, reason)

    def template_failed(self, kind: str) -> str:
        """That the template of a type of blocks failed."""
        if self.lang == "fr":
            return f"Le gabarit du type {kind} a échoué : seul le titre est montré."
        return f"The template of the type {kind} failed: only the title is shown."


def read_words(folder: Path, languages: Sequence[str] = tuple(LANGUAGES)) -> Mapping[str, Words]:
    """The words of each language. Raises OSError, RuleError where a file is missing or no YAML."""
    return {
        lang: Words(lang, parse((folder / f"{lang}.yaml").read_text(encoding="utf-8"), f"{lang}.yaml").data)
        for lang in languages
    }
