"""The hours of the night as colours."""

from dataclasses import dataclass
from typing import Final

from plugin.demo.site.art.canvas import channel_mix


@dataclass(frozen=True)
class Palette:
    """Sky from top to horizon, land from far to near, and the colour of lit windows."""

    sky: tuple[str, ...]
    far: str
    near: str
    haze: str
    moon: str = "#fdf3d8"
    lamp: str = "#ffc468"

    def land(self, depth: float) -> str:
        """The colour of land at `depth`: 0 is the horizon, 1 the foreground."""
        return channel_mix(self.far, self.near, depth)


PALETTES: Final = {
    "midnight": Palette(("#080c26", "#16224f", "#35457f", "#6673a6"), "#4a598f", "#060a1c", "#7f8bb8"),
    "dusk": Palette(("#1b1840", "#54336b", "#c4586a", "#ff9e6d", "#ffd49a"), "#8a4a78", "#170f2c", "#f0a08a"),
    "dawn": Palette(("#2a4170", "#7186b4", "#e0a9a6", "#ffd2a6", "#fff0cf"), "#8b93b8", "#1b2746", "#f4cdb5"),
    "aurora": Palette(("#04101c", "#0a2534", "#124752", "#2b7a74"), "#20565f", "#030b14", "#4a948a"),
    "sea": Palette(("#0a1836", "#1c406c", "#4f86a0", "#b5d3cc"), "#3d6f8c", "#081428", "#a9cccb"),
    "snow": Palette(("#18213f", "#3f5180", "#8496bd", "#d5dbe8"), "#8c9cc0", "#1d2949", "#dfe5f0"),
    "ember": Palette(("#21102c", "#6a2639", "#c9552f", "#f3a04a", "#fbd28a"), "#8c3a3c", "#190b1c", "#eea05c"),
    "forest": Palette(("#061718", "#113a38", "#3f7567", "#a9c79e"), "#3c7467", "#04110f", "#8fb89a"),
    "ink": Palette(("#0d0d1a", "#1d1d36", "#3a3557", "#6a5a78"), "#453f66", "#07070f", "#7d6f92"),
}
