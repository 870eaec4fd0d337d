"""Attributes that are worked out from what is kept, at the instant of a decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import NamedTuple

from plugin.profiles import interests, preferences
from plugin.profiles.fold import View
from plugin.profiles.limits import DAY_MS, MOST_TOPICS_SHOWN, SECOND_MS
from plugin.profiles.preferences import DISLIKED, LIKED
from plugin.profiles.settings import Settings
from rules.attributes import Type

Read = Callable[[View, int, Settings], object]
_HALF_ENGAGED = 20.0
"""The weighted events, decayed, at which engagement is 50: a purchase, a sign-up and ten pages read this week."""


class Derived(NamedTuple):
    """One derived attribute: its type, and how it is read of a view at an instant; None where it is missing."""

    type: Type
    read: Read


def derived(name: str, settings: Settings) -> Derived | None:
    """The derived attribute of a name without `profile.`, or None."""
    found = _FIXED.get(name)
    if found is not None:
        return found
    event_type, how = _parts(name)
    return _of_type(event_type, how) if how and event_type in settings.types else None


def topics(view: View, now_ms: int, _settings: Settings) -> list[str] | None:
    """The strongest interests, strongest first."""
    state = view.state
    return interests.strongest(state.interests, state.preferences, now_ms, MOST_TOPICS_SHOWN) or None


def _top_topic(view: View, now_ms: int, settings: Settings) -> object:
    found = topics(view, now_ms, settings)
    return found[0] if found else None


def _engagement(view: View, now_ms: int, settings: Settings) -> object:
    counters = view.state.counters
    factor = counters.factor(now_ms)
    total = 0.0
    for name, weight in counters.weights.items():
        type_ = settings.types.get(name)
        if type_ is not None:
            total += type_.engagement * weight
    return round(100 * (1 - 2 ** -(round(total * factor, 6) / _HALF_ENGAGED)))


def _recency(view: View, now_ms: int, _settings: Settings) -> object:
    last = view.state.last_seen
    return max(now_ms - last, 0) // DAY_MS if last else None


def _frequency(view: View, now_ms: int, _settings: Settings) -> object:
    return view.state.sessions.within(now_ms // DAY_MS, 30)


def _value(view: View, now_ms: int, _settings: Settings) -> object:
    found = view.state.days.get("purchase")
    return found.sum_within(now_ms // DAY_MS, 30) if found is not None else 0


def _liked(value: int, view: View, _now_ms: int, _settings: Settings) -> object:
    return preferences.topics(view.state.preferences, value) or None


def _dismissed(view: View, _now_ms: int, _settings: Settings) -> object:
    return preferences.dismissed(view.state.preferences) or None


def _within(event_type: str, number: int, view: View, now_ms: int, _settings: Settings) -> object:
    found = view.state.days.get(event_type)
    return found.within(now_ms // DAY_MS, number) if found is not None else 0


def _decayed(event_type: str, view: View, now_ms: int, _settings: Settings) -> object:
    return view.state.counters.at(event_type, now_ms)


_FIXED: Mapping[str, Derived] = {
    "topics": Derived("string_list", topics),
    "top_topic": Derived("string", _top_topic),
    "engagement": Derived("number", _engagement),
    "recency_days": Derived("number", _recency),
    "frequency_30d": Derived("number", _frequency),
    "value_30d": Derived("number", _value),
    "likes": Derived("string_list", partial(_liked, LIKED)),
    "dislikes": Derived("string_list", partial(_liked, DISLIKED)),
    "dismissed": Derived("string_list", _dismissed),
}
_WINDOWS = {"7d": 7, "30d": 30}


@lru_cache(maxsize=1024)
def _parts(name: str) -> tuple[str, str]:
    """Event type and what of it, such as `add_to_cart` and `7d`."""
    event_type, _, how = name.rpartition("_")
    return (event_type, how) if how in _WINDOWS or how == "decayed" else ("", "")


@lru_cache(maxsize=1024)
def _of_type(event_type: str, how: str) -> Derived:
    if how == "decayed":
        return Derived("number", partial(_decayed, event_type))
    return Derived("number", partial(_within, event_type, _WINDOWS[how]))


def of_visits(view: View, now_ms: int) -> dict[str, object]:
    """The attributes that come of visits, that of the decision included, by their full names: OF_VISITS that are known.

    All at once: each needs the visit that goes on.
    """
    sessions = view.state.sessions
    count, current = sessions.count, sessions.current(now_ms)
    views = seconds = 0
    began = now_ms
    if current is None:
        count += 1
    else:
        began, views = current.start, current.views
        seconds = max(now_ms - began, 0) // SECOND_MS
    found: dict[str, object] = {
        "visitor.new": count == 1,
        "visitor.visits": count,
        "session.page_views": views,
        "session.seconds": seconds,
    }
    last = sessions.ended_before(began)
    if last is not None:
        found["visitor.days_since_last_visit"] = max(now_ms - last, 0) // DAY_MS
    return found


OF_VISITS = frozenset(
    {
        "visitor.new",
        "visitor.visits",
        "visitor.days_since_last_visit",
        "session.page_views",
        "session.seconds",
    }
)
"""Built-in attributes that come of visits, and so of the profile's own purpose."""
