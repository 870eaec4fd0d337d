"""The visitor's network: Save-Data and the network client hints, or the same from the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from plugin.flow.signals.notes import Draft, Note
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
_SENT = ("save-data", "ect", "downlink", "rtt")
_LONGEST = 64


def derive_network(headers: Mapping[str, Sequence[str]], given: object, draft: Draft) -> None:
    """Adds `network.*`.

    `network.save_data` is false where nothing asks to save data: browsers never send "off", and a rule for
    visitors who did not ask must be able to hold. Scripts that read `navigator.connection` send the body's
    `network` (`save_data`, `effective_type`, `downlink_mbps`, `rtt_ms`), which wins.
    """
    if given is None:
        get = headers.get
        sent = [values[0] if (values := get(name)) else None for name in _SENT]
        if len("".join(filter(None, sent))) <= _LONGEST:
            attributes, notes = _kept(*sent)
            draft.attributes.update(attributes)
            for note in notes:
                draft.note(*note)
            return
    said: Mapping[object, object] = {}
    if isinstance(given, dict):
        said = given
    elif given is not None:
        draft.note("network", "wrong_type")
    _derive(headers, said, draft)


@lru_cache(maxsize=2048)
def _kept(*sent: str | None) -> tuple[Mapping[str, object], Sequence[Note]]:
    """What headers alone come to, in the order of _SENT: networks are alike, and browsers round what they tell."""
    draft = Draft()
    _derive({name: (value,) for name, value in zip(_SENT, sent, strict=True) if value is not None}, {}, draft)
    return MappingProxyType(draft.attributes), tuple(draft.notes)


def _derive(headers: Mapping[str, Sequence[str]], said: Mapping[object, object], draft: Draft) -> None:
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
