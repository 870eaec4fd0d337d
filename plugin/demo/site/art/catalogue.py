"""Which picture is made of which layers, from back to front; the name is also the seed."""

from typing import Final

from plugin.demo.site.art import goods
from plugin.demo.site.art.goods import Good
from plugin.demo.site.art.people import Portrait, portrait
from plugin.demo.site.art.platform import lighthouse, platform, rails, route_map, window
from plugin.demo.site.art.railway import towers, town, track, train, viaduct
from plugin.demo.site.art.scenery import (
    Layer,
    mist,
    moon,
    northern_lights,
    pines,
    rain,
    ridge,
    sky,
    snowfall,
    stars,
    water,
)

SCENES: Final[dict[str, tuple[str, tuple[Layer, ...]]]] = {
    # heroes
    "viaduct-moon": (
        "midnight",
        (
            sky(),
            stars(150),
            moon(905, 190, 62),
            ridge(430, 110, 0, snow=True),
            ridge(520, 80, 0.3),
            mist(600, 120),
            viaduct(600, 7, 260, depth=0.62),
            train(-60, 588, 5, scale=1.05),
            ridge(770, 40, 0.9, rough=0.3),
            pines(800, 34, 110),
        ),
    ),
    "platform-evening": (
        "dusk",
        (
            sky(),
            stars(60),
            towers(620, depth=0.35, tall=200),
            train(180, 640, 6, scale=1.9, livery="#2a2058"),
            platform(650),
        ),
    ),
    "morning-arrival": (
        "dawn",
        (
            sky(),
            moon(300, 420, 70),
            ridge(470, 90, 0, rough=0.6),
            ridge(540, 60, 0.3, rough=0.4),
            mist(560, 140, 0.7),
            town(640, start=700, end=1180, depth=0.55, tall=100),
            track(640, 0.75),
            train(-80, 640, 4, scale=1.15, livery="#33406e"),
        ),
    ),
    "letters-lamp": (
        "ink",
        (
            sky(),
            stars(120),
            moon(880, 200, 40, crescent=True),
            ridge(480, 70, 0.3),
            window(curtain="#4b2a5a"),
        ),
    ),
    "night-mail": (
        "ink",
        (
            sky(),
            stars(150),
            moon(300, 200, 54),
            ridge(420, 120, 0.05, snow=True),
            ridge(540, 70, 0.4),
            town(640, start=760, end=1160, depth=0.7, tall=80),
            track(650, 0.85),
            train(-60, 650, 5, scale=1.25, livery="#5a2433"),
        ),
    ),
    "winter-pass": (
        "snow",
        (
            sky(),
            ridge(360, 190, 0, snow=True),
            ridge(480, 120, 0.25, snow=True),
            mist(560, 160, 0.8),
            pines(640, 40, 130, depth=0.7),
            track(650, 0.45),
            train(260, 650, 5, scale=1.1, livery="#7a2333"),
            snowfall(190),
        ),
    ),
    "weekend-coast": (
        "sea",
        (
            sky(),
            moon(820, 250, 58),
            water(470, moon_x=820),
            ridge(520, 120, 0.75, rough=0.5, slope=-420),
            track(720, 0.95),
            train(-40, 720, 6, scale=1.25, livery="#16345c"),
        ),
    ),
    "austerlitz-night": (
        "midnight",
        (
            sky(),
            stars(70),
            towers(560, depth=0.25, tall=250),
            towers(620, depth=0.55, tall=150),
            water(620, moon_x=500, tone=0.9),
            viaduct(620, 9, 90, depth=0.8),
            train(330, 608, 5, scale=0.8),
        ),
    ),
    "quiet-window": (
        "forest",
        (
            sky(),
            stars(90),
            moon(420, 240, 50),
            ridge(470, 60, 0.2, rough=0.5),
            pines(600, 30, 190, depth=0.75),
            window(curtain="#2f5a4f"),
        ),
    ),
    "company-carriage": (
        "ember",
        (sky(), ridge(520, 60, 0.2, rough=0.3), towers(640, depth=0.6, tall=210), rails(640, 560)),
    ),
    # articles
    "brenner-dawn": (
        "dawn",
        (
            sky(),
            ridge(330, 210, 0, snow=True),
            ridge(480, 130, 0.3, snow=True),
            mist(600, 150, 0.8),
            ridge(640, 60, 0.6),
            track(690, 0.85),
            train(420, 690, 5, livery="#7a2333"),
            pines(800, 30, 120),
        ),
    ),
    "twelve-tunnels": (
        "ink",
        (
            sky(),
            stars(110),
            moon(240, 180, 46, crescent=True),
            ridge(360, 170, 0, snow=True),
            ridge(520, 130, 0.45),
            track(670, 0.85),
            train(520, 670, 4),
            ridge(770, 120, 0.95, slope=-260),
        ),
    ),
    "breton-sleeper": (
        "sea",
        (
            sky(),
            stars(50),
            water(500, moon_x=300),
            moon(300, 210, 52),
            ridge(640, 50, 0.85, rough=0.3),
            town(690, start=640, end=1180, depth=0.9, tall=70),
            track(730, 1),
            train(-60, 730, 4, scale=1.2),
        ),
    ),
    "upper-berth": (
        "midnight",
        (sky(), stars(140), ridge(480, 90, 0.2), pines(600, 26, 150, depth=0.7), window(curtain="#27407a")),
    ),
    "eleven-oclock-soup": (
        "ember",
        (sky(), ridge(440, 70, 0.15, rough=0.4), ridge(540, 50, 0.5, rough=0.4), window(curtain="#8a4a1f")),
    ),
    "map-of-the-dark": ("midnight", (sky(), route_map(7))),
    "points-by-ear": ("dusk", (sky(), stars(40), ridge(520, 50, 0.2, rough=0.4), rails(540, 720))),
    "ligurian-window": (
        "sea",
        (
            sky(),
            moon(640, 240, 60),
            water(430, moon_x=640),
            ridge(520, 90, 0.7, rough=0.5, slope=360),
            window(curtain="#a0562a", lamp=False),
        ),
    ),
    "berlin-two-am": (
        "ink",
        (
            sky(),
            towers(640, depth=0.4, tall=360),
            train(120, 640, 6, scale=1.9, livery="#33304f"),
            platform(650),
            rain(150),
        ),
    ),
    "counting-lighthouses": (
        "sea",
        (
            sky(),
            stars(90, depth=0.4),
            water(520),
            lighthouse(900, 540, 240),
            ridge(730, 40, 0.95, rough=0.4),
            track(770, 1),
            train(-120, 770, 5, scale=1.1, livery="#16345c"),
        ),
    ),
    "night-attendant": (
        "forest",
        (
            sky(),
            stars(60),
            ridge(430, 100, 0.1),
            pines(590, 44, 160, depth=0.5),
            mist(600, 120, 0.4),
            track(660, 0.85),
            train(100, 660, 5, scale=1.35, livery="#20443c"),
        ),
    ),
    "towards-narvik": (
        "aurora",
        (
            sky(),
            stars(160),
            northern_lights(),
            ridge(500, 150, 0.1, snow=True),
            ridge(600, 80, 0.5, snow=True),
            track(700, 0.75),
            train(80, 700, 6, livery="#3a2450"),
        ),
    ),
    "breakfast-in-trieste": (
        "dawn",
        (
            sky(),
            water(450, moon_x=720),
            moon(720, 330, 66),
            town(640, start=0, end=560, depth=0.6, tall=170),
            track(700, 0.85),
            train(560, 700, 5, scale=1.1, livery="#7a2333"),
        ),
    ),
    "timetable-as-poem": ("dusk", (sky(), route_map(9))),
    "the-missing-line": (
        "ember",
        (sky(), stars(40), ridge(480, 90, 0.15, rough=0.5), ridge(570, 60, 0.45, rough=0.4), rails(600, 430)),
    ),
    "winter-timetable": (
        "snow",
        (
            sky(),
            ridge(420, 150, 0.1, snow=True),
            town(610, start=80, end=760, depth=0.6, tall=110),
            track(650, 0.35),
            train(560, 650, 4, scale=1.2, livery="#1f2c5c"),
            snowfall(220),
        ),
    ),
    "station-clocks": ("ember", (sky(), towers(640, depth=0.3, tall=180), platform(650))),
    "one-bag-one-night": (
        "dusk",
        (
            sky(),
            ridge(470, 80, 0.1),
            ridge(560, 70, 0.5),
            pines(660, 22, 130, depth=0.8),
            window(curtain="#7a2333", lamp=False),
        ),
    ),
    "night-letters": (
        "ink",
        (
            sky(),
            stars(170),
            moon(930, 180, 50),
            ridge(520, 60, 0.3, rough=0.5),
            town(660, start=60, end=1140, depth=0.75, tall=110),
            ridge(760, 30, 1, rough=0.3),
        ),
    ),
    "working-by-night": (
        "midnight",
        (
            sky(),
            stars(60),
            towers(600, depth=0.35, tall=240),
            track(660, 0.8),
            train(40, 660, 5, scale=1.25, livery="#20304e"),
        ),
    ),
    "line-of-2031": ("aurora", (sky(), stars(120), route_map(5))),
    "sleeping-car-lexicon": (
        "forest",
        (
            sky(),
            stars(60),
            ridge(470, 70, 0.2),
            water(600, moon_x=380),
            moon(380, 220, 50),
            track(720, 0.95),
            train(200, 720, 5, livery="#5a2433"),
        ),
    ),
    "sleeper-to-penzance": (
        "dawn",
        (
            sky(),
            water(520, moon_x=500),
            moon(500, 430, 60),
            ridge(560, 70, 0.55, rough=0.5, slope=300),
            viaduct(640, 8, 160, depth=0.75),
            train(220, 628, 4, livery="#20443c"),
            rain(60),
        ),
    ),
    # topics
    "topic-mountains": (
        "dawn",
        (sky(), ridge(330, 220, 0, snow=True), ridge(500, 150, 0.4, snow=True), ridge(650, 90, 0.75)),
    ),
    "topic-sea": ("sea", (sky(), moon(600, 280, 90), water(480, moon_x=600))),
    "topic-sleep": (
        "midnight",
        (sky(), stars(240, depth=0.9), moon(600, 360, 130, crescent=True), ridge(720, 50, 0.8, rough=0.3)),
    ),
    "topic-table": ("ember", (sky(), ridge(560, 60, 0.3, rough=0.4), window(curtain="#7a2333"))),
    "topic-maps": ("forest", (sky(), route_map(6))),
    "topic-craft": ("snow", (sky(), ridge(500, 60, 0.2, rough=0.4), rails(520))),
    # banners and promotions
    "tunnel": ("ink", (sky(), ridge(420, 90, 0.3), rails(520), snowfall(30))),
    "works": (
        "ember",
        (sky(), ridge(500, 70, 0.2), track(640, 0.7), town(640, start=820, end=1190, depth=0.6)),
    ),
    "signal-garden": (
        "dusk",
        (
            sky(),
            stars(80),
            moon(220, 190, 44, crescent=True),
            ridge(560, 70, 0.3, rough=0.5),
            pines(680, 24, 120, depth=0.8),
            track(690, 0.9),
        ),
    ),
    "steady-line": (
        "dawn",
        (
            sky(),
            ridge(520, 60, 0.2, rough=0.4),
            mist(600, 120, 0.7),
            track(660, 0.6),
            train(300, 660, 4, livery="#33406e"),
        ),
    ),
}

