"""From a parsed User-Agent to the kind of device, and to names that editors use."""

from __future__ import annotations

import re

from adapters.device.port import DeviceType

# Programs that the parser does not count among spiders: libraries, monitors, previews, headless browsers. Cubot
# makes phones.
_PROGRAMS = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|preview|lighthouse|pagespeed|headless|phantomjs|puppeteer|playwright|selenium"
    r"|^curl|^wget|^libwww|^python|^java/|^go-http|^okhttp|^ruby|^php|^perl|^axios|^node|^undici|^got |^guzzle"
    r"|^dart|^rust|reqwest|httpie|^http_client|httpclient|^postman|insomnia|^apache-|aiohttp|httpx|scrapy|facebookexternalhit"
    r"|monitor|uptime|pingdom|statuscake|validator|^whatsapp/|^snapchat/|embedly|bitlybot|^feed|feedfetcher|ia_archiver",
    re.IGNORECASE,
)
# Android televisions and boxes look like tablets, or even phones, to the parser.
_TELEVISIONS = re.compile(
    r"smart-?tv|smarttv|\btv\b|appletv|apple tv|googletv|google tv|hbbtv|netcast|web0s|viera|bravia|roku|crkey"
    r"|(?-i:\bAFT[A-Z])|aquos|philipstv|inettv|dtv|shield android|mibox|mitv|tizen.*tv|opera tv|stb\b|playstation|xbox"
    r"|nintendo|vidaa",
    re.IGNORECASE,
)
_TABLETS = re.compile(
    r"ipad|tablet|kindle|(?-i:\bKF[A-Z]{3,})|playbook|nexus (7|9|10)\b|SM-[TXP][0-9]|silk(?!.*mobile)",
    re.IGNORECASE,
)
_PHONES = re.compile(
    r"iphone|ipod|\bmobi|phone|smartphone|blackberry|bb10|kaios|opera mini|webos(?!.*tv)", re.IGNORECASE
)
_OTHERS = re.compile(r"watch|\bSM-R[0-9]{3}|\bquest\b|oculus|vision pro|tesla|qtcarbrowser|nest hub", re.IGNORECASE)

_DESKTOPS = frozenset({"Windows", "macOS", "Linux", "Chrome OS"})
_PHONE_SYSTEMS = frozenset({"iOS", "Windows Phone", "KaiOS", "BlackBerry OS", "Symbian OS", "Firefox OS"})

_SYSTEMS = {
    "Mac OS X": "macOS",
    "Mac OS": "macOS",
    "Web0S": "webOS",
    "ATV OS X": "tvOS",
    "Windows Mobile": "Windows Phone",
    "Chromecast Linux": "Chromecast",
    "Chromecast Android": "Chromecast",
    "Chromecast Fuchsia": "Chromecast",
    "Chromecast SmartSpeaker": "Chromecast",
}
_LINUXES = frozenset(
    {"Ubuntu", "Debian", "Fedora", "CentOS", "Red Hat", "SUSE", "Gentoo", "Linux Mint", "Arch Linux", "Slackware"}
)
_BROWSERS = {
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Chrome WebView",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Edge Mobile": "Edge",
    "Opera Mobile": "Opera",
    "IE Mobile": "IE",
    "DuckDuckGo Mobile": "DuckDuckGo",
    "Brave Mobile": "Brave",
}


def system_name(family: str) -> str:
    """The operating system as editors call it; Linux distributions are Linux."""
    return "Linux" if family in _LINUXES else _SYSTEMS.get(family, family)


def browser_name(family: str) -> str:
    """The browser's name without the device: `device.type` tells that."""
    return _BROWSERS.get(family, family)


def kind_of(user_agent: str, system: str | None, model: str | None) -> DeviceType:
    """The kind of device.

    Args:
        user_agent: as sent.
        system: of `system_name`.
        model: the parser's family, brand and model, joined.
    """
    text = f"{user_agent} {model or ''}"
    if (model or "").startswith("Spider") or _PROGRAMS.search(user_agent):
        return "bot"
    if system in ("tvOS", "Chromecast") or _TELEVISIONS.search(text):
        return "other" if _OTHERS.search(text) else "tv"
    if _OTHERS.search(text):
        return "other"
    if system == "Android":
        return _android(text)
    if _TABLETS.search(text):
        return "tablet"
    if system in _PHONE_SYSTEMS or _PHONES.search(text):
        return "mobile"
    return "desktop" if system in _DESKTOPS else "other"


def _android(text: str) -> DeviceType:
    """Android's own rule: browsers on phones write "Mobile", those on tablets leave it out."""
    if _TABLETS.search(text):
        return "tablet"
    return "mobile" if _PHONES.search(text) else "tablet"
