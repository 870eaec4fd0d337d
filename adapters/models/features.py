"""How a row's values become numbers and categories; one reading for all adapters, and for training."""

from __future__ import annotations

import math

from adapters.models.port import Feature


def as_number(value: Feature) -> float | None:
    """The value as a finite number; None where it is absent or no number. Booleans are 1 and 0."""
    if isinstance(value, (int, float)):
        try:
            number = float(value)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None
    return None


def as_categories(value: Feature) -> tuple[str, ...]:
    """The value's categories: a text is one, a list of texts is many, a boolean "true" or "false".

    Numbers are written as JSON writes them, whole ones without a point, so 3 and 3.0 are one category.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, (int, float)):
        number = as_number(value)
        if number is None:
            return ()
        return (str(int(number)) if number.is_integer() else repr(number),)
    return tuple(dict.fromkeys(value))


def logistic(z: float) -> float:
    """1 / (1 + e^-z), in [0, 1], without overflow.

    >>> logistic(0.0), logistic(-1e9), logistic(1e9)
    (0.5, 0.0, 1.0)
    """
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    grown = math.exp(z)
    return grown / (1.0 + grown)
