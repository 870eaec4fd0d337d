"""What a decision reads of a view: attributes, segments, exposures; only what is wanted, at its own instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from plugin.profiles import preferences
from plugin.profiles.derived import OF_VISITS, derived
from plugin.profiles.exposures import Instants
from plugin.profiles.fold import View
from plugin.profiles.settings import DEFAULT, Settings
from rules.attributes import Type

PREFIX = "profile."
KNOWN = "visitor.known"


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
    found: dict[str, object] = {f"consent.{purpose}": word.allowed for purpose, word in view.state.consent.items()}
    for name in wanted if wanted is not None else _every(view, declared):
        value: object = None
        if name.startswith(PREFIX):
            value = _profile(view, now_ms, name, declared, settings)
        elif name in OF_VISITS:
            value = OF_VISITS[name](view, now_ms, settings) if allowed else None
        elif name == KNOWN:
            value = view.known
        if value is not None:
            found[name] = value
    return found


def segments_of(view: View, now_ms: int) -> frozenset[str]:
    """The segments that the visitor is in at an instant; `until` is no longer in."""
    return frozenset(
        name for name, (since, until) in view.segments.items() if since <= now_ms and (until is None or now_ms < until)
    )


def exposures_of(view: View) -> Instants:
    """When each entry was shown, by id."""
    return Instants(view.state.exposures)


def _profile(view: View, now_ms: int, full: str, declared: Mapping[str, Type], settings: Settings) -> object:
    name = full[len(PREFIX) :]
    there = view.state.attributes.get(name)
    if there is not None and there.value is not None:
        return there.value
    type_ = declared.get(full)
    if type_ is None:
        return None
    way = derived(name, settings)
    if way is not None and way.type == type_:
        return way.read(view, now_ms, settings)
    return preferences.answer(view.state.preferences, name)


def _every(view: View, declared: Mapping[str, Type]) -> Iterable[str]:
    names = {name for name in declared if name.startswith(PREFIX)}
    return [*sorted(names | {PREFIX + name for name in view.state.attributes}), *OF_VISITS, KNOWN]
