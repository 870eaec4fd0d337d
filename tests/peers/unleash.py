"""Unleash: the Python client over its engine in Rust, and that engine by itself, asked flag by flag."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from UnleashClient import UnleashClient  # type: ignore[import-not-found]
from UnleashClient.cache import FileCache  # type: ignore[import-not-found]
from yggdrasil_engine.engine import UnleashEngine  # type: ignore[import-not-found]

from tests.peers.world import Flag, Segments, Test

_VERSIONS = {name: version(name) for name in ("UnleashClient", "yggdrasil-engine")}


class Client:
    """The documented way, offline: features from a bootstrapped cache, no registration, no metrics sent."""

    versions: Mapping[str, str] = _VERSIONS

    def load(self, flags: Sequence[Flag], segments: Segments) -> None:
        """Start the client; it never asks a server."""
        self.names = [flag.name for flag in flags]
        cache = FileCache("bench", directory=tempfile.mkdtemp(prefix="peers-"))
        cache.bootstrap_from_dict(_state(flags, segments))
        self.client = UnleashClient(
            "http://127.0.0.1:9/api", "bench", cache=cache, disable_metrics=True, disable_registration=True
        )
        self.client.initialize_client(fetch_toggles=False)

    def native(self, visitor: Mapping[str, Any]) -> dict[str, Any]:
        """A context; properties are texts to it."""
        return {
            "userId": visitor["id"],
            "properties": {name: str(value) for name, value in visitor.items() if name != "id"},
        }

    def ask(self, native: dict[str, Any]) -> dict[str, bool]:
        """On or off; it gives no reasons."""
        client = self.client
        return {name: client.is_enabled(name, native) for name in self.names}

    def on(self, answer: dict[str, bool]) -> list[str]:
        """Those on."""
        return sorted(name for name, enabled in answer.items() if enabled)

    def close(self) -> None:
        """Stop its threads."""
        self.client.destroy()


class Engine(Client):
    """Beneath the client: the engine, by its call that counts nothing."""

    def load(self, flags: Sequence[Flag], segments: Segments) -> None:
        """Take the state."""
        self.names = [flag.name for flag in flags]
        self.engine = UnleashEngine()
        self.engine.take_state(json.dumps(_state(flags, segments)))

    def ask(self, native: dict[str, Any]) -> dict[str, bool]:
        """On or off."""
        engine = self.engine
        return {name: engine.check_enabled(name, native).is_enabled for name in self.names}

    def close(self) -> None:
        """Nothing runs."""


def _state(flags: Sequence[Flag], segments: Segments) -> dict[str, Any]:
    numbers = {name: number for number, name in enumerate(segments, 1)}
    return {
        "version": 2,
        "features": [_feature(flag, numbers) for flag in flags],
        "segments": [
            {"id": numbers[name], "name": name, "constraints": [part for test in tests for part in _constraints(test)]}
            for name, tests in segments.items()
        ],
    }


def _feature(flag: Flag, numbers: Mapping[str, int]) -> dict[str, Any]:
    percent = 100 if flag.percent is None else flag.percent
    strategy = {
        "name": "flexibleRollout",
        "parameters": {"rollout": str(percent), "stickiness": "userId", "groupId": flag.name},
        "constraints": [part for test in flag.tests for part in _constraints(test)],
        "segments": [numbers[flag.segment]] if flag.segment is not None else [],
    }
    if flag.percent is None:  # the strategy for everybody hashes nothing
        strategy |= {"name": "default", "parameters": {}}
    return {"name": flag.name, "type": "release", "enabled": True, "project": "default", "strategies": [strategy]}


def _constraints(test: Test) -> list[dict[str, Any]]:
    match test.op:
        case "is" | "in":
            return [_constraint(test, "IN", values=[str(value) for value in test.values])]
        case "not_in":
            return [_constraint(test, "NOT_IN", values=[str(value) for value in test.values])]
        case "from":
            return [_constraint(test, "NUM_GTE", value=str(test.values[0]))]
        case "below":
            return [_constraint(test, "NUM_LT", value=str(test.values[0]))]
        case _:
            low, high = map(str, test.values)
            return [_constraint(test, "NUM_GTE", value=low), _constraint(test, "NUM_LTE", value=high)]


def _constraint(test: Test, operator: str, **operand: Any) -> dict[str, Any]:
    return {"contextName": test.attribute, "operator": operator, "inverted": False, **operand}
