"""Ports with known answers, and a short way to derive."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.device.null import NullDevices
from adapters.device.port import Device
from adapters.geo.null import NullGeo
from adapters.geo.port import Place
from plugin.flow.context import Context, ContextPolicy, RawRequest, derive

PROXY = "10.0.0.7"
BEHIND_PROXY = ContextPolicy(trusted_proxies=("10.0.0.0/8", "fd00::/8"))


class AtlasGeo:
    """Knows the addresses it is given, and remembers what it was asked."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = places
        self.asked: list[str] = []

    def find(self, address: str, /) -> Place | None:
        self.asked.append(address)
        return self._places.get(address)


class OneDevice:
    """Every User-Agent is this device."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.asked: list[str] = []

    def identify(self, user_agent: str, /) -> Device:
        self.asked.append(user_agent)
        return self._device


def context(
    request: RawRequest,
    policy: ContextPolicy | None = None,
    devices: OneDevice | NullDevices | None = None,
    geo: AtlasGeo | NullGeo | None = None,
) -> Context:
    return derive(request, policy or ContextPolicy(), devices or NullDevices(), geo or NullGeo())


def attributes(
    request: RawRequest,
    policy: ContextPolicy | None = None,
    devices: OneDevice | NullDevices | None = None,
    geo: AtlasGeo | NullGeo | None = None,
) -> dict[str, object]:
    return context(request, policy, devices, geo).attributes


def reasons(found: Context) -> set[tuple[str, str]]:
    return {(note.name, note.reason) for note in found.notes}
