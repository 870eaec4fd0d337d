"""What an edge says of a request: its fixed, normalised inputs, as attributes.

The edge is ours and is trusted; still every value is checked, for a mistake in its configuration must end as an absent
attribute and not as a strange one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from plugin.flow.signals.consent import derive_consent
from plugin.flow.signals.countries import CONTINENT_OF, EU_MEMBERS
from plugin.flow.signals.locales import normal_tag
from plugin.flow.signals.network import EFFECTIVE_TYPES
from plugin.flow.signals.notes import Draft
from plugin.flow.signals.text import header
from plugin.flow.signals.zones import known_zones
from rules.attributes import BUILT_IN
from rules.footprint.inputs import UTM

PROTOCOL = "t-edge"
VERSION = "1"
CLASS = "t-class"
VALUES = "t-values"
"""By which values of its inputs an edge went; see `plugin.service.delivery.alike`."""
GPC = "gpc"
SAVE_DATA = "save-data"
_LONGEST = 1_024
_UTM = re.compile(r"[A-Za-z0-9_.~+-]{1,64}")
_SEPARATOR = re.compile(r"\s*,\s*")


@lru_cache(maxsize=64)
def header_of(input_: str) -> str:
    """The request header that carries an input, in the spelling of `Vary`; of the class cookie: `class`."""
    return "T-" + "-".join(word.capitalize() for word in input_.split("_"))


def from_edge(
    headers: Mapping[str, Sequence[str]], inputs: Iterable[str], *, gpc_purposes: Iterable[str]
) -> dict[str, object]:
    """The attributes that these inputs carry; others are not looked at.

    Args:
        headers: of the request, names in lower case.
        inputs: as `rules.footprint.inputs.input_of` names them.
        gpc_purposes: what Global Privacy Control refuses.
    """
    found: dict[str, object] = {}
    for name in inputs:
        carrier, reader = _carried(name)
        value = header(headers, carrier)
        if name == "consent":
            found.update(_consent(value or "", gpc_purposes))
        elif name == "network":
            found.update(_network(value or ""))
        elif value and len(value) <= _LONGEST:
            found.update(reader(value))
    return found


@lru_cache(maxsize=64)
def _carried(input_: str) -> tuple[str, Callable[[str], dict[str, object]]]:
    """The header that carries an input, in lower case, and what reads it."""
    return header_of(input_).lower(), _READERS.get(input_, _campaign(input_))


def _country(value: str) -> dict[str, object]:
    continent = CONTINENT_OF.get(value)
    if continent is None:
        return {}
    return {"geo.country": value, "geo.continent": continent, "geo.eu": value in EU_MEMBERS}


def _one_of(attribute: str) -> Callable[[str], dict[str, object]]:
    known = BUILT_IN.resolve(attribute)
    values = frozenset(known.values or ()) if known is not None else frozenset()
    return lambda value: {attribute: value} if value in values else {}


def _locale(value: str) -> dict[str, object]:
    tag = normal_tag(value)
    return {} if tag is None else {"request.locale": tag}


def _zone(value: str) -> dict[str, object]:
    zone = known_zones().get(value.lower())
    return {} if zone is None else {"context.timezone": zone, "geo.timezone": zone}


def _network(value: str) -> dict[str, object]:
    words = _SEPARATOR.split(value[:64])
    found: dict[str, object] = {"network.save_data": SAVE_DATA in words}
    kind = next((word for word in words if word in EFFECTIVE_TYPES), None)
    return found if kind is None else {**found, "network.effective_type": kind}


def _campaign(input_: str) -> Callable[[str], dict[str, object]]:
    name = input_.removeprefix("utm_")
    return lambda value: {f"request.utm.{name}": value} if name in UTM and _UTM.fullmatch(value) else {}


def _consent(value: str, gpc_purposes: Iterable[str]) -> dict[str, object]:
    words = [word for word in _SEPARATOR.split(value) if word]
    draft = Draft()
    said = ",".join(word for word in words if word != GPC)
    signal: Mapping[str, Sequence[str]] = {"sec-gpc": ("1",)} if GPC in words else {}
    derive_consent(signal, said or None, {}, None, gpc_purposes=gpc_purposes, draft=draft)
    return draft.attributes


_READERS: Mapping[str, Callable[[str], dict[str, object]]] = {
    "country": _country,
    "device": _one_of("device.type"),
    "referrer": _one_of("request.referrer_kind"),
    "locale": _locale,
    "zone": _zone,
}
