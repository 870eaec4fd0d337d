"""The merged view of a person: a fold over what is kept of each of their sources, so that a link can be undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce as fold_left

import msgspec

from plugin.profiles import consent, days, decay, exposures, preferences, sessions, stamped
from plugin.profiles.days import Days
from plugin.profiles.limits import MOST_ATTRIBUTES, MOST_TOPICS
from plugin.profiles.stamped import Stamped
from plugin.profiles.state import EMPTY, SourceState, Total

MOST_HOT_TOPICS = 32
MOST_HOT_INSTANTS = 200
MOST_HOT_PREFERENCES = 64
_OPEN = 2
"""The visit that goes on and the one before; earlier ones are only counted."""


class View(msgspec.Struct, frozen=True, array_like=True, tag=1, tag_field="format"):
    """What a decision reads of a person, in one piece. The tag is the number of the format.

    Attributes:
        uid: of the person: that of the known source, else of the only one.
        known: whether the visitor has told who they are.
        person: the source that names the person: the known one, or the only one.
        state: of all sources together, cut to what decisions read. The reducer takes it as it takes any state.
        segments: by name: since when and until when, in milliseconds; None: until further notice.
    """

    uid: str = ""
    known: bool = False
    person: str = ""
    state: SourceState = EMPTY
    segments: dict[str, tuple[int, int | None]] = {}

    def __repr__(self) -> str:
        return "View(...)"  # it is somebody's


class BadViewError(ValueError):
    """Bytes that are no view of a format that is known."""


NOBODY = View()
"""Of whom nothing is kept."""
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(View)


def fold(
    sources: Iterable[tuple[str, SourceState]],
    *,
    uid: str,
    known: bool = False,
    person: str = "",
    segments: Mapping[str, tuple[int, int | None]] | None = None,
) -> View:
    """The view of a person.

    Args:
        sources: the states by source, in any order.
        segments: memberships, worked out elsewhere.
    """
    states = [state for _source, state in sorted(sources, key=lambda pair: pair[0])]
    merged = fold_left(merge, states) if states else EMPTY
    return View(uid, known, person, hot(merged), dict(segments or {}))


def merge(one: SourceState, other: SourceState) -> SourceState:
    """What two sources have together."""
    return SourceState(
        attributes=stamped.newest(stamped.merge(one.attributes, other.attributes), MOST_ATTRIBUTES),
        consent=consent.merge(one.consent, other.consent),
        counters=decay.merge(one.counters, other.counters),
        days={
            name: days.merge(one.days.get(name, Days()), other.days.get(name, Days()))
            for name in {**one.days, **other.days}
        },
        totals={name: _total(one.totals.get(name), other.totals.get(name)) for name in {**one.totals, **other.totals}},
        interests=decay.strongest(decay.merge(one.interests, other.interests), MOST_TOPICS),
        sessions=sessions.merge(one.sessions, other.sessions),
        exposures=exposures.merge(one.exposures, other.exposures),
        preferences=preferences.merge(one.preferences, other.preferences),
        first_seen=min(one.first_seen or other.first_seen, other.first_seen or one.first_seen),
        last_seen=max(one.last_seen, other.last_seen),
        schema=max(one.schema, other.schema),
    )


def hot(state: SourceState) -> SourceState:
    """A state cut to what decisions read."""
    said = {key: one._replace(id="") for key, one in state.preferences.items() if _read(key, one)}
    return msgspec.structs.replace(
        state,
        attributes={name: Stamped(one.value, 0, "") for name, one in state.attributes.items() if one.value is not None},
        consent={purpose: word._replace(id="") for purpose, word in state.consent.items()},
        totals={},
        interests=decay.strongest(state.interests, MOST_HOT_TOPICS),
        sessions=sessions.shortened(state.sessions, _OPEN),
        exposures=exposures.newest(state.exposures, MOST_HOT_INSTANTS),
        preferences=stamped.newest(said, MOST_HOT_PREFERENCES),
    )


def encode(view: View) -> bytes:
    """A view as it is copied."""
    return _encoder.encode(view)


def decode(octets: bytes) -> View:
    """A view as it was copied. Raises BadViewError."""
    try:
        return _decoder.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadViewError("not a view of a format that is known") from error


def _read(key: str, said: Stamped) -> bool:
    """Whether decisions read a preference: ratings themselves they do not."""
    return said.value is not None and (not key.startswith(preferences.ENTRY) or said.value == preferences.DISMISSED)


def _total(one: Total | None, other: Total | None) -> Total:
    one, other = one or Total(), other or Total()
    return Total(one.events + other.events, one.thousandths + other.thousandths)
