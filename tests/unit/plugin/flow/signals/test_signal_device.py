"""Devices: the User-Agent port's answer, corrected by client hints."""

from __future__ import annotations

import pytest

from adapters.device.port import Device
from plugin.flow.context import RawRequest
from tests.unit.plugin.flow.signals.support import (
    BEHIND_PROXY,
    PROXY,
    OneDevice,
    attributes,
    context,
    reasons,
)

CHROME_124 = '"Chromium";v="124", "Google Chrome";v="124", "Not-A.Brand";v="99"'
FULL_124 = '"Chromium";v="124.0.6367.91", "Google Chrome";v="124.0.6367.91", "Not-A.Brand";v="99.0.0.0"'
FROZEN_PHONE = Device("mobile", "Android", "10", "Chrome", "124.0.0")
FROZEN_WINDOWS = Device("desktop", "Windows", "10", "Chrome", "124.0.0")
FROZEN_TABLET = Device("tablet", "Android", "10", "Chrome", "124.0.0")

HINTS: list[tuple[Device, dict[str, str], tuple[str | None, ...]]] = [
    (
        FROZEN_PHONE,
        {"Sec-CH-UA": CHROME_124, "Sec-CH-UA-Mobile": "?1", "Sec-CH-UA-Platform": '"Android"'},
        ("mobile", "Android", "10", "Chrome", "124.0.0"),
    ),
    (
        FROZEN_PHONE,
        {
            "Sec-CH-UA": CHROME_124,
            "Sec-CH-UA-Mobile": "?1",
            "Sec-CH-UA-Platform": '"Android"',
            "Sec-CH-UA-Platform-Version": '"14.0.0"',
            "Sec-CH-UA-Full-Version-List": FULL_124,
            "Sec-CH-UA-Model": '"Pixel 8"',
        },
        ("mobile", "Android", "14.0.0", "Chrome", "124.0.6367.91"),
    ),
    (
        FROZEN_WINDOWS,
        {
            "Sec-CH-UA": CHROME_124,
            "Sec-CH-UA-Mobile": "?0",
            "Sec-CH-UA-Platform": '"Windows"',
            "Sec-CH-UA-Platform-Version": '"15.0.0"',
        },
        ("desktop", "Windows", "11", "Chrome", "124.0.0"),
    ),
    (
        FROZEN_WINDOWS,
        {"Sec-CH-UA": CHROME_124, "Sec-CH-UA-Platform": '"Windows"', "Sec-CH-UA-Platform-Version": '"10.0.0"'},
        ("desktop", "Windows", "10", "Chrome", "124.0.0"),
    ),
    (
        FROZEN_WINDOWS,
        {"Sec-CH-UA": CHROME_124, "Sec-CH-UA-Platform": '"Windows"', "Sec-CH-UA-Platform-Version": '"0.3.0"'},
        ("desktop", "Windows", "8.1", "Chrome", "124.0.0"),
    ),
    (
        FROZEN_WINDOWS,
        {
            "Sec-CH-UA": '"Microsoft Edge";v="124", "Not/A)Brand";v="8", "Chromium";v="124"',
            "Sec-CH-UA-Platform": '"Windows"',
        },
        ("desktop", "Windows", "10", "Edge", "124"),
    ),
    (
        FROZEN_WINDOWS,
        {"Sec-CH-UA": '"Chromium";v="124", "Not(A:Brand";v="24", "Brave";v="124"', "Sec-CH-UA-Mobile": "?0"},
        ("desktop", "Windows", "10", "Brave", "124"),
    ),
    (
        FROZEN_TABLET,
        {"Sec-CH-UA": CHROME_124, "Sec-CH-UA-Mobile": "?0", "Sec-CH-UA-Platform": '"Android"'},
        ("tablet", "Android", "10", "Chrome", "124.0.0"),
    ),
    (  # an Android tablet that asks for desktop sites
        Device("desktop", "Linux", None, "Chrome", "124.0.0"),
        {"Sec-CH-UA": CHROME_124, "Sec-CH-UA-Mobile": "?0", "Sec-CH-UA-Platform": '"Android"'},
        ("tablet", "Android", None, "Chrome", "124.0.0"),
    ),
    (
        FROZEN_PHONE,
        {"Sec-CH-UA": CHROME_124, "Sec-CH-UA-Mobile": "?1", "Sec-CH-UA-Model": '"SM-X906C"'},
        ("tablet", "Android", "10", "Chrome", "124.0.0"),
    ),
    (
        FROZEN_PHONE,
        {"Sec-CH-UA": CHROME_124, "Sec-CH-UA-Mobile": "?1", "Sec-CH-UA-Form-Factors": '"Tablet"'},
        ("tablet", "Android", "10", "Chrome", "124.0.0"),
    ),
    (
        FROZEN_TABLET,
        {"Sec-CH-UA": CHROME_124, "Sec-CH-UA-Mobile": "?0", "Sec-CH-UA-Model": '"BRAVIA 4K VH2"'},
        ("tv", "Android", "10", "Chrome", "124.0.0"),
    ),
    (
        Device("tv", "Tizen", "6.0", "Samsung Internet", "2.4"),
        {"Sec-CH-UA": '"Chromium";v="108"', "Sec-CH-UA-Mobile": "?0", "Sec-CH-UA-Platform": '"Linux"'},
        ("tv", "Tizen", "6.0", "Chromium", "108"),
    ),
    (
        Device("desktop", "macOS", "10.15.7", "Chrome", "124.0.0"),
        {
            "Sec-CH-UA": CHROME_124,
            "Sec-CH-UA-Mobile": "?0",
            "Sec-CH-UA-Platform": '"macOS"',
            "Sec-CH-UA-Platform-Version": '"14.4.1"',
        },
        ("desktop", "macOS", "14.4.1", "Chrome", "124.0.0"),
    ),
    (
        FROZEN_WINDOWS,
        {"Sec-CH-UA": '"HeadlessChrome";v="124", "Chromium";v="124"', "Sec-CH-UA-Platform": '"Windows"'},
        ("bot", "Windows", "10", "HeadlessChrome", "124"),
    ),
    (  # a crawler that carries a phone's hints stays a crawler
        Device("bot", "Android", "6.0.1", "Googlebot", "2.1"),
        {"Sec-CH-UA": CHROME_124, "Sec-CH-UA-Mobile": "?1", "Sec-CH-UA-Platform": '"Android"'},
        ("bot", "Android", "6.0.1", "Googlebot", "2.1"),
    ),
    (
        FROZEN_WINDOWS,
        {"Sec-CH-UA": 'garbage;;;"', "Sec-CH-UA-Mobile": "yes", "Sec-CH-UA-Platform": '"Unknown"'},
        ("desktop", "Windows", "10", "Chrome", "124.0.0"),
    ),
    (
        FROZEN_WINDOWS,
        {"Sec-CH-UA": '"' + "x" * 100_000, "Sec-CH-UA-Platform": '"Android"'},
        ("desktop", "Windows", "10", "Chrome", "124.0.0"),
    ),
]
KEYS = ("device.type", "device.os", "device.os_version", "device.browser", "device.browser_version")


