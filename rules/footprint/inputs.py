"""What an edge knows of a request, and what only the origin does: the fixed inputs of the edge protocol."""

from __future__ import annotations

from typing import Literal

Carrier = Literal["input", "class", "clock", "nobody"]
"""Who tells an edge of an attribute: an input, the class cookie, the clock (as the time for which answers are kept)."""

LOCALE = "request.locale"
INPUTS = {
    "geo.country": "country",
    "geo.continent": "country",
    "geo.eu": "country",
    "device.type": "device",
    LOCALE: "locale",
    "network.save_data": "network",
    "network.effective_type": "network",
    "request.referrer_kind": "referrer",
    "context.timezone": "zone",
    "geo.timezone": "zone",
}
"""The input that carries an attribute; the continent and the European Union follow from the country."""
UTM = frozenset({"source", "medium", "campaign", "term", "content"})
"""The campaign parameters that an edge passes on."""
_CLASS = ("profile.", "visitor.", "session.")


def input_of(attribute: str) -> str | None:
    """The edge's input that carries an attribute; None where there is none."""
    if attribute.startswith("request.utm."):
        name = attribute.removeprefix("request.utm.")
        return f"utm_{name}" if name in UTM else None
    if attribute.startswith("consent."):
        return "consent"
    return INPUTS.get(attribute)


def carrier_of(attribute: str) -> Carrier:
    """Who tells an edge of an attribute."""
    if attribute.startswith("time."):
        return "clock"
    if input_of(attribute) is not None:
        return "input"
    return "class" if attribute.startswith(_CLASS) and attribute != "visitor.id" else "nobody"
