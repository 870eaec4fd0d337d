"""Typed reading of an adapter's options, so that every mistake in them is reported at once."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping

Problems = tuple[str, ...]


class OptionReader:
    """Takes options one by one; what was wrong, and what nobody took, is in `problems()`.

    A bad value gives the default, so that reading can go on to the end. Values of options are never repeated
    in a problem: they may be secrets.
    """

    def __init__(self, options: Mapping[str, object]) -> None:
        self._options = options
        self._taken: set[str] = set()
        self._problems: list[str] = []

    def complain(self, name: str, reason: str) -> None:
        """Adds a problem of the caller's own."""
        self._problems.append(f"{name}: {reason}")

    def _take(self, name: str) -> object:
        self._taken.add(name)
        return self._options.get(name)

    def required_text(self, name: str) -> str:
        """A text that must be there and not be empty; "" where it is not."""
        value = self._take(name)
        if isinstance(value, str) and value:
            return value
        self.complain(name, "required, a text")
        return ""

    def text(self, name: str, default: str | None = None) -> str | None:
        """A text that may be missing."""
        value = self._take(name)
        if value is None:
            return default
        if isinstance(value, str) and value:
            return value
        self.complain(name, "want a text that is not empty")
        return default

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self._take(name)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.complain(name, "want true or false")
        return default

    def whole(self, name: str, default: int, *, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        value = self._take(name)
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.complain(name, f"want a whole number from {low} to {high}")
        return default

    def number(self, name: str, default: float, *, low: float, high: float) -> float:
        """A finite number in [low, high]."""
        value = self._take(name)
        if value is None:
            return default
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            number = float(value)
            if math.isfinite(number) and low <= number <= high:
                return number
        self.complain(name, f"want a number from {low:g} to {high:g}")
        return default

    def choice(self, name: str, default: str, allowed: Iterable[str]) -> str:
        """One of a closed set of texts."""
        value = self._take(name)
        known = tuple(allowed)
        if value is None:
            return default
        if isinstance(value, str) and value in known:
            return value
        self.complain(name, f"want one of {', '.join(known)}")
        return default

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts without repeats."""
        value = self._take(name)
        if value is None:
            return default
        if isinstance(value, (list, tuple)) and all(isinstance(item, str) and item for item in value):
            if len(set(value)) == len(value):
                return tuple(value)
            self.complain(name, "has repeats")
            return default
        self.complain(name, "want a list of texts")
        return default

    def text_map(self, name: str) -> dict[str, str]:
        """A mapping from text to text."""
        value = self._take(name)
        if value is None:
            return {}
        if isinstance(value, Mapping) and all(isinstance(k, str) and isinstance(v, str) for k, v in value.items()):
            return dict(value)
        self.complain(name, "want a mapping from text to text")
        return {}

    def anything(self, name: str) -> object:
        """The value as it is; None where it is missing."""
        return self._take(name)

    def problems(self) -> Problems:
        """Every problem so far, options that nobody took among them."""
        unknown = []
        for name in sorted(set(self._options) - self._taken):
            near = difflib.get_close_matches(name, sorted(self._taken), n=1)
            unknown.append(f"{name}: unknown option" + (f", did you mean {near[0]}?" if near else ""))
        return (*self._problems, *unknown)
