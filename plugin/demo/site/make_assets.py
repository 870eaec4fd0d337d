"""Write the sample site's pictures: `python -m plugin.demo.site.make_assets`.

The same bytes come out on every run and machine: each picture's name seeds its own random source, and
coordinates are rounded well above the last digits in which platforms differ.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

from plugin.demo.site.art import goods, people
from plugin.demo.site.art.canvas import Canvas
from plugin.demo.site.art.catalogue import GOODS, PEOPLE, SCENES
from plugin.demo.site.art.palettes import PALETTES

ASSETS: Final = Path(__file__).parent / "assets"


def pictures() -> Iterator[tuple[str, str]]:
    """Every picture as (path below the assets folder, SVG text), large forms and small ones."""
    for plain in (False, True):
        folder = "small/" if plain else ""
        for name, (palette, layers) in SCENES.items():
            canvas = Canvas(plain=plain)
            random = Random(name)
            for layer in layers:
                layer(canvas, PALETTES[palette], random)
            yield f"{folder}{name}.svg", canvas.render()
        for name, (colour, good) in GOODS.items():
            canvas = Canvas(goods.SIZE, goods.SIZE, plain=plain)
            random = Random(name)
            goods.ground(canvas, colour, random)
            good(canvas, random)
            yield f"{folder}{name}.svg", canvas.render()
        for name, portrait in PEOPLE.items():
            canvas = Canvas(people.SIZE, people.SIZE, plain=plain)
            portrait(canvas, Random(name))
            yield f"{folder}{name}.svg", canvas.render()


def write(folder: Path) -> int:
    """Write every picture below `folder`; returns how many."""
    count = 0
    for path, svg in pictures():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(svg, encoding="utf-8")
        count += 1
    return count


if __name__ == "__main__":
    write(ASSETS)
