"""What is wrong with a document, and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend in a document.

    Attributes:
        message: a sentence that says what is wrong and what to do.
        pointer: JSON pointer (RFC 6901) into the document.
        file: where the document came from, as the caller named it.
        line: from 1; None where the document came as a mapping.
        column: from 1, in characters; None likewise.
        word: the offending word.
        suggestion: the nearest right word, if one is near.
        severity: a warning never stops publishing.
    """

    message: str
    pointer: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    word: str | None = None
    suggestion: str | None = None
    severity: Severity = "error"

    @property
    def place(self) -> str:
        """`file:line:column`, 1:1 for a file as a whole; the pointer where there is no text."""
        line, column = self.line, self.column
        if self.file is not None and line is None:
            line, column = 1, 1
        where = ":".join(str(part) for part in (self.file, line, column) if part is not None)
        return where or self.pointer or "document"

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class RuleError(ValueError):
    """A condition or document that does not check; `problems` has every one of them."""

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        if isinstance(problems, str):
            problems = [Problem(problems)]
        self.problems: Sequence[Problem] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnknownSlotError(LookupError):
    """The slot asked for is not in the document, or is disabled."""

    def __init__(self, slot: str, suggestion: str | None) -> None:
        self.slot = slot
        self.suggestion = suggestion
        hint = f"; did you mean {suggestion!r}?" if suggestion else ""
        super().__init__(f"no slot {slot!r}{hint}")
