"""A device port that knows nothing: for tests and for sites whose rules read no `device.*`."""

from __future__ import annotations

from adapters.device.port import Device


class NullDevices:
    """Every device is of the type `other`."""

    def identify(self, user_agent: str, /) -> Device:  # noqa: ARG002  # the port's signature
        """Nothing is known of any User-Agent."""
        return Device()
