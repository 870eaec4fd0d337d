"""Profiles, identify and event types as they are wired: what is said of a visitor is in the next decision."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from plugin.app import create_app
from plugin.setting_kinds import DeliveryKey, ManagementKey, Secret
from plugin.settings import Settings
from plugin.store import migrate, open_store
from tests.unit.plugin.service.knowing import user_token
from tests.unit.plugin.service.site_support import entry, publish, put

SHOP = "https://shop.example"
ADMIN, READER = "admin-key-0123456789", "reader-key-0123456789"
USER_KEY = "u" * 32
PINS: Any = [
    {"id": "one", "then": [{"pin": {"id": "a"}}, {"hide": {"id": "b"}}]},
    {"id": "two", "then": [{"pin": {"id": "b"}}, {"hide": {"id": "a"}}]},
]
SITE: dict[str, Any] = {
    "version": 1,
    "attributes": {
        "profile.tier": {"type": "string", "values": ["gold", "silver"]},
        "profile.city": {"type": "string", "client_writable": True},
        "profile.offers": {"type": "boolean", "purpose": "marketing"},
        "profile.likes": {"type": "string_list"},
        "profile.finished_7d": {"type": "number"},
    },
    "segments": [
        {"id": "reader", "pattern": {"event": "view", "count": {"gte": 2}, "within": "1h"}, "lasts": "1d"},
    ],
    "slots": [
        {"id": "tier", "limit": 1},
        {"id": "reads", "limit": 1},
        {"id": "by.device", "limit": 1},
        {"id": "by.person", "limit": 1},
    ],
    "rules": [
        {"id": "g", "slot": "tier", "when": {"profile.tier": "gold"}, "then": [{"pin": {"id": "a"}}]},
        {"id": "l", "slot": "tier", "when": {"profile.likes": "sci-fi"}, "then": [{"pin": {"id": "b"}}]},
        {"id": "f", "slot": "tier", "when": {"profile.finished_7d": {"gte": 1}}, "then": [{"pin": {"id": "d"}}]},
        {"id": "t", "slot": "tier", "priority": -1, "then": [{"pin": {"id": "c"}}]},
        {"id": "o", "slot": "reads", "priority": -1, "then": [{"pin": {"id": "c"}}]},
        {"id": "r", "slot": "reads", "when": {"segment": "reader"}, "then": [{"pin": {"id": "a"}}]},
    ],
    "experiments": [
        {"id": "device", "slot": "by.device", "arms": PINS},
        {"id": "person", "slot": "by.person", "unit": "person", "arms": PINS},
    ],
}


@pytest.fixture(scope="module", params=["sql alone", pytest.param("redis", marks=pytest.mark.server)])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """With views read from the database, and with copies of them in Redis."""
    url_of_copies = request.getfixturevalue("redis_server").url if request.param == "redis" else None
    folder: Path = tmp_path_factory.mktemp("site")
    url = f"sqlite:///{folder / 'tessera.db'}"
    store = open_store(url)
    migrate.upgrade(store.engine)
    publish(store, SITE)
    put(store, entry("a"), entry("b"), entry("c"), entry("d"))
    store.close()
    made = create_app(
        Settings(
            public_url="https://tessera.example",
            data_dir=folder,
            database_url=Secret(url),
            secret_key=Secret("k" * 32),
            redis_url=Secret(url_of_copies) if url_of_copies is not None else None,
            user_token_key=Secret(USER_KEY),
            delivery_keys=(DeliveryKey("public", frozenset({SHOP})),),
            management_keys=(
                ManagementKey("ada", Secret(ADMIN), frozenset({"read", "write", "simulate", "visitors"})),
                ManagementKey("rea", Secret(READER), frozenset({"read", "simulate"})),
            ),
        )
    )
    yield made
    made.extensions["tessera"].close()


class Api:
    """The service as a page and a server of the site see it."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def ask(self, method: str, path: str, body: object = None, *, key: str = ADMIN, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        rest: dict[str, Any] = {} if body is None else {"json": body}
        return self.client.open(path, method=method, headers={"X-Tessera-Key": key, **named}, **rest)

    def ok(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        answer = self.ask(method, path, body, **headers)
        assert answer.status_code in (200, 201, 202, 204), answer.data
        return answer.json

    def shown(self, visitor: str, *slots: str, **headers: str) -> list[str | None]:
        body = {"slots": [{"id": one} for one in slots], "visitor": {"id": visitor}}
        found = self.ok("POST", "/v1/personalize", body, key="public", **headers)["slots"]
        return [found[one]["blocks"][0]["id"] if found[one]["blocks"] else None for one in slots]

    def did(self, visitor: str, *types: str, **rest: object) -> None:
        """Applied when it returns."""
        events = [
            {"id": f"{visitor}-{one}-{time.monotonic_ns()}", "type": one, "visitor_id": visitor, **rest}
            for one in types
        ]
        answer = self.ask("POST", "/v1/events", {"events": events}, key="public", Prefer="wait=5")
        assert (answer.status_code, answer.headers.get("Preference-Applied")) == (202, "wait=5")
        assert answer.json is not None
        assert answer.json["rejected"] == []


@pytest.fixture
def api(app: Flask) -> Api:
    return Api(app.test_client(use_cookies=False))


def token(user: str, *, ends_in_s: int = 60) -> str:
    return user_token({"sub": user, "exp": int(time.time()) + ends_in_s}, key=USER_KEY.encode())


# --- profiles


def test_what_the_site_says_is_in_the_next_decision(api: Api) -> None:
    assert api.shown("p-1", "tier") == ["c"]
    changed = api.ok("PATCH", "/v1/visitors/p-1", {"attributes": {"tier": "gold"}})
    assert (changed["attributes"]["profile.tier"], changed["not_stored"]) == ("gold", [])
    assert api.shown("p-1", "tier") == ["a"]
    api.ok("PATCH", "/v1/visitors/p-1", {"attributes": {"tier": None}, "preferences": {"likes": ["sci-fi"]}})
    assert api.shown("p-1", "tier") == ["b"]
    refused = {"consent": {"personalization": False}}
    assert api.ok("PATCH", "/v1/visitors/p-1", refused)["preferences"] == {"likes": [], "dislikes": []}
    assert api.shown("p-1", "tier") == ["c"]


def test_a_profile_tells_what_is_kept_and_no_id_of_anybody(api: Api) -> None:
    api.did("p-2", "view", "view", "click", content_id="a")
    api.ok("POST", "/v1/identify", {"visitor_id": "p-2", "user_id": "user-2", "attributes": {"offers": True}})
    answer = api.ask("GET", "/v1/visitors/user-2")
    found = answer.json
    assert found is not None
    assert (found["id"], found["known"], found["linked"]) == ("user-2", True, 1)
    assert found["attributes"].items() >= {"profile.offers": True, "visitor.known": True, "visitor.visits": 1}.items()
    assert found["counters"]["view"].items() >= {"ever": 2, "7d": 2, "30d": 2, "purpose": "personalization"}.items()
    (segment,) = found["segments"]
    assert (segment["id"], segment["kind"]) == ("reader", "pattern")
    since, until = datetime.fromisoformat(segment["since"]), datetime.fromisoformat(segment["until"])
    assert since <= datetime.now(UTC) < until
    assert len(segment["reason"]["events"]) == 2
    assert b"p-2" not in answer.data.replace(b"p-2-view", b"")
    assert answer.headers["ETag"]
    assert api.ask("GET", "/v1/visitors/nobody").status_code == 404


def test_what_is_wrong_is_named_by_pointer(api: Api) -> None:
    body = {"attributes": {"tier": 7, "teir": "x"}, "consent": {"marketing": 1}, "preferences": {"likes": [""]}}
    answer = api.ask("PATCH", "/v1/visitors/p-3", body)
    assert answer.status_code == 422
    assert answer.json is not None
    pointers = {one["pointer"] for one in answer.json["errors"]}
    assert pointers == {"/consent/marketing", "/preferences/likes/0"}
    answer = api.ask("PATCH", "/v1/visitors/p-3", {"attributes": {"tier": 7, "teir": "x"}})
    assert answer.json is not None
    assert {one["pointer"] for one in answer.json["errors"]} == {"/attributes/tier", "/attributes/teir"}
    both = {"preferences": {"likes": ["x"], "dislikes": ["x"]}}
    assert api.ask("PATCH", "/v1/visitors/p-3", both).status_code == 422


def test_visitors_need_their_own_scope(api: Api) -> None:
    for method, path, body in (
        ("GET", "/v1/visitors/p-1", None),
        ("PATCH", "/v1/visitors/p-1", {}),
        ("DELETE", "/v1/visitors/p-1/links/x", None),
    ):
        assert api.ask(method, path, body, key=READER).status_code == 403
        assert api.ask(method, path, body, key="public").status_code == 403


def test_if_match_guards_a_profile(api: Api) -> None:
    answer = api.ask("PATCH", "/v1/visitors/p-4", {"attributes": {"tier": "gold"}})
    tag = answer.headers["ETag"]
    assert api.ask("PATCH", "/v1/visitors/p-4", {"attributes": {"tier": "silver"}}, If_Match=tag).status_code == 200
    assert api.ask("PATCH", "/v1/visitors/p-4", {"attributes": {"tier": "gold"}}, If_Match=tag).status_code == 412


# --- browsers


def test_a_questionnaire_is_answered_by_a_beacon_and_again_changes_nothing(api: Api) -> None:
    body = b'{"visitor_id": "q-1", "preferences": {"likes": ["sci-fi"]}, "attributes": {"city": "Lyon"}}'
    for _ in range(2):
        answer = api.client.post(
            "/v1/preferences?key=public", data=body, content_type="text/plain;charset=UTF-8", headers={"Origin": SHOP}
        )
        assert (answer.status_code, answer.json) == (200, {"not_stored": []})
        assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert api.shown("q-1", "tier") == ["b"]
    answer = api.ask("POST", "/v1/preferences", {"visitor_id": "q-1", "attributes": {"tier": "gold"}}, key="public")
    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/v1/identify", "/v1/preferences"])
def test_pages_of_the_site_may_ask_and_others_may_not(api: Api, path: str) -> None:
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}
    assert api.client.options(path, headers=asked).headers["Access-Control-Allow-Origin"] == SHOP
    answer = api.ask("POST", path, {"visitor_id": "q-2"}, key="public", Origin="https://elsewhere.example")
    assert answer.status_code == 403
    assert api.ask("POST", path, {"visitor_id": "q-2"}, key="unknown").status_code == 401


