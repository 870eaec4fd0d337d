"""The shop's goods, drawn flat on a coloured ground with a soft shadow. Each fits a 900 by 900 picture."""

import math
from collections.abc import Callable
from random import Random
from typing import Final

from plugin.demo.site.art.canvas import Canvas, Point, channel_mix, number, points

SIZE: Final = 900
CREAM: Final = "#f7efdf"
NIGHT: Final = "#1c2a5a"
BRASS: Final = "#c9973f"
LAMP: Final = "#ffc468"
WINE: Final = "#8c2f3b"
Good = Callable[[Canvas, Random], None]


def ground(canvas: Canvas, colour: str, random: Random) -> None:
    """A disc of moonlight on the coloured ground, a table edge and the shadow of the thing."""
    canvas.rect(0, 0, SIZE, SIZE, colour)
    canvas.circle(450, 420, 330, channel_mix(colour, "#ffffff", 0.28))
    if not canvas.plain:
        dots = "".join(f"M{round(random.random() * SIZE)} {round(random.random() * 560)}h0" for _ in range(46))
        canvas.line(dots, "#fff", 5, 'stroke-linecap="round" opacity=".5"')
    canvas.rect(0, 690, SIZE, 210, channel_mix(colour, "#000000", 0.16))
    canvas.ellipse(450, 706, 290, 26, channel_mix(colour, "#000000", 0.36))


def star(x: float, y: float, r: float) -> str:
    """Path data of a four-pointed star, the house's mark."""
    k = r * 0.22
    corners: list[Point] = [(x, y - r), (x + k, y - k), (x + r, y), (x + k, y + k)]
    corners += [(x, y + r), (x - k, y + k), (x - r, y), (x - k, y - k)]
    return points(corners)


def mug(canvas: Canvas, _random: Random) -> None:
    """An enamel mug with a rim."""
    canvas.line("M600 430h50a70 70 0 0 1 70 70v10a90 90 0 0 1 -90 90h-40", NIGHT, 36)
    canvas.path("M270 360H620V650a56 56 0 0 1 -56 56H326a56 56 0 0 1 -56 -56Z", NIGHT)
    canvas.path("M270 360h70v346h-14a56 56 0 0 1 -56 -56Z", channel_mix(NIGHT, "#ffffff", 0.14))
    canvas.rect(256, 344, 378, 26, CREAM, r=13)
    canvas.path(star(455, 520, 86), LAMP)
    canvas.path(star(545, 610, 30) + star(370, 430, 22), CREAM)
    if not canvas.plain:
        steam = "M380 310q-26 -40 0 -78t0 -78M450 300q-26 -44 0 -84t0 -84M520 310q-26 -40 0 -78t0 -78"
        canvas.line(steam, CREAM, 10, 'stroke-linecap="round" opacity=".7"')


def blanket(canvas: Canvas, _random: Random) -> None:
    """A folded wool blanket with stripes and fringe."""
    for layer, (colour, y) in enumerate(((WINE, 590), (CREAM, 500), (NIGHT, 410))):
        inset = layer * 8
        canvas.rect(170 + inset, y, 560 - 2 * inset, 116, colour, r=54)
        stripe = channel_mix(colour, LAMP, 0.65)
        canvas.line(f"M{230 + inset} {y + 34}H{690 - inset}M{230 + inset} {y + 82}H{690 - inset}", stripe, 9)
    if not canvas.plain:
        fringe = "".join(f"M{x} 706v{24 + x % 3 * 5}" for x in range(210, 700, 17))
        canvas.line(fringe, channel_mix(WINE, "#000000", 0.2), 6, 'stroke-linecap="round"')
    canvas.rect(400, 396, 100, 320, channel_mix(BRASS, "#5a3a1c", 0.45), r=6)
    canvas.path(star(450, 556, 34), CREAM)


def mask(canvas: Canvas, _random: Random) -> None:
    """A sleeping mask with two closed eyes."""
    canvas.line("M180 430Q450 180 720 430", BRASS, 22)
    shape = "M170 430Q450 350 730 430Q760 560 650 610Q540 640 480 560"
    shape += "Q450 524 420 560Q360 640 250 610Q140 560 170 430Z"
    canvas.path(shape, NIGHT)
    canvas.line(shape, BRASS, 8)
    for side in (300, 600):
        canvas.line(f"M{side - 64} 490q64 64 128 0", CREAM, 12, 'stroke-linecap="round"')
        lashes = "".join(
            f"M{side + at} {number(525 - abs(at) * 0.22)}l{number(at * 0.3)} 32" for at in (-44, -15, 15, 44)
        )
        canvas.line(lashes, CREAM, 9, 'stroke-linecap="round"')


