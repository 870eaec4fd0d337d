"""What a traveller sees close by: the platform, the rails ahead, the window of a berth, a map, a light."""

import math
from itertools import pairwise
from random import Random

from plugin.demo.site.art.canvas import Canvas, Point, channel_mix, number, points
from plugin.demo.site.art.palettes import Palette
from plugin.demo.site.art.scenery import H, Layer, W


def platform(y: float) -> Layer:
    """A platform with a canopy on iron posts, lamps and a clock."""

    def draw(canvas: Canvas, palette: Palette, _random: Random) -> None:
        dark, light = palette.land(1), palette.land(0.7)
        canvas.path(points([(0, 150), (W, 90), (W, 150), (0, 196)]), dark)
        if not canvas.plain:
            teeth = "".join(f"M{x} {number(190 - x * 0.038)}l10 22 10 -22Z" for x in range(0, W, 20))
            canvas.path(teeth, dark)
        for post in (150, 1010) if canvas.plain else (150, 520, 1010):
            lean = 178 - post * 0.038
            canvas.rect(post, lean, 16, y - lean, dark)
            if canvas.plain:
                continue
            middle, crown = post + 8, number(lean + 4)
            arch = f"M{post - 80} {number(lean)}Q{middle} {crown} {middle} {number(lean + 92)}"
            canvas.line(arch + f"Q{middle} {crown} {post + 96} {number(lean)}", dark, 8)
        glow = canvas.glow(palette.lamp, 0.85)
        for lamp in (335,) if canvas.plain else (335, 770):
            canvas.circle(lamp, 262, 150, glow)
            canvas.line(f"M{lamp} 160V240", dark, 5)
            canvas.path(f"M{lamp - 30} 262a30 26 0 0 1 60 0Z", dark)
            canvas.ellipse(lamp, 263, 24, 7, "#fff3d0")
        canvas.line("M905 128V196", dark, 8)
        canvas.circle(905, 246, 56, dark)
        canvas.circle(905, 246, 47, "#f6efdc")
        ticks = ""
        for hour in range(0 if canvas.plain else 12):
            across, up = math.sin(math.tau * hour / 12), math.cos(math.tau * hour / 12)
            ticks += f"M{number(905 + 38 * across)} {number(246 - 38 * up)}l{number(6 * across)} {number(-6 * up)}"
        canvas.line(ticks + "M905 246L882 228M905 246L921 214", dark, 4, 'stroke-linecap="round"')
        canvas.rect(0, y, W, H - y, light)
        canvas.rect(0, y, W, 12, channel_mix(light, palette.haze, 0.5))
        canvas.rect(0, y + 40, W, 7, palette.lamp, extra='opacity=".65"')
        if not canvas.plain:
            _traveller(canvas, 640, y + 84, dark)

    return draw


def _traveller(canvas: Canvas, x: float, y: float, colour: str) -> None:
    """Somebody waiting, seen from behind, with a suitcase and a cat."""
    canvas.open(f'transform="translate({number(x)} {number(y)})" fill="{colour}"')
    canvas.parts.append(
        '<path d="M-44 0l10 -150q6 -40 34 -42t34 42l10 150q-44 12 -88 0Z"/><circle cy="-214" r="23"/>'
        '<path d="M-40 -222h80q-8 -12 -16 -12v-14q0 -10 -24 -10t-24 10v14q-8 0 -16 12Z"/>'
        '<path d="M-26 0h18v22h-22ZM8 0h18l4 22H8Z"/>'
        '<rect x="74" y="-66" width="96" height="88" rx="9"/>'
        '<path d="M104 -66v-14h36v14" fill="none" stroke-width="7" stroke="#c9973f"/>'
        '<path d="M-150 20q-4 -52 26 -62l-2 -24 12 10h14l12 -10q4 44 -8 50 20 18 12 36Z"/>'
        '<path d="M-150 20q-34 4 -34 -34"/>'
    )
    canvas.close()


def rails(horizon: float, vanish: float = 600) -> Layer:
    """A double line running away to the horizon."""

    def draw(canvas: Canvas, palette: Palette, _random: Random) -> None:
        ground = canvas.gradient([(0, palette.land(0.55)), (1, palette.land(1))])
        canvas.rect(0, horizon, W, H - horizon, ground)
        steel = channel_mix(palette.haze, "#ffffff", 0.35)
        sleepers, count = "", 7 if canvas.plain else 26
        for index in range(count):
            near = (index / count) ** 2.2
            y = horizon + 6 + (H - horizon) * near
            half = 14 + 330 * near
            sleepers += f"M{number(vanish - half)} {number(y)}h{number(2 * half)}"
            sleepers += f"v{number(2 + 15 * near)}h{number(-2 * half)}Z"
        canvas.path(sleepers, channel_mix(palette.land(0.6), palette.haze, 0.3))
        for side in (-1, 1):
            far, near_x = vanish + side * 4, vanish + side * 215
            canvas.path(points([(far - 1, horizon), (far + 1, horizon), (near_x + 13, H), (near_x - 13, H)]), steel)

    return draw


