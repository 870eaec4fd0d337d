"""The JSON types of a request's context. What cannot be believed is left out; what is of another type is refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from plugin.errors import FieldError, unknown_member
from plugin.web.body import escaped

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
"""What each part is where it is there; null is as good as leaving it out, and other parts are told and passed over."""
_KINDS = {name: kind for name, (kind, _what) in FORM.items()}
_NAMES = frozenset(FORM)
_MOST_TOLD = 10


def wrong_types(context: Mapping[str, object]) -> dict[str, str]:
    """The parts that are of another type, and what each should be."""
    found = {}
    kinds = _KINDS.get
    for name, value in context.items():
        if type(value) is not kinds(name) and value is not None and name in FORM:
            found[name] = f"Not {FORM[name][1]}."
    return found


def unread(context: Mapping[str, object]) -> list[FieldError]:
    """The parts that nothing reads, of many the first. They refuse no request: a page may be newer than its server."""
    if _NAMES.issuperset(context):
        return []
    others = [one for one in context if one not in _KINDS][:_MOST_TOLD]
    return [unknown_member("a context", name, _KINDS, f"/context/{escaped(name)}") for name in others]
