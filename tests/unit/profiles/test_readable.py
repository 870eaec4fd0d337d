"""What is kept of somebody, as they can read it."""

from __future__ import annotations

import json

from plugin.profiles.attributes import put
from plugin.profiles.consent import record
from plugin.profiles.events import BOT, Decided
from plugin.profiles.readable import instant, readable, readable_event
from plugin.profiles.state import EMPTY, SourceState
from tests.unit.profiles.support import DAY, NOW, event, state_of


def test_everything_is_there_in_words() -> None:
    state = state_of(
        event("impression", NOW - 20 * DAY, "dune"),
        event("purchase", NOW, value=12.5),
        event("dismiss", NOW, "dune"),
        event("rating", NOW, "alps", value=4.0),
    )
    state = put(state, {"plan": "pro"}, time_ms=NOW, identifier="e-9", schema=7)
    state = record(state, "analytics", allowed=False, time_ms=NOW, identifier="e-8", purposes={})
    found = readable(state, NOW)
    assert json.loads(json.dumps(found)) == found
    assert found["first_seen"] == "2026-11-02T00:00:00.000Z"
    assert found["attributes"] == {"plan": {"value": "pro", "said": "2026-11-22T00:00:00.000Z", "by": "e-9"}}
    assert found["consent"] == {
        "analytics": {"allowed": False, "said": instant(NOW), "by": "e-8", "refused_until": instant(NOW)}
    }
    assert found["events"]["purchase"] == {  # type: ignore[index]
        "purpose": "personalization",
        "ever": 1,
        "values_ever": 12.5,
        "now_weighs": 1.0,
        "by_day": {"2026-11-22": {"count": 1, "values": 12.5}},
    }
    assert found["interests"] == {"desert": -2.0, "mountains": 1.0, "sci-fi": -2.0}
    assert [(one.get("entry"), one["value"]) for one in found["preferences"]] == [  # type: ignore[attr-defined]
        ("alps", 4.0),
        ("dune", "dismissed"),
    ]
    assert found["visits"] == {
        "count": 2,
        "latest": [{"start": instant(NOW), "end": instant(NOW), "page_views": 0}],
        "earlier_by_day": {"2026-11-02": 1},
        "latest_of_earlier_ended": "2026-11-02T00:00:00.000Z",
    }
    assert found["shown"] == {"dune": ["2026-11-02T00:00:00.000Z"]}


def test_no_part_of_a_state_is_left_out() -> None:
    """A new part has to be thought about here too."""
    shown = {"counters": "events", "days": "events", "totals": "events", "sessions": "visits", "exposures": "shown"}
    shown["schema"] = "attributes_checked_by_rule_set"
    assert {shown.get(name, name) for name in SourceState.__struct_fields__} == readable(EMPTY, NOW).keys()


def test_events_are_readable_without_what_is_not_there() -> None:
    decided = Decided(7, "home.hero", "k-1", {"copy": "bold"})
    found = readable_event(event("click", NOW, "dune", decided=decided, flags=BOT))
    assert found["decision"] == {"rule_set": 7, "slot": "home.hero", "audience_key": "k-1", "arms": {"copy": "bold"}}
    assert (found["marked"], found["time"]) == (["robot"], instant(NOW))
    assert not {"value", "properties", "source", "uid", "digest"} & found.keys()
