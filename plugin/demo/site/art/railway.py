"""What people built along the line: coaches, track, viaducts, towns."""

from random import Random

from plugin.demo.site.art.canvas import Canvas, channel_mix, number, points
from plugin.demo.site.art.palettes import Palette
from plugin.demo.site.art.scenery import H, Layer, W


def train(x: float, y: float, coaches: int, *, scale: float = 1.0, livery: str = "#1f2c5c") -> Layer:
    """Coaches from `x` to the right, wheels on `y`: lit windows, a stripe, light on the ballast."""

    def draw(canvas: Canvas, palette: Palette, random: Random) -> None:
        length, tall, gap = 190 * scale, 46 * scale, 5 * scale
        end = x + coaches * (length + gap)
        if canvas.plain:
            canvas.rect(x, y - tall - 6 * scale, end - x, tall, livery, r=9 * scale)
            middle = y - tall * 0.72
            canvas.line(
                f"M{number(x + 14)} {number(middle)}H{number(end - 10)}",
                palette.lamp,
                13 * scale,
                f'stroke-dasharray="{number(15 * scale)} {number(10 * scale)}"',
            )
            return
        shine = canvas.gradient([(0, palette.lamp), (1, palette.lamp + "00")])
        canvas.rect(x - 20, y, end - x + 40, 26 * scale, shine, extra='opacity=".3"')
        roof = channel_mix(livery, "#ffffff", 0.22)
        for coach in range(coaches):
            left = x + coach * (length + gap)
            top = y - tall - 6 * scale
            canvas.rect(left, top, length, tall, livery, r=8 * scale)
            canvas.rect(left + 6 * scale, top, length - 12 * scale, 4 * scale, roof, r=2 * scale)
            canvas.rect(left, top + tall * 0.72, length, 3 * scale, palette.lamp, extra='opacity=".75"')
            for pane in range(7):
                lit = random.random() < 0.72
                paint = palette.lamp if lit else channel_mix(livery, palette.lamp, 0.3)
                canvas.rect(
                    left + (13 + pane * 24.5) * scale,
                    top + tall * 0.24,
                    16 * scale,
                    15 * scale,
                    paint,
                    r=3 * scale,
                )
            wheels = "".join(f"M{number(left + at * scale)} {number(y - 3 * scale)}h0" for at in (24, 44, 146, 166))
            canvas.line(wheels, "#05070f", 12 * scale, 'stroke-linecap="round"')

    return draw


def track(y: float, depth: float = 1.0) -> Layer:
    """The bed of a line seen from the side."""

    def draw(canvas: Canvas, palette: Palette, _random: Random) -> None:
        canvas.rect(0, y, W, H - y, palette.land(depth))
        canvas.line(f"M0 {number(y)}H{W}", channel_mix(palette.land(depth), palette.haze, 0.5), 4)

    return draw


def viaduct(y: float, arches: int, tall: float, *, depth: float = 0.8) -> Layer:
    """A stone viaduct across the picture, deck on `y`."""

    def draw(canvas: Canvas, palette: Palette, _random: Random) -> None:
        colour = palette.land(depth)
        count = (arches + 1) // 2 if canvas.plain else arches
        wide = W / count
        pier = wide * 0.2
        data = f"M0 {number(y)}H{W}V{number(y + tall)}"
        for arch in range(count - 1, -1, -1):
            left = arch * wide + pier / 2
            radius = (wide - pier) / 2
            data += (
                f"H{number(left + 2 * radius)}V{number(y + 22 + radius)}"
                f"A{number(radius)} {number(radius)} 0 0 0 {number(left)} {number(y + 22 + radius)}"
                f"V{number(y + tall)}"
            )
        canvas.path(data + "H0Z", colour)
        light = channel_mix(colour, palette.haze, 0.45)
        canvas.line(f"M0 {number(y)}H{W}", light, 5)
        if not canvas.plain:
            rail = "".join(f"M{number(x)} {number(y)}v-14" for x in range(0, W + 1, 48))
            canvas.line(rail + f"M0 {number(y - 14)}H{W}", light, 2, 'opacity=".6"')

    return draw


def town(y: float, *, start: float, end: float, depth: float = 0.7, tall: float = 90, spire: bool = True) -> Layer:
    """Roofs with lit windows, and perhaps a church."""

    def draw(canvas: Canvas, palette: Palette, random: Random) -> None:
        colour = palette.land(depth)
        x, data, lights = start, "", ""
        step = 4.5 if canvas.plain else 1.0
        while x < end:
            wide = (34 + 38 * random.random()) * step
            high = tall * (0.35 + 0.65 * random.random())
            pitch = 12 + 16 * random.random()
            data += points(
                [(x, y), (x, y - high), (x + wide / 2, y - high - pitch), (x + wide, y - high), (x + wide, y)]
            )
            for row in range(0 if canvas.plain else int(high // 26)):
                if random.random() < 0.62:
                    lights += f"M{number(x + wide * (0.25 + 0.5 * random.random()))} {number(y - 14 - row * 24)}v8"
            x += wide * 0.94
        if spire:
            middle = start + (end - start) * 0.6
            data += points(
                [
                    (middle - 17, y),
                    (middle - 17, y - tall * 1.5),
                    (middle, y - tall * 2.5),
                    (middle + 17, y - tall * 1.5),
                    (middle + 17, y),
                ]
            )
        canvas.path(data, colour)
        canvas.line(lights, palette.lamp, 7, 'opacity=".9"')

    return draw


def towers(y: float, *, depth: float = 0.55, tall: float = 260) -> Layer:
    """A city: flat roofs, many windows."""

    def draw(canvas: Canvas, palette: Palette, random: Random) -> None:
        colour, data, lights, x = palette.land(depth), "", "", -10.0
        while x < W:
            wide = (52 + 74 * random.random()) * (2 if canvas.plain else 1)
            high = tall * (0.3 + 0.7 * random.random() ** 1.5)
            data += f"M{number(x)} {number(y)}v{number(-high)}h{number(wide)}V{number(y)}Z"
            if not canvas.plain:
                for row in range(int(high // 30)):
                    for column in range(int(wide // 24)):
                        if random.random() < 0.38:
                            lights += f"M{number(x + 12 + column * 22)} {number(y - high + 16 + row * 28)}v9"
            x += wide + 3
        canvas.path(data, colour)
        if lights:
            canvas.line(lights, palette.lamp, 7, 'opacity=".8"')

    return draw
