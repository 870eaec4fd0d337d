"""Network quality."""

from __future__ import annotations

import math

import pytest

from plugin.flow.context import RawRequest
from tests.unit.plugin.flow.signals.support import attributes, context, reasons


def test_the_hints_of_a_slow_phone() -> None:
    headers = {"Save-Data": "on", "ECT": "2g", "Downlink": "0.25", "RTT": "1850"}
    found = attributes(RawRequest.of(headers))
    assert {name: value for name, value in found.items() if name.startswith("network.")} == {
        "network.save_data": True,
        "network.effective_type": "2g",
        "network.downlink_mbps": 0.25,
        "network.rtt_ms": 1850,
    }


@pytest.mark.parametrize(("sent", "saves"), [(None, False), ("on", True), ("ON", True), ("off", False), ("1", False)])
def test_not_asking_to_save_data_is_false(sent: str | None, saves: bool) -> None:
    headers = {} if sent is None else {"Save-Data": sent}
    assert attributes(RawRequest.of(headers))["network.save_data"] is saves


@pytest.mark.parametrize(
    ("headers", "note"),
    [
        ({"ECT": "5g"}, ("network.effective_type", "unknown")),
        ({"RTT": "-5"}, ("network.rtt_ms", "out_of_range")),
        ({"RTT": "999999999"}, ("network.rtt_ms", "out_of_range")),
        ({"RTT": "fast"}, ("network.rtt_ms", "malformed")),
        ({"Downlink": "NaN"}, ("network.downlink_mbps", "malformed")),
        ({"Downlink": "1e400"}, ("network.downlink_mbps", "malformed")),
        ({"Downlink": "Infinity"}, ("network.downlink_mbps", "malformed")),
        ({"Downlink": "9" * 500}, ("network.downlink_mbps", "malformed")),
        ({"Downlink": "1e6"}, ("network.downlink_mbps", "out_of_range")),
    ],
)
def test_implausible_measures_are_ignored(headers: dict[str, str], note: tuple[str, str]) -> None:
    found = context(RawRequest.of(headers))
    assert note[0] not in found.attributes
    assert note in reasons(found)


def test_a_script_may_send_what_the_browser_tells_it() -> None:
    body = {"network": {"save_data": True, "effective_type": "3g", "downlink_mbps": 1.5, "rtt_ms": 300}}
    found = attributes(RawRequest.of({"ECT": "4g"}, body=body))
    assert found["network.save_data"] is True
    assert found["network.effective_type"] == "3g"
    assert found["network.rtt_ms"] == 300


def test_hostile_measures_in_the_body_are_ignored() -> None:
    body = {"network": {"save_data": "yes", "effective_type": 4, "downlink_mbps": math.inf, "rtt_ms": True}}
    found = context(RawRequest(body=body))
    assert {name for name in found.attributes if name.startswith("network.")} == {"network.save_data"}
    assert found.attributes["network.save_data"] is False
    assert len(found.notes) == 4
