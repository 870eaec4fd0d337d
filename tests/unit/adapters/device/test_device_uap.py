"""User-Agents of real browsers, televisions and programs."""

from __future__ import annotations

import threading

import pytest

from adapters.device.port import Device
from adapters.device.uap import UapDevices

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"

BROWSERS = [
    (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36",
        Device("desktop", "Windows", "10", "Chrome", "124.0.0"),
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.4 Safari/605.1.15",
        Device("desktop", "macOS", "10.15.7", "Safari", "17.4"),
    ),
    (
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
        Device("desktop", "Linux", None, "Firefox", "125.0"),
    ),
    (
        f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36",
        Device("desktop", "Chrome OS", "14541.0.0", "Chrome", "124.0.0"),
    ),
    (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/124.0.2478.51",
        Device("desktop", "Windows", "10", "Edge", "124.0.2478"),
    ),
    (
        "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
        Device("desktop", "Windows", "7", "IE", "11.0"),
    ),
    (f"{IPHONE} Version/17.4 Mobile/15E148 Safari/604.1", Device("mobile", "iOS", "17.4", "Safari", "17.4")),
    (
        f"{IPHONE} CriOS/124.0.6367.71 Mobile/15E148 Safari/604.1",
        Device("mobile", "iOS", "17.4", "Chrome", "124.0.6367"),
    ),
    (f"{IPHONE} FxiOS/125.0 Mobile/15E148 Safari/605.1.15", Device("mobile", "iOS", "17.4", "Firefox", "125.0")),
    (
        "Mozilla/5.0 (iPad; CPU OS 12_5_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/12.1.2 Mobile/15E148 Safari/604.1",
        Device("tablet", "iOS", "12.5.5", "Safari", "12.1.2"),
    ),
    (
        f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36",
        Device("mobile", "Android", "10", "Chrome", "124.0.0"),
    ),
    (
        f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Safari/537.36",
        Device("tablet", "Android", "10", "Chrome", "124.0.0"),
    ),
    (
        "Mozilla/5.0 (Android 14; Tablet; rv:125.0) Gecko/125.0 Firefox/125.0",
        Device("tablet", "Android", "14", "Firefox", "125.0"),
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) "
        "SamsungBrowser/24.0 Chrome/117.0.0.0 Mobile Safari/537.36",
        Device("mobile", "Android", "14", "Samsung Internet", "24.0"),
    ),
    (
        "Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
        Device("mobile", "KaiOS", "2.5", "Firefox", "48.0"),
    ),
]


@pytest.fixture(scope="module")
def devices() -> UapDevices:
    return UapDevices(cache_size=100)


@pytest.mark.parametrize(("user_agent", "device"), BROWSERS)
def test_browsers_and_their_systems(devices: UapDevices, user_agent: str, device: Device) -> None:
    assert devices.identify(user_agent) == device


TELEVISIONS = [
    "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0/6.0 TV Safari/537.36",
    "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/87.0.4280.88 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; BRAVIA 4K VH2 Build/QTG3.200305.006.S292) AppleWebKit/537.36 Chrome/90 Safari/537",
    "Mozilla/5.0 (Linux; Android 9; AFTKA Build/PS7633; wv) AppleWebKit/537.36 Chrome/108.0 Mobile Safari/537.36",
    "AppleCoreMedia/1.0.0.21K69 (Apple TV; U; CPU OS 17_1 like Mac OS X; en_us)",
    "Roku/DVP-9.10 (519.10E04111A)",
    "HbbTV/1.5.1 (+DRM;Samsung;SmartTV2021:UAU7000;T-KSU2EDEUC-1503.5;KantSU2E;) Tizen/6.0 Chrome/76",
    "Mozilla/5.0 (X11; Linux armv7l) AppleWebKit/537.36 Chrome/90.0.4430.225 Safari/537.36 CrKey/1.56.500000",
    "Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1",
]


@pytest.mark.parametrize("user_agent", TELEVISIONS)
def test_screens_in_the_living_room_are_televisions(devices: UapDevices, user_agent: str) -> None:
    assert devices.identify(user_agent).type == "tv"


PROGRAMS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) {CHROME} Mobile Safari/537.36 "
    "(compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Twitterbot/1.0",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "WhatsApp/2.23.20.0 A",
    "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.0; +https://openai.com/gptbot)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/124.0.0.0 Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 11; moto g power (2022)) {CHROME} Mobile Safari/537.36 Chrome-Lighthouse",
    "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
    "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    "curl/8.5.0",
    "Wget/1.21",
    "python-requests/2.31.0",
    "Go-http-client/2.0",
    "okhttp/4.9.3",
    "Java/17.0.2",
]


@pytest.mark.parametrize("user_agent", PROGRAMS)
def test_programs_are_bots(devices: UapDevices, user_agent: str) -> None:
    assert devices.identify(user_agent).type == "bot"


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Mobile/21E219 "
        "[FBAN/FBIOS;FBAV/459.0.0;FBDV/iPhone14,2]",
        f"Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50) {CHROME} Mobile Safari/537.36",
        f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36 GSA/15.2",
    ],
)
def test_people_in_apps_and_on_phones_with_odd_names_are_no_bots(devices: UapDevices, user_agent: str) -> None:
    assert devices.identify(user_agent).type == "mobile"


@pytest.mark.parametrize(
    ("user_agent", "kind"),
    [
        (f"Mozilla/5.0 (Linux; Android 11; SM-R890) {CHROME} Mobile Safari/537.36", "other"),
        (
            "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 Silk/121.4 like Chrome/121.0 Safari/537.36",
            "tablet",
        ),
        ("Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36", "tablet"),
        ("hello world", "other"),
        ("", "other"),
        ("   ", "other"),
    ],
)
def test_other_kinds(devices: UapDevices, user_agent: str, kind: str) -> None:
    assert devices.identify(user_agent).type == kind


def test_versions_are_numbers_or_nothing(devices: UapDevices) -> None:
    """Windows XP has a name, not a version that could be compared."""
    found = devices.identify("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)")
    assert (found.os, found.os_version) == ("Windows", None)


def test_the_cache_is_bounded_and_shared_between_threads() -> None:
    devices = UapDevices(cache_size=8, max_length=64)
    expected = devices.identify("curl/8.5.0")
    wrong: list[Device] = []

    def ask(first: int) -> None:
        for number in range(first, first + 60):
            devices.identify(f"thing/{number}")
            if (found := devices.identify("curl/8.5.0")) != expected:
                wrong.append(found)

    threads = [threading.Thread(target=ask, args=(first,)) for first in (0, 30, 60, 90)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert devices.cached == 8


def test_a_long_text_is_read_up_to_the_limit() -> None:
    devices = UapDevices(cache_size=8, max_length=10)
    assert devices.identify("curl/8.5.0" + "x" * 100_000) == devices.identify("curl/8.5.0")
    assert devices.cached == 1
