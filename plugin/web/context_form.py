"""The JSON types of a request's context. What cannot be believed is left out; what is of another type is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from plugin.errors import FieldError, unknown_member
from plugin.web.body import escaped

LONGEST_ID = 128
PURPOSE = re.compile(r"[a-z][a-z0-9_\-]{0,31}")
NO_WORD = "true or false; anything else is taken for a no"
NO_PURPOSE = "a purpose: a small letter, then small letters, digits, _ and -; at most 32"
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
    consent = context.get("consent")
    told = _unclear(consent) if isinstance(consent, dict) and consent else []
    if _NAMES.issuperset(context):
        return told
    others = [one for one in context if one not in _KINDS][:_MOST_TOLD]
    return told + [unknown_member("a context", name, _KINDS, f"/context/{escaped(name)}") for name in others]


def _unclear(consent: Mapping[str, object]) -> list[FieldError]:
    """What of consent is no answer, and counts as a no; and what is said of no purpose."""
    found = []
    for purpose, word in consent.items():
        if type(word) is bool and PURPOSE.fullmatch(purpose):
            continue
        detail = NO_WORD if type(word) is not bool else NO_PURPOSE
        found.append(FieldError(f"/context/consent/{escaped(purpose)}", detail))
        if len(found) == _MOST_TOLD:
            break
    return found
