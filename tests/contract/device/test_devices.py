"""What every device port does, whatever it knows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.device.null import NullDevices
from adapters.device.port import Device, Devices
from adapters.device.uap import UapDevices

TYPES = {"mobile", "tablet", "desktop", "tv", "bot", "other"}
MAKERS: dict[str, Callable[[], Devices]] = {"null": NullDevices, "uap": UapDevices}
HOSTILE = [
    "",
    " ",
    "\x00",
    "\ud800",
    "Mozilla/5.0 \udcff Chrome/1",
    "a" * 100_000,
    "(" * 20_000,
    "Mozilla/5.0 (" + "; " * 5_000,
    "Android " * 2_000,
    "𝕬" * 3_000,
    "\r\nSet-Cookie: a=b",
]


@pytest.fixture(scope="module", params=sorted(MAKERS))
def devices(request: pytest.FixtureRequest) -> Devices:
    return MAKERS[request.param]()


@pytest.mark.parametrize("user_agent", HOSTILE)
def test_any_text_gives_a_device_that_can_be_encoded(devices: Devices, user_agent: str) -> None:
    found = devices.identify(user_agent)
    assert isinstance(found, Device)
    assert found.type in TYPES
    for text in (found.os, found.os_version, found.browser, found.browser_version):
        assert text is None or text.encode("utf-8")


def test_devices_are_values(devices: Devices) -> None:
    first, second = devices.identify("curl/8.5.0"), devices.identify("curl/8.5.0")
    assert first == second
    assert hash(first) == hash(second)
