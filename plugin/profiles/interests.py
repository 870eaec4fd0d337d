"""What is learned of a visitor's topics from what they read."""

from __future__ import annotations

from collections.abc import Mapping

from plugin.profiles import decay, preferences
from plugin.profiles.decay import Decayed
from plugin.profiles.events import Event
from plugin.profiles.limits import LONGEST_TOPIC, MOST_TOPICS, MOST_TOPICS_OF_ENTRY
from plugin.profiles.preferences import DISLIKED, LIKED
from plugin.profiles.stamped import Values

_PREFIX = "topic:"
_WEIGHTS = {"view": 1.0, "click": 1.0, "dismiss": -2.0, "add_to_cart": 2.0, "purchase": 4.0}
_MOST_OF_DWELL = 2.0
_SECONDS_OF_DWELL = 30.0
_MIDDLE_RATING = 3.0
_FAINTEST = 0.1
"""Weaker than this, a topic is not called an interest: one view after three half-lives still is."""


def weight_of(event: Event) -> float:
    """What an event says of the topics of its entry; 0: nothing."""
    if event.type == "dwell":
        return min((event.value or 0.0) / _SECONDS_OF_DWELL, _MOST_OF_DWELL)
    if event.type == "rating":
        return (event.value or _MIDDLE_RATING) - _MIDDLE_RATING
    return _WEIGHTS.get(event.type, 0.0)


def topics_of(entry: Mapping[str, object] | None) -> tuple[str, ...]:
    """The topics of an entry: its field `topics`, and its tags `topic:NAME`; at most 16."""
    if entry is None:
        return ()
    found: dict[str, None] = {}
    field = entry.get("topics")
    for name in field if isinstance(field, list | tuple) else (field,):
        if isinstance(name, str) and 0 < len(name) <= LONGEST_TOPIC:
            found[name] = None
    tags = entry.get("tags")
    for tag in tags if isinstance(tags, list | tuple) else ():
        if isinstance(tag, str) and tag.startswith(_PREFIX) and len(_PREFIX) < len(tag) <= LONGEST_TOPIC:
            found[tag[len(_PREFIX) :]] = None
    return tuple(found)[:MOST_TOPICS_OF_ENTRY]


def learn(interests: Decayed, event: Event, entry: Mapping[str, object] | None, half_life_ms: int) -> Decayed:
    """With what an event says of its entry's topics.

    At most 256 topics are kept, those furthest from nothing. Only to a visitor of more can the order of arrival make
    a difference, and none larger than the weight of the faintest kept.
    """
    weight = weight_of(event)
    topics = topics_of(entry) if weight else ()
    if not topics:
        return interests
    return decay.strongest(decay.add(interests, dict.fromkeys(topics, weight), event.time, half_life_ms), MOST_TOPICS)


def strongest(interests: Decayed, said: Values, now_ms: int, most: int) -> list[str]:
    """Topics, those that the visitor said they like first, then by weight, then by name; never one they dislike."""
    liked = preferences.topics(said, LIKED) if said else []
    out = {*liked, *preferences.topics(said, DISLIKED)} if said else frozenset()
    factor = interests.factor(now_ms)
    ranked = sorted(
        (-rounded, name)
        for name, weight in interests.weights.items()
        if name not in out and (rounded := round(weight * factor, decay.DECIMALS)) >= _FAINTEST
    )
    return [*liked, *(name for _weight, name in ranked)][:most]
