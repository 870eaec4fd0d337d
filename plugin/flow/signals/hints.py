"""User-Agent Client Hints: what Chromium browsers tell beside a User-Agent that is frozen."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

NAMES = (
    "sec-ch-ua",
    "sec-ch-ua-full-version-list",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-ch-ua-platform-version",
    "sec-ch-ua-model",
    "sec-ch-ua-form-factors",
)

_BRAND = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:;\s*v="([0-9.]{0,32})")?')
_LETTERS = re.compile(r"[^a-z]")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*")

# The names that the User-Agent parser uses, so that a rule reads alike with and without hints.
_BROWSERS = {
    "Google Chrome": "Chrome",
    "Microsoft Edge": "Edge",
    "Microsoft Edge WebView2": "Edge",
    "Opera GX": "Opera",
    "OperaMobile": "Opera",
    "YaBrowser": "Yandex Browser",
    "Yandex": "Yandex Browser",
    "Android WebView": "Chrome WebView",
    "Silk": "Amazon Silk",
    "Avast Secure Browser": "Avast Secure Browser",
}
_PLATFORMS = {"Chromium OS": "Chrome OS", "ChromeOS": "Chrome OS", "Mac OS X": "macOS"}
_DESKTOPS = frozenset({"Windows", "macOS", "Linux", "Chrome OS"})
_FORMS = {
    "Tablet": "tablet",
    "Mobile": "mobile",
    "Desktop": "desktop",
    "XR": "other",
    "Watch": "other",
    "Automotive": "other",
    "EInk": "tablet",
}
_TABLETS = re.compile(
    r"SM-[TXP][0-9]|Pixel Tablet|Lenovo (TB|YT)|(?-i:\bKF[A-Z]{3,})|Nexus (7|9|10)\b|Mi Pad|Xiaomi Pad", re.IGNORECASE
)
_TVS = re.compile(r"BRAVIA|(?-i:\bAFT[A-Z])|Chromecast|Google TV|SHIELD Android TV|MiTV|MiBOX|\bTV\b", re.IGNORECASE)


_LONGEST = 512


class Hints(NamedTuple):
    """The raw headers, in the order of NAMES; None where not sent."""

    brands: str | None
    full_versions: str | None
    mobile: str | None
    platform: str | None
    platform_version: str | None
    model: str | None
    form_factors: str | None


def read_hints(headers: Mapping[str, Sequence[str]]) -> Hints | None:
    """The hints of a request, None where it has none or one is absurdly long."""
    if "sec-ch-ua" not in headers and "sec-ch-ua-platform" not in headers:
        return None
    get = headers.get
    values = [sent[0] if (sent := get(name)) else None for name in NAMES]
    for value in values:
        if value is not None and len(value) > _LONGEST:
            return None
    return Hints._make(values)


def browser(hints: Hints) -> tuple[str, str | None] | None:
    """Name and version of the browser; the full version where it was sent."""
    for listed in (hints.full_versions, hints.brands):
        found = _BRAND.findall(listed or "")
        brands = [(name, version) for name, version in found if name.isprintable() and not _is_grease(name)]
        if brands:
            # Every such browser is also "Chromium"; the other brand is its own.
            name, version = next((brand for brand in brands if brand[0] != "Chromium"), brands[0])
            return _BROWSERS.get(name, name), version if _VERSION.fullmatch(version) else None
    return None


def platform(hints: Hints) -> tuple[str, str | None] | None:
    """Name and version of the operating system."""
    name = _unquoted(hints.platform)
    if not name or name == "Unknown":
        return None
    name = _PLATFORMS.get(name, name)
    version = _unquoted(hints.platform_version)
    if not _VERSION.fullmatch(version):
        return name, None
    return name, _windows(version) if name == "Windows" else version


def form(hints: Hints, os: str | None, agent_type: str) -> str | None:
    """The kind of device, None where the hints do not settle it.

    Args:
        hints: of the request.
        os: the operating system's name, from hints or agent.
        agent_type: what the User-Agent alone gives; it knows televisions and named tablets better.
    """
    for name, _ in _BRAND.findall(hints.form_factors or ""):
        if name in _FORMS:
            return _FORMS[name]
    model = _unquoted(hints.model)
    if model:
        if _TVS.search(model):
            return "tv"
        if _TABLETS.search(model):
            return "tablet"
    if agent_type == "tv":
        return None
    if hints.mobile == "?1":
        return None if agent_type == "tablet" else "mobile"
    if hints.mobile == "?0":
        return "tablet" if os == "Android" else "desktop" if os in _DESKTOPS else None
    return None


def is_headless(hints: Hints) -> bool:
    """Whether the browser is driven by a program and says so."""
    return "HeadlessChrome" in (hints.brands or "") or "HeadlessChrome" in (hints.full_versions or "")


def _unquoted(value: str | None) -> str:
    text = (value or "").strip().strip('"')
    return text if len(text) <= 64 and text.isprintable() else ""


def _is_grease(name: str) -> bool:
    """Invented brands such as `Not/A)Brand`, sent so that nobody relies on the list."""
    letters = _LETTERS.sub("", name.lower())
    return not letters or ("not" in letters and "brand" in letters)


def _windows(version: str) -> str:
    """Windows by its API contract, as Microsoft documents the hint: from 13 on it is Windows 11."""
    major, _, rest = version.partition(".")
    number = int(major[:6])
    if number >= 13:
        return "11"
    if number >= 1:
        return "10"
    return {"1": "7", "2": "8", "3": "8.1"}.get(rest.partition(".")[0], "10")