def test_global_privacy_control_keeps_out_what_it_refuses(api: Api) -> None:
    body = {"visitor_id": "q-3", "preferences": {"likes": ["sci-fi"]}, "consent": {"personalization": True}}
    answer = api.ask("POST", "/v1/preferences", body, key="public", Sec_GPC="1")
    assert answer.json is not None
    assert [one["pointer"] for one in answer.json["not_stored"]] == ["/consent/personalization", "/preferences"]
    assert api.ask("GET", "/v1/visitors/q-3").status_code == 404


def test_the_consent_cookie_counts(api: Api) -> None:
    body = {"visitor_id": "q-4", "preferences": {"likes": ["sci-fi"]}}
    answer = api.ask("POST", "/v1/preferences", body, key="public", Cookie="tessera_consent=personalization=0")
    assert answer.json is not None
    assert [one["pointer"] for one in answer.json["not_stored"]] == ["/preferences"]


def test_a_key_that_may_not_see_visitors_says_of_them_what_browsers_may(api: Api) -> None:
    body = {"visitor_id": "q-7", "user_id": "user-7"}
    assert api.ask("POST", "/v1/identify", body, key=READER).status_code == 403
    told = {"visitor_id": "q-7", "attributes": {"tier": "gold"}}
    assert api.ask("POST", "/v1/preferences", told, key=READER).status_code == 422
    assert api.ask("GET", "/v1/visitors/q-7").status_code == 404


