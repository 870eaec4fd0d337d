"""Attributes and their values in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from plugin.editor.vocabulary import Declared, Vocabulary

NOUNS: Mapping[str, str] = MappingProxyType(
    {
        "device.type": "the device",
        "device.os": "the operating system",
        "device.os_version": "the operating system’s version",
        "device.browser": "the browser",
        "device.browser_version": "the browser’s version",
        "geo.continent": "the visitor’s continent",
        "geo.country": "the visitor’s country",
        "geo.region": "the visitor’s region",
        "geo.city": "the visitor’s city",
        "geo.location": "the visitor",
        "geo.timezone": "the place’s time zone",
        "context.timezone": "the device’s time zone",
        "network.effective_type": "the connection",
        "network.downlink_mbps": "the download speed",
        "network.rtt_ms": "the network’s delay",
        "request.path": "the page’s path",
        "request.host": "the page’s host",
        "request.locale": "the visitor’s language",
        "request.referrer_host": "the site the visitor comes from",
        "request.referrer_kind": "the way the visitor came",
        "request.search_terms": "the search",
        "request.ip": "the IP address",
        "time.date": "the date",
        "time.now": "the moment",
        "visitor.id": "the visitor’s id",
        "visitor.visits": "the number of visits",
        "visitor.days_since_last_visit": "the time since the last visit",
        "session.page_views": "the number of pages seen in this session",
        "session.seconds": "the length of this session",
    }
)

YES_NO: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "geo.eu": ("the visitor is in the EU", "the visitor is outside the EU"),
        "network.save_data": ("the visitor asked to save data", "the visitor did not ask to save data"),
        "visitor.known": ("the visitor is known by an account", "the visitor is anonymous"),
        "visitor.new": ("this is the visitor’s first visit", "the visitor has been here before"),
    }
)
"""What a boolean means where it is true, and where it is false."""

_VALUES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "device.type": {
            "mobile": "a phone",
            "tablet": "a tablet",
            "desktop": "a computer",
            "tv": "a television",
            "bot": "a robot",
            "other": "of another kind",
        },
        "geo.continent": {
            "AF": "Africa",
            "AN": "Antarctica",
            "AS": "Asia",
            "EU": "Europe",
            "NA": "North America",
            "OC": "Oceania",
            "SA": "South America",
        },
        "request.referrer_kind": {
            "search": "a search engine",
            "social": "a social network",
            "email": "an email",
            "internal": "a link of this site",
            "direct": "typing the address",
            "other": "another site",
        },
        "time.weekday": {
            "mon": "Monday",
            "tue": "Tuesday",
            "wed": "Wednesday",
            "thu": "Thursday",
            "fri": "Friday",
            "sat": "Saturday",
            "sun": "Sunday",
        },
    }
)
_UNITS = {"h": "hours", "d": "days", "s": "seconds"}
_PLAIN_WORD = re.compile(r"[\w./:@+-]+")
_FAMILIES = (
    ("request.query.", "the address parameter “{}”"),
    ("request.utm.", "the link’s “{}” (utm)"),
    ("request.cookie.", "the cookie “{}”"),
    ("request.header.", "the header “{}”"),
    ("profile.", "the visitor’s {}"),
    ("custom.", "the {}"),
    ("event.properties.", "the event’s {}"),
    ("event.", "the event’s {}"),
)


def noun(name: str, vocabulary: Vocabulary) -> str:
    """An attribute as the subject of a sentence."""
    known = NOUNS.get(name)
    if known is not None:
        return known
    declared = vocabulary.attribute(name)
    if isinstance(declared, Declared) and declared.label:
        return f"“{declared.label}”"
    for prefix, form in _FAMILIES:
        if name.startswith(prefix) and len(name) > len(prefix):
            return form.format(spaced(name.removeprefix(prefix)))
    return name


def label(name: str, vocabulary: Vocabulary) -> str:
    """An attribute as the label of a field: without its article, in upper case."""
    declared = vocabulary.attribute(name)
    if isinstance(declared, Declared) and declared.label:
        return declared.label
    text = _LABELS.get(name) or noun(name, vocabulary).removeprefix("the ").removeprefix("visitor’s ")
    text = f"consent to {name.removeprefix('consent.')}" if name.startswith("consent.") else text
    return text[:1].upper() + text[1:]


_LABELS = {
    "geo.eu": "in the EU",
    "geo.location": "position",
    "network.save_data": "saves data",
    "request.referrer_kind": "came by",
    "request.search_terms": "searched for",
    "time.now": "date and time",
    "time.of_day": "time of day",
    "time.weekday": "day of the week",
    "visitor.days_since_last_visit": "last visit, so long ago",
    "visitor.id": "visitor id",
    "visitor.known": "known by an account",
    "visitor.new": "first visit",
    "visitor.visits": "visits",
    "session.page_views": "pages seen in this session",
}


def spaced(name: str) -> str:
    """The last part of a name, in words: `cart_value` is `cart value`."""
    return name.replace("_", " ").replace(".", " ")


def value(name: str, held: object, vocabulary: Vocabulary, *, unit: bool = True) -> str:
    """A value of an attribute."""
    if isinstance(held, bool):
        return "yes" if held else "no"
    if isinstance(held, int | float):
        return f"{number(held)}{_unit(name, vocabulary)}" if unit else number(held)
    if isinstance(held, str):
        known = _VALUES.get(name, {}).get(held)
        return known or quoted(held)
    if isinstance(held, list | tuple):
        return ", ".join(value(name, item, vocabulary, unit=unit) for item in held)
    if isinstance(held, Mapping):
        return ", ".join(f"{key} {value('', item, vocabulary)}" for key, item in held.items())
    return "nothing" if held is None else str(held)


def quoted(text: str) -> str:
    """A text as it is where it is one word, in quotes where it is not."""
    return text if _PLAIN_WORD.fullmatch(text) else f"“{text}”"


def number(held: float) -> str:
    """A number without a needless `.0`."""
    return f"{held:.0f}" if held == int(held) and abs(held) < 2**53 else str(held)


def _unit(name: str, vocabulary: Vocabulary) -> str:
    attribute = vocabulary.attribute(name)
    unit = None if attribute is None else attribute.unit
    return f" {_UNITS.get(unit, unit)}" if unit else ""
