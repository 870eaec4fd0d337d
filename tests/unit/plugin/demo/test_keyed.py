"""A page as an edge asks for it: the same for all of an audience, whatever else the request says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from plugin.app import create_app
from plugin.render.blocks import BlockRenderer
from plugin.setting_kinds import DeliveryKey
from plugin.settings import Settings

KEY = "pub"
LOOKUP = f"/v1/audience?slots=shop.featured&key={KEY}"


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(
        replace(settings, delivery_keys=(DeliveryKey(KEY, frozenset()),), trusted_proxies=(ip_network("127.0.0.1/32"),))
    )
    yield made
    made.extensions["tessera"].close()


@pytest.fixture
def edge(app: Flask) -> FlaskClient:
    """Sends no more than an edge does."""
    return app.test_client(use_cookies=False)


def keys(edge: FlaskClient, **inputs: str) -> str:
    named = {"T-Edge": "1", **{f"T-{name}": value for name, value in inputs.items()}}
    return edge.get(LOOKUP, headers=named).headers["T-Key"]


def shop(edge: FlaskClient, key: str, path: str = "/shop", **headers: str) -> TestResponse:
    return edge.get(path, headers={"T-Key": key, **{name.replace("_", "-"): text for name, text in headers.items()}})


def test_the_key_and_the_language_make_the_page(edge: FlaskClient) -> None:
    europe, overseas = keys(edge, Country="FR"), keys(edge, Country="AU")
    found = shop(edge, europe)
    assert found.status_code == 200
    assert found.headers["Cache-Control"].startswith("public, max-age=0, s-maxage=")
    assert found.headers["Vary"] == "T-Key, T-Locale"
    assert {"slot:shop.featured", "content"} <= set(found.headers["xkey"].split(" "))
    assert {"slot:shop.featured", "content"} <= set(found.headers["Cache-Tag"].split(","))
    assert "Set-Cookie" not in found.headers
    assert 'lang="fr"' in found.text
    assert 'lang="en"' in shop(edge, europe, T_Locale="en").text
    other = shop(edge, overseas)
    assert re.findall(r'data-tessera-block="([^"]+)"', other.text) != re.findall(
        r'data-tessera-block="([^"]+)"', found.text
    )
    assert len({one.headers["ETag"] for one in (found, other, shop(edge, europe, T_Locale="en"))}) == 3


def test_nothing_else_of_the_request_bears_on_it(edge: FlaskClient) -> None:
    key = keys(edge, Country="FR")
    wanted = shop(edge, key).text
    for headers in (
        {"Accept_Language": "en"},
        {"Cookie": "veilleuse_panel=lang%3Den%26visitor%3Dv-odile; tessera_visitor=v-odile; veilleuse_live=open"},
        {"User_Agent": "curl/8"},
        {"X_Forwarded_For": "203.0.113.7", "T_Country": "AU", "Save_Data": "on", "Referer": "https://www.google.com/"},
    ):
        found = shop(edge, key, **headers).text
        assert _lasting(found) == _lasting(wanted)


def _lasting(page: str) -> str:
    """A page without how long it took to make."""
    return re.sub(r"[0-9]+[.,][0-9](&nbsp;| )ms", "", page)


def test_a_shared_page_does_not_say_who_is_looking(edge: FlaskClient) -> None:
    """It would say it of everybody who gets the copy."""
    panel, own = (
        page.partition('<span class="panel__summary">')[2].partition("</summary>")[0]
        for page in (shop(edge, keys(edge), T_Locale="en").text, edge.get("/shop?lang=en").text)
    )
    assert "anybody of your kind" in panel
    assert "Paris" in own
    assert "Paris" not in panel


def test_it_brings_the_script_that_asks_for_the_class_of_a_visitor(edge: FlaskClient) -> None:
    assert " data-edge" in shop(edge, keys(edge)).text
    passed = edge.get("/shop", headers={"Surrogate-Capability": 'tessera="ESI/1.0"'})
    assert " data-edge" in passed.text
    assert " data-edge" not in edge.get("/shop").text


def test_whoever_chose_somebody_else_gets_a_page_of_their_own(edge: FlaskClient) -> None:
    found = shop(edge, keys(edge), "/shop?panel=set&visitor=v-odile")
    assert found.headers["Cache-Control"] == "private, no-store"


def test_a_key_that_is_none_is_a_conflict(edge: FlaskClient) -> None:
    assert shop(edge, "shop.featured=1.AAAAAAAAAAAAAAAA").status_code == 409
    assert shop(edge, keys(edge), "/").status_code == 409, "the slots of another page"


def test_a_page_that_there_is_not_is_shared_by_nobody(edge: FlaskClient) -> None:
    found = shop(edge, keys(edge), "/shop/nothing")
    assert (found.status_code, found.headers["Cache-Control"]) == (404, "private, no-store")


def test_a_page_with_a_block_that_could_not_be_rendered_is_kept_for_seconds(
    edge: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = keys(edge, Country="FR")
    with monkeypatch.context() as broken:
        broken.setattr(BlockRenderer, "_template", _away)
        assert "s-maxage=5," in shop(edge, key).headers["Cache-Control"]
    assert "s-maxage=5," not in shop(edge, key).headers["Cache-Control"]


def _away(self: BlockRenderer, kind: str) -> None:
    raise OSError("the disk is away for a moment")
