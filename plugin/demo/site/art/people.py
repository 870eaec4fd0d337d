"""Portraits of the authors: a head in a round window, a sky behind it. Faces are left to the reader."""

from collections.abc import Callable
from random import Random
from typing import Final

from plugin.demo.site.art.canvas import Canvas, channel_mix

SIZE: Final = 480
Portrait = Callable[[Canvas, Random], None]


def portrait(sky: tuple[str, str], colours: tuple[str, str, str], *, style: str, extra: str = "") -> Portrait:
    """A portrait in the colours of skin, hair and coat; `extra` is a cap, glasses or a scarf."""
    skin, hair, coat = colours

    def draw(canvas: Canvas, random: Random) -> None:
        canvas.rect(0, 0, SIZE, SIZE, canvas.gradient([(0, sky[0]), (1, sky[1])]))
        if not canvas.plain:
            dots = "".join(f"M{round(random.random() * SIZE)} {round(random.random() * 260)}h0" for _ in range(36))
            canvas.line(dots, "#fff", 3, 'stroke-linecap="round" opacity=".7"')
        canvas.circle(380, 96, 34, "#fdf3d8")
        if style == "long":
            canvas.path("M140 210a100 100 0 0 1 200 0v160H140Z", hair)
        elif style == "bun":
            canvas.circle(240, 92, 44, hair)
        shade = channel_mix(skin, "#000000", 0.16)
        canvas.rect(204, 270, 72, 90, shade, r=30)
        canvas.path("M70 480q10 -130 120 -140l50 34 50 -34q110 10 120 140Z", coat)
        canvas.path("M190 340l50 34 50 -34 14 26 -64 56 -64 -56Z", channel_mix(coat, "#ffffff", 0.25))
        canvas.ellipse(240, 220, 78, 92, skin)
        canvas.path("M240 214q-8 34 -12 42t14 8", "none", f'stroke="{shade}" stroke-width="5" stroke-linecap="round"')
        canvas.line("M212 284q28 18 56 0", channel_mix(skin, "#7a1f1f", 0.55), 6, 'stroke-linecap="round"')
        canvas.line(
            "M190 216q16 12 32 0M258 216q16 12 32 0",
            channel_mix(hair, "#000000", 0.4),
            6,
            'stroke-linecap="round"',
        )
        _hair(canvas, hair, style)
        if extra == "cap":
            canvas.path("M152 168q0 -82 88 -82t88 82Z", "#1c2a5a")
            canvas.rect(146, 158, 188, 22, "#c9973f", r=8)
            canvas.path("M146 180q94 -24 188 0l20 16q-114 -26 -228 0Z", "#101a3c")
        elif extra == "glasses":
            canvas.line(
                "M176 216a30 30 0 1 0 60 0a30 30 0 1 0 -60 0M244 216a30 30 0 1 0 60 0a30 30 0 1 0 -60 0M236 212h8",
                "#20222e",
                6,
            )
        elif extra == "scarf":
            canvas.path("M172 318q68 44 136 0l12 44q-80 50 -160 0Z", "#b8402f")
            canvas.rect(270, 340, 44, 110, "#9c3325", r=8)

    return draw


def _hair(canvas: Canvas, hair: str, style: str) -> None:
    if style == "curls":
        curls = "".join(
            f"M{x} {y}h0"
            for x, y in (
                (160, 190),
                (168, 150),
                (198, 124),
                (240, 114),
                (282, 124),
                (312, 150),
                (320, 190),
                (216, 146),
                (262, 146),
            )
        )
        canvas.line(curls, hair, 62, 'stroke-linecap="round"')
    elif style == "beard":
        canvas.path("M162 220q0 100 78 110t78 -110q6 60 -10 96t-68 52 -68 -52 -10 -96Z", hair)
        canvas.path("M160 200q-4 -80 80 -84t80 84q-30 -44 -80 -44t-80 44Z", hair)
    elif style == "bun":
        canvas.path("M158 220q-6 -100 82 -104t82 104q-10 -60 -64 -72 -76 6 -100 72Z", hair)
    else:
        canvas.path("M156 236q-10 -116 84 -122t84 122q-16 -64 -60 -84 -68 44 -108 84Z", hair)
