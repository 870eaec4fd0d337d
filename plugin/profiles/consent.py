"""What consent decides: when an event is accepted, when it is applied, and when it is withdrawn."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from plugin.profiles import decay
from plugin.profiles.decay import Decayed
from plugin.profiles.events import Event
from plugin.profiles.sessions import Sessions
from plugin.profiles.settings import DEFAULT, Settings
from plugin.profiles.state import Consent, SourceState

NEVER = Consent(allowed=False, time=-1, id="", refused=0)


def accepts(said: Mapping[str, bool], purpose: str) -> bool:
    """Whether a request lets an event of a purpose be accepted: not where it says no.

    Global Privacy Control is in what was said. Where nothing was said, what is stored decides when it is applied.
    """
    return said.get(purpose) is not False


def applies(
    event_time: int, said: bool | None, purpose: str, stored: Mapping[str, Consent], *, deny_unknown: bool
) -> bool:
    """Whether what happened may be kept, by what its request said and what is stored of the source.

    A refusal takes out all that happened before it, so that what arrives late is treated as what arrived in time. A
    yes in the request speaks for its own event; else the stored word counts, and where there is none the settings.
    """
    if said is False:
        return False
    word = stored.get(purpose)
    if word is not None and event_time <= word.refused:
        return False
    if said:
        return True
    return word.allowed if word is not None else not deny_unknown


def event_applies(event: Event, stored: Mapping[str, Consent], *, deny_unknown: bool) -> bool:
    """Whether an event may be kept."""
    return applies(event.time, event.consent, event.purpose, stored, deny_unknown=deny_unknown)


def values_apply(
    values: Mapping[str, object],
    purposes: Mapping[str, str | None],
    said: Mapping[str, bool],
    stored: Mapping[str, Consent],
    *,
    time_ms: int,
    deny_unknown: bool,
    settings: Settings = DEFAULT,
) -> dict[str, object]:
    """Those attributes that may be kept, by name without `profile.`; what takes one back always may."""
    kept = {}
    for name, value in values.items():
        purpose = purposes.get(name) or settings.purpose
        if value is None or applies(time_ms, said.get(purpose), purpose, stored, deny_unknown=deny_unknown):
            kept[name] = value
    return kept


def record(
    state: SourceState,
    purpose: str,
    *,
    allowed: bool,
    time_ms: int,
    identifier: str,
    purposes: Mapping[str, str | None],
    settings: Settings = DEFAULT,
) -> SourceState:
    """With what a visitor said of a purpose; a refusal takes out what was kept for it.

    Args:
        time_ms: when it was said. What was said later stays the last word.
        purposes: of each attribute, by its name without `profile.`; those without one are of the profile's own.
    """
    there = state.consent.get(purpose, NEVER)
    # Of two words at once the refusal counts.
    last = max((there.time, there.id, not there.allowed), (time_ms, identifier, not allowed))
    refused = there.refused if allowed else max(there.refused, time_ms)
    word = Consent(not last[2], last[0], last[1], refused)
    state = replace(state, consent={**state.consent, purpose: word})
    return state if allowed else withdrawn(state, purpose, purposes, settings)


def withdrawn(
    state: SourceState, purpose: str, purposes: Mapping[str, str | None], settings: Settings = DEFAULT
) -> SourceState:
    """A state without what is kept for a purpose; the word of the refusal itself stays.

    Counters of an event type that is no longer registered count as of the profile's own purpose.
    """
    own = settings.purpose
    names = {*state.counters.weights, *state.days, *state.totals}
    out = frozenset(name for name in names if settings.types.purpose_of(name) == purpose)
    state = replace(
        state,
        attributes={name: one for name, one in state.attributes.items() if (purposes.get(name) or own) != purpose},
        counters=decay.without(state.counters, out),
        days={name: one for name, one in state.days.items() if name not in out},
        totals={name: one for name, one in state.totals.items() if name not in out},
    )
    if purpose != own:
        return state
    return replace(
        state,
        interests=Decayed(),
        sessions=Sessions(),
        exposures={},
        preferences={},
        first_seen=0,
        last_seen=0,
    )


def merge(one: Mapping[str, Consent], other: Mapping[str, Consent]) -> dict[str, Consent]:
    """The last word of each purpose, of several sources of one person."""
    merged = dict(one)
    for purpose, word in other.items():
        there = merged.get(purpose)
        if there is None:
            merged[purpose] = word
            continue
        last = max(there, word, key=lambda said: (said.time, said.id, not said.allowed))
        merged[purpose] = last._replace(refused=max(there.refused, word.refused))
    return merged