def test_a_browser_identifies_with_a_token_of_the_site(api: Api) -> None:
    body = {"visitor_id": "q-5", "attributes": {"city": "Lyon"}}
    for wrong in ({}, {"user_id": "user-5"}, {"user_token": token("user-5", ends_in_s=-1)}, {"user_token": "a.b.c"}):
        assert api.ask("POST", "/v1/identify", {**body, **wrong}, key="public").status_code == 403
    right = {**body, "user_token": token("user-5")}
    assert api.ask("POST", "/v1/identify", {**right, "user_id": "user-6"}, key="public").status_code == 403
    assert api.ok("POST", "/v1/identify", right, key="public") == {"linked": True, "not_stored": []}
    wrong = {**right, "attributes": {"tier": "gold"}}
    assert api.ask("POST", "/v1/identify", wrong, key="public").status_code == 422
    assert api.ok("GET", "/v1/visitors/q-5")["attributes"]["profile.city"] == "Lyon"


# --- identity


def test_no_arm_of_a_device_flips_when_somebody_logs_in(api: Api) -> None:
    devices = [f"arm-{number}" for number in range(16)]
    before = {one: api.shown(one, "by.device") for one in devices}
    assert len({found[0] for found in before.values()}) == 2
    for one in devices:
        api.ok("POST", "/v1/identify", {"visitor_id": one, "user_id": f"{one}-user"})
    assert {one: api.shown(one, "by.device") for one in devices} == before
    assert {one: api.shown(f"{one}-user", "by.device") for one in devices} == before


