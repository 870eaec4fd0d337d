"""What an event does to what is kept of its source: the one reducer, for the worker and for requests alike."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from plugin.profiles import days, decay, exposures, interests, preferences, sessions
from plugin.profiles.days import Days
from plugin.profiles.events import Event
from plugin.profiles.limits import DAY_MS
from plugin.profiles.preferences import DISMISSED, ENTRY
from plugin.profiles.settings import DEFAULT, Settings
from plugin.profiles.state import SourceState, Total

_NO_DAYS = Days()
_NO_TOTAL = Total()


def reduce(
    state: SourceState, event: Event, entry: Mapping[str, object] | None = None, settings: Settings = DEFAULT
) -> SourceState | None:
    """A state after an event; None where it changes nothing.

    Never depends on the order of arrival. That an event comes once, and that consent lets it come at all
    (`plugin.profiles.consent`), is for the caller to see to.

    Args:
        entry: what the event names by `content_id`, as rules read it, or None where there is no such entry.
    """
    if not event.has_effect:
        return None
    type_ = settings.types.get(event.type)
    state = _counted(state, event, settings, sums=type_ is not None and type_.sums)
    # Parts that events make together are of one purpose, or refusing a purpose could not take out what came of it.
    return _learned(state, event, entry, settings) if event.purpose == settings.purpose else state


def _counted(state: SourceState, event: Event, settings: Settings, *, sums: bool) -> SourceState:
    name = event.type
    thousandths = round((event.value or 0.0) * 1_000) if sums else 0
    total = state.totals.get(name, _NO_TOTAL)
    return replace(
        state,
        counters=decay.add(state.counters, {name: 1.0}, event.time, settings.half_life_ms),
        days={**state.days, name: days.add(state.days.get(name, _NO_DAYS), event.time // DAY_MS, 1, thousandths)},
        totals={**state.totals, name: Total(total.events + 1, total.thousandths + thousandths)},
    )


def _learned(state: SourceState, event: Event, entry: Mapping[str, object] | None, settings: Settings) -> SourceState:
    shown, said = state.exposures, state.preferences
    if event.content_id is not None:
        if event.type == "impression":
            shown = exposures.add(shown, event.content_id, event.time)
        elif event.type in ("rating", "dismiss"):
            value = DISMISSED if event.type == "dismiss" else event.value
            said = preferences.put(said, {ENTRY + event.content_id: value}, event.time, event.id)
    return replace(
        state,
        interests=interests.learn(state.interests, event, entry, settings.half_life_ms),
        sessions=sessions.add(state.sessions, event.time, int(event.type == "view")),
        exposures=shown,
        preferences=said,
        first_seen=min(state.first_seen or event.time, event.time),
        last_seen=max(state.last_seen, event.time),
    )
