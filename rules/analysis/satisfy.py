"""Finds a visitor and a moment for which a goal holds, or shows that there is none.

"Never" is answered only where each row of the goal has an attribute, or a clock, that is left without a value; where
the search ends without a visitor and without that, the answer is "unknown". A visitor is checked with the real
conditions, and by the caller, before it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Literal as OneOf

from rules.analysis.goals import Goal, Row, Rows
from rules.analysis.parts import Clash, Splitter
from rules.analysis.witness import Inventor, Witness
from rules.document import Document

_MOST_ROWS = 12
_MOST_WITNESSES = 2
_MOST_TRIES = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found out.

    Attributes:
        kind: found, never (proved), or unknown.
        witness: where one was found.
        clashes: where never: for each row, literals that cannot hold at once.
    """

    kind: OneOf["found", "never", "unknown"]
    witness: Witness | None = None
    clashes: tuple[Row, ...] = ()


class Solver:
    """Answers questions about one document. Work and memory are bounded for each question."""

    def __init__(self, document: Document) -> None:
        self._splitter = Splitter(document.catalogue, document.zone)
        self._inventor = Inventor(document.catalogue, document.zone)

    def ask(self, goal: Goal, accept: Callable[[Witness], bool]) -> Answer:
        """Whether the goal can hold; only a visitor that `accept` takes counts as found."""
        rows = Rows(goal)
        clashes: list[Row] = []
        open_rows = tries = 0
        for row in rows:
            parts = self._splitter.split(row)
            if isinstance(parts, Clash):
                clashes.append(parts.literals)
                continue
            open_rows += 1
            if parts is not None:
                for witness in islice(self._inventor.witnesses(parts), _MOST_WITNESSES):
                    tries += 1
                    if accept(witness):
                        return Answer("found", witness)
            if tries >= _MOST_TRIES or open_rows >= _MOST_ROWS:
                return Answer("unknown")
        if open_rows or not rows.complete:
            return Answer("unknown")
        return Answer("never", clashes=(*rows.clashes, *clashes))

    def never(self, goal: Goal) -> bool:
        """Whether the goal provably never holds; looks for no visitor."""
        rows = Rows(goal)
        return all(isinstance(self._splitter.split(row), Clash) for row in rows) and rows.complete