def test_a_person_has_one_arm_on_every_device_and_each_device_keeps_its_own(api: Api) -> None:
    phones, laptops = [f"phone-{number}" for number in range(16)], [f"laptop-{number}" for number in range(16)]
    before = {one: api.shown(one, "by.device") for one in (*phones, *laptops)}
    for phone, laptop in zip(phones, laptops, strict=True):
        for one in (phone, laptop):
            api.ok("POST", "/v1/identify", {"visitor_id": one, "user_id": f"of-{phone}"})
    arms = [
        {api.shown(one, "by.person")[0] for one in (phone, laptop, f"of-{phone}")}
        for phone, laptop in zip(phones, laptops, strict=True)
    ]
    assert all(len(one) == 1 for one in arms)
    assert len(set().union(*arms)) == 2
    assert {one: api.shown(one, "by.device") for one in before} == before


def test_segments_are_of_the_person_as_long_as_they_are_one(api: Api) -> None:
    api.did("s-1", "view")
    api.did("s-1-user", "view")
    assert (api.shown("s-1", "reads"), api.shown("s-1-user", "reads")) == (["c"], ["c"])
    api.ok("POST", "/v1/identify", {"visitor_id": "s-1", "user_id": "s-1-user"})
    assert (api.shown("s-1", "reads"), api.shown("s-1-user", "reads")) == (["a"], ["a"])
    api.ok("DELETE", "/v1/visitors/s-1-user/links/s-1")
    assert (api.shown("s-1", "reads"), api.shown("s-1-user", "reads")) == (["c"], ["c"])
    api.did("s-1", "view")
    assert (api.shown("s-1", "reads"), api.shown("s-1-user", "reads")) == (["a"], ["c"])
    assert api.ask("DELETE", "/v1/visitors/s-1-user/links/s-1").status_code == 404


# --- event types


def test_a_registered_type_is_taken_at_once_and_judged_by_its_schema(api: Api) -> None:
    schema = {"type": "object", "properties": {"episode": {"type": "integer"}}, "required": ["episode"]}
    path = "/v1/event-types/finished"
    answer = api.ask("PUT", path, {"purpose": "personalization", "schema": schema})
    assert (answer.status_code, answer.headers["Location"]) == (201, path)
    assert api.ask("PUT", path, {"schema": None}).status_code == 428
    api.did("t-1", "finished", properties={"episode": 3})
    assert api.shown("t-1", "tier") == ["d"]
    wrong = {"events": [{"id": "t-1-wrong", "type": "finished", "visitor_id": "t-1", "properties": {"episode": "x"}}]}
    answer = api.ask("POST", "/v1/events", wrong, key="public")
    assert answer.json is not None
    assert answer.json["rejected"][0]["pointer"] == "/events/0/properties/episode"
    listed = api.ok("GET", "/v1/event-types")
    assert [one["name"] for one in listed["items"] if not one["built_in"]] == ["finished"]
    assert api.ask("DELETE", path, If_Match=listed["etags"]["finished"]).status_code == 204
    assert api.ask("DELETE", "/v1/event-types/view", If_Match="*").status_code == 409
    assert api.ask("PUT", path, {}, key="public").status_code == 403


# --- simulation


