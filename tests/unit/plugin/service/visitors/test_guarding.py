"""Ids that the site knows: what browsers send under them, with and without the user's token."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from plugin.errors import ServiceUnavailable
from plugin.flow.context import RawRequest
from plugin.profiles.events import UNPROVEN
from plugin.profiles.identity import is_guessable
from plugin.service.events.ingest import Ingesting
from plugin.service.visitors.guarding import Guard
from plugin.service.visitors.user_tokens import UserTokens
from tests.unit.plugin.service.events.test_ingest import event, send
from tests.unit.plugin.service.knowing import USER_KEY, user_token
from tests.unit.plugin.service.site_support import NOW, Clock
from tests.unit.plugin.service.taking import HASHER, HeldStream, taking

ANN = {"visitor_id": "ann"}


def token(user: str, ends: float = 60) -> str:
    return user_token({"sub": user, "exp": NOW.timestamp() + ends})


def guarded(stream: HeldStream, *reserved: str, away: bool = False) -> Ingesting:
    sources = {HASHER.source(one) for one in reserved}

    def of(asked: Collection[str]) -> Collection[str]:
        if away:
            raise ServiceUnavailable("away")
        return sources.intersection(asked)

    clock = Clock()
    return taking(stream, clock, guard=Guard(of, UserTokens(USER_KEY, now_ms=lambda: NOW_MS).user))


NOW_MS = round(NOW.timestamp() * 1000)


@pytest.fixture
def stream() -> HeldStream:
    return HeldStream()


def test_an_event_of_a_known_id_needs_the_token_and_others_beside_it_do_not(stream: HeldStream) -> None:
    taken = send(guarded(stream, "ann"), event(1), event(2, **ANN), event(3))
    assert (taken.accepted, [(one.index, one.pointer) for one in taken.rejected]) == (2, [(1, "/events/1/visitor_id")])
    assert "user token" in taken.rejected[0].detail
    assert [one.flags for one in stream.events] == [UNPROVEN, UNPROVEN], "applying decides whether it matters"


def test_with_the_token_of_the_body_or_of_the_header_it_is_taken(stream: HeldStream) -> None:
    service = guarded(stream, "ann")
    by_body = service.accept(
        RawRequest.of({}), [b'{"id": "e-1", "type": "view", "visitor_id": " ann "}'], token=token("ann")
    )
    by_header = send(service, event(2, **ANN), event(3), headers={"X-Tessera-User-Token": token("ann")})
    assert (by_body.accepted, by_header.accepted) == (1, 2)
    assert [one.flags for one in stream.events] == [0, 0, UNPROVEN]


@pytest.mark.parametrize("bad", [token("bob"), token("ann", ends=-1), "a.b.c", ""])
def test_another_users_token_or_one_that_is_over_is_none(stream: HeldStream, bad: str) -> None:
    taken = send(guarded(stream, "ann"), event(1, **ANN), event(2), headers={"X-Tessera-User-Token": bad})
    assert (taken.accepted, len(taken.rejected)) == (1, 1)


def test_the_sites_server_needs_none(stream: HeldStream) -> None:
    assert send(guarded(stream, "ann"), event(1, **ANN), trusted_body=True).accepted == 1
    assert stream.events[0].flags == 0


def test_while_nobody_can_say_what_is_reserved_it_is_taken_and_marked(stream: HeldStream) -> None:
    assert send(guarded(stream, "ann", away=True), event(1, **ANN)).accepted == 1
    assert stream.events[0].flags == UNPROVEN


@pytest.mark.parametrize(
    ("raw", "guessable"),
    [
        ("0f3a9c1e5b7d2846a1c3e5f708192b4d", False),
        ("0F3A9C1E5B7D2846A1C3E5F708192B4D", False),
        ("3f2b8c6e-1d4a-4f7b-9e2c-6a5d8b0c1e3f", False),
        ("3f2b8c6e-1d4a-1f7b-9e2c-6a5d8b0c1e3f", True),  # of the time and a machine
        ("00000000000000000000000000123456", True),
        ("reader-7", True),
        ("ann@example.com", True),
        ("", True),
    ],
)
def test_what_could_be_guessed(raw: str, guessable: bool) -> None:
    assert is_guessable(raw) is guessable