def window(*, curtain: str = "#7a2333", lamp: bool = True) -> Layer:
    """The inside of a compartment: the scene so far is seen through its window."""

    def draw(canvas: Canvas, palette: Palette, _random: Random) -> None:
        wall = channel_mix("#3a2620", palette.near, 0.45)
        wood = channel_mix("#8a5733", palette.near, 0.3)
        outer = f"M0 0H{W}V{H}H0Z"
        pane = "M250 90H950a60 60 0 0 1 60 60V540"
        pane += "a60 60 0 0 1 -60 60H250a60 60 0 0 1 -60 -60V150a60 60 0 0 1 60 -60Z"
        canvas.path(outer + pane, wall, 'fill-rule="evenodd"')
        canvas.line(pane, wood, 26)
        if not canvas.plain:
            canvas.line(pane, channel_mix(wood, "#ffffff", 0.3), 3)
        canvas.line("M190 250H1010", wood, 12)
        canvas.path("M120 640H1080l26 44H94Z", wood)
        canvas.rect(94, 684, 1012, 20, channel_mix(wood, palette.near, 0.5))
        for left, side in ((90, 1), (1110, -1)):
            folds = f"M{left} 50h{side * 190}q{side * -18} 150 {side * -34} 290t{side * -120} 230h{side * -36}Z"
            canvas.path(folds, curtain)
            if not canvas.plain:
                dark = channel_mix(curtain, "#000000", 0.35)
                creases = "".join(
                    f"M{left + side * at} 52q{side * -10} 240 {side * -at * 0.6:g} 470" for at in (40, 85, 130)
                )
                canvas.line(creases, dark, 6, 'opacity=".7"')
        canvas.rect(60, 36, 1080, 22, wood, r=11)
        if lamp:
            if not canvas.plain:
                canvas.circle(600, 560, 300, canvas.glow(palette.lamp, 0.5))
            canvas.path("M560 640v-12h80v12Z", "#c99a4b")
            canvas.rect(594, 560, 12, 70, "#c99a4b")
            canvas.path("M548 566q10 -76 52 -76t52 76Z", channel_mix(palette.lamp, "#ffffff", 0.25))

    return draw


def route_map(stops: int) -> Layer:
    """Contour lines and a night line with its stations, like a folded map."""

    def draw(canvas: Canvas, palette: Palette, random: Random) -> None:
        shift = [random.random() * math.tau for _ in range(4)]
        ring = channel_mix(palette.far, palette.haze, 0.5)
        step = 40 if canvas.plain else 14
        for peak, (cx, cy) in enumerate(((320, 300), (880, 470))):
            for level in range(1 if canvas.plain else 7):
                curve: list[Point] = []
                for turn in range(0, 360, step):
                    angle = math.radians(turn)
                    swell = 1 + 0.18 * math.sin(3 * angle + shift[peak]) + 0.08 * math.sin(5 * angle + shift[2 + peak])
                    reach = (50 + level * (110 if canvas.plain else 46)) * swell
                    curve.append((cx + reach * 1.35 * math.cos(angle), cy + reach * math.sin(angle)))
                canvas.line(points(curve), ring, 3 if level % 3 == 0 else 1.5, 'opacity=".6" stroke-linejoin="round"')
        places: list[Point] = [
            (90 + 1020 * i / (stops - 1), 640 - 430 * i / (stops - 1) + 150 * math.sin(i * 1.7 + shift[0]))
            for i in range(stops)
        ]
        data = f"M{number(places[0][0])} {number(places[0][1])}"
        for (ax, ay), (bx, by) in pairwise(places):
            middle = (ax + bx) / 2
            data += f"C{number(middle)} {number(ay)} {number(middle)} {number(by)} {number(bx)} {number(by)}"
        canvas.line(data, palette.near, 17, 'opacity=".5"')
        canvas.line(data, palette.lamp, 9)
        for index, (x, y) in enumerate(places):
            large = index in (0, stops - 1)
            canvas.circle(x, y, 17 if large else 11, palette.near, f'stroke="{palette.moon}" stroke-width="5"')
        if not canvas.plain:
            folds = "".join(f"M{fold} 0V{H}" for fold in (300, 600, 900)) + f"M0 400H{W}"
            canvas.line(folds, palette.moon, 2, 'opacity=".12"')

    return draw


def lighthouse(x: float, y: float, tall: float) -> Layer:
    """A lighthouse on a rock, its beam to the left."""

    def draw(canvas: Canvas, palette: Palette, _random: Random) -> None:
        head = y - tall
        beam = canvas.gradient([(0, palette.lamp + "00"), (1, palette.lamp)], horizontal=True)
        canvas.path(
            points([(x, head - 4), (x - 760, head - 130), (x - 760, head + 70), (x, head + 10)]),
            beam,
            'opacity=".5"',
        )
        dark = palette.land(1)
        canvas.path(
            points([(x - 150, y + 40), (x - 90, y - 6), (x - 30, y - 18), (x + 60, y - 8), (x + 190, y + 40)]),
            dark,
        )
        canvas.path(points([(x - 30, y - 8), (x - 18, head + 18), (x + 18, head + 18), (x + 30, y - 8)]), "#efe6d6")
        for stripe in (0.4,) if canvas.plain else (0.25, 0.6):
            top = head + 18 + (tall - 26) * stripe
            wide = 18 + 12 * stripe
            canvas.path(
                points(
                    [
                        (x - wide, top),
                        (x + wide, top),
                        (x + wide + 3, top + tall * 0.16),
                        (x - wide - 3, top + tall * 0.16),
                    ]
                ),
                "#b8402f",
            )
        canvas.rect(x - 24, head + 10, 48, 9, dark)
        canvas.rect(x - 13, head - 18, 26, 28, palette.lamp)
        canvas.path(points([(x - 20, head - 18), (x, head - 42), (x + 20, head - 18)]), dark)
        canvas.circle(x, head - 4, 90, canvas.glow(palette.lamp, 0.9))

    return draw
