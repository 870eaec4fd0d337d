"""The whole benchmark, part by part, as plain data: what the report, the JSON and the picture are made of."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plugin.bench import events_part, http, inprocess, patterns
from plugin.bench.events_site import PATTERNS
from plugin.bench.failures import Failures
from plugin.bench.generator import GENERATOR_VERSION
from plugin.bench.http import ANONYMOUS, BESIDE, CACHED, PERSISTED, PERSISTED_GET, REDIS, STORED, UNCHANGED, Http
from plugin.bench.inprocess import IN_TURN, INDEX, ORACLE, Deciding, Evaluation
from plugin.bench.publishing import publish
from plugin.bench.starting import start

Result = dict[str, Any]
Say = Callable[[str], None]
PARTS = ("evaluation", "decision", "publishing", "start", "http", "events", "patterns")


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that must not be exceeded, or, with `least`, not be missed."""

    what: str
    measured: float
    limit: float
    unit: str
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether it is."""
        return self.measured >= self.limit if self.least else self.measured <= self.limit

    def to_dict(self) -> Result:
        """For JSON."""
        sign = ">=" if self.least else "<="
        return {
            "what": self.what,
            "measured": round(self.measured, 2),
            "limit": f"{sign} {self.limit:g} {self.unit}".strip(),
            "met": self.met,
        }


def run(*, quick: bool, parts: tuple[str, ...] = PARTS, say: Say) -> Result:
    """Measure.

    Args:
        quick: fewer rounds, and no part that takes minutes; the figures are rougher.
        say: told what is being measured.
    Returns:
        JSON data: `generator`, `machine`, `quick`, one key a part, `targets`, and `failed`: why something could not be
        measured, by its name; its figures are missing, all others are there.
    """
    result: Result = {"generator": GENERATOR_VERSION, "quick": quick, "machine": _machine()}
    targets: list[Target] = []
    failures = Failures()
    for name in PARTS:
        if name in parts:
            with failures.of(name):
                result[name], found = _PARTS[name](quick, say, failures)
                targets.extend(found)
    result["targets"] = [target.to_dict() for target in targets]
    result["failed"] = dict(failures)
    return result


def _machine() -> Result:
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.system(),
        "architecture": platform.machine(),
    }


def _evaluation(quick: bool, say: Say, _failures: Failures) -> tuple[Result, list[Target]]:
    effort = inprocess.QUICK if quick else inprocess.FULL
    found: list[Evaluation] = []
    for shape in inprocess.SHAPES:
        for size in inprocess.SIZES:
            say(f"rules that hold: {shape}, {size:,} rules")
            found.append(inprocess.evaluate(shape, size, effort))
    return {"rows": [_evaluation_row(one) for one in found]}, list(_evaluation_targets(found))


def _evaluation_row(one: Evaluation) -> Result:
    return {
        "shape": one.shape,
        "rules": one.rules,
        "holding_percent": round(one.holding * 100, 2),
        "timings": {name: timing.to_dict() for name, timing in one.timings.items()},
        "times_faster": {
            name: round(one.timings[name].median_us / one.timings[INDEX].median_us, 1)
            for name in (IN_TURN, ORACLE)
            if name in one.timings
        },
        "answers_compared": dict(one.checked),
    }


def _evaluation_targets(found: list[Evaluation]) -> Iterator[Target]:
    by_size = {one.rules: one.timings for one in found if one.shape == "equalities"}
    yield Target("rules that hold, 1,000 rules, median", by_size[1_000][INDEX].median_us, 15, "µs")
    largest = by_size[10_000]
    yield Target("rules that hold, 10,000 rules, median", largest[INDEX].median_us, 100, "µs")
    if ORACLE in largest:
        faster = largest[ORACLE].median_us / largest[INDEX].median_us
        yield Target("10,000 rules, against the naive evaluator of the tests", faster, 30, "times", least=True)


def _decision(quick: bool, say: Say, _failures: Failures) -> tuple[Result, list[Target]]:
    effort = inprocess.QUICK if quick else inprocess.FULL
    found: list[Deciding] = []
    for size in (1_000, 3_000):
        say(f"whole decision: 3 slots, {size:,} rules in all")
        found.append(inprocess.decide(slots=3, size=size, effort=effort))
    rows = [
        {
            "slots": one.slots,
            "candidates_a_slot": one.candidates,
            "rules": one.rules,
            "timings": {name: timing.to_dict() for name, timing in one.timings.items()},
            "answers_compared": one.checked,
        }
        for one in found
    ]
    median = found[0].timings[INDEX].median_us
    return {"rows": rows}, [
        Target("whole decision, 3 slots, 10 candidates each, 1,000 rules, median", median, 150, "µs")
    ]


def _publishing(quick: bool, say: Say, _failures: Failures) -> tuple[Result, list[Target]]:
    say("publishing 10,000 rules from YAML")
    found = publish(size=10_000, runs=1 if quick else 3)
    result = {
        "rules": found.rules,
        "yaml_bytes": found.bytes,
        "runs": found.runs,
        "cpu_seconds": {step: round(seconds, 3) for step, seconds in found.seconds.items()},
        "total_cpu_seconds": round(found.total, 3),
    }
    return result, [
        Target("publishing 10,000 rules from YAML, with places, CPU", found.total, 8, "s"),
        Target("of it compiling", found.seconds["compile"], 1.5, "s"),
    ]


def _start(quick: bool, say: Say, _failures: Failures) -> tuple[Result, list[Target]]:
    say("process start with 10,000 rules and 10,000 entries")
    found = start(size=10_000, entries=10_000, runs=1 if quick else 3)
    result = {
        "rules": found.rules,
        "entries": found.entries,
        "runs": found.runs,
        "cpu_seconds": round(found.cpu_s, 3),
        "peak_megabytes": round(found.peak_mb, 1),
        "imports_alone_megabytes": round(found.bare_mb, 1),
    }
    return result, [
        Target("process start, 10,000 rules and 10,000 entries, CPU", found.cpu_s, 3, "s"),
        Target("its peak memory", found.peak_mb, 200, "MB"),
    ]


def _http(quick: bool, say: Say, _failures: Failures) -> tuple[Result, list[Target]]:
    say("over HTTP: 3 slots, 1,000 rules, one worker, beside a bare Flask route")
    found = http.measure(http.QUICK if quick else http.FULL)
    bare = ((ANONYMOUS, 1.5), (STORED, 1.8), (REDIS, 2.0), (UNCHANGED, 1.1))
    rest = ((PERSISTED, 1.3), (PERSISTED_GET, 1.3), (CACHED, 2.0))
    return _http_result(found), [
        Target(f"{name}, against {beside}, CPU a request", found.ratio(name), limit, "times")
        for beside, limits in (("the bare Flask route", bare), ("REST", rest))
        for name, limit in limits
        if name in found.served
    ]


def _http_result(found: Http) -> Result:
    return {
        "slots": found.slots,
        "rules": found.rules,
        "body_bytes": found.body_bytes,
        "requests": found.requests,
        "servers": {
            name: {
                "median_cpu_us": round(one.median_cpu_us, 1),
                "least_cpu_us": round(min(one.cpu_us), 1),
                "p99_round_cpu_us": round(max(one.cpu_us), 1),
                "median_latency_us": round(one.latencies_us[len(one.latencies_us) // 2], 1),
                "p99_latency_us": round(one.p99_latency_us, 1),
                "rounds": len(one.cpu_us),
                **({"ratio": round(found.ratio(name), 2), "beside": BESIDE[name]} if name in BESIDE else {}),
            }
            for name, one in found.served.items()
        },
    }


def _events(quick: bool, say: Say, failures: Failures) -> tuple[Result, list[Target]]:
    found = events_part.measure(quick=quick, say=say, failures=failures)
    targets = []
    for name, one in found.items():
        if "accepting" in one:
            per_s = one["accepting"]["events_per_s"]
            targets.append(Target(f"events accepted, stream {name}, one process", per_s, 5_000, "a second", least=True))
        if "seen" in one:
            seen = one["seen"]
            targets += [
                Target(f"event to the next decision, stream {name}, median", seen["median_ms"], 50, "ms"),
                Target(f"the same, p99 of {seen['probes']:,}", seen["p99_ms"], 250, "ms"),
            ]
        if "bytes_a_visitor" in one:
            what = "memory of a visitor in Redis, 20 attributes and 10 counters"
            targets.append(Target(what, one["bytes_a_visitor"], 2_048, "bytes"))
    return found, targets


def _patterns(quick: bool, say: Say, _failures: Failures) -> tuple[Result, list[Target]]:
    say(f"{PATTERNS} patterns: windows evaluated a second")
    speeds = patterns.speeds(PATTERNS, 20 if quick else 100)
    events = 20_000 if quick else 1_000_000
    say(f"what a visitor takes over {events:,} events")
    sizes = patterns.sizes(PATTERNS, events)
    result = {
        "patterns": PATTERNS,
        "speeds": [
            {"events": one.events, "evaluations_per_s": round(one.per_s), "cpu_us": round(one.cpu_us, 1)}
            for one in speeds
        ],
        "visitors": patterns.VISITORS,
        "days": patterns.DAYS,
        "events": events,
        "bytes_a_visitor": sizes,
    }
    if quick:
        return result, []  # nobody has done as much yet as is kept of them
    filled, whole = sizes[-3], sizes[-1]
    return result, [Target("bytes of a visitor after all events, against 80% of them", whole / filled, 1.02, "times")]


_PARTS: Mapping[str, Callable[[bool, Say, Failures], tuple[Result, list[Target]]]] = {
    "evaluation": _evaluation,
    "decision": _decision,
    "publishing": _publishing,
    "start": _start,
    "http": _http,
    "events": _events,
    "patterns": _patterns,
}
