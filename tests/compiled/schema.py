"""What the JSON Schema says against a compiled rule set."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from rules.export_schema import compiled_schema


@cache
def validator() -> Validator:
    """Made once."""
    return Draft202012Validator(compiled_schema())


def refusals(exported: Any) -> list[str]:
    """Every complaint, with its place."""
    return [f"{error.json_path}: {error.message}" for error in validator().iter_errors(exported)]
