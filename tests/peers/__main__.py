"""`make bench-peers`: install the peers, check that all give the same answers, print what each costs."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.peers import agreement, world
from tests.peers.environment import peers_python
from tests.peers.processes import CONTENDERS, ORACLE, Contender, Running, running
from tests.peers.report import as_text, summary

RECORDED = Path(__file__).parent / "answers.v1.json"
RECORDED_VISITORS = 300
WARM_UP = 50


def main() -> None:
    """Everything; ends with 1 where an answer differs, never for a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=3_000, help="whose answers are compared")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contender")
    parser.add_argument("--calls", type=int, default=300, help="visitors a turn, never met before")
    parser.add_argument("--record", action="store_true", help="write the answers that `make test` compares")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write peers.json and peers.txt there")
    options = parser.parse_args()
    python = peers_python()
    with ExitStack() as stack:
        engines = [stack.enter_context(running(one, python)) for one in CONTENDERS]
        told = [engine.ask("load", everybody=False) for engine in engines]
        naive = stack.enter_context(running(ORACLE, None))
        wrong, recorded = _compare(engines, naive, options.visitors)
        for line in wrong[:50]:
            sys.stderr.write(f"{line}\n")
        if wrong:
            sys.exit(f"{len(wrong)} answers differ: no figure is worth anything")
        versions = {name: number for one in told for name, number in one["versions"].items()}
        if options.record:
            RECORDED.write_text(json.dumps({**recorded, "versions": versions}, indent=1) + "\n", encoding="utf-8")
        first = 1_000_000  # none of these was among those compared
        for engine in engines:
            engine.ask("time", first=first, count=WARM_UP)
        rounds: list[list[dict[str, float]]] = []
        for number in range(options.rounds):
            start = first + WARM_UP + number * options.calls
            rounds.append([engine.ask("time", first=start, count=options.calls) for engine in engines])
    result = summary([engine.what for engine in engines], rounds, versions, told[0]["python"], options.visitors)
    if options.write:
        (options.write / "peers.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        (options.write / "peers.txt").write_text(as_text(result), encoding="utf-8")
    sys.stdout.write(as_text(result))


def _compare(engines: list[Running], naive: Running, visitors: int) -> tuple[list[str], dict[str, Any]]:
    """What differs, and the answers to keep."""
    flags = world.flags()
    naive.ask("load", everybody=True)
    meeting = naive.ask("answer", first=0, count=visitors)
    naive.ask("load", everybody=False)
    answers = {_name(engine.what): engine.ask("answer", first=0, count=visitors) for engine in engines}
    oracle = naive.ask("answer", first=0, count=visitors)
    wrong = []
    for name, given in answers.items():
        wrong += [f"{name}: {one}" for one in agreement.differences(flags, oracle, given)]
        wrong += [f"{name}: {one}" for one in agreement.unlikely_shares(flags, meeting, given)]
    for engine in engines:  # ours has one hash: there shares are equal visitor by visitor, too
        if engine.what.ours and answers[_name(engine.what)] != oracle:
            wrong.append(f"{_name(engine.what)}: the naive evaluator says otherwise")
    recorded = {
        "generator": world.VERSION,
        "visitors": RECORDED_VISITORS,
        "on": agreement.masks(flags, answers["Flagsmith, get_evaluation_result"][:RECORDED_VISITORS]),
        "shares_of": visitors,
        "shares": agreement.shares(flags, meeting, answers),
    }
    return wrong, recorded


def _name(what: Contender) -> str:
    return f"{what.of}, {what.title}"


if __name__ == "__main__":
    main()
