"""Collects every problem of a document in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rules.errors import Problem, RuleError, Severity
from rules.suggest import nearest

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of a document stands; lines and columns from 1, None where it came as a mapping."""

    file: str | None = None
    line: int | None = None
    column: int | None = None


Locate = Callable[[Path, bool], Place]


def nowhere(_path: Path, _at_key: bool) -> Place:
    """For documents that came as a mapping."""
    return Place()


def pointer(path: Path) -> str:
    """The JSON pointer (RFC 6901) of a path."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


class Report:
    """The problems found so far, up to a limit: a document with ten thousand faults needs no longer list."""

    LIMIT = 1000

    def __init__(self, locate: Locate = nowhere) -> None:
        self.problems: list[Problem] = []
        self._locate = locate

    def add(
        self,
        path: Path,
        message: str,
        *,
        word: str | None = None,
        known: Iterable[str] = (),
        at_key: bool = False,
        severity: Severity = "error",
    ) -> None:
        """Note a problem at a path (`at_key`: at the key instead of its value), with the nearest of the known words."""
        if len(self.problems) >= self.LIMIT:
            return
        suggestion = nearest(word, known) if word is not None else None
        if suggestion:
            message = f"{message}; did you mean {suggestion!r}?"
        place = self._locate(path, at_key)
        self.problems.append(
            Problem(message, pointer(path), place.file, place.line, place.column, word, suggestion, severity)
        )

    @property
    def failed(self) -> bool:
        """Whether an error, more than a warning, was noted."""
        return any(problem.severity == "error" for problem in self.problems)

    def raise_if_failed(self) -> None:
        """Raises RuleError with every problem where there is an error among them."""
        if self.failed:
            raise RuleError(sorted(self.problems, key=lambda p: (p.file or "", p.line or 0, p.column or 0)))
