"""Event types that a site registers, each with a JSON Schema of its properties."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from plugin.profiles.explaining import pointer
from plugin.profiles.schema_parts import problems_of
from plugin.profiles.types import BUILT_IN, OWN_PURPOSE, Check, EventType
from rules.regexes import regex

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PURPOSE = re.compile(r"[a-z][a-z0-9_\-]{0,31}")
_LONGEST_DETAIL = 200
_sorted_json = msgspec.json.Encoder(order="sorted")


class TypeRefusedError(ValueError):
    """An event type that is not registered: JSON pointers into `{name, purpose, schema}`, and what is wrong there."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{where}: {detail}" for where, detail in self.problems))


def custom_type(
    name: str, *, purpose: str = OWN_PURPOSE, schema: Mapping[str, object] | None = None, description: str = ""
) -> EventType:
    """An event type as a site registers it. Raises TypeRefusedError with every problem.

    Args:
        schema: of the properties, JSON Schema 2020-12 in part (see `plugin.profiles.schema_parts`); None takes any
            within the limits of all events.
    """
    problems: list[tuple[str, str]] = []
    if not _NAME.fullmatch(name):
        problems.append(("/name", "a small letter, then small letters, digits and _; at most 63"))
    elif name in BUILT_IN:
        problems.append(("/name", f"{name} is built in"))
    if not _PURPOSE.fullmatch(purpose):
        problems.append(("/purpose", "a small letter, then small letters, digits, _ and -; at most 32"))
    if schema is not None:
        problems.extend((pointer(("schema", *path)), detail) for path, detail in problems_of(schema))
    if problems:
        raise TypeRefusedError(problems)
    check = _check_of(schema) if schema is not None else None
    return EventType(name=name, purpose=purpose, check=check, description=description)


def _check_of(schema: Mapping[str, object]) -> Check:
    validator = _validators()(schema)

    def check(properties: Mapping[str, object]) -> Iterator[tuple[Sequence[str | int], str]]:
        for error in validator.iter_errors(properties):
            yield tuple(error.absolute_path), error.message[:_LONGEST_DETAIL]

    return check


@lru_cache(maxsize=1)
def _validators() -> Callable[[Mapping[str, object]], Draft202012Validator]:
    """JSON Schema with expressions in linear time, and members compared in one pass."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - heavy, and most sites register no type
    from jsonschema.validators import extend  # noqa: PLC0415

    made: Callable[[Mapping[str, object]], Draft202012Validator] = extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, {"pattern": _pattern, "uniqueItems": _unique}
    )
    return made


def _pattern(_validator: object, pattern: str, value: object, _schema: object) -> Iterator[ValidationError]:
    if isinstance(value, str) and not _compiled(pattern)(value):
        yield _fault(f"a text that matches {pattern!r}")


def _unique(_validator: object, wanted: bool, value: object, _schema: object) -> Iterator[ValidationError]:
    if wanted and isinstance(value, list) and len({_sorted_json.encode(_same(one)) for one in value}) < len(value):
        yield _fault("a list without the same value twice")


def _fault(message: str) -> ValidationError:
    from jsonschema import ValidationError  # noqa: PLC0415

    return ValidationError(message)


def _same(value: object) -> object:
    """A value with 1.0 written as 1: to JSON Schema they are equal."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_same(one) for one in value]
    if isinstance(value, dict):
        return {key: _same(one) for key, one in value.items()}
    return value


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Callable[[object], bool]:
    return regex(pattern)
