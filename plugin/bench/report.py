"""The figures as text, for people: every number with what stands beside it in the same run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from plugin.bench.inprocess import IN_TURN, INDEX, LOOP, ORACLE, SEEN


def as_text(result: dict[str, Any]) -> str:
    """The whole report."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: dict[str, Any]) -> Iterator[str]:
    machine = result["machine"]
    yield (
        f"Tessera benchmark, generator {result['generator']}{', quick' if result['quick'] else ''};"
        f" {machine['implementation']} {machine['python']}, {machine['system']} {machine['architecture']},"
        f" {machine['cores']} cores"
    )
    if "evaluation" in result:
        yield from _evaluation(result["evaluation"]["rows"])
    if "decision" in result:
        yield from _decision(result["decision"]["rows"])
    if "publishing" in result:
        yield from _publishing(result["publishing"])
    if "start" in result:
        yield from _start(result["start"])
    if "http" in result:
        yield from _http(result["http"])
    if "events" in result:
        yield from _events(result["events"])
    if "patterns" in result:
        yield from _patterns(result["patterns"])
    if result["targets"]:
        yield from _targets(result["targets"])
    if result["failed"]:
        yield from _title("Not measured, for it failed")
        yield from (f"{what}: {why}" for what, why in result["failed"].items())


def _evaluation(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield from _title(
        "Rules that hold: one slot, µs a call, facts included (median, p99); attributes change from call to call"
    )
    table = [("shape", "rules", "hold", INDEX, "p99", IN_TURN, "times", "tests' evaluator", "times", LOOP)]
    for row in rows:
        timings, faster = row["timings"], row["times_faster"]
        oracle = timings.get(ORACLE)
        table.append(
            (
                row["shape"],
                f"{row['rules']:,}",
                f"{row['holding_percent']:.1f}%",
                _us(timings[INDEX]["median_us"]),
                _us(timings[INDEX]["p99_us"]),
                _us(timings[IN_TURN]["median_us"]),
                f"{faster[IN_TURN]:,.0f}x",
                _us(oracle["median_us"]) if oracle else "-",
                f"{faster[ORACLE]:,.0f}x" if oracle else "-",
                _us(timings[LOOP]["median_us"]),
            )
        )
    yield from _table(table)
    compared = rows[0]["answers_compared"]
    yield f"Before timing, answers were compared with: {', '.join(compared)}. The loop shows how fast the machine was."


def _decision(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield from _title("Whole decision in process, profile and prepared content in memory, µs a request (median, p99)")
    table = [("slots", "candidates", "rules in all", INDEX, "p99", SEEN, "p99", LOOP)]
    table += [
        (
            str(row["slots"]),
            f"{row['candidates_a_slot']} each",
            f"{row['rules']:,}",
            _us(row["timings"][INDEX]["median_us"]),
            _us(row["timings"][INDEX]["p99_us"]),
            _us(row["timings"][SEEN]["median_us"]),
            _us(row["timings"][SEEN]["p99_us"]),
            _us(row["timings"][LOOP]["median_us"]),
        )
        for row in rows
    ]
    yield from _table(table)
    yield (
        "Each call of the first is of a visitor never met before; those seen before are in situations that the process"
        " remembers."
    )


def _publishing(found: dict[str, Any]) -> Iterator[str]:
    yield from _title(f"Publishing {found['rules']:,} rules from {found['yaml_bytes'] / 1e6:.1f} MB of YAML, CPU s")
    steps = found["cpu_seconds"]
    yield from _table(
        [(*steps, "in all"), (*(f"{one:.2f}" for one in steps.values()), f"{found['total_cpu_seconds']:.2f}")]
    )


def _start(found: dict[str, Any]) -> Iterator[str]:
    yield from _title(
        f"Process start to the first answer: {found['rules']:,} rules, {found['entries']:,} entries, from the database"
    )
    yield (
        f"{found['cpu_seconds']:.2f} s CPU, peak {found['peak_megabytes']:.0f} MB"
        f" (imports alone: {found['imports_alone_megabytes']:.0f} MB)"
    )


def _http(found: dict[str, Any]) -> Iterator[str]:
    yield from _title(
        f"Over HTTP: {found['slots']} slots, {found['rules']:,} rules, one worker;"
        f" answers of {found['body_bytes']:,} bytes"
    )
    table = [("", "CPU µs a request", "least", "times", "latency µs", "p99")]
    table += [
        (
            name,
            _us(one["median_cpu_us"]),
            _us(one["least_cpu_us"]),
            f"{one['ratio']:.2f}" if "ratio" in one else "1",
            _us(one["median_latency_us"]),
            _us(one["p99_latency_us"]),
        )
        for name, one in found["servers"].items()
    ]
    yield from _table(table)
    yield (
        "Times the bare route of the same method, and GraphQL times REST without a visitor id, of the same method: the"
        " median over rounds, each beside its own; user and system time of the whole process tree."
    )


def _events(found: dict[str, Any]) -> Iterator[str]:
    yield from _title("Events: batches of 50, durable, one serving process; medians of the rounds")
    table: list[tuple[str, ...]] = [
        ("stream", "accepted a second", "CPU µs", "loop", "while applying", "CPU µs", "seen, ms", "p99", "loop")
    ]
    for name, one in found.items():
        accepting, both, seen = (one.get(part, {}) for part in ("accepting", "accepting_and_applying", "seen"))
        table.append(
            (
                name,
                *(_or_none(accepting, figure) for figure in ("events_per_s", "cpu_us_an_event", "loop_us")),
                *(_or_none(both, figure) for figure in ("events_per_s", "cpu_us_an_event")),
                *(_or_none(seen, figure) for figure in ("median_ms", "p99_ms", "loop_us")),
            )
        )
    yield from _table(table)
    yield (
        "The first two with `apply_events` off, as beside `tessera worker`. Seen: from an event of a new visitor being"
        " sent to an answer that shows it, in the process that also applies 300 events a second of others, by 50"
        " patterns. The loop is the same as above, beside each."
    )
    for one in found.values():
        if "bytes_a_visitor" in one:
            yield (
                f"A visitor with 20 attributes and 10 counters takes {one['bytes_a_visitor']:,} bytes of Redis, key"
                " included."
            )


def _patterns(found: dict[str, Any]) -> Iterator[str]:
    yield from _title(f"{found['patterns']} patterns: windows of one visitor each, by one worker with its engine")
    table = [("events in the window", "evaluations a second", "CPU µs")]
    table += [(str(one["events"]), f"{one['evaluations_per_s']:,}", _us(one["cpu_us"])) for one in found["speeds"]]
    yield from _table(table)
    yield "An evaluation is of one window by all patterns. CPU is that of the worker, without the engine's process."
    yield ""
    sizes = ", ".join(f"{one:,}" for one in found["bytes_a_visitor"])
    yield (
        f"Bytes kept of a visitor (state, window, view), after each tenth of {found['events']:,} events of"
        f" {found['visitors']} visitors in {found['days']} days: {sizes}."
    )


def _targets(targets: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield from _title("Targets")
    table = [("", "measured", "limit", "")]
    table += [
        (one["what"], f"{one['measured']:,.2f}", one["limit"], "met" if one["met"] else "MISSED") for one in targets
    ]
    yield from _table(table)


def _title(text: str) -> Iterator[str]:
    yield ""
    yield text
    yield "-" * len(text)


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _or_none(part: dict[str, Any], figure: str) -> str:
    return _us(part[figure]) if figure in part else "-"


def _us(value: float) -> str:
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"
