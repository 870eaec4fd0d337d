"""Events and moments for the tests of `plugin.profiles`."""

from __future__ import annotations

from itertools import count
from typing import Any

from plugin.profiles.events import Event
from plugin.profiles.fold import View, fold
from plugin.profiles.reduce import reduce
from plugin.profiles.settings import DEFAULT, Settings
from plugin.profiles.state import EMPTY, SourceState

NOW = 1_795_305_600_000
"""2026-11-22T00:00:00Z: a midnight, so that days are easily counted."""
HOUR = 3_600_000
DAY = 24 * HOUR
MINUTE = 60_000
ENTRIES: dict[str, dict[str, Any]] = {
    "dune": {"id": "dune", "type": "article", "topics": ["sci-fi", "desert"]},
    "lem": {"id": "lem", "type": "article", "tags": ["topic:sci-fi", "vip"]},
    "alps": {"id": "alps", "type": "article", "topics": ["mountains"]},
}
_numbers = count()


def event(type_: str = "view", time: int = NOW, content_id: str | None = None, **more: Any) -> Event:
    """An event as judging makes it."""
    purpose = DEFAULT.types.purpose_of(type_)
    given = {"id": f"e-{next(_numbers)}", "source": "s" * 32, "key_version": 1, "uid": "u" * 32, "received": time}
    given |= {"digest": b"", "purpose": purpose} | more
    return Event(type=type_, time=time, content_id=content_id, **given)


def state_of(*events: Event, start: SourceState = EMPTY, settings: Settings = DEFAULT) -> SourceState:
    """What is kept after events, in this order of arrival."""
    state = start
    for one in events:
        state = reduce(state, one, ENTRIES.get(one.content_id or ""), settings) or state
    return state


def view_of(*events: Event, **more: Any) -> View:
    """The view of a visitor with one source."""
    return fold([("s", state_of(*events))], uid="u", **more)
