"""Layers of a night landscape: sky, moon, ridges, water, trees, weather. Each draws itself on a canvas."""

import math
from collections.abc import Callable
from random import Random
from typing import Final

from plugin.demo.site.art.canvas import FULL_HEIGHT, FULL_WIDTH, Canvas, Point, channel_mix, points
from plugin.demo.site.art.palettes import Palette

Layer = Callable[[Canvas, Palette, Random], None]
W: Final = FULL_WIDTH
H: Final = FULL_HEIGHT


def profile(random: Random, count: int, roughness: float) -> list[float]:
    """Heights in [-1, 1] at `count` even steps: slow waves, and faster ones as `roughness` grows."""
    waves = [
        (1.0, 1.3),
        (0.55, 2.9),
        (0.38 * roughness, 6.7),
        (0.22 * roughness, 14.3),
        (0.12 * roughness, 29.0),
    ]
    phases = [random.random() * math.tau for _ in waves]
    total = sum(size for size, _ in waves)

    def height(x: float) -> float:
        sharp = 0.0
        for (size, pace), phase in zip(waves, phases, strict=True):
            swing = math.sin(x * pace * math.pi + phase)
            # Folding the wave makes crests instead of hills; roughness decides how much of it is folded.
            folded = 1 - 2 * abs(swing)
            sharp += size * (swing + (folded - swing) * min(roughness, 1))
        return sharp / total

    return [height(step / (count - 1)) for step in range(count)]


def sky() -> Layer:
    """The gradient of the hour."""

    def draw(canvas: Canvas, palette: Palette, _random: Random) -> None:
        last = len(palette.sky) - 1
        stops = [(0.78 * index / last, colour) for index, colour in enumerate(palette.sky)]
        canvas.rect(0, 0, W, H, canvas.gradient([(round(offset, 2), colour) for offset, colour in stops]))

    return draw


def stars(count: int, *, depth: float = 0.55) -> Layer:
    """Dots in the upper `depth` of the picture, in two sizes."""

    def draw(canvas: Canvas, _palette: Palette, random: Random) -> None:
        shown = count // 14 if canvas.plain else count
        for share, width in ((0.8, 2.0), (0.2, 3.6)):
            dots = "".join(
                f"M{round(random.random() * W)} {round(random.random() ** 1.4 * H * depth)}h0"
                for _ in range(round(shown * share))
            )
            canvas.line(dots, "#fff", width, 'stroke-linecap="round" opacity=".75"')

    return draw


def moon(x: float, y: float, r: float, *, crescent: bool = False) -> Layer:
    """A full or crescent moon with its halo."""

    def draw(canvas: Canvas, palette: Palette, _random: Random) -> None:
        canvas.circle(x, y, r * 4.2, canvas.glow(palette.moon, 0.42))
        if crescent:
            bite = f"M{x:g} {y - r:g}A{r:g} {r:g} 0 1 1 {x - r * 0.86:g} {y + r * 0.5:g}"
            canvas.path(f"{bite}A{r * 0.9:g} {r * 0.9:g} 0 0 0 {x:g} {y - r:g}Z", palette.moon)
            return
        canvas.circle(x, y, r, palette.moon)
        if not canvas.plain:
            shade = channel_mix(palette.moon, palette.haze, 0.35)
            for dx, dy, size in (
                (-0.35, -0.2, 0.2),
                (0.25, 0.3, 0.26),
                (0.3, -0.4, 0.12),
                (-0.2, 0.45, 0.12),
            ):
                canvas.circle(x + dx * r, y + dy * r, size * r, shade, 'opacity=".5"')

    return draw


def ridge(y: float, size: float, depth: float, *, rough: float = 1.0, snow: bool = False, slope: float = 0.0) -> Layer:
    """A range of hills or mountains: crest around `y`, `size` high, fading into the haze at its foot."""

    def draw(canvas: Canvas, palette: Palette, random: Random) -> None:
        count = 9 if canvas.plain else 64
        shape = profile(random, count, rough)
        crest: list[Point] = [
            (W * i / (count - 1), y - size * h + slope * (i / (count - 1) - 0.5)) for i, h in enumerate(shape)
        ]
        colour = palette.land(depth)
        foot = channel_mix(colour, palette.haze, 0.55 * (1 - depth))
        paint = colour if canvas.plain else canvas.gradient([(0, colour), (1, foot)])
        canvas.path(points([*crest, (W, H), (0, H)]), paint)
        if snow:
            _caps(canvas, crest, y - size * 0.08, palette, depth)

    return draw


def _caps(canvas: Canvas, crest: list[Point], line: float, palette: Palette, depth: float) -> None:
    """Snow on the crest above `line`: its lower edge zigzags, as snow lies in gullies."""
    white = channel_mix("#ffffff", palette.haze, 0.25 + 0.4 * (1 - depth))
    run: list[Point] = []
    for place in [*crest, (0.0, line + 1)]:
        if place[1] < line:
            run.append(place)
            continue
        if len(run) > 2:
            under = [(x, y + (line - y) * (0.75 if i % 2 else 0.35)) for i, (x, y) in enumerate(run[1:-1])]
            canvas.path(points([*run, *reversed(under)]), white, 'opacity=".85"')
        run = []


