"""A small SVG writer: shapes in, compact text out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

Point = tuple[float, float]
FULL_WIDTH: Final = 1200
FULL_HEIGHT: Final = 800


def number(value: float) -> str:
    """The shortest text of a coordinate: one decimal below 100, none above; nobody sees the rest."""
    rounded = round(value) if abs(value) >= 100 else round(value, 1)
    return f"{rounded:g}"


def points(path: Iterable[Point], *, close: bool = True) -> str:
    """Path data through the points in order."""
    text = "L".join(f"{number(x)} {number(y)}" for x, y in path)
    return f"M{text}Z" if close else f"M{text}"


def channel_mix(first: str, second: str, share: float) -> str:
    """The colour between two `#rrggbb` colours; `share` 0 is the first, 1 the second."""
    pairs = ((int(first[i : i + 2], 16), int(second[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * min(max(share, 0), 1)):02x}" for a, b in pairs)


@dataclass
class Canvas:
    """Collects shapes; `plain` asks every shape for its low-detail form (the images for slow networks)."""

    width: int = FULL_WIDTH
    height: int = FULL_HEIGHT
    plain: bool = False
    parts: list[str] = field(default_factory=list)
    defs: list[str] = field(default_factory=list)

    def gradient(self, stops: Sequence[tuple[float, str]], *, horizontal: bool = False) -> str:
        """Register a linear gradient of (offset 0 to 1, colour) stops; returns the paint."""
        name = f"g{len(self.defs)}"
        axis = "" if horizontal else ' x2="0" y2="1"'
        inner = "".join(f'<stop offset="{offset:g}" stop-color="{colour}"/>' for offset, colour in stops)
        self.defs.append(f'<linearGradient id="{name}"{axis}>{inner}</linearGradient>')
        return f"url(#{name})"

    def glow(self, colour: str, strength: float = 0.7) -> str:
        """Register a radial gradient that fades `colour` out; returns the paint. Plain: a thin even veil."""
        if self.plain:
            return f"{colour}{round(strength * 40):02x}"
        name = f"g{len(self.defs)}"
        self.defs.append(
            f'<radialGradient id="{name}"><stop stop-color="{colour}" stop-opacity="{strength:g}"/>'
            f'<stop offset=".4" stop-color="{colour}" stop-opacity="{strength * 0.36:.2g}"/>'
            f'<stop offset="1" stop-color="{colour}" stop-opacity="0"/></radialGradient>'
        )
        return f"url(#{name})"

    def rect(self, x: float, y: float, w: float, h: float, fill: str, *, r: float = 0, extra: str = "") -> None:
        """A rectangle with corners of radius `r`."""
        corner = f' rx="{number(r)}"' if r else ""
        place = f' x="{number(x)}" y="{number(y)}"' if x or y else ""
        self.parts.append(f'<rect{place} width="{number(w)}" height="{number(h)}"{corner} fill="{fill}"{_gap(extra)}/>')

    def circle(self, x: float, y: float, r: float, fill: str, extra: str = "") -> None:
        """A circle around (x, y)."""
        self.parts.append(f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(r)}" fill="{fill}"{_gap(extra)}/>')

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: str) -> None:
        """An ellipse around (x, y)."""
        place = f'cx="{number(x)}" cy="{number(y)}" rx="{number(rx)}" ry="{number(ry)}"'
        self.parts.append(f'<ellipse {place} fill="{fill}"/>')

    def path(self, data: str, fill: str, extra: str = "") -> None:
        """A filled path from path data."""
        self.parts.append(f'<path d="{data}" fill="{fill}"{_gap(extra)}/>')

    def line(self, data: str, stroke: str, width: float, extra: str = "") -> None:
        """A stroked path from path data."""
        self.parts.append(
            f'<path d="{data}" fill="none" stroke="{stroke}" stroke-width="{number(width)}"{_gap(extra)}/>'
        )

    def open(self, attributes: str) -> None:
        """Begin a group; `close` ends it."""
        self.parts.append(f"<g {attributes}>")

    def close(self) -> None:
        """End the group begun last."""
        self.parts.append("</g>")

    def render(self) -> str:
        """The SVG document, ended by a newline."""
        defs = f"<defs>{''.join(self.defs)}</defs>" if self.defs else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}">{defs}{"".join(self.parts)}</svg>\n'
        )


def _gap(extra: str) -> str:
    return f" {extra}" if extra else ""
