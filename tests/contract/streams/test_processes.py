"""Several processes on one stream, and what is left when one of them is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.contract.streams.conftest import Place
from tests.contract.streams.helpers import ack, claim_all, payloads, read, record, until

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def child(place: Place, what: str, name: str, count: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.contract.streams.children", what, place.adapter]
    with subprocess.Popen(
        [*command, json.dumps(dict(place.options)), name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_what_a_killed_reader_had_read_goes_to_the_next(place: Place) -> None:
    stream = place.open()
    stream.append([record(f"k{number}", number) for number in range(50)])
    for round_ in range(2):
        with child(place, "read", f"reader{round_}", 50) as process:
            assert line(process) == "read"
    claim_all(stream, "last")
    found = read(stream, 50)
    assert len(set(payloads(found))) == 50
    assert {one.attempts for one in found} == {3}
    ack(stream, found)
    assert stream.backlog().count == 0


def test_two_processes_append_to_one_stream(place: Place) -> None:
    stream = place.open()
    claim_all(stream)
    with child(place, "append", "a", 30) as first, child(place, "append", "b", 30) as second:
        found = read(stream, 600)
        assert first.wait(90) == second.wait(90) == 0
    by: dict[str, list[bytes]] = {}
    for one in found:
        if one.payload not in by.setdefault(one.key, []):  # by way of a spool, one may come twice
            by[one.key].append(one.payload)
    assert by == {f"{n}{one}": [f"{n}{one} {i}".encode() for i in range(30)] for n in "ab" for one in range(10)}


def test_what_a_killed_process_was_told_is_durable_is_there(place: Place) -> None:
    accepted = -1
    with child(place, "append", "a", 100_000) as process:
        for _ in range(40):
            accepted = int(line(process))
        process.kill()
        process.wait(90)
        rest, _ = process.communicate()
        accepted = max([accepted, *(int(number) for number in rest.split())])
    stream = place.open()
    claim_all(stream)
    wanted = {f"a{one} {number}".encode() for one in range(10) for number in range(accepted + 1)}
    seen: set[bytes] = set()

    def all_came() -> bool:
        found = stream.read(range(16), limit=500, wait_s=0.2)
        ack(stream, found)
        seen.update(payloads(found))
        return seen >= wanted

    until(all_came)
    until(lambda: stream.backlog().count == 0 and not stream.read(range(16), limit=500, wait_s=0))
    assert len(seen) % 10 == 0  # all of a call, or none
