"""What a decision reads of a view: attributes, segments, exposures; only what is wanted, at its own instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from plugin.profiles import preferences
from plugin.profiles.derived import OF_VISITS, Read, derived, of_visits
from plugin.profiles.exposures import Instants
from plugin.profiles.fold import View
from plugin.profiles.settings import DEFAULT, Settings
from rules.attributes import Type

PREFIX = "profile."
KNOWN = "visitor.known"
_NO_SEGMENTS = frozenset[str]()
_NEVER_SHOWN: Mapping[str, Sequence[datetime]] = MappingProxyType({})


class Reading(NamedTuple):
    """How an attribute of the profile is read of a view.

    Attributes:
        name: in full.
        own: what it is called among those that were set.
        read: what gives it where it was not set; None: nothing does.
    """

    name: str
    own: str
    read: Read | None


class Readings(NamedTuple):
    """How attributes are read of any view.

    Attributes:
        own: those of the profile.
        visits: the names of those that come of visits.
        known: whether it is read that the visitor has told who they are.
    """

    own: tuple[Reading, ...]
    visits: frozenset[str]
    known: bool


def attributes_of(
    view: View,
    now_ms: int,
    wanted: frozenset[str] | None,
    declared: Mapping[str, Type],
    settings: Settings = DEFAULT,
    *,
    allowed: bool = True,
) -> dict[str, object]:
    """Attributes by their full names, with the consents that are stored; those that are missing are left out.

    What was set wins over what is derived, and that over an answer to a question of the same name.

    Args:
        wanted: names to read; None: every one.
        declared: types of the profile attributes that the document declares, by full name. A derived one is read where
            it is declared with its own type, so that a site's own attribute of that name is never filled by us.
        allowed: whether the profile's own purpose may be served. Rules see to it for attributes that declare it;
            those of visits are built in, declare none, and are left out here.
    """
    names = wanted if wanted is not None else every_name(view, declared)
    if not allowed:
        names = [name for name in names if name not in OF_VISITS]
    return {**consent_of(view), **read_attributes(view, now_ms, readings(names, declared, settings), settings)}


def consent_of(view: View) -> dict[str, bool]:
    """What was said of purposes, as `consent.PURPOSE`."""
    return {f"consent.{purpose}": word.allowed for purpose, word in view.state.consent.items()}


def readings(names: Iterable[str], declared: Mapping[str, Type], settings: Settings) -> Readings:
    """How attributes are read: worked out once for what is published. Arguments as of `attributes_of`."""
    every = frozenset(names)
    own = [_reading(name, declared, settings) for name in sorted(every) if name.startswith(PREFIX)]
    return Readings(tuple(own), every & OF_VISITS, KNOWN in every)


def read_attributes(view: View, now_ms: int, asked: Readings, settings: Settings) -> dict[str, object]:
    """As `attributes_of`, without consents, by `readings` that were made with the same settings."""
    found: dict[str, object] = {}
    there = view.state.attributes
    for name, own, read in asked.own:
        said = there.get(own)
        value = said.value if said is not None else None
        if value is None and read is not None:
            value = read(view, now_ms, settings)
        if value is not None:
            found[name] = value
    wanted = asked.visits
    if wanted:
        visits = of_visits(view, now_ms)
        found |= visits if len(wanted) == len(OF_VISITS) else {one: visits[one] for one in wanted if one in visits}
    if asked.known:
        found[KNOWN] = view.known
    return found


def segments_of(view: View, now_ms: int) -> frozenset[str]:
    """The segments that the visitor is in at an instant; `until` is no longer in."""
    if not view.segments:
        return _NO_SEGMENTS
    return frozenset(
        name for name, (since, until) in view.segments.items() if since <= now_ms and (until is None or now_ms < until)
    )


def exposures_of(view: View) -> Mapping[str, Sequence[datetime]]:
    """When each entry was shown, by id."""
    shown = view.state.exposures
    return Instants(shown) if shown else _NEVER_SHOWN


def _reading(full: str, declared: Mapping[str, Type], settings: Settings) -> Reading:
    name = full[len(PREFIX) :]
    type_ = declared.get(full)
    if type_ is None:
        return Reading(full, name, None)
    way = derived(name, settings)
    return Reading(full, name, way.read if way is not None and way.type == type_ else partial(_answer, name))


def _answer(name: str, view: View, _now_ms: int, _settings: Settings) -> object:
    return preferences.answer(view.state.preferences, name)


def every_name(view: View, declared: Mapping[str, Type]) -> Iterable[str]:
    """The names of all that a view may give."""
    names = {name for name in declared if name.startswith(PREFIX)}
    return [*sorted(names | {PREFIX + name for name in view.state.attributes}), *OF_VISITS, KNOWN]