GOODS: Final[dict[str, tuple[str, Good]]] = {
    "enamel-mug": ("#d98a5f", goods.mug),
    "wool-blanket": ("#9fb0b8", goods.blanket),
    "sleep-mask": ("#b48fa8", goods.mask),
    "steel-flask": ("#8fa98f", goods.flask),
    "night-lamp": ("#26306b", goods.lantern),
    "travel-notebook": ("#d9b06a", goods.notebook),
    "alps-poster": ("#8295b8", goods.poster_alps),
    "coast-poster": ("#d39a80", goods.poster_sea),
    "night-map": ("#7d93a8", goods.folded_map),
    "ladder-socks": ("#c7a98a", goods.socks),
    "window-pillow": ("#7a86b0", goods.pillow),
    "moon-cards": ("#4e7a72", goods.cards),
    "tea-glass": ("#d8b98f", goods.tea_glass),
    "ticket-wallet": ("#a9b59a", goods.wallet),
    "winter-box": ("#b86a5c", goods.gift_box),
    "the-magazine": ("#c9b79c", goods.magazine),
    "thanks": ("#5a6a94", goods.garland),
}

PEOPLE: Final[dict[str, Portrait]] = {
    "ines-laforgue": portrait(("#16224f", "#c4586a"), ("#e3b08c", "#2a1a1e", "#2f5a4f"), style="bun", extra="glasses"),
    "tomas-wiedl": portrait(("#2a4170", "#ffd2a6"), ("#f0c7a4", "#8a6a4a", "#1f2c5c"), style="beard", extra="cap"),
    "marguerite-oyono": portrait(("#0a2534", "#2b7a74"), ("#7d4a30", "#17100e", "#c9973f"), style="curls"),
    "piet-vandaele": portrait(("#54336b", "#ff9e6d"), ("#f3cfae", "#c46a2f", "#7a2333"), style="short", extra="scarf"),
    "lucia-ferrante": portrait(("#1c406c", "#b5d3cc"), ("#d9a37c", "#4a2418", "#b8402f"), style="long"),
}
