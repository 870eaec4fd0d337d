"""The JSON types of a request's context. What cannot be believed is left out; what is of another type is refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LONGEST_ID = 128
_TEXT, _OBJECT = "a text", "an object"
FORM: Mapping[str, tuple[type, str]] = MappingProxyType(
    {
        "url": (str, _TEXT),
        "referrer": (str, _TEXT),
        "locale": (str, _TEXT),
        "timezone": (str, _TEXT),
        "user_agent": (str, _TEXT),
        "ip": (str, _TEXT),
        "custom": (dict, _OBJECT),
        "consent": (dict, _OBJECT),
        "device": (dict, _OBJECT),
        "network": (dict, _OBJECT),
        "geo": (dict, _OBJECT),
    }
)
"""What each part is where it is there; null is as good as leaving it out, and other parts are passed over."""


def wrong_types(context: Mapping[str, object]) -> dict[str, str]:
    """The parts that are of another type, and what each should be."""
    found = {}
    for name, value in context.items():
        form = FORM.get(name)
        if form is not None and value is not None and type(value) is not form[0]:
            found[name] = f"Not {form[1]}."
    return found
