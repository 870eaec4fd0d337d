"""Attributes that are set from outside: by the site, or by a browser where the document lets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from plugin.profiles import stamped
from plugin.profiles.explaining import pointer, suggestion
from plugin.profiles.limits import MOST_ATTRIBUTES
from plugin.profiles.stamped import Stamped
from plugin.profiles.state import SourceState
from rules import Attribute, Catalogue
from rules.attributes import Type
from rules.values import READERS

PREFIX = "profile."
LARGEST_BYTES = 4_096
_json = msgspec.json.Encoder()


class Wrong(NamedTuple):
    """An attribute that is not set: where in the body it is, and what it should be."""

    pointer: str
    detail: str


class Checked(NamedTuple):
    """Values that may be set, by name without `profile.`, and what is wrong with the others."""

    values: dict[str, object]
    wrong: list[Wrong]


def declared(catalogue: Catalogue) -> dict[str, Attribute]:
    """The profile attributes that a document declares, by name without `profile.`."""
    return {one.name.removeprefix(PREFIX): one for one in catalogue.all() if one.name.startswith(PREFIX)}


def check(
    given: Mapping[str, object],
    known: Mapping[str, Attribute],
    *,
    by_client: bool = False,
    consent: Mapping[str, bool] | None = None,
    root: str = "/attributes",
) -> Checked:
    """Judge each attribute alone.

    Args:
        given: by name without `profile.`; None takes a value back.
        known: from `declared`.
        by_client: whether a browser says so on its own: it sets only what is `client_writable`.
        consent: what the request says by purpose; what a refused purpose is for is left out, without a word.
        root: JSON pointer of the attributes in their body.
    """
    checked = Checked({}, [])
    for name, value in given.items():
        attribute = known.get(name)
        detail = _wrong(name, value, attribute, known, by_client)
        if detail is not None:
            checked.wrong.append(Wrong(root + pointer((name,)), detail))
        elif attribute is None or (consent or {}).get(attribute.purpose or "") is not False:
            checked.values[name] = list(value) if isinstance(value, tuple) else value
    return checked


def put(
    state: SourceState, values: Mapping[str, object], *, time_ms: int, identifier: str, schema: int = 0
) -> SourceState:
    """With attributes set; of each the last one said counts, by time and then by what said it.

    Args:
        values: as `check` let them through.
        identifier: of the request or event, so that two of one millisecond come out alike everywhere.
        schema: the version of the rule set that declares them.
    """
    said = {name: Stamped(value, time_ms, identifier) for name, value in values.items()}
    merged = stamped.newest(stamped.merge(state.attributes, said), MOST_ATTRIBUTES)
    return replace(state, attributes=merged, schema=max(state.schema, schema))


_WANTED: Mapping[Type, str] = {
    "string": "a text",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date such as 2026-11-21",
    "datetime": "an instant such as 2026-11-21T12:00:00Z",
    "version": "a version such as 16.2",
    "ip": "an address of the internet",
    "location": "an object of lat and lon, in degrees",
    "string_list": "a list of texts",
    "number_list": "a list of numbers",
}


def _wrong(
    name: str, value: object, attribute: Attribute | None, known: Mapping[str, Attribute], by_client: bool
) -> str | None:
    if attribute is None:
        bare = name.removeprefix(PREFIX)
        near = f"; did you mean {bare!r}?" if bare != name and bare in known else suggestion(name, known)
        return f"the published rules declare no such attribute{near}"
    if by_client and not attribute.client_writable:
        return "a browser does not set this; it is not client_writable"
    if value is None:
        return None
    try:
        size = len(_json.encode(value))
    except (UnicodeEncodeError, TypeError, RecursionError):
        return "a value of JSON"
    if size > LARGEST_BYTES:
        return f"at most {LARGEST_BYTES:,} bytes of JSON"
    if READERS[attribute.type](value) is None:
        return f"want {_WANTED[attribute.type]}, for the rules declare it as {attribute.type}"
    texts = value if isinstance(value, list | tuple) else (value,)
    if attribute.values is not None and any(text not in attribute.values for text in texts):
        return f"one of {', '.join(attribute.values)}"
    return None
