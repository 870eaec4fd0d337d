"""What `--context` says of the visitor: flat attributes, the `context` of the API, or both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from plugin.cli.output import bad_usage
from rules.clock import as_instant
from rules.suggest import nearest

CONTEXT_KEYS = (
    "url",
    "referrer",
    "locale",
    "timezone",
    "custom",
    "consent",
    "user_agent",
    "device",
    "network",
    "ip",
    "geo",
)
OWN_KEYS = ("attributes", "context", "visitor", "segments", "arms", "exposures")


@dataclass(frozen=True, slots=True)
class Situation:
    """One visitor at one moment.

    Attributes:
        attributes: flat, by name; they beat what is derived from `context`.
        context: as in the body of `POST /v1/personalize`.
        exposures: when each entry was shown to the visitor, by id.
    """

    attributes: Mapping[str, object] = field(default_factory=dict)
    context: Mapping[str, object] = field(default_factory=dict)
    visitor: str | None = None
    segments: frozenset[str] = frozenset()
    arms: Mapping[str, str] = field(default_factory=dict)
    exposures: Mapping[str, Sequence[datetime]] = field(default_factory=dict)


def read_situation(given: str) -> Situation:
    """From JSON, or from the file that `@FILE` names.

    A key with a dot is an attribute (`geo.country`), as are those of `attributes`; `context`, or its keys beside the
    others, is what the API takes; `visitor` is `{"id": ...}`; `segments`, `arms` and `exposures` are what a profile
    would know.

    Raises:
        click.BadParameter: with what is wrong.
    """
    data = _mapping(_json(given), "the context")
    attributes = dict(_mapping(data.get("attributes", {}), "'attributes'"))
    attributes |= {name: value for name, value in data.items() if "." in name}
    context = dict(_mapping(data.get("context", {}), "'context'"))
    for name, value in data.items():
        if name in CONTEXT_KEYS:
            context[name] = value
        elif "." not in name and name not in OWN_KEYS:
            near = nearest(name, (*CONTEXT_KEYS, *OWN_KEYS))
            hint = f"did you mean {near!r}?" if near else "an attribute has a dot, such as 'geo.country'"
            bad_usage(f"{name!r} is nothing that a context has; {hint}", "--context")
    visitor = _mapping(data.get("visitor", {}), "'visitor'").get("id", attributes.get("visitor.id"))
    if visitor is not None and not (isinstance(visitor, str) and visitor):
        bad_usage("'visitor' is {\"id\": TEXT}", "--context")
    segments = data.get("segments", [])
    if not isinstance(segments, list) or not all(isinstance(name, str) for name in segments):
        bad_usage("'segments' is a list of names", "--context")
    arms = _mapping(data.get("arms", {}), "'arms'")
    if not all(isinstance(arm, str) for arm in arms.values()):
        bad_usage("'arms' maps experiments to arms", "--context")
    return Situation(
        attributes,
        context,
        visitor if isinstance(visitor, str) else None,
        frozenset(segments),
        {name: str(arm) for name, arm in arms.items()},
        {name: _instants(name, value) for name, value in _mapping(data.get("exposures", {}), "'exposures'").items()},
    )


def read_instant(text: str) -> datetime:
    """An ISO 8601 instant; UTC without an offset."""
    found = as_instant(text, ZoneInfo("UTC"))
    if found is None:
        bad_usage(f"{text!r} is no instant, such as 2026-11-21T20:00:00+01:00", "--at")
    return found.astimezone(UTC)


def _json(given: str) -> object:
    text = given
    if given.startswith("@"):
        path = Path(given[1:])
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            bad_usage(f"{path} cannot be read: {error}", "--context")
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        bad_usage(f"not JSON: {error}", "--context")


def _refuse(text: str) -> object:
    raise ValueError(f"{text} is no number of JSON")


def _mapping(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        bad_usage(f"{what} is a JSON object", "--context")
    return value


def _instants(name: str, value: object) -> list[datetime]:
    found = [as_instant(one, ZoneInfo("UTC")) for one in value] if isinstance(value, list) else [None]
    if not all(one is not None for one in found):
        bad_usage(f"'exposures' of {name!r} is a list of ISO 8601 instants", "--context")
    return [one for one in found if one is not None]