@pytest.mark.parametrize(("agent", "headers", "expected"), HINTS)
def test_client_hints_correct_a_frozen_user_agent(
    agent: Device, headers: dict[str, str], expected: tuple[str | None, ...]
) -> None:
    found = attributes(RawRequest.of(headers), devices=OneDevice(agent))
    assert tuple(found.get(key) for key in KEYS) == expected


def test_a_long_user_agent_is_cut_and_noted() -> None:
    devices = OneDevice(FROZEN_PHONE)
    found = context(RawRequest.of({"User-Agent": "x" * 9_000}), devices=devices)
    assert [len(asked) for asked in devices.asked] == [2_048]
    assert ("user-agent", "too_long") in reasons(found)


def test_the_body_may_pass_on_a_user_agent_and_then_the_callers_own_hints_are_not_read() -> None:
    devices = OneDevice(FROZEN_PHONE)
    request = RawRequest.of(
        {"User-Agent": "node", "Sec-CH-UA": CHROME_124, "Sec-CH-UA-Platform": '"Linux"'},
        body={"user_agent": "Mozilla/5.0 (Linux; Android 10; K)"},
    )
    found = attributes(request, devices=devices)
    assert devices.asked == ["Mozilla/5.0 (Linux; Android 10; K)"]
    assert found["device.os"] == "Android"


def test_an_app_may_describe_its_device() -> None:
    body = {"device": {"type": "tv", "os": "tvOS", "os_version": "17.1", "browser": 5, "model": "x"}}
    found = context(RawRequest(body=body), devices=OneDevice(FROZEN_PHONE))
    assert tuple(found.attributes.get(key) for key in KEYS) == ("tv", "tvOS", "17.1", "Chrome", "124.0.0")
    assert ("device.browser", "wrong_type") in reasons(found)


def test_an_unknown_kind_of_device_is_refused() -> None:
    found = context(RawRequest(body={"device": {"type": "toaster"}}), devices=OneDevice(FROZEN_PHONE))
    assert found.attributes["device.type"] == "mobile"
    assert ("device.type", "unknown") in reasons(found)


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        ({"CloudFront-Is-Mobile-Viewer": "true", "CloudFront-Is-Tablet-Viewer": "true"}, "tablet"),
        ({"CloudFront-Is-Mobile-Viewer": "true", "CloudFront-Is-Desktop-Viewer": "false"}, "mobile"),
        ({"CloudFront-Is-SmartTV-Viewer": "true"}, "tv"),
        ({"CloudFront-Is-Desktop-Viewer": "true"}, "desktop"),
    ],
)
def test_cloudfront_tells_the_kind_where_it_replaced_the_user_agent(flags: dict[str, str], kind: str) -> None:
    headers = {"User-Agent": "Amazon CloudFront", **flags}
    assert attributes(RawRequest.of(headers, remote_addr=PROXY), BEHIND_PROXY)["device.type"] == kind
    stranger = attributes(RawRequest.of(headers, remote_addr="203.0.113.9"), BEHIND_PROXY)
    assert stranger["device.type"] == "other"


def test_no_rule_on_devices_asks_no_one() -> None:
    devices = OneDevice(FROZEN_PHONE)
    attributes(RawRequest.of({"User-Agent": "x"}), BEHIND_PROXY.wanting(frozenset({"geo.country"}), {}), devices)
    assert devices.asked == []