def flask(canvas: Canvas, _random: Random) -> None:
    """A steel flask with its cup."""
    canvas.rect(360, 160, 180, 130, BRASS, r=26)
    canvas.rect(372, 282, 156, 36, channel_mix(BRASS, "#000000", 0.3))
    canvas.path("M340 350q0 -44 44 -44h132q44 0 44 44v310a46 46 0 0 1 -46 46H386a46 46 0 0 1 -46 -46Z", WINE)
    canvas.path("M340 350q0 -44 44 -44h18v400h-16a46 46 0 0 1 -46 -46Z", channel_mix(WINE, "#ffffff", 0.2))
    canvas.rect(340, 420, 220, 130, CREAM)
    canvas.line("M362 520l50 -60 36 40 34 -54 56 74", NIGHT, 10, 'stroke-linejoin="round" stroke-linecap="round"')
    canvas.circle(520, 448, 13, BRASS)


def lantern(canvas: Canvas, _random: Random) -> None:
    """The little night lamp that the house is named after."""
    canvas.circle(450, 380, 330, canvas.glow(LAMP, 0.9))
    canvas.path("M330 360q18 -190 120 -190t120 190Z", channel_mix(LAMP, "#ffffff", 0.4))
    canvas.path("M330 360q18 -190 120 -190 -60 30 -66 190Z", "#fff", 'opacity=".5"')
    canvas.rect(318, 356, 264, 22, BRASS, r=11)
    canvas.rect(434, 378, 32, 262, BRASS)
    canvas.rect(434, 378, 11, 262, channel_mix(BRASS, "#ffffff", 0.45))
    canvas.path("M330 706q0 -66 120 -66t120 66Z", channel_mix(BRASS, "#3a2410", 0.25))
    canvas.line("M520 378v120", BRASS, 5)
    canvas.circle(520, 508, 13, BRASS)


def notebook(canvas: Canvas, _random: Random) -> None:
    """A clothbound notebook with its elastic and a pencil."""
    canvas.open('transform="rotate(-6 450 450)"')
    canvas.rect(282, 208, 360, 500, CREAM, r=10)
    canvas.rect(262, 196, 360, 506, NIGHT, r=14)
    canvas.rect(262, 196, 46, 506, channel_mix(NIGHT, "#000000", 0.3), r=14)
    canvas.rect(356, 270, 210, 128, CREAM, r=6)
    canvas.line("M378 310H544M378 336H544M378 362H480", WINE, 6)
    canvas.rect(576, 196, 16, 506, WINE)
    canvas.close()
    canvas.open('transform="rotate(24 680 520)"')
    canvas.rect(664, 330, 32, 330, BRASS)
    canvas.path("M664 660h32l-16 54Z", "#f0d9b0")
    canvas.rect(664, 312, 32, 30, WINE, r=6)
    canvas.close()


def poster_alps(canvas: Canvas, random: Random) -> None:
    """A framed poster: peaks and a moon."""
    _poster(canvas, ("#1d2c63", "#e6865a"))
    canvas.circle(545, 268, 44, CREAM)
    for base, colour, tall in ((520, "#55609c", 200), (580, "#32407d", 160), (640, "#141d47", 120)):
        top: list[Point] = [
            (262 + i * 47, base - tall * (0.35 + 0.65 * random.random()) * (1 - 0.3 * (i % 2))) for i in range(9)
        ]
        canvas.path(points([*top, (638, 650), (262, 650)]), colour)
    canvas.line("M262 612H638", LAMP, 10, 'stroke-dasharray="16 8"')


def poster_sea(canvas: Canvas, _random: Random) -> None:
    """A framed poster: a line along the sea."""
    _poster(canvas, ("#0f3b5c", "#f2b872"))
    canvas.circle(450, 400, 74, "#fbe3b0")
    canvas.rect(262, 430, 376, 220, "#1d5f7d")
    canvas.line(
        "M300 470h110M430 500h150M330 535h90M480 560h120M310 600h160",
        "#fbe3b0",
        8,
        'opacity=".7" stroke-linecap="round"',
    )
    canvas.path("M262 650V300q70 40 84 140t112 210Z", "#12263f")
    canvas.line("M300 420q44 60 60 120t60 110", LAMP, 10, 'stroke-dasharray="14 8"')


