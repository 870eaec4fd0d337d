"""Collects every problem of a document in one pass."""

from __future__ import annotations

from collections import Counter
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
    """The problems found so far.

    Up to a limit, errors and warnings apart: a document with ten thousand faults needs no longer list. So it is with
    suggestions, each of which compares a word with every known one.
    """

    LIMIT = 1000
    MOST_COMPARED = 50_000
    LONGEST_WORD = 200
    LONGEST_MESSAGE = 2000

    def __init__(self, locate: Locate = nowhere) -> None:
        self.problems: list[Problem] = []
        self._locate = locate
        self._count: Counter[Severity] = Counter()
        self._compared = 0

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
        self._count[severity] += 1
        if self._count[severity] > self.LIMIT:
            return
        suggestion = None
        if word is not None:
            word = word if len(word) <= self.LONGEST_WORD else f"{word[: self.LONGEST_WORD]}…"
            names = tuple(known)
            self._compared += len(names)
            if self._compared <= self.MOST_COMPARED:
                suggestion = nearest(word, names)
        if len(message) > self.LONGEST_MESSAGE:
            message = f"{message[: self.LONGEST_MESSAGE]}…"
        if suggestion:
            message = f"{message}; did you mean {suggestion!r}?"
        place = self._locate(path, at_key)
        self.problems.append(
            Problem(message, pointer(path), place.file, place.line, place.column, word, suggestion, severity)
        )

    def without_unknown_names(self) -> Report:
        """The same problems but those of names that there are not."""
        found = Report(self._locate)
        found.problems = [problem for problem in self.problems if not problem.message.startswith("there is no ")]
        return found

    @property
    def noted(self) -> int:
        """How many problems there were so far, those beyond the limit too."""
        return self._count.total()

    @property
    def failed(self) -> bool:
        """Whether an error, more than a warning, was noted."""
        return self._count["error"] > 0 or any(problem.severity == "error" for problem in self.problems)

    def raise_if_failed(self) -> None:
        """Raises RuleError with every problem where there is an error among them."""
        if self.failed:
            found = sorted(self.problems, key=lambda p: (p.file or "", p.line or 0, p.column or 0))
            if self._count["error"] > self.LIMIT:
                found.append(Problem(f"and {self._count['error'] - self.LIMIT} more problems"))
            raise RuleError(found)
