"""What consent lets in, and what a refusal takes out."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.profiles import consent
from plugin.profiles.attributes import put
from plugin.profiles.state import EMPTY, Consent, SourceState
from tests.unit.profiles.support import DAY, NOW, event, state_of

PURPOSES = {"plan": "personalization", "segment_of_crm": "analytics", "newsletter": None}
YES, NO = Consent(True, NOW, "a", 0), Consent(False, NOW, "a", NOW)
AGAIN = Consent(True, NOW + 2, "b", NOW)


def record(state: SourceState, purpose: str, allowed: bool, time: int = NOW, by: str = "a") -> SourceState:
    return consent.record(state, purpose, allowed=allowed, time_ms=time, identifier=by, purposes=PURPOSES)


@pytest.mark.parametrize(
    ("said", "stored", "time", "kept", "kept_where_denied"),
    [
        (None, None, NOW, True, False),
        (True, None, NOW, True, True),
        (False, None, NOW, False, False),
        (False, YES, NOW, False, False),
        (None, YES, NOW, True, True),
        (None, NO, NOW + 1, False, False),
        (True, NO, NOW + 1, True, True),
        (True, NO, NOW, False, False),
        (None, AGAIN, NOW + 1, True, True),
        (None, AGAIN, NOW, False, False),
        (True, AGAIN, NOW - DAY, False, False),
    ],
)
def test_what_was_said_and_what_is_stored_decide(
    said: bool | None, stored: Consent | None, time: int, kept: bool, kept_where_denied: bool
) -> None:
    one = event(time=time, consent=said)
    words = {"personalization": stored} if stored else {}
    assert consent.event_applies(one, words, deny_unknown=False) is kept
    assert consent.event_applies(one, words, deny_unknown=True) is kept_where_denied
    assert consent.event_applies(event("scroll", value=1.0), words, deny_unknown=False)


def test_attributes_are_kept_by_their_purposes() -> None:
    values = {"plan": "pro", "segment_of_crm": "a", "newsletter": None, "unknown": 1}

    def kept(said: dict[str, bool], deny: bool = False) -> Any:
        found = consent.values_apply(values, PURPOSES, said, {"personalization": NO}, time_ms=NOW, deny_unknown=deny)
        return set(found)

    assert kept({}) == {"segment_of_crm", "newsletter"}
    assert kept({}, deny=True) == {"newsletter"}
    assert kept({"analytics": False}) == {"newsletter"}
    assert kept({"analytics": True}, deny=True) == {"segment_of_crm", "newsletter"}


def test_accepting_asks_only_what_was_said() -> None:
    assert consent.accepts({}, "analytics")
    assert consent.accepts({"analytics": True}, "analytics")
    assert not consent.accepts({"analytics": False}, "analytics")


def full() -> SourceState:
    state = state_of(
        event("impression", content_id="dune"),
        event("view", content_id="dune"),
        event("rating", content_id="dune", value=5.0),
        event("scroll", value=50.0),
    )
    return put(state, {"plan": "pro", "segment_of_crm": "a", "newsletter": "weekly"}, time_ms=NOW, identifier="e")


def test_a_refusal_takes_out_what_was_for_its_purpose_and_nothing_else() -> None:
    left = record(full(), "personalization", False)
    assert set(left.attributes) == {"segment_of_crm"}
    assert set(left.counters.weights) == set(left.days) == set(left.totals) == {"scroll"}
    emptied = ("interests", "sessions", "exposures", "preferences", "first_seen", "last_seen")
    assert all(getattr(left, name) == getattr(EMPTY, name) for name in emptied)
    assert left.consent == {"personalization": NO}

    left = record(full(), "analytics", False)
    assert set(left.attributes) == {"plan", "newsletter"}
    assert "scroll" not in left.counters.weights
    assert left.sessions.count == 1


def test_both_refusals_leave_the_words_alone() -> None:
    left = record(record(full(), "personalization", False), "analytics", False)
    assert left == record(record(EMPTY, "personalization", False), "analytics", False)


def test_a_yes_takes_nothing_out() -> None:
    state = record(full(), "personalization", True)
    assert state.interests == full().interests
    assert state.consent["personalization"] == YES


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_the_last_word_counts_in_whatever_order_words_come(order: tuple[int, ...]) -> None:
    words = [(True, NOW - 5, "a"), (False, NOW, "b"), (True, NOW + 5, "c")]
    state = EMPTY
    for index in order:
        state = record(state, "analytics", *words[index])
    assert state.consent["analytics"] == Consent(True, NOW + 5, "c", NOW)
    other = record(EMPTY, "analytics", False, NOW + 9, "d").consent
    assert consent.merge(state.consent, other) == consent.merge(other, state.consent) == other


def test_of_two_words_at_once_the_refusal_counts() -> None:
    for first in (True, False):
        state = record(record(EMPTY, "analytics", first), "analytics", not first)
        assert state.consent["analytics"] == NO
