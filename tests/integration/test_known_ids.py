"""Ids that the site knows, as they are wired: browsers with the public key say nothing of them without a user token."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from plugin.service.delivery.sites import Sites
from plugin.setting_kinds import Secret
from plugin.store import open_store
from plugin.wiring import visiting
from plugin.wiring.applying import Applying
from tests.integration.privacy.site import Place, Running, place, running
from tests.unit.plugin.service.knowing import user_token

KEY = "u" * 32
VIEW = {"type": "view"}


def token(user: str) -> str:
    return user_token({"sub": user, "exp": int(time.time()) + 300}, key=KEY.encode())


@pytest.fixture
def where(tmp_path: Path) -> Place:
    return place(tmp_path, user_token_key=Secret(KEY), known_ids_need_token=True)


@pytest.fixture
def app(where: Place) -> Iterator[Running]:
    with running(where) as made:
        made.ask("POST", "/v1/identify", json={"visitor_id": "phone", "user_id": "ann"})
        made.ask("PATCH", "/v1/visitors/carl", json={"attributes": {"tier": "gold"}})
        yield made


def say(app: Running, path: str, status: int, **body: Any) -> Any:
    answer = app.client.post(f"{path}?key=public", json=body)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def test_events_of_a_known_id_are_rejected_by_name_and_taken_with_the_token(app: Running) -> None:
    for visitor in ("ann", "carl"):
        told = app.events(visitor, VIEW)
        assert (told["accepted"], told["rejected"][0]["pointer"]) == (0, "/events/0/visitor_id")
        assert "user token" in told["rejected"][0]["detail"]
        body = {"events": [{"id": f"with-{visitor}", "visitor_id": visitor, **VIEW}], "user_token": token(visitor)}
        assert say(app, "/v1/events", 202, **body)["accepted"] == 1
        with_header = app.events(visitor, VIEW, **{"X-Tessera-User-Token": token(visitor)})
        assert with_header["accepted"] == 1
    assert app.events("phone", VIEW)["accepted"] == 1, "the device that signed in goes on under its own id"


def test_so_are_those_that_come_with_a_question(app: Running) -> None:
    asked = {"slots": [{"id": "feed"}], "visitor": {"id": "ann"}, "events": [VIEW, VIEW]}
    told = say(app, "/v1/personalize", 200, **asked)
    assert [one["pointer"] for one in told["errors"]] == ["/events/0/visitor_id", "/events/1/visitor_id"]
    answer = app.client.post("/v1/personalize?key=public", json=asked, headers={"X-Tessera-User-Token": token("ann")})
    assert answer.get_json()["errors"] == []
    assert answer.get_json()["slots"]["feed"]["blocks"][0]["id"] == "reading"


def test_what_a_browser_says_of_a_known_id_needs_its_token(app: Running) -> None:
    refusal = {"visitor_id": "carl", "consent": {"personalization": False}}
    say(app, "/v1/preferences", 403, **refusal)
    say(app, "/v1/preferences", 403, **refusal, user_token=token("ann"))
    say(app, "/v1/identify", 409, visitor_id="carl", user_token=token("mallory"))
    assert app.shown("carl") == "gold"
    say(app, "/v1/preferences", 200, **refusal, user_token=token("carl"))
    assert app.shown("carl") == "plain"


def test_where_the_settings_allow_it_a_browser_needs_none(where: Place) -> None:
    with running(where, known_ids_need_token=False) as app:
        app.ask("POST", "/v1/identify", json={"visitor_id": "phone", "user_id": "ann"})
        assert app.events("ann", VIEW)["accepted"] == 1
        say(app, "/v1/preferences", 200, visitor_id="ann", consent={"personalization": False})


def test_what_was_accepted_before_the_site_knew_the_id_is_decided_when_it_is_applied(where: Place) -> None:
    with running(where, apply_events=False) as app:
        order = {"id": "order-7", "type": "purchase", "value": 5}
        assert app.events("ann", order, VIEW, wait=False)["accepted"] == 2
        app.ask("POST", "/v1/identify", json={"visitor_id": "ann", "user_id": "ann"})
    assert applied(where) == {"unproven": 2}
    with running(where, apply_events=False) as app:
        events = [{**order, "visitor_id": "ann"}]
        told = app.ask("POST", "/v1/events", status=202, json={"events": events})
        assert (told["accepted"], told["rejected"]) == (1, []), "its id was not taken by whoever had no right to it"
    assert applied(where) == {"applied": 1}


def applied(where: Place) -> dict[str, int]:
    """Apply what waits; gives what became of it."""
    counts: dict[str, int] = {}

    def count(outcome: str, number: int) -> None:
        counts[outcome] = counts.get(outcome, 0) + number

    with ExitStack() as closing:
        store = open_store(where.settings.database_url.reveal())
        closing.callback(store.close)
        kept = visiting.open_visiting(where.settings, store, "k" * 32, closing)
        sites = Sites(store.rulesets, store.content, poll_s=60)
        sites.refresh()
        applying = Applying(kept, store, lambda: sites.site, deny_unknown=False, in_flight_ms=86_400_000, count=count)
        closing.callback(applying.stop)
        while kept.stream.backlog().count:
            applying._worker.step()
    return counts
