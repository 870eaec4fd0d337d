"""The figures: CPU of a hundred flags for each, and how many times ours that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from tests.peers.processes import Contender

TARGET = 20.0


def summary(
    contenders: Sequence[Contender],
    rounds: Sequence[Sequence[Mapping[str, float]]],
    versions: Mapping[str, str],
    python: str,
    compared: int,
) -> dict[str, Any]:
    """Medians over rounds; a ratio is the median of the rounds' own, for what else the machine did fell on all alike.

    `by_the_loop` is the ratio of the times counted in turns of the fixed loop, timed in each process beside them.
    """
    rows = []
    for place, one in enumerate(contenders):
        mine = [turn[0] for turn in rounds]
        theirs = [turn[place] for turn in rounds]
        pairs = list(zip(theirs, mine, strict=True))
        rows.append(
            {
                "of": one.of,
                "how": one.title,
                "cpu_us": round(median(turn["cpu_us"] for turn in theirs), 1),
                "loop_us": round(median(turn["loop_us"] for turn in theirs), 1),
                "times": round(median(a["cpu_us"] / b["cpu_us"] for a, b in pairs), 1),
                "by_the_loop": round(
                    median((a["cpu_us"] / a["loop_us"]) / (b["cpu_us"] / b["loop_us"]) for a, b in pairs), 1
                ),
            }
        )
    peers = [row for row in rows if row["of"] != "Tessera"]
    return {
        "python": python,
        "versions": dict(versions),
        "visitors_compared": compared,
        "rounds": len(rounds),
        "rows": rows,
        "best_peer": min(peers, key=lambda row: row["times"]),
        "target_times": TARGET,
    }


def as_text(result: Mapping[str, Any]) -> str:
    """For people."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    yield f"100 flags for one visitor, CPU µs; CPython {result['python']}; {versions}"
    yield f"All answers equal for {result['visitors_compared']:,} visitors; medians of {result['rounds']} rounds."
    yield ""
    table = [("", "", "CPU µs", "loop µs", "times", "by the loop")]
    table += [
        (
            row["of"],
            row["how"],
            f"{row['cpu_us']:,.1f}",
            f"{row['loop_us']:.1f}",
            f"{row['times']:,.1f}",
            f"{row['by_the_loop']:,.1f}",
        )
        for row in result["rows"]
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = [
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
    yield ""
    best = result["best_peer"]
    word = "met" if best["times"] >= result["target_times"] else "MISSED"
    yield (
        f"Best of the others: {best['of']}, {best['how']}: {best['times']:.1f} times our CPU;"
        f" target {result['target_times']:.0f} times: {word}."
    )
