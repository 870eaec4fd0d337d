"""A linear model in process: weights from a JSON file, a logistic calibration, no library.

Options: `name` (required), `path` of the weights file or `weights` themselves (the format is in
`adapters.models.weights`), `per` (["audience", "visitor"]).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from adapters.models.features import as_categories, as_number, logistic
from adapters.models.port import FeatureRow, ModelOptionsError, ModelSpec, Per
from adapters.models.weights import Test, Weights, check_weights, parse_weights
from adapters.options import OptionReader
from adapters.runtime import Runtime

MAX_FILE_BYTES = 50_000_000
MAX_TERM = 1e290  # so that no sum of terms leaves the range of doubles


class LinearModel:
    """Compiled weights. Immutable, so any number of threads may score at once."""

    def __init__(self, name: str, weights: Weights, per: frozenset[Per]) -> None:
        self.spec = ModelSpec(name=name, features=weights.features(), scale="unbounded", per=per, local=True)
        self._bias = weights.bias
        self._a = weights.a
        self._b = weights.b
        self._numeric = tuple(sorted(weights.numeric.items()))
        # Feature by feature: value to its weight, and value to the crosses whose first test it is. A row costs
        # a few look-ups for each value that it has, however many weights there are.
        tables: dict[str, dict[str, float]] = {}
        for (feature, value), weight in weights.categorical.items():
            tables.setdefault(feature, {})[value] = weight
        crosses: dict[str, dict[str, list[tuple[tuple[Test, ...], float]]]] = {}
        for tests, weight in weights.crosses.items():
            (feature, value), *rest = tests
            crosses.setdefault(feature, {}).setdefault(value, []).append((tuple(rest), weight))
            for feature, _ in rest:
                crosses.setdefault(feature, {})
        self._categorical = tuple(
            (feature, tables.get(feature, {}), crosses.get(feature, {}))
            for feature in sorted(tables.keys() | crosses.keys())
        )

    def score(self, rows: Sequence[FeatureRow], *, timeout_s: float) -> Sequence[float]:  # noqa: ARG002 - microseconds
        """Calibrated scores; the order of a row's features never matters, down to the last bit."""
        return [self._score(row) for row in rows]

    def ping(self) -> None:
        """Always well: the weights were checked when it was built."""

    def close(self) -> None:
        """Holds nothing to free."""

    def _score(self, row: FeatureRow) -> float:
        parts = [self._bias]
        for feature, weight in self._numeric:
            number = as_number(row.get(feature))
            if number is not None:
                parts.append(min(max(weight * number, -MAX_TERM), MAX_TERM))
        found: dict[str, tuple[str, ...]] = {}
        begun: list[tuple[tuple[Test, ...], float]] = []
        for feature, table, crosses in self._categorical:
            value = row.get(feature)
            if value is None:
                continue
            found[feature] = categories = as_categories(value)
            for category in categories:
                if category in table:
                    parts.append(table[category])
                if category in crosses:
                    begun += crosses[category]
        for rest, weight in begun:
            for feature, wanted in rest:
                if wanted not in found.get(feature, ()):
                    break
            else:
                parts.append(weight)
        # Exact summation: the order of a list of tags must not move a score.
        return logistic(self._a * math.fsum(parts) + self._b)


def build(options: Mapping[str, object], runtime: Runtime) -> LinearModel:  # noqa: ARG001 - the registry's shape
    """Raises `ModelOptionsError` naming every bad option, or everything wrong with the weights."""
    take = OptionReader(options)
    name = take.required_text("name")
    path = take.text("path")
    inline = take.anything("weights")
    per = take.texts("per", ("audience", "visitor"))
    if not per or set(per) - {"audience", "visitor"}:
        take.complain("per", "want audience, visitor, or both")
    if (path is None) == (inline is None):
        take.complain("path", "give either path or weights")
    if problems := take.problems():
        raise ModelOptionsError(problems)
    weights = parse_weights(_read(Path(path))) if path is not None else check_weights(inline)
    return LinearModel(name, weights, frozenset(cast(tuple[Per, ...], per)))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise ModelOptionsError([f"path: {path.name} is larger than {MAX_FILE_BYTES} bytes"])
        return data.decode("utf-8-sig")
    except OSError as fault:
        raise ModelOptionsError([f"path: {path.name} cannot be read: {fault.strerror}"]) from fault
    except UnicodeDecodeError as fault:
        raise ModelOptionsError([f"path: {path.name} is not UTF-8"]) from fault
