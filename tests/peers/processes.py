"""Engines in processes of their own, asked over pipes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
STOP_S = 20


@dataclass(frozen=True)
class Contender:
    """A way to ask an engine.

    Attributes:
        of: whose it is: `Tessera`, or the peer.
        ours: whether it runs with our own Python.
    """

    of: str
    title: str
    module: str
    name: str
    ours: bool = False


CONTENDERS = (
    Contender("Tessera", "hints of one slot", "tests.peers.ours", "Hints", ours=True),
    Contender("Tessera", "one whole decision", "tests.peers.ours", "Decisions", ours=True),
    Contender("Tessera", "100 slots, 100 decisions", "tests.peers.ours", "Slots", ours=True),
    Contender("Flagsmith", "get_evaluation_result", "tests.peers.flagsmith", "Flagsmith"),
    Contender("GrowthBook", "GrowthBook.eval_feature", "tests.peers.growthbook_", "Client"),
    Contender("GrowthBook", "its core function alone", "tests.peers.growthbook_", "Core"),
    Contender("Unleash", "UnleashClient.is_enabled", "tests.peers.unleash", "Client"),
    Contender("Unleash", "its engine alone", "tests.peers.unleash", "Engine"),
)
ORACLE = Contender("Tessera", "the tests' naive evaluator", "tests.peers.ours", "Oracle", ours=True)


@dataclass
class Running:
    """A contender that runs."""

    what: Contender
    _process: subprocess.Popen[str] = field(repr=False)

    def ask(self, do: str, **order: Any) -> Any:
        """One order, one answer. Raises RuntimeError where the process ended."""
        pipes = self._process
        assert pipes.stdin is not None
        assert pipes.stdout is not None
        pipes.stdin.write(json.dumps({"do": do, **order}) + "\n")
        pipes.stdin.flush()
        line = pipes.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.what.of}, {self.what.title}: the process ended")
        return json.loads(line)


@contextmanager
def running(what: Contender, peers_python: Path | None) -> Iterator[Running]:
    """Start one; it ends with its input, or is stopped."""
    python = sys.executable if what.ours else str(peers_python)
    environ = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [python, "-m", "tests.peers.worker", what.module, what.name]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Running(what, process)
            assert process.stdin is not None
            process.stdin.close()
            process.wait(STOP_S)
        finally:
            process.kill()
