"""What is kept of somebody, written so that they can read it: for access requests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from plugin.profiles.days import Days
from plugin.profiles.events import BOT, PREFETCH, TOKEN_REFUSED, Event
from plugin.profiles.preferences import ANSWER, DISLIKED, DISMISSED, ENTRY, LIKED, TOPIC
from plugin.profiles.settings import DEFAULT, Settings
from plugin.profiles.stamped import Stamped
from plugin.profiles.state import SourceState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FLAGS = {BOT: "robot", PREFETCH: "prefetch", TOKEN_REFUSED: "decision token refused"}
_KINDS = {TOPIC: "topic", ENTRY: "entry", ANSWER: "question"}
_WORDS: Mapping[tuple[str, object], str] = {
    (TOPIC, LIKED): "liked",
    (TOPIC, DISLIKED): "disliked",
    (ENTRY, DISMISSED): "dismissed",
}


def readable(state: SourceState, now_ms: int, settings: Settings = DEFAULT) -> dict[str, object]:
    """A state as values of JSON: complete, with names for what it abbreviates and instants in ISO 8601."""
    types = sorted({*state.totals, *state.days, *state.counters.weights})
    return {
        "first_seen": instant(state.first_seen) if state.first_seen else None,
        "last_seen": instant(state.last_seen) if state.last_seen else None,
        "attributes": {name: _said(one) for name, one in sorted(state.attributes.items())},
        "consent": {
            purpose: {
                "allowed": word.allowed,
                "said": instant(word.time),
                "by": word.id,
                "refused_until": instant(word.refused) if word.refused else None,
            }
            for purpose, word in sorted(state.consent.items())
        },
        "events": {name: _of_type(state, name, now_ms, settings) for name in types},
        "interests": {name: state.interests.at(name, now_ms) for name in sorted(state.interests.weights)},
        "preferences": [_preference(key, one) for key, one in sorted(state.preferences.items())],
        "visits": {
            "count": state.sessions.count,
            "latest": [
                {"start": instant(one.start), "end": instant(one.end), "page_views": one.views}
                for one in state.sessions.open
            ],
            "earlier_by_day": {day: count for day, count, _sum in _by_day(state.sessions.starts)},
            "latest_of_earlier_ended": instant(state.sessions.last_end) if state.sessions.last_end else None,
        },
        "shown": {
            name: [instant(second * 1_000) for second in seconds] for name, seconds in sorted(state.exposures.items())
        },
        "attributes_checked_by_rule_set": state.schema or None,
    }


def readable_event(event: Event) -> dict[str, object]:
    """An event as values of JSON, without what is not there."""
    decided = event.decided
    found = {
        "id": event.id,
        "type": event.type,
        "time": instant(event.time),
        "received": instant(event.received),
        "purpose": event.purpose,
        "consent": event.consent,
        "content_id": event.content_id,
        "slot": event.slot,
        "value": event.value,
        "properties": event.properties,
        "decision_id": event.decision_id,
        "decision": {
            "rule_set": decided.ruleset,
            "slot": decided.slot,
            "audience_key": decided.key,
            "arms": decided.arms,
        }
        if decided is not None
        else None,
        "marked": [word for flag, word in _FLAGS.items() if event.flags & flag] or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def instant(milliseconds: int) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _said(one: Stamped) -> dict[str, object]:
    return {"value": one.value, "said": instant(one.time), "by": one.id}


def _of_type(state: SourceState, name: str, now_ms: int, settings: Settings) -> dict[str, object]:
    total, days = state.totals.get(name), state.days.get(name, Days())
    return {
        "purpose": settings.types.purpose_of(name),
        "ever": total.events if total is not None else 0,
        "values_ever": total.thousandths / 1_000 if total is not None else 0,
        "now_weighs": state.counters.at(name, now_ms),
        "by_day": {day: {"count": count, "values": values} for day, count, values in _by_day(days)},
    }


def _preference(key: str, one: Stamped) -> dict[str, object]:
    kind, name = key[:2], key[2:]
    # True equals 1: only the words for topics and entries are looked up, whose values are numbers.
    value = one.value if kind == ANSWER else _WORDS.get((kind, one.value), one.value)
    return {_KINDS[kind]: name, **_said(one), "value": value}


def _by_day(days: Days) -> list[tuple[str, int, float]]:
    first = date(1970, 1, 1)
    sums = (*days.sums, *[0] * (len(days.counts) - len(days.sums)))
    return [
        ((first + timedelta(days=days.newest - index)).isoformat(), count, total / 1_000)
        for index, (count, total) in enumerate(zip(days.counts, sums, strict=False))
        if count
    ]