def simulated(api: Api, visitor: str, *slots: str, key: str = ADMIN, **rest: object) -> list[str | None]:
    body = {"slots": [{"id": one} for one in slots], "visitor_id": visitor, **rest}
    answer = api.ask("POST", "/v1/simulate", body, key=key)
    assert answer.status_code == 200, answer.data
    assert answer.json is not None
    found = answer.json["slots"]
    return [found[one]["blocks"][0]["id"] if found[one]["blocks"] else None for one in slots]


def test_a_simulation_gives_the_arms_of_the_live_site(api: Api) -> None:
    for number in range(12):
        visitor, user = f"sim-{number}", f"sim-{number}-user"
        assert simulated(api, visitor, "by.device", "by.person", key=READER) == api.shown(
            visitor, "by.device", "by.person"
        )
        api.ok("POST", "/v1/identify", {"visitor_id": visitor, "user_id": user})
        for one in (visitor, user):
            assert simulated(api, one, "by.device", "by.person", key=READER) == api.shown(one, "by.device", "by.person")


def test_a_simulation_as_a_visitor_reads_their_profile_with_the_right_to_and_on_record(api: Api) -> None:
    api.ok("PATCH", "/v1/visitors/sim-x", {"attributes": {"tier": "gold"}})
    assert simulated(api, "sim-x", "tier") == ["c"]
    assert simulated(api, "sim-x", "tier", as_visitor=True) == ["a"]
    assert simulated(api, "sim-x", "tier", as_visitor=True, attributes={"profile.tier": "silver"}) == ["c"]
    body = {"slots": [{"id": "tier"}], "visitor_id": "sim-x", "as_visitor": True}
    assert api.ask("POST", "/v1/simulate", body, key=READER).status_code == 403


def test_attributes_are_named_as_rules_name_them_or_for_short(api: Api) -> None:
    """What a read shows as `profile.city` can be sent so; pointers lead into what was sent."""
    api.ok("PATCH", "/v1/visitors/full-names", {"attributes": {"profile.tier": "gold", "city": "Brest"}})
    found = api.ok("GET", "/v1/visitors/full-names")["attributes"]
    assert (found["profile.tier"], found["profile.city"]) == ("gold", "Brest")
    body: Any = {"consent": {"marketing": False}, "attributes": {"profile.offers": True, "profile.city": None}}
    answer = api.ok("PATCH", "/v1/visitors/full-names", body)
    assert [one["pointer"] for one in answer["not_stored"]] == ["/attributes/profile.offers"]
    assert "profile.city" not in answer["attributes"]
    for wrong in (
        {"profile.tier": "tin"},
        {"profile.teer": "gold"},
        {"profile.a/b": 1},
        {"profile.city": "A", "city": "B"},
    ):
        refused = api.ask("PATCH", "/v1/visitors/full-names", {"attributes": wrong})
        place = next(iter(wrong)).replace("/", "~1")
        assert refused.status_code == 422
        assert [one["pointer"] for one in refused.json["errors"]] == [f"/attributes/{place}"], refused.json
    told = api.ask(
        "POST", "/v1/preferences", {"visitor_id": "fn-2", "attributes": {"profile.city": "Metz"}}, key="public"
    )
    assert (told.status_code, api.ok("GET", "/v1/visitors/fn-2")["attributes"]["profile.city"]) == (200, "Metz")


def test_an_id_that_comes_with_a_refusal_draws_arms_and_nothing_else(api: Api) -> None:
    """Arms need nothing that is kept; nothing that is kept is read, and no exposure is counted."""
    api.ok("PATCH", "/v1/visitors/refuses", {"attributes": {"tier": "gold"}})
    allowed, (bare,) = api.shown("refuses", "by.device", "tier"), api.shown("nobody-at-all", "tier")
    refused = {"Cookie": "tessera_consent=personalization=0"}
    assert (allowed[1], bare) == ("a", "c")
    assert api.shown("refuses", "by.device", "tier", **refused) == [allowed[0], "c"]
    seen = {"id": "r-1", "type": "impression", "visitor_id": "refuses", "content_id": "a", "slot": "by.device"}
    told = api.ok("POST", "/v1/events", {"events": [seen]}, key="public", **refused)
    assert (told["accepted"], told["ignored"]) == (0, 1)
