"""Cost against the number of rules, as an SVG that is read in light and in dark surroundings alike."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

from plugin.bench.inprocess import IN_TURN, INDEX, ORACLE

Point = tuple[float, float]
WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 84, 236, 64, 64
_STYLE = """
  svg { color: #1b1f24; background: #ffffff; font: 14px system-ui, sans-serif; }
  .grid { stroke: #d4d9df; } .quiet { fill: #57606a; } .line { fill: none; stroke-width: 2.5; }
  .equalities { stroke: #0a5fb4; fill: #0a5fb4; } .ranges { stroke: #9a5b00; fill: #9a5b00; }
  .half { stroke: #7a2f9e; fill: #7a2f9e; } .naive { stroke: #57606a; fill: #57606a; }
  .dashed { stroke-dasharray: 6 5; }
  @media (prefers-color-scheme: dark) {
    svg { color: #e6e9ed; background: #14171b; } .grid { stroke: #343b43; } .quiet { fill: #a9b2bc; }
    .equalities { stroke: #6cb6ff; fill: #6cb6ff; } .ranges { stroke: #e0a33c; fill: #e0a33c; }
    .half { stroke: #d09bf0; fill: #d09bf0; } .naive { stroke: #a9b2bc; fill: #a9b2bc; }
  }
  text { fill: currentColor; } .label { stroke: none; } .line { fill: none; }
"""


def draw(rows: Sequence[dict[str, Any]]) -> str:
    """The picture.

    Args:
        rows: `result["evaluation"]["rows"]`.
    Returns:
        SVG text, both axes logarithmic; without scripts or anything fetched.
    """
    series = list(_series(rows))
    sizes = sorted({row["rules"] for row in rows})
    costs = [cost for _name, _style, points in series for _size, cost in points]
    plot = _Plot(sizes, costs)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d">',
        '<title id="t">Cost of finding the rules that hold, against the number of rules</title>',
        f'<desc id="d">{escape(_description(series))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<text x="{LEFT}" y="28" font-size="17" font-weight="600">What it costs to find the rules that hold</text>',
        f'<text class="quiet" x="{LEFT}" y="48">median µs a call, one slot; both axes are logarithmic</text>',
        *plot.axes(),
    ]
    ends = plot.spread([points[-1][1] for _name, _style, points in series])
    for (name, style, points), end in zip(series, ends, strict=True):
        parts += plot.curve(name, style, points, end)
    return "\n".join([*parts, "</svg>", ""])


def _series(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str, list[Point]]]:
    """Name, style and points of each curve: the index in every shape, and what is naive in the first."""
    shapes = list(dict.fromkeys(row["shape"] for row in rows))
    for contender, style in ((ORACLE, "naive dashed"), (IN_TURN, "naive")):
        points = _points(rows, shapes[0], contender)
        if points:
            yield contender, style, points
    names = {"equalities": "equalities", "ranges": "ranges and negations", "half": "half of the rules hold"}
    for shape in shapes:
        yield f"{INDEX}: {names.get(shape, shape)}", shape, _points(rows, shape, INDEX)


def _points(rows: Sequence[dict[str, Any]], shape: str, contender: str) -> list[Point]:
    return sorted(
        (row["rules"], row["timings"][contender]["median_us"])
        for row in rows
        if row["shape"] == shape and contender in row["timings"]
    )


def _description(series: Sequence[tuple[str, str, list[Point]]]) -> str:
    said = [
        f"{name}: {points[0][1]:g} µs at {points[0][0]:g} rules, {points[-1][1]:g} µs at {points[-1][0]:g}"
        for name, _style, points in series
    ]
    return "; ".join(said)


class _Plot:
    """From rules and µs to places."""

    def __init__(self, sizes: Sequence[float], costs: Sequence[float]) -> None:
        self._sizes = sizes
        self._low_x, self._high_x = math.log10(min(sizes)), math.log10(max(sizes))
        self._low_y = math.floor(math.log10(max(min(costs), 0.1)))
        self._high_y = max(math.ceil(math.log10(max(costs))), self._low_y + 1)

    def x(self, size: float) -> float:
        share = (math.log10(size) - self._low_x) / max(self._high_x - self._low_x, 1e-9)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, cost: float) -> float:
        share = (math.log10(max(cost, 0.1)) - self._low_y) / (self._high_y - self._low_y)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    def axes(self) -> Iterator[str]:
        right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
        for power in range(self._low_y, self._high_y + 1):
            y = self.y(10**power)
            yield f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{right}" y2="{y}"/>'
            yield f'<text class="quiet" x="{LEFT - 10}" y="{y + 5}" text-anchor="end">{_duration(10**power)}</text>'
        for size in self._sizes:
            x = self.x(size)
            yield f'<line class="grid" x1="{x}" y1="{TOP}" x2="{x}" y2="{bottom}"/>'
            yield f'<text class="quiet" x="{x}" y="{bottom + 22}" text-anchor="middle">{size:,}</text>'
        middle = (LEFT + right) / 2
        yield f'<text class="quiet" x="{middle}" y="{HEIGHT - 14}" text-anchor="middle">rules of the slot</text>'

    def spread(self, costs: Sequence[float]) -> list[float]:
        """Where to write the names of curves that end at these costs: beside them, and not over each other."""
        order = sorted(range(len(costs)), key=lambda place: self.y(costs[place]))
        found = [0.0] * len(costs)
        lowest = float("-inf")
        for place in order:
            lowest = found[place] = max(self.y(costs[place]), lowest + 20)
        return found

    def curve(self, name: str, style: str, points: Sequence[Point], label: float) -> Iterator[str]:
        places = [(self.x(size), self.y(cost)) for size, cost in points]
        path = " ".join(f"{x},{y}" for x, y in places)
        yield f'<polyline class="line {style}" points="{path}"/>'
        for (x, y), (size, cost) in zip(places, points, strict=True):
            yield (
                f'<circle class="{style}" cx="{x}" cy="{y}" r="4">'
                f"<title>{escape(name)}: {cost:g} µs at {size:,.0f} rules</title></circle>"
            )
        x = places[-1][0] + 12
        yield f'<text class="label {style}" x="{x}" y="{label + 5}" font-size="13">{escape(name)}</text>'


def _duration(us: float) -> str:
    if us < 1000:
        return f"{us:g} µs"
    return f"{us / 1000:g} ms" if us < 1e6 else f"{us / 1e6:g} s"
