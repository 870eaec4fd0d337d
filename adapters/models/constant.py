"""The same score for every row: a neutral model for wiring, trials and fallbacks.

Options: `name` (default "constant"), `score` in [0, 1] (default 0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.models.port import FeatureRow, ModelOptionsError, ModelSpec, Per
from adapters.options import OptionReader
from adapters.runtime import Runtime


class ConstantModel:
    """Scores all alike, at no cost and without failure."""

    def __init__(self, name: str, score: float) -> None:
        both: frozenset[Per] = frozenset(("audience", "visitor"))
        self.spec = ModelSpec(name=name, features=(), scale="probability", per=both, local=True)
        self._score = score

    def score(self, rows: Sequence[FeatureRow], *, timeout_s: float) -> Sequence[float]:  # noqa: ARG002 - no waiting here
        return [self._score] * len(rows)

    def ping(self) -> None:
        """Always well."""

    def close(self) -> None:
        """Holds nothing to free."""


def build(options: Mapping[str, object], runtime: Runtime) -> ConstantModel:  # noqa: ARG001 - the registry's shape
    """Raises `ModelOptionsError` for bad options."""
    read = OptionReader(options)
    name = read.text("name", "constant") or "constant"
    score = read.number("score", 0.0, low=0.0, high=1.0)
    if problems := read.problems():
        raise ModelOptionsError(problems)
    return ConstantModel(name, score)
