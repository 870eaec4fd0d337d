"""What visitors say they like: topics and entries, and their answers to questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from plugin.profiles import stamped
from plugin.profiles.limits import MOST_PREFERENCES
from plugin.profiles.stamped import Stamped, Values

TOPIC, ENTRY, ANSWER = "t:", "e:", "a:"
LIKED, DISLIKED, DISMISSED = 1, -1, 0
"""Of a topic: LIKED or DISLIKED. Of an entry: its rating from 1 to 5, or DISMISSED."""


def put(preferences: Values, said: Mapping[str, object], time_ms: int, identifier: str) -> dict[str, Stamped]:
    """With what was said, by key (TOPIC, ENTRY or ANSWER and a name; None takes it back); the newest 200 are kept."""
    return merge(preferences, {key: Stamped(value, time_ms, identifier) for key, value in said.items()})


def merge(one: Values, other: Values, most: int = MOST_PREFERENCES) -> dict[str, Stamped]:
    """Those of both."""
    return stamped.newest(stamped.merge(one, other), most)


def topics(preferences: Values, value: int) -> list[str]:
    """The topics that are LIKED or DISLIKED, the last one said first."""
    return list(_said(preferences, TOPIC, value))


def dismissed(preferences: Values) -> list[str]:
    """The entries that were dismissed, the last one first."""
    return list(_said(preferences, ENTRY, DISMISSED))


def answer(preferences: Values, question: str) -> object:
    """What was answered to a question, or None."""
    found = preferences.get(ANSWER + question)
    return found.value if found is not None else None


def _said(preferences: Values, kind: str, value: int) -> Iterator[str]:
    # Of one instant by name: views leave out the ids.
    found = [
        (-one.time, key.removeprefix(kind))
        for key, one in preferences.items()
        if key.startswith(kind) and one.value == value
    ]
    for _time, name in sorted(found):
        yield name