def pines(y: float, count: int, tall: float, *, depth: float = 1.0, start: float = 0, end: float = W) -> Layer:
    """A row of firs standing on `y`, each of three tiers."""

    def draw(canvas: Canvas, palette: Palette, random: Random) -> None:
        data = ""
        shown = max(count // 12, 3) if canvas.plain else count
        for index in range(shown):
            x = start + (end - start) * (index + random.random()) / shown
            top = tall * (0.55 + 0.6 * random.random())
            half = top * 0.2
            if canvas.plain:
                data += points([(x - half, y), (x, y - top), (x + half, y)])
                continue
            tiers: list[Point] = [(x, y - top)]
            for tier, wide in ((0.68, 0.5), (0.36, 0.78)):
                tiers += [(x + half * wide, y - top * tier), (x + half * wide * 0.45, y - top * tier)]
            tiers.append((x + half, y))
            mirrored = [(2 * x - px, py) for px, py in reversed(tiers[1:])]
            data += points([*tiers, *mirrored])
        canvas.path(data, palette.land(depth))

    return draw


def water(y: float, *, moon_x: float | None = None, tone: float = 0.75) -> Layer:
    """A lake or the sea from `y` down, with the moon's broken reflection under `moon_x`."""

    def draw(canvas: Canvas, palette: Palette, random: Random) -> None:
        top = channel_mix(palette.sky[-1], palette.near, 0.3)
        canvas.rect(0, y, W, H - y, canvas.gradient([(0, top), (1, palette.land(tone))]))
        if canvas.plain:
            return
        waves = ""
        for _ in range(46):
            left, down = round(random.random() * W), round(y + 8 + (H - y) * random.random() ** 1.5)
            waves += f"M{left} {down}h{round(20 + 70 * random.random())}"
        canvas.line(waves, channel_mix(palette.haze, "#ffffff", 0.3), 2, 'opacity=".22" stroke-linecap="round"')
        if moon_x is not None:
            glints = ""
            for step in range(34):
                depth = step / 33
                wide = (14 + 70 * depth) * (0.4 + random.random())
                middle = moon_x + (random.random() - 0.5) * (20 + 90 * depth)
                glints += f"M{round(middle - wide / 2)} {round(y + 5 + (H - y) * depth)}h{round(wide)}"
            canvas.line(glints, palette.moon, 4, 'opacity=".55" stroke-linecap="round"')

    return draw


def snowfall(count: int) -> Layer:
    """Falling snow, left out of the plain form."""

    def draw(canvas: Canvas, _palette: Palette, random: Random) -> None:
        if canvas.plain:
            return
        for share, width in ((0.65, 3.0), (0.35, 6.0)):
            flakes = "".join(
                f"M{round(random.random() * W)} {round(random.random() * H)}h0" for _ in range(round(count * share))
            )
            canvas.line(flakes, "#fff", width, 'stroke-linecap="round" opacity=".8"')

    return draw


def rain(count: int) -> Layer:
    """Slanted rain, left out of the plain form."""

    def draw(canvas: Canvas, palette: Palette, random: Random) -> None:
        if canvas.plain:
            return
        streaks = ""
        for _ in range(count):
            streaks += f"M{round(random.random() * W)} {round(random.random() * H)}"
            streaks += f"l{-9 - round(9 * random.random())} {30 + round(26 * random.random())}"
        canvas.line(streaks, channel_mix(palette.haze, "#ffffff", 0.5), 2, 'opacity=".35"')

    return draw


def northern_lights() -> Layer:
    """Curtains of green light."""

    def draw(canvas: Canvas, _palette: Palette, random: Random) -> None:
        paint = canvas.gradient([(0, "#3cf0b400"), (0.7, "#4df0b8aa"), (0.86, "#c9ffe6cc"), (1, "#b8ffe000")])
        count = 9 if canvas.plain else 40
        for band in range(1 if canvas.plain else 3):
            base, shift = 250 + band * 74, random.random() * math.tau
            low, high = [], []
            for step in range(count):
                x, turn = W * 1.2 * step / (count - 1) - 120, step / (count - 1)
                y = base + 100 + 62 * math.sin(turn * 6 + shift) + 22 * math.sin(turn * 15 + shift)
                low.append((x, y))
                high.append((x + 60, y - 215 - 55 * math.sin(turn * 9 + 2 * shift)))
            canvas.path(points([*low, *reversed(high)]), paint, 'opacity=".7"')

    return draw


def mist(y: float, thick: float, strength: float = 0.5) -> Layer:
    """A bank of mist lying at `y`."""

    def draw(canvas: Canvas, palette: Palette, _random: Random) -> None:
        paint = canvas.gradient([(0, palette.haze + "00"), (0.5, palette.haze), (1, palette.haze + "00")])
        canvas.rect(0, y - thick / 2, W, thick, paint, extra=f'opacity="{strength:g}"')

    return draw
