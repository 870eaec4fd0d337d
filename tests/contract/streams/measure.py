"""How fast streams are here: `python -m tests.contract.streams.measure [FOLDER]`; the folder says which disk.

Batches of 50 records of 300 bytes, of 1,000 visitors, appended by one thread and by four, while a thread reads and
acknowledges them; medians of 5 runs. Beside it a calibration loop and what one fsync takes, for the machine's sake.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from adapters import registry
from adapters.runtime import Runtime
from adapters.streams.port import Record, Stream, partition_of
from tests.contract.streams.durable_redis import DurableRedis
from tests.contract.streams.helpers import ack, claim_all

BATCHES, BATCH, RUNS, LATENCIES = 200, 50, 5, 200
KEYS = [f"{number:032x}" for number in range(1_000)]


def batch(number: int) -> list[Record]:
    keys = [KEYS[(number * BATCH + 7 * one) % len(KEYS)] for one in range(BATCH)]
    return [Record(partition_of(key), key, bytes(300)) for key in keys]


@contextmanager
def applying(stream: Stream) -> Iterator[list[tuple[float, int]]]:
    """A thread that reads and acknowledges; gives when how many came."""
    came: list[tuple[float, int]] = []
    ending = threading.Event()

    def run() -> None:
        while not ending.is_set():
            found = stream.read(range(stream.partitions), limit=200, wait_s=0.1)
            came.append((time.perf_counter(), len(found)))
            ack(stream, found)

    thread = threading.Thread(target=run)
    thread.start()
    yield came
    ending.set()
    thread.join()


def throughput(stream: Stream, threads: int) -> tuple[float, float, float]:
    """Events a second accepted, CPU µs an event of this process, batches' p99 in ms."""
    times: list[float] = []

    def append() -> None:
        for number in range(BATCHES // threads):
            records = batch(number)
            began = time.perf_counter()
            stream.append(records)
            times.append(time.perf_counter() - began)

    with applying(stream):
        began, cpu = time.perf_counter(), time.process_time()
        running = [threading.Thread(target=append) for _ in range(threads)]
        for one in running:
            one.start()
        for one in running:
            one.join()
        took = time.perf_counter() - began
        while stream.backlog().count or stream.backlog().spooled:
            time.sleep(0.01)
        spent = time.process_time() - cpu
    count = BATCHES * BATCH
    return count / took, spent / count * 1e6, quantiles(times, n=100)[98] * 1000


def latency(stream: Stream) -> list[float]:
    """Milliseconds from before an append of one record to its delivery, nothing else going on."""
    found = []
    with applying(stream) as came:
        for number in range(LATENCIES):
            time.sleep(0.01)
            began, before = time.perf_counter(), sum(count for _at, count in came)
            stream.append(batch(number)[:1])
            while sum(count for _at, count in came) == before:
                time.sleep(0.0005)
            found.append((next(at for at, count in reversed(came) if count) - began) * 1000)
    return found


def measure(name: str, stream: Stream) -> None:
    claim_all(stream)
    for threads in (1, 4):
        runs = [throughput(stream, threads) for _ in range(RUNS)]
        rate, cpu, slow = (median(one[part] for one in runs) for part in range(3))
        told = f"{rate:8,.0f} events/s, {cpu:5.1f} µs CPU an event, batch p99 {slow:.1f} ms"
        print(f"{name:12} {threads} threads: {told}")  # noqa: T201
    times = sorted(latency(stream))
    late = times[int(len(times) * 0.99)]
    print(f"{name:12} append to delivery: median {median(times):.2f} ms, p99 {late:.2f} ms")  # noqa: T201
    stream.close()


def calibrate(folder: Path) -> None:
    began = time.perf_counter()
    sum(number * number for number in range(1_000_000))
    loop = time.perf_counter() - began
    with (folder / "sync").open("wb", buffering=0) as out:
        began = time.perf_counter()
        for _ in range(200):
            out.write(bytes(4096))
            os.fdatasync(out.fileno())
        sync = (time.perf_counter() - began) / 200
    load = os.getloadavg()[0]
    print(f"calibration: 1,000,000 squares {loop * 1000:.0f} ms, fdatasync {sync * 1000:.2f} ms, load {load:.1f}")  # noqa: T201


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        folder = Path(name)
        calibrate(folder)
        measure("local", registry.stream("local")({"file": f"{name}/local.db"}, Runtime.system()))
        for durable in ("fsync", "spool"):
            (folder / durable).mkdir()
            server = DurableRedis(folder / durable)
            options = {"url": server.url, "spool": f"{name}/{durable}.db", "durable": durable}
            try:
                measure(f"redis, {durable}", registry.stream("redis")(options, Runtime.system()))
            finally:
                server.stop()
        calibrate(folder)


if __name__ == "__main__":
    main()
