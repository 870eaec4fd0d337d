"""flagsmith-flag-engine: one call decides all flags of an environment. A rule of a flag is a segment overriding it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from flag_engine.engine import get_evaluation_result  # type: ignore[import-not-found]

from tests.peers.world import Flag, Segments, Test


class Flagsmith:
    """Its segments do not name each other, so that those of ours are written into the flags that ask for them."""

    versions: Mapping[str, str] = {"flagsmith-flag-engine": version("flagsmith-flag-engine")}

    def load(self, flags: Sequence[Flag], segments: Segments) -> None:
        """The evaluation context without an identity."""
        self.context: dict[str, Any] = {
            "environment": {"key": "bench", "name": "Bench"},
            "features": {flag.name: _feature(flag, enabled=False) for flag in flags},
            "segments": {flag.name: _segment(flag, segments) for flag in flags},
        }

    def native(self, visitor: Mapping[str, Any]) -> dict[str, Any]:
        """An identity with traits."""
        return {
            "identifier": visitor["id"],
            "key": f"bench_{visitor['id']}",
            "traits": {name: value for name, value in visitor.items() if name != "id"},
        }

    def ask(self, native: dict[str, Any]) -> Any:
        """Everything at once; each flag comes with its reason."""
        return get_evaluation_result({**self.context, "identity": native})["flags"]

    def on(self, answer: Any) -> list[str]:
        """Those enabled."""
        return sorted(name for name, flag in answer.items() if flag["enabled"])


def _feature(flag: Flag, *, enabled: bool) -> dict[str, Any]:
    return {"key": flag.name, "name": flag.name, "enabled": enabled, "value": None}


def _segment(flag: Flag, segments: Segments) -> dict[str, Any]:
    tests = (*flag.tests, *(segments[flag.segment] if flag.segment is not None else ()))
    wanted = [part for test in tests if test.op != "not_in" for part in _conditions(test)]
    if flag.percent is not None:
        wanted.append({"operator": "PERCENTAGE_SPLIT", "property": "", "value": str(flag.percent)})
    # A value that is missing is in no list: NONE of IN is what ours says by `not_in`.
    banned = [part for test in tests if test.op == "not_in" for part in _conditions(test)]
    found: list[dict[str, Any]] = [{"type": "ALL", "conditions": wanted}] if wanted else []
    if banned:
        found.append({"type": "NONE", "conditions": banned})
    return {"key": flag.name, "name": flag.name, "rules": found, "overrides": [_feature(flag, enabled=True)]}


def _conditions(test: Test) -> list[dict[str, Any]]:
    """Lists as one text, as its API gives them: that form is parsed once, a list at every evaluation."""
    first, last = str(test.values[0]), str(test.values[-1])
    match test.op:
        case "is":
            return [_condition(test, "EQUAL", first)]
        case "in" | "not_in":
            return [_condition(test, "IN", ",".join(map(str, test.values)))]
        case "from":
            return [_condition(test, "GREATER_THAN_INCLUSIVE", first)]
        case "below":
            return [_condition(test, "LESS_THAN", first)]
        case _:
            return [_condition(test, "GREATER_THAN_INCLUSIVE", first), _condition(test, "LESS_THAN_INCLUSIVE", last)]


def _condition(test: Test, operator: str, value: str) -> dict[str, Any]:
    return {"operator": operator, "property": test.attribute, "value": value}