def _poster(canvas: Canvas, sky: tuple[str, str]) -> None:
    canvas.rect(232, 142, 436, 564, "#5b3a22", r=6)
    canvas.rect(246, 156, 408, 536, CREAM)
    canvas.rect(262, 172, 376, 478, canvas.gradient([(0, sky[0]), (1, sky[1])]))
    canvas.line("M360 671H540", NIGHT, 12, 'stroke-dasharray="26 10"')


def folded_map(canvas: Canvas, _random: Random) -> None:
    """A map in four folds with night lines on it."""
    for fold in range(4):
        x = 150 + fold * 150
        drop = 34 if fold % 2 else 0
        data = points([(x, 290 + drop), (x + 150, 324 - drop), (x + 150, 674 - drop), (x, 640 + drop)])
        canvas.path(data, channel_mix(CREAM, "#8a7550", 0.16 if fold % 2 else 0))
    canvas.path(
        "M190 410q70 -70 150 -20t120 -10 110 40 120 -30v90q-60 60 -140 30t-150 50 -210 -20Z",
        "#bcd0a9",
        'opacity=".8"',
    )
    canvas.line("M190 590C300 560 300 430 420 440S560 540 720 390", NIGHT, 12)
    canvas.line("M250 360C360 360 430 560 690 580", WINE, 12)
    for x, y in ((190, 590), (420, 440), (720, 390), (250, 360), (690, 580), (472, 507)):
        canvas.circle(x, y, 15, CREAM, f'stroke="{NIGHT}" stroke-width="7"')


def socks(canvas: Canvas, _random: Random) -> None:
    """A pair of striped wool socks."""
    shape = "M0 0h120v250q0 40 40 66l60 40q50 36 16 84t-90 22l-110 -70q-46 -30 -46 -90Z"
    for x, colour in ((420, WINE), (270, NIGHT)):
        canvas.open(f'transform="translate({x} 220)"')
        canvas.path(shape, colour)
        canvas.rect(-6, -8, 132, 56, CREAM, r=14)
        canvas.line("M-6 90h132M-8 130h134M-8 170h134", LAMP, 15)
        canvas.path("M236 384q38 36 6 76t-82 22q60 -36 76 -98Z", CREAM)
        canvas.close()


def pillow(canvas: Canvas, _random: Random) -> None:
    """A travelling pillow with a moon embroidered on it."""
    canvas.path(
        "M190 330Q450 270 710 330Q770 350 740 420Q710 520 740 620Q764 690 700 700"
        "Q450 660 200 700Q136 690 160 620Q190 520 160 420Q130 350 190 330Z",
        CREAM,
    )
    canvas.line("M214 356Q450 300 686 356M214 676Q450 636 686 676", BRASS, 7, 'stroke-dasharray="16 12"')
    canvas.path("M490 410a110 110 0 1 0 40 150a88 88 0 1 1 -40 -150Z", NIGHT)
    canvas.path(star(556, 430, 32) + star(610, 510, 20), WINE)


def cards(canvas: Canvas, _random: Random) -> None:
    """Playing cards, fanned."""
    for turn, colour in ((-22, NIGHT), (-2, WINE), (18, CREAM)):
        canvas.open(f'transform="rotate({turn} 450 720)"')
        canvas.rect(330, 260, 240, 350, colour, r=22, extra=f'stroke="{CREAM}" stroke-width="8"')
        canvas.path(star(450, 435, 74), WINE if colour == CREAM else LAMP)
        canvas.path(star(372, 306, 20) + star(528, 564, 20), NIGHT if colour == CREAM else CREAM)
        canvas.close()


