"""The port that reads a User-Agent."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

DeviceType = Literal["mobile", "tablet", "desktop", "tv", "bot", "other"]


class Device(NamedTuple):
    """What a User-Agent tells.

    Attributes:
        type: the kind of device; `bot` for crawlers, link previews, monitors, scripts and browsers without a screen.
        os: such as Windows, macOS, iOS, Android, Chrome OS, Linux.
        os_version: numbers joined by dots, such as 17.4.
        browser: the product's name whatever the device, such as Chrome, Safari, Firefox, Edge.
        browser_version: as os_version.
    """

    type: DeviceType = "other"
    os: str | None = None
    os_version: str | None = None
    browser: str | None = None
    browser_version: str | None = None


class Devices(Protocol):
    """Reads User-Agents. Safe to share between threads."""

    def identify(self, user_agent: str, /) -> Device:
        """The device of a User-Agent of any length and content; never raises."""
        ...
