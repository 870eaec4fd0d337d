"""The visitor's network: Save-Data and the network client hints, or the same from the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plugin.flow.signals.notes import Draft
from plugin.flow.signals.text import header
from plugin.flow.signals.values import parse_number

NETWORK = frozenset(
    {
        "network.save_data",
        "network.effective_type",
        "network.downlink_mbps",
        "network.rtt_ms",
    }
)
EFFECTIVE_TYPES = frozenset({"slow-2g", "2g", "3g", "4g"})
FASTEST_MBPS = 100_000
SLOWEST_MS = 120_000
_NUMBERS = (
    ("network.downlink_mbps", "downlink_mbps", "downlink", FASTEST_MBPS),
    ("network.rtt_ms", "rtt_ms", "rtt", SLOWEST_MS),
)


def derive_network(headers: Mapping[str, Sequence[str]], given: object, draft: Draft) -> None:
    """Adds `network.*`.

    `network.save_data` is false where nothing asks to save data: browsers never send "off", and a rule for
    visitors who did not ask must be able to hold. Scripts that read `navigator.connection` send the body's
    `network` (`save_data`, `effective_type`, `downlink_mbps`, `rtt_ms`), which wins.
    """
    said: Mapping[object, object] = {}
    if isinstance(given, dict):
        said = given
    elif given is not None:
        draft.note("network", "wrong_type")
    _save_data(headers, said.get("save_data"), draft)
    effective = said.get("effective_type", header(headers, "ect"))
    if effective is not None:
        if isinstance(effective, str) and effective.strip().lower() in EFFECTIVE_TYPES:
            draft.attributes["network.effective_type"] = effective.strip().lower()
        else:
            draft.note("network.effective_type", "unknown")
    for name, key, sent, most in _NUMBERS:
        value = said.get(key, header(headers, sent))
        if value is not None:
            _number(name, value, most, draft)


def _save_data(headers: Mapping[str, Sequence[str]], said: object, draft: Draft) -> None:
    if isinstance(said, bool):
        draft.attributes["network.save_data"] = said
        return
    if said is not None:
        draft.note("network.save_data", "wrong_type")
    sent = header(headers, "save-data")
    draft.attributes["network.save_data"] = sent is not None and sent.strip().lower() == "on"


def _number(name: str, value: object, most: int, draft: Draft) -> None:
    number = parse_number(value.strip()) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        draft.note(name, "malformed")
    elif 0 <= number <= most:
        draft.attributes[name] = number
    else:
        draft.note(name, "out_of_range")
