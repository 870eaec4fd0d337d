"""The evaluator in JavaScript, in a process of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers import program

SCRIPT = Path(__file__).parent / "evaluator" / "serve.mjs"
STOP_S = 10


@dataclass
class Edge:
    """It runs."""

    _process: subprocess.Popen[str] = field(repr=False)

    def take(self, exported: dict[str, Any]) -> bool:
        """The rule set of what is asked from now on; False where it is not understood."""
        understood: bool = self._ask({"export": exported})
        return understood

    def decide(self, slot: str, visit: dict[str, Any]) -> dict[str, Any]:
        """An outcome: rules, arms, hints, held_out, key."""
        found: dict[str, Any] = self._ask({"slot": slot, "visit": visit})
        return found

    def bucket(self, salt: str, identifier: str) -> int:
        """One bucket."""
        found: int = self._ask({"salt": salt, "id": identifier})
        return found

    def _ask(self, order: dict[str, Any]) -> Any:
        pipes = self._process
        assert pipes.stdin is not None
        assert pipes.stdout is not None
        pipes.stdin.write(json.dumps(order) + "\n")
        pipes.stdin.flush()
        found = json.loads(pipes.stdout.readline())
        if isinstance(found, dict) and "error" in found:
            raise AssertionError(found["error"])
        return found


@contextmanager
def edge() -> Iterator[Edge]:
    """Start Node, and end it with its input."""
    with subprocess.Popen(
        [program("node"), str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            yield Edge(process)
            assert process.stdin is not None
            process.stdin.close()
            process.wait(STOP_S)
        finally:
            process.kill()
