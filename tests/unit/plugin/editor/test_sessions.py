"""Sessions, forms and tries: who gets in, and how long they stay."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode

import pytest

from plugin.editor.sessions import IDLE, LONGEST, Sessions
from plugin.editor.tries import MOST, WITHIN, Tries
from plugin.errors import RateLimited
from tests.unit.plugin.web.small_app import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions("key", clock, lambda: "nonce")


def test_a_session_comes_back_as_it_was(sessions: Sessions) -> None:
    session = sessions.begin("ada", {"read", "write"})
    assert sessions.read(sessions.write(session)) == session


def test_the_cookie_holds_a_name_scopes_and_an_end_and_nothing_else(sessions: Sessions) -> None:
    payload = sessions.write(sessions.begin("ada", {"read"})).partition(".")[0]
    assert set(json.loads(urlsafe_b64decode(payload))) == {"name", "scopes", "began", "ends", "nonce"}


def test_a_session_ends(sessions: Sessions, clock: Clock) -> None:
    cookie = sessions.write(sessions.begin("ada", {"read"}))
    clock.move(IDLE.total_seconds() - 1)
    assert sessions.read(cookie) is not None
    clock.move(1)
    assert sessions.read(cookie) is None


def test_use_makes_it_last_longer_but_not_for_ever(sessions: Sessions, clock: Clock) -> None:
    session = sessions.begin("ada", {"read"})
    assert sessions.renewed(session) is None, "that is not due yet"
    lasted = 0.0
    while True:
        clock.move(3600)
        lasted += 3600
        if sessions.read(sessions.write(session)) is None:
            break
        session = sessions.renewed(session) or session
    assert lasted == LONGEST.total_seconds()


@pytest.mark.parametrize("cookie", [None, "", ".", "e30=.", "é.é", "x" * 5000, "bm8=.0000"])
def test_what_was_not_signed_here_is_no_session(sessions: Sessions, cookie: str | None) -> None:
    assert sessions.read(cookie) is None


def test_a_changed_cookie_is_no_session(sessions: Sessions, clock: Clock) -> None:
    other = Sessions("another key", clock, lambda: "nonce")
    mine, theirs = (one.write(one.begin("ada", {"read"})) for one in (sessions, other))
    more = sessions.write(sessions.begin("ada", {"read", "publish"}))
    assert sessions.read(theirs) is None
    assert sessions.read(more.partition(".")[0] + "." + mine.partition(".")[2]) is None


def test_a_form_belongs_to_one_session(sessions: Sessions) -> None:
    token = sessions.form_token("mine")
    assert sessions.is_form_token("mine", token)
    assert not sessions.is_form_token("theirs", token)
    assert not sessions.is_form_token("mine", "é")
    assert not sessions.is_form_token("mine", "")


def test_after_too_many_failures_an_address_waits(clock: Clock) -> None:
    tries = Tries(clock)
    for _ in range(MOST):
        tries.admit("192.0.2.1")
        tries.failed("192.0.2.1")
    with pytest.raises(RateLimited) as refused:
        tries.admit("192.0.2.1")
    assert refused.value.retry_after_s == WITHIN.total_seconds()
    tries.admit("192.0.2.2")
    clock.move(WITHIN.total_seconds())
    tries.admit("192.0.2.1")


def test_a_household_counts_as_one_address(clock: Clock) -> None:
    tries = Tries(clock)
    for number in range(MOST):
        tries.failed(f"2001:db8::{number}")
    with pytest.raises(RateLimited):
        tries.admit("2001:db8::ffff")
    tries.admit("2001:db8:0:1::1")


def test_success_forgets_failures(clock: Clock) -> None:
    tries = Tries(clock)
    for _ in range(MOST - 1):
        tries.failed("192.0.2.1")
    tries.succeeded("192.0.2.1")
    tries.failed("192.0.2.1")
    tries.admit("192.0.2.1")
