"""User-Agents as browsers, televisions and programs send them: products and versions put together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_OTHERS = Path(__file__).parents[2] / "fixtures" / "edge" / "user-agents.txt"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_DESKTOPS = (
    "Windows NT 10.0; Win64; x64",
    "Windows NT 6.1; WOW64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "X11; Ubuntu; Linux x86_64",
    "X11; CrOS x86_64 14541.0.0",
    "X11; Fedora; Linux x86_64",
    "X11; FreeBSD amd64",
)
_BROWSERS = (
    "Chrome/131.0.0.0 Safari/537.36",
    "Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
    "Chrome/129.0.0.0 Safari/537.36 OPR/115.0.0.0",
    "Chrome/128.0.6613.120 Safari/537.36 Vivaldi/6.9.3447.37",
    "Chrome/118.0.5993.731 YaBrowser/23.11.0 Safari/537.36",
    "Chrome/99.0.4844.51 Whale/3.13.131.36 Safari/537.36",
)
_PHONES = (
    "K",
    "SM-S918B",
    "Pixel 8 Pro",
    "SM-A546B Build/UP1A.231005.007; wv",
    "SM-A057F",
    "SM-F946B",
    "SM-J330F",
    "SM-M536B",
    "SM-N975F",
    "moto g power (2022)",
    "M2101K6G",
    "CPH2375",
    "Redmi Note 12",
    "V2250",
    "LM-Q730",
    "Nokia G21",
)
_TABLETS = ("SM-T510", "SM-X700", "KFTRWI", "Lenovo TB-X606F", "Pixel Tablet", "Nexus 10", "MediaPad T5; AGS2-W09")
_APPLE = ("Version/18.1", "CriOS/131.0.6778.73", "FxiOS/132.0", "EdgiOS/130.0.2849.80", "GSA/341.3.694560364")


def agents() -> Iterator[str]:
    """All of them, each once."""
    for system in _DESKTOPS:
        yield from (f"Mozilla/5.0 ({system}) {_WEBKIT} {browser}" for browser in _BROWSERS)
        yield f"Mozilla/5.0 ({system}; rv:132.0) Gecko/20100101 Firefox/132.0"
    for model in _PHONES:
        for system in ("Linux; Android 10", "Linux; Android 14"):
            yield f"Mozilla/5.0 ({system}; {model}) {_WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36"
            yield f"Mozilla/5.0 ({system}; {model}) {_WEBKIT} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36"
    for model in _TABLETS:
        yield f"Mozilla/5.0 (Linux; Android 13; {model}) {_WEBKIT} Chrome/131.0.0.0 Safari/537.36"
    for release in ("18_1", "17_6_1", "15_8"):
        for browser in _APPLE:
            system = f"iPhone; CPU iPhone OS {release} like Mac OS X"
            yield f"Mozilla/5.0 ({system}) {_SAFARI} {browser} Mobile/15E148 Safari/604.1"
            tablet = f"iPad; CPU OS {release} like Mac OS X"
            yield f"Mozilla/5.0 ({tablet}) {_SAFARI} {browser} Mobile/15E148 Safari/604.1"
    yield f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_SAFARI} Version/18.1 Safari/605.1.15"
    yield from _OTHERS.read_text().splitlines()
