"""What the storefront records of whom, and the panel that says what is known: without a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from plugin.app import create_app
from plugin.demo.known import because
from plugin.demo.live import said_of
from plugin.flow.context import RawRequest
from plugin.ports import Membership
from plugin.setting_kinds import DeliveryKey
from plugin.settings import Settings
from plugin.wiring.deciding import VISITOR_COOKIE

KEY = "demo-delivery-key"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"
MOUNTAINS = ("brenner-at-dawn", "twelve-tunnels", "towards-narvik")


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[Flask]:
    """With a delivery key, so that pages record."""
    made = create_app(replace(settings, delivery_keys=(DeliveryKey(KEY, frozenset()),)))
    yield made
    made.extensions["tessera"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    found = app.test_client()
    found.environ_base["HTTP_ACCEPT"] = "text/html"
    found.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    found.environ_base["HTTP_USER_AGENT"] = BROWSER
    return found


def tell(client: FlaskClient, *events: dict[str, object]) -> None:
    """Events that are applied when this ends."""
    answer = client.post(f"/v1/events?key={KEY}", json={"events": events}, headers={"Prefer": "wait=5"})
    assert answer.json is not None
    assert answer.json["accepted"] == len(events), answer.json


def views(visitor: str) -> list[dict[str, object]]:
    return [
        {"id": f"{visitor}-{slug}", "type": "view", "visitor_id": visitor, "content_id": slug} for slug in MOUNTAINS
    ]


def test_a_page_records_by_two_scripts_that_cannot_be_changed_on_the_way(client: FlaskClient) -> None:
    answer = client.get("/articles/twelve-tunnels")
    scripts = re.findall(r"<script ([^>]*)></script>", answer.text)
    assert len(scripts) == 2
    assert all("integrity=" in one and "defer" in one for one in scripts)
    assert f'data-key="{KEY}"' in scripts[0]
    assert 'data-content-id="twelve-tunnels"' in scripts[0]
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'; connect-src 'self'" in policy
    assert "unsafe" not in policy
    for address in re.findall(r'src="(/[^"]+\.js[^"]*)"', answer.text):
        with client.get(address) as script:
            assert script.status_code == 200


def test_each_slot_carries_what_its_events_bring_back(client: FlaskClient) -> None:
    text = client.get("/").text
    slots = re.findall(
        r'data-tessera-slot="([^"]+)" data-tessera-token="(d1\.[^"]+)" data-tessera-decision="(\w+)"', text
    )
    assert len(slots) >= 6
    assert len({decision for _slot, _token, decision in slots}) == 1
    marked = set(re.findall(r'data-tessera-block="([^"]+)"', text))
    assert marked == set(re.findall(r'data-block="([^"]+)"', text))


@pytest.mark.parametrize("query", ["?panel=set&visitor=v-odile", "?panel=set&visitor=v-luc&time=03:10"])
def test_who_is_invented_is_not_recorded(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/{query}")
    assert "<script" not in answer.text
    assert "data-tessera" not in answer.text
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "play somebody else" in answer.text


def test_the_panel_tells_what_was_done_and_the_group_that_it_came_to(client: FlaskClient) -> None:
    client.set_cookie(VISITOR_COOKIE, "reader-1")
    assert "Nothing yet." in client.get("/live?lang=en").text
    tell(client, *views("reader-1")[:2])
    assert 'data-segment="mountain-lovers"' not in client.get("/live?lang=en").text
    tell(client, views("reader-1")[2])
    text = client.get("/live?lang=en").text
    group = text[text.index('data-segment="mountain-lovers"') :]
    assert "opened The Brenner at five" in group
    assert "3\u00a0events" in text
    assert "Attiré par la montagne" not in text
    assert "ouvert" in client.get("/live?lang=fr").text


def test_what_is_known_of_one_is_not_shown_to_another(client: FlaskClient) -> None:
    tell(client, *views("reader-2"))
    client.set_cookie(VISITOR_COOKIE, "reader-3")
    assert "The Brenner at five" not in client.get("/live?lang=en").text
    client.delete_cookie(VISITOR_COOKIE)
    assert "The Brenner at five" not in client.get("/live?lang=en").text
    assert client.get("/live?lang=en").headers["Cache-Control"] == "private, no-store"


def test_forgetting_is_of_ones_own_browser_and_page_alone(client: FlaskClient) -> None:
    tell(client, *views("reader-4"))
    client.set_cookie(VISITOR_COOKIE, "reader-4")
    refused = client.post("/live/forget", headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403
    assert "Brenner" in client.get("/live?lang=en").text
    answer = client.post("/live/forget", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.json is not None
    assert re.fullmatch(r"\w{20,}", answer.json["receipt"])
    assert client.get_cookie(VISITOR_COOKIE) is None
    client.set_cookie(VISITOR_COOKIE, "reader-4")
    assert "Brenner" not in client.get("/live?lang=en").text
    assert client.get("/live/forget").status_code in (404, 405)


def test_who_has_no_id_has_nothing_to_forget(client: FlaskClient) -> None:
    answer = client.post("/live/forget")
    assert answer.json == {"receipt": None}


def test_a_refusal_is_told_whoever_said_it() -> None:
    assert said_of(RawRequest(cookies={"tessera_consent": "personalization=0,analytics=1"})) == {
        "personalization": False,
        "analytics": True,
    }
    by_signal = said_of(RawRequest(headers={"sec-gpc": ("1",)}))
    assert by_signal["personalization"] is False


@pytest.mark.parametrize(("reason", "events"), [("{}", []), ('{"at":1,"events":["a","b"]}', ["a", "b"])])
def test_the_events_that_are_the_reason_are_named(reason: str, events: list[str]) -> None:
    assert because(Membership("s", "0" * 32, "pattern", 0, None, None, reason)) == events