def tea_glass(canvas: Canvas, _random: Random) -> None:
    """Tea in a glass with a metal holder."""
    canvas.line("M560 450q110 -30 110 70t-110 90", BRASS, 26)
    canvas.path("M330 260H570L556 700H344Z", "#f6dcae", 'opacity=".85"')
    canvas.path("M334 350H566L556 700H344Z", "#a8451f", 'opacity=".85"')
    canvas.rect(328, 430, 244, 276, BRASS, r=16)
    holes = "".join(f"M{x} {y}h0" for y in range(476, 690, 50) for x in range(366, 560, 42))
    canvas.line(holes, "#7d3a1a", 24, 'stroke-linecap="round"')
    canvas.rect(320, 418, 260, 20, channel_mix(BRASS, "#ffffff", 0.35), r=10)
    canvas.ellipse(560, 330, 52, 20, LAMP)
    canvas.line(
        "M410 236q-26 -38 0 -76t0 -66M488 236q-26 -38 0 -76t0 -66",
        CREAM,
        10,
        'stroke-linecap="round" opacity=".7"',
    )


def wallet(canvas: Canvas, _random: Random) -> None:
    """A leather ticket wallet with a ticket in it."""
    canvas.open('transform="rotate(-5 450 480)"')
    canvas.rect(250, 250, 400, 240, CREAM, r=10)
    canvas.line("M280 300H470M280 340H430M280 380H450", NIGHT, 12)
    canvas.line("M540 260V480", WINE, 6, 'stroke-dasharray="12 10"')
    canvas.path(star(594, 350, 34), LAMP)
    canvas.rect(210, 390, 480, 310, "#7a4a2a", r=28)
    canvas.line("M228 408H672V682H228Z", "#c79a63", 5, 'stroke-dasharray="16 10"')
    canvas.path("M210 470h480v-52a28 28 0 0 0 -28 -28H238a28 28 0 0 0 -28 28Z", "#5d3519")
    canvas.circle(450, 474, 24, BRASS)
    canvas.close()


def gift_box(canvas: Canvas, random: Random) -> None:
    """A box tied with a ribbon."""
    canvas.rect(220, 400, 460, 306, NIGHT, r=10)
    if not canvas.plain:
        marks = "".join(star(250 + 400 * random.random(), 430 + 250 * random.random(), 14) for _ in range(12))
        canvas.path(marks, LAMP, 'opacity=".6"')
    canvas.rect(200, 340, 500, 84, channel_mix(NIGHT, "#ffffff", 0.12), r=10)
    canvas.rect(412, 340, 76, 366, WINE)
    canvas.path("M450 346Q330 180 270 250T450 346Q570 180 630 250T450 346Z", WINE)
    canvas.circle(450, 340, 30, channel_mix(WINE, "#ffffff", 0.2))


def magazine(canvas: Canvas, random: Random) -> None:
    """Two issues of the magazine, one on the other."""
    for turn, (top, foot) in ((7, ("#7a2333", "#f0a04a")), (-5, ("#0d1740", "#b86a7a"))):
        canvas.open(f'transform="rotate({turn} 450 460)"')
        canvas.rect(262, 170, 376, 520, canvas.gradient([(0, top), (1, foot)]), r=5)
        canvas.rect(262, 170, 10, 520, "#fff", extra='opacity=".25"')
        canvas.circle(545, 320, 40, CREAM)
        crest: list[Point] = [(262 + i * 47, 520 - 90 * random.random()) for i in range(9)]
        canvas.path(points([*crest, (638, 690), (262, 690)]), channel_mix(top, "#000000", 0.4))
        canvas.line("M262 618H638", LAMP, 12, 'stroke-dasharray="18 9"')
        canvas.line("M294 226H606", CREAM, 30, 'stroke-dasharray="24 12"')
        canvas.close()


def garland(canvas: Canvas, _random: Random) -> None:
    """Bunting of tickets, for letters and thanks."""
    canvas.line("M40 250Q450 470 860 250", BRASS, 10)
    for index, x in enumerate(range(110, 860, 140)):
        y = 250 + 110 * math.sin(math.pi * (x - 40) / 820)
        colour = (NIGHT, WINE, CREAM)[index % 3]
        canvas.open(f'transform="rotate({(x - 450) // -28} {x} {number(y)})"')
        canvas.rect(x - 50, y, 100, 190, colour, r=10)
        if canvas.plain:
            canvas.close()
            continue
        canvas.path(star(x, y + 84, 30), LAMP if colour != CREAM else WINE)
        canvas.line(f"M{x - 28} {number(y + 146)}h56", BRASS, 8, 'stroke-dasharray="9 6"')
        canvas.close()
