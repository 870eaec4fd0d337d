"""What a decision reads of a view: attributes, segments, exposures; only what is wanted, at its own instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from plugin.profiles import preferences
from plugin.profiles.derived import OF_VISITS, Read, derived
from plugin.profiles.exposures import Instants
from plugin.profiles.fold import View
from plugin.profiles.settings import DEFAULT, Settings
from rules.attributes import Type

PREFIX = "profile."
KNOWN = "visitor.known"
_NO_SEGMENTS = frozenset[str]()


class Reading(NamedTuple):
    """How an attribute is read of a view.

    Attributes:
        name: in full.
        own: what it is called among those that were set; None: it cannot be set.
        read: what gives it where it was not set; None: nothing does.
    """

    name: str
    own: str | None
    read: Read | None


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
    names = wanted if wanted is not None else _every(view, declared)
    if not allowed:
        names = [name for name in names if name not in OF_VISITS]
    return read_attributes(view, now_ms, readings(names, declared, settings), settings)


def readings(names: Iterable[str], declared: Mapping[str, Type], settings: Settings) -> Sequence[Reading]:
    """How attributes are read, of any view: worked out once for what is published. Arguments as of `attributes_of`."""
    return tuple(_reading(name, declared, settings) for name in names)


def read_attributes(view: View, now_ms: int, asked: Iterable[Reading], settings: Settings) -> dict[str, object]:
    """As `attributes_of`, by `readings` that were made with the same settings."""
    state = view.state
    found: dict[str, object] = {f"consent.{purpose}": word.allowed for purpose, word in state.consent.items()}
    there = state.attributes
    for name, own, read in asked:
        value: object = None
        if own is not None and own in there:
            value = there[own].value
        if value is None and read is not None:
            value = read(view, now_ms, settings)
        if value is not None:
            found[name] = value
    return found


def segments_of(view: View, now_ms: int) -> frozenset[str]:
    """The segments that the visitor is in at an instant; `until` is no longer in."""
    if not view.segments:
        return _NO_SEGMENTS
    return frozenset(
        name for name, (since, until) in view.segments.items() if since <= now_ms and (until is None or now_ms < until)
    )


def exposures_of(view: View) -> Instants:
    """When each entry was shown, by id."""
    return Instants(view.state.exposures)


def _reading(full: str, declared: Mapping[str, Type], settings: Settings) -> Reading:
    if not full.startswith(PREFIX):
        return Reading(full, None, _known if full == KNOWN else OF_VISITS.get(full))
    name = full[len(PREFIX) :]
    type_ = declared.get(full)
    if type_ is None:
        return Reading(full, name, None)
    way = derived(name, settings)
    return Reading(full, name, way.read if way is not None and way.type == type_ else partial(_answer, name))


def _known(view: View, _now_ms: int, _settings: Settings) -> object:
    return view.known


def _answer(name: str, view: View, _now_ms: int, _settings: Settings) -> object:
    return preferences.answer(view.state.preferences, name)


def _every(view: View, declared: Mapping[str, Type]) -> Iterable[str]:
    names = {name for name in declared if name.startswith(PREFIX)}
    return [*sorted(names | {PREFIX + name for name in view.state.attributes}), *OF_VISITS, KNOWN]
