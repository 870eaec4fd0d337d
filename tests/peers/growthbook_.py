"""GrowthBook: a feature with one rule that forces it on; segments are saved groups with a condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from growthbook import GrowthBook  # type: ignore[import-not-found]
from growthbook.common_types import EvaluationContext, StackContext  # type: ignore[import-not-found]
from growthbook.core import eval_feature  # type: ignore[import-not-found]

from tests.peers.world import Flag, Segments, Test


class Client:
    """The documented way, with one object for all visitors: its pages make one a request, which costs more."""

    versions: Mapping[str, str] = {"growthbook": version("growthbook")}

    def load(self, flags: Sequence[Flag], segments: Segments) -> None:
        """Features and saved groups, as its API gives them."""
        self.names = [flag.name for flag in flags]
        self.client = GrowthBook(
            features={flag.name: _feature(flag) for flag in flags},
            saved_groups={
                name: {"type": "condition", "condition": _condition(tests)} for name, tests in segments.items()
            },
        )

    def native(self, visitor: Mapping[str, Any]) -> Mapping[str, Any]:
        """Attributes as they are."""
        return visitor

    def ask(self, native: Mapping[str, Any]) -> Any:
        """Each flag with its result, which says where it comes from."""
        client = self.client
        client.set_attributes(native)
        return {name: client.eval_feature(name) for name in self.names}

    def on(self, answer: Any) -> list[str]:
        """Those on."""
        return sorted(name for name, result in answer.items() if result.on)


class Core(Client):
    """Beneath the client: its evaluating function, with one context a visitor, which the client makes for each flag."""

    def load(self, flags: Sequence[Flag], segments: Segments) -> None:
        """Through the client, for its form of the features."""
        super().load(flags, segments)
        self.context = self.client._build_eval_context()

    def ask(self, native: Mapping[str, Any]) -> Any:
        """Each flag; what it looked at before is forgotten between them."""
        whole = self.context
        whole.user.attributes = native
        context = EvaluationContext(global_ctx=whole.global_ctx, user=whole.user, stack=StackContext(set()))
        stack = context.stack
        found = {}
        for name in self.names:
            stack.evaluated_features = set()
            found[name] = eval_feature(name, context)
        return found


def _feature(flag: Flag) -> dict[str, Any]:
    condition = _condition(flag.tests)
    if flag.segment is not None:
        condition["$savedGroup"] = {"id": flag.segment}
    rule: dict[str, Any] = {"id": flag.name, "condition": condition, "force": True}
    if flag.percent is not None:
        rule |= {"coverage": flag.percent / 100, "hashAttribute": "id", "hashVersion": 2, "seed": flag.name}
    return {"defaultValue": False, "rules": [rule]}


def _condition(tests: Sequence[Test]) -> dict[str, Any]:
    return {test.attribute: _value(test) for test in tests}


def _value(test: Test) -> Any:
    match test.op:
        case "is":
            return test.values[0]
        case "in":
            return {"$in": list(test.values)}
        case "not_in":
            return {"$nin": list(test.values)}
        case "from":
            return {"$gte": test.values[0]}
        case "below":
            return {"$lt": test.values[0]}
        case _:
            return {"$gte": test.values[0], "$lte": test.values[1]}
