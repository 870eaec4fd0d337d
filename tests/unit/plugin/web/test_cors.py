"""Browsers of other origins: delivery routes only, and never with cookies."""

from __future__ import annotations

import pytest

from plugin.setting_kinds import DeliveryKey
from plugin.store import Store
from plugin.web.cors import Cors
from tests.unit.plugin.web.small_app import SHOP, Small, SmallSettings, small_app

ONLY_BOUND = SmallSettings(delivery_keys=(DeliveryKey("k", frozenset({SHOP})),))
ASK = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type, x-tessera-key"}


def test_where_any_origin_may_ask_the_answer_is_the_same_for_all() -> None:
    cors = Cors(SmallSettings())
    assert cors.answer("https://a.example") == cors.answer(None)
    assert cors.answer(None)["Access-Control-Allow-Origin"] == "*"


def test_where_origins_are_bound_each_gets_its_own_and_caches_know() -> None:
    cors = Cors(ONLY_BOUND)
    allowed = cors.answer(SHOP)
    assert (allowed["Access-Control-Allow-Origin"], allowed["Vary"]) == (SHOP, "Origin")
    assert cors.answer("https://evil.example") == {"Vary": "Origin"}
    assert cors.answer("https://tessera.example")["Access-Control-Allow-Origin"] == "https://tessera.example"
    assert all("Credentials" not in name for name in allowed)


def test_without_delivery_keys_nothing_is_shared() -> None:
    cors = Cors(SmallSettings(delivery_keys=()))
    assert cors.answer(SHOP) == {}
    assert cors.preflight(SHOP, "POST") is None


def test_a_preflight_needs_no_key(sqlite_store: Store) -> None:
    client = small_app(sqlite_store, settings=ONLY_BOUND).client(None)
    answer = client.options("/v1/personalize", headers={"Origin": SHOP, **ASK})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "X-Tessera-Key" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(("origin", "method"), [("https://evil.example", "POST"), (SHOP, "DELETE")])
def test_a_preflight_for_what_is_not_allowed_allows_nothing(sqlite_store: Store, origin: str, method: str) -> None:
    client = small_app(sqlite_store, settings=ONLY_BOUND).client(None)
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    answer = client.options("/v1/personalize", headers=headers)
    assert "Access-Control-Allow-Methods" not in answer.headers
    assert answer.headers["Vary"] == "Origin"


def test_management_is_not_for_browsers_of_other_origins(small: Small) -> None:
    answer = small.client().options("/v1/rules", headers={"Origin": SHOP, **ASK})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Access-Control-Allow-Origin" not in small.client().get("/v1/rules", headers={"Origin": SHOP}).headers


def test_errors_of_delivery_routes_can_be_read_by_the_page(small: Small) -> None:
    """Nothing serves the route here, and its 404 carries the headers all the same."""
    answer = small.client().post("/v1/personalize", headers={"Origin": SHOP})
    assert answer.status_code == 404
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
