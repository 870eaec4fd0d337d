"""A linear model's weights: the file format, checked whole, and its compiled form.

```json
{"version": 1,
 "bias": -1.2,
 "numeric": {"profile.spend": 0.002},
 "categorical": {"geo.country=FR": 0.4, "content.tags=vip": 0.3},
 "crosses": {"device.type=mobile,content.type=hero": 0.2},
 "calibration": {"a": 1.0, "b": 0.0}}
```

Score = 1 / (1 + exp(-(a z + b))), z = bias + sums. `numeric` weighs a number. `categorical` adds its weight
where the feature has the value (a list: is among the values). `crosses` adds where two or more such tests, of
different features, hold together. In names of crosses a comma or backslash within a value is written with a
backslash before it. All parts but `version` may be missing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from adapters.models.port import ModelOptionsError

VERSION = 1
PARTS = ("version", "bias", "numeric", "categorical", "crosses", "calibration")
MAX_WEIGHT = 1e6
_UNESCAPED_COMMA = re.compile(r"(?<!\\)((?:\\\\)*),")
_ESCAPED = re.compile(r"\\(.)")

Test = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Weights:
    """Checked weights. Tests are (feature, value)."""

    bias: float
    numeric: Mapping[str, float]
    categorical: Mapping[Test, float]
    crosses: Mapping[tuple[Test, ...], float]
    a: float
    b: float

    def features(self) -> tuple[str, ...]:
        """Every feature that some weight reads, sorted."""
        crossed = {feature for tests in self.crosses for feature, _ in tests}
        return tuple(sorted({*self.numeric, *(feature for feature, _ in self.categorical), *crossed}))


def parse_weights(text: str) -> Weights:
    """Weights from JSON text.

    Raises:
        ModelOptionsError: naming everything that is wrong.
    """
    repeats: list[str] = []

    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(items)
        if len(made) < len(items):
            names = [name for name, _ in items]
            repeats.extend(f"{name}: given twice" for name in dict.fromkeys(names) if names.count(name) > 1)
        return made

    try:
        raw = json.loads(text, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as fault:
        raise ModelOptionsError([f"weights: not JSON: {fault}"]) from fault
    return check_weights(raw, repeats)


def check_weights(raw: object, problems: Iterable[str] = ()) -> Weights:
    """Weights from decoded JSON; `problems` are added to what is found.

    Raises:
        ModelOptionsError: naming everything that is wrong.
    """
    bad = list(problems)
    if not isinstance(raw, Mapping):
        raise ModelOptionsError([*bad, "weights: want an object"])
    bad.extend(f"{name}: unknown part; known: {', '.join(PARTS)}" for name in raw if name not in PARTS)
    if raw.get("version") != VERSION or isinstance(raw.get("version"), bool):
        bad.append(f"version: want {VERSION}")
    calibration = raw.get("calibration", {})
    if not isinstance(calibration, Mapping):
        bad.append("calibration: want an object with a and b")
        calibration = {}
    bad.extend(f"calibration.{name}: unknown" for name in calibration if name not in ("a", "b"))
    weights = Weights(
        bias=_weight(raw.get("bias", 0.0), "bias", bad),
        numeric=_table(raw, "numeric", bad),
        categorical=_tests(_table(raw, "categorical", bad), bad),
        crosses=_crosses(_table(raw, "crosses", bad), bad),
        a=_weight(calibration.get("a", 1.0), "calibration.a", bad),
        b=_weight(calibration.get("b", 0.0), "calibration.b", bad),
    )
    if bad:
        raise ModelOptionsError(bad)
    return weights


def _weight(value: object, place: str, bad: list[str]) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        # Compared before it is converted: an integer may be too large for a double.
        if -MAX_WEIGHT <= value <= MAX_WEIGHT and math.isfinite(value):
            return float(value)
        bad.append(f"{place}: want a finite number within ±{MAX_WEIGHT:g}")
    else:
        bad.append(f"{place}: want a number")
    return 0.0


def _table(raw: Mapping[str, object], part: str, bad: list[str]) -> dict[str, float]:
    table = raw.get(part, {})
    if not isinstance(table, Mapping):
        bad.append(f"{part}: want an object of weights")
        return {}
    bad.extend(f"{part}: {name!r} names no feature" for name in table if not name or name.startswith("="))
    return {name: _weight(value, f"{part}.{name}", bad) for name, value in table.items()}


def _tests(table: Mapping[str, float], bad: list[str]) -> dict[Test, float]:
    return {test: weight for name, weight in table.items() if (test := _test(name, f"categorical.{name}", bad))}


def _test(text: str, place: str, bad: list[str]) -> Test | None:
    feature, equals, value = text.partition("=")
    if equals and feature:
        return feature, value
    bad.append(f"{place}: want feature=value, not {text!r}")
    return None


def _crosses(table: Mapping[str, float], bad: list[str]) -> dict[tuple[Test, ...], float]:
    made: dict[tuple[Test, ...], float] = {}
    for name, weight in table.items():
        parts = _UNESCAPED_COMMA.sub("\\1\n", name.replace("\n", " ")).split("\n")
        tests = [_test(_ESCAPED.sub(r"\1", part), f"crosses.{name}", bad) for part in parts]
        clean = tuple(sorted(test for test in tests if test is not None))
        if len(tests) < 2 or len({feature for feature, _ in clean}) < len(clean):
            bad.append(f"crosses.{name}: want two or more tests of different features: a=x,b=y")
        elif clean in made:
            bad.append(f"crosses.{name}: given twice, in another order")
        else:
            made[clean] = weight
    return made
