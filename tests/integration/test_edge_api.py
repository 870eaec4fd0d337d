"""`/v1/audience`, `/v1/class`, and `/v1/personalize` by key, as they are wired: what an edge is given, and what not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from plugin.app import create_app
from plugin.flow.types import Profile
from plugin.render.blocks import BlockRenderer
from plugin.setting_kinds import DeliveryKey, Secret
from plugin.settings import Settings, load
from plugin.store import Store, migrate, open_store
from tests.unit.plugin.service.site_support import entry, publish, put

EDGE = {"T-Edge": "1"}
SITE: dict[str, Any] = {
    "version": 1,
    "locales": ["en", "fr"],
    "attributes": {"custom.eu": {"type": "boolean"}, "profile.tier": {"type": "string"}},
    "slots": [{"id": name, "limit": 3} for name in ("all", "by.country", "by.device", "by.share", "own", "ref")],
    "rules": [
        {"id": "c", "slot": "by.country", "when": {"geo.country": "FR"}, "then": [{"pin": {"id": "b"}}]},
        {"id": "e", "slot": "by.country", "when": {"geo.eu": True}, "then": [{"set": {"presentation.notice": "eu"}}]},
        {"id": "d", "slot": "by.device", "when": {"device.type": "mobile"}, "then": [{"pin": {"id": "b"}}]},
        {"id": "o", "slot": "own", "when": {"custom.eu": True}, "then": [{"pin": {"id": "b"}}]},
        {
            "id": "r",
            "slot": "ref",
            "then": [{"boost": {"content.tags": {"contains": {"ref": "request.utm.campaign"}}}, "by": 1}],
        },
    ],
    "experiments": [
        {
            "id": "x",
            "slot": "by.share",
            "arms": [{"id": "control", "weight": 1}, {"id": "bold", "weight": 1, "then": [{"pin": {"id": "b"}}]}],
        }
    ],
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder: Path = tmp_path_factory.mktemp("edge")
    url = f"sqlite:///{folder / 'tessera.db'}"
    store = open_store(url)
    migrate.upgrade(store.engine)
    publish(store, SITE)
    put(store, entry("a", tags=["winter"]), entry("b"), entry("c", tags=["spring"]))
    store.close()
    read = load({"TESSERA_TRUSTED_PROXIES": "127.0.0.0/8", "TESSERA_SECRET_KEY": "k" * 32}, folder)
    return Settings(
        public_url="https://tessera.example",
        data_dir=folder,
        database_url=Secret(url),
        secret_key=Secret("k" * 32),
        delivery_keys=(DeliveryKey("public", frozenset()),),
        trusted_proxies=read.trusted_proxies,
    )


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    yield made
    made.extensions["tessera"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client(use_cookies=False)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings.database_url.reveal())
    yield opened
    opened.close()


def look(
    client: FlaskClient, slots: str, headers: Mapping[str, str] | None = None, peer: str = "127.0.0.1"
) -> TestResponse:
    return client.get(
        f"/v1/audience?slots={slots}&key=public",
        headers={**EDGE, **(headers or {})},
        environ_base={"REMOTE_ADDR": peer},
    )


def fetch(client: FlaskClient, slots: str, key: str, **headers: str) -> TestResponse:
    return client.get(
        f"/v1/personalize?slots={slots}&key=public",
        headers={"T-Key": key, **{name.replace("_", "-"): value for name, value in headers.items()}},
    )


def shown(answer: TestResponse, slot: str) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [block["id"] for block in answer.json["slots"][slot]["blocks"]]  # type: ignore[index]


def class_of(client: FlaskClient, visitor: str) -> str:
    given = client.post("/v1/class?key=public", json={"visitor": {"id": visitor}})
    assert (given.status_code, given.headers["Cache-Control"]) == (204, "private, no-store")
    name, _, rest = given.headers["Set-Cookie"].partition("=")
    assert name == "tessera_class"
    assert rest.endswith("; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure")
    assert visitor not in rest
    return rest.partition(";")[0]


def test_a_slot_that_there_is_not_comes_with_the_nearest_that_there_is(client: FlaskClient) -> None:
    assert look(client, "by.contry").status_code == 404
    for headers in ({}, {"T-Values": "of.other.rules"}):
        found = look(client, "by.country,by.contry", headers)
        assert (found.status_code, found.json["errors"][0]) == (  # type: ignore[index]
            200,
            {"slot": "by.contry", "detail": "there is no slot 'by.contry'; did you mean 'by.country'?"},
        )


def test_a_key_is_of_the_inputs_that_the_rules_read_and_the_answer_of_the_key(client: FlaskClient) -> None:
    french, german = (look(client, "by.country,all", {"T-Country": name}) for name in ("FR", "DE"))
    assert french.headers["Vary"] == german.headers["Vary"] == "T-Country"
    assert french.headers["Cache-Control"] == "public, max-age=0, s-maxage=600"
    keys = ["tessera", "lookup", "lookup:by.country", "lookup:all"]
    assert french.headers["xkey"] == french.headers["Surrogate-Key"] == " ".join(keys)
    assert french.headers["Cache-Tag"] == ",".join(keys)
    assert french.headers["Cloudflare-CDN-Cache-Control"] == "no-store", "it looks at no Vary"
    assert "Access-Control-Allow-Origin" not in french.headers
    key = french.headers["T-Key"]
    assert key == f"by.country={french.headers['T-by.country']},all={french.headers['T-all']}"
    assert french.headers["T-all"] == german.headers["T-all"]
    assert french.headers["T-by.country"] != german.headers["T-by.country"]
    assert french.json["slots"]["by.country"] == {"key": french.headers["T-by.country"], "sharing": "inputs"}  # type: ignore[index]
    answer = fetch(client, "by.country", key, T_Country="DE", Cookie="tessera_visitor=v-1", Accept_Language="fr")
    assert shown(answer, "by.country")[0] == "b"
    assert "T-Key" in answer.headers["Vary"]
    assert answer.headers["Cloudflare-CDN-Cache-Control"] == "no-store"
    assert answer.headers["Cache-Control"].startswith("public, max-age=0, s-maxage=60")
    assert answer.json["slots"]["by.country"]["presentation"] == {"notice": "eu"}  # type: ignore[index]
    assert not {"visitor", "decision_id"} & answer.json.keys()  # type: ignore[union-attr]
    other = fetch(client, "by.country", german.headers["T-Key"])
    assert shown(other, "by.country")[0] != "b"
    again = fetch(client, "by.country", key, If_None_Match=answer.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    assert fetch(client, "by.country", german.headers["T-Key"], If_None_Match=answer.headers["ETag"]).status_code == 200


def test_a_ref_is_in_the_key_and_two_campaigns_have_two(client: FlaskClient) -> None:
    keys = {name: look(client, "ref", {"T-Utm-Campaign": name}).headers["T-Key"] for name in ("winter", "spring")}
    assert shown(fetch(client, "ref", keys["winter"]), "ref")[0] == "a"
    assert shown(fetch(client, "ref", keys["spring"]), "ref")[0] == "c"
    strange = look(client, "ref", {"T-Utm-Campaign": "no <word>"}).headers["T-Key"]
    assert strange == look(client, "ref").headers["T-Key"]


def test_a_slot_of_ones_own_has_no_key_and_neither_have_those_beside_it(client: FlaskClient) -> None:
    found = look(client, "all,own,nowhere")
    assert found.headers["T-Private"] == "own,nowhere"
    assert "T-Key" not in found.headers
    assert found.json["slots"]["own"] == {"key": None, "sharing": "private"}  # type: ignore[index]
    assert [one["slot"] for one in found.json["errors"]] == ["nowhere"]  # type: ignore[index]
    assert found.headers["xkey"] == "tessera audience", "it may be published next, whatever it is called"
    assert look(client, "nowhere").status_code == 404


def test_a_class_carries_the_arm_and_no_id(client: FlaskClient) -> None:
    arms: dict[str, set[str]] = {}
    cookies = set()
    for number in range(12):
        cookie = class_of(client, f"visitor-{number}")
        cookies.add(cookie)
        found = look(client, "by.share", {"T-Class": cookie})
        assert found.headers["Vary"] == "T-Class, T-Consent"
        assert found.headers["Cache-Control"].startswith("public")
        own = client.post(
            "/v1/personalize?key=public",
            json={"slots": [{"id": "by.share"}], "visitor": {"id": f"visitor-{number}"}},
        )
        by_key = shown(fetch(client, "by.share", found.headers["T-Key"]), "by.share")
        assert by_key == shown(own, "by.share")
        arms.setdefault(by_key[0], set()).add(cookie)
    assert len(cookies) == len(arms) == 2, "as many classes as arms, shared by the visitors"
    nobody = look(client, "by.share")
    assert shown(fetch(client, "by.share", nobody.headers["T-Key"]), "by.share")[0] == "a"


@pytest.mark.parametrize("cookie", ["x", "a.b.c", "e30.0123456789ab.AAAAAAAAAAAAAAAAAAAAAA", "a" * 5_000])
def test_a_forged_class_is_nobodys_and_no_cache_keeps_that(client: FlaskClient, cookie: str) -> None:
    found = look(client, "by.share", {"T-Class": cookie})
    assert (found.headers["Cache-Control"], found.headers["T-Error"]) == ("private, no-store", "class")
    assert found.headers["T-Key"] == look(client, "by.share").headers["T-Key"]
    assert look(client, "all", {"T-Class": cookie}).headers["Cache-Control"].startswith("public"), "not looked at"


def test_nobody_but_a_trusted_proxy_is_believed_and_then_the_request_itself_counts(client: FlaskClient) -> None:
    found = look(client, "by.device", {"T-Device": "mobile"}, peer="203.0.113.9")
    assert (found.headers["Cache-Control"], found.headers["T-Error"]) == ("private, no-store", "untrusted")
    assert found.headers["T-Key"] == look(client, "by.device", {"T-Device": "desktop"}).headers["T-Key"]
    phone = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1 Version/17.0 Mobile/15E Safari/604.1"
    )
    plain = client.get("/v1/audience?slots=by.device&key=public", headers={"User-Agent": phone})
    assert plain.headers["Cache-Control"] == "private, no-store"
    assert plain.headers["T-Key"] == look(client, "by.device", {"T-Device": "mobile"}).headers["T-Key"]
    assert look(client, "all", {"T-Edge": "2"}).headers["T-Error"] == "version"
    assert client.get("/v1/audience?slots=all").status_code == 401


@pytest.mark.parametrize(
    "change", ["", "all=1.AAAA", "all=9.{rest}", "all={key}x", "by.device={key}", "all={key},all={key}"]
)
def test_what_is_no_key_is_refused_and_not_kept(client: FlaskClient, change: str) -> None:
    key = look(client, "all").headers["T-all"]
    answer = fetch(client, "all", change.format(key=key, rest=key.partition(".")[2]))
    assert answer.status_code == 409
    assert answer.json["type"] == "/problems/unknown-key"  # type: ignore[index]
    assert "public" not in answer.headers.get("Cache-Control", "")


def test_a_key_of_an_older_version_is_refused_and_of_a_newer_one_known_at_once(
    client: FlaskClient, store: Store, app: Flask
) -> None:
    old = look(client, "all").headers["T-Key"]
    newer = {**SITE, "rules": [*SITE["rules"], {"id": "n", "slot": "all", "then": [{"pin": {"id": "c"}}]}]}
    publish(store, newer)
    app.extensions["tessera"].sites.refresh()
    key = look(client, "all").headers["T-Key"]
    assert key != old
    assert shown(fetch(client, "all", key), "all")[0] == "c"
    assert fetch(client, "all", old).status_code == 409


def test_a_class_outlives_a_publication_that_tells_nobody_else_apart(
    client: FlaskClient, store: Store, app: Flask
) -> None:
    cookie = class_of(client, "visitor-1")
    publish(store, {**SITE, "rules": SITE["rules"][:1]})
    app.extensions["tessera"].sites.refresh()
    assert "T-Error" not in look(client, "by.share", {"T-Class": cookie}).headers
    publish(store, {**SITE, "experiments": [{**SITE["experiments"][0], "traffic": 50}]})
    app.extensions["tessera"].sites.refresh()
    assert look(client, "by.share", {"T-Class": cookie}).headers["T-Error"] == "class"


def test_the_class_cookie_goes_where_there_is_nothing_to_say(client: FlaskClient) -> None:
    given = client.post("/v1/class?key=public", json={})
    assert given.headers["Set-Cookie"].startswith("tessera_class=; Path=/; Max-Age=0")
    bot = client.post(
        "/v1/class?key=public",
        json={"visitor": {"id": "v"}},
        headers={"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"},
    )
    assert "Max-Age=0" in bot.headers["Set-Cookie"]
    assert client.post("/v1/class?key=public", json={"visitor": {"id": 7}}).status_code == 422
    assert client.post("/v1/class?key=public", json={"consent": {"personalization": 0}}).status_code == 422
    for body, pointer in (
        ([], ""),
        ({"visitor": []}, "/visitor"),
        ({"visitor": {"id": ""}}, "/visitor/id"),
        ({"visitor": {"ids": "a"}}, "/visitor/ids"),
        ({"consent": {"personalization": "yes"}}, "/consent/personalization"),
        ({"consent": []}, "/consent"),
        ({"concent": {}}, "/concent"),
    ):
        refused = client.post("/v1/class?key=public", json=body)
        assert (refused.status_code, [one["pointer"] for one in refused.json["errors"]]) == (422, [pointer])
    assert client.post("/v1/class?key=public", json={"visitor": None}).status_code == 204
    other = client.post("/v1/class?key=public", json={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert other.status_code == 403
    refused = {"visitor": {"id": "v"}, "consent": {"personalization": False}}
    assert "Max-Age=0" in client.post("/v1/class?key=public", json=refused).headers["Set-Cookie"]
    assert client.get("/v1/class?key=public").status_code == 405
    assert client.post("/v1/class").status_code == 401


def test_an_experiment_from_the_first_view_on_is_asked_of_the_origin(
    client: FlaskClient, store: Store, app: Flask
) -> None:
    publish(store, {**SITE, "experiments": [{**SITE["experiments"][0], "first_view": True}]})
    app.extensions["tessera"].sites.refresh()
    assert look(client, "by.share").headers["T-Private"] == "by.share"
    assert "T-Key" in look(client, "by.share", {"T-Class": class_of(client, "visitor-1")}).headers


def test_a_persisted_query_is_answered_by_key_as_rest_is(client: FlaskClient, store: Store, app: Flask) -> None:
    publish(store, SITE)
    app.extensions["tessera"].sites.refresh()
    text = '{ personalize(slots: [{id: "by.country"}]) { slots { blocks { id } } } }'
    sent = client.post("/graphql?key=public", json={"query": text, "extensions": _persisted(text)})
    assert sent.status_code == 200, sent.text
    path = f"/graphql?key=public&extensions={quote(json.dumps(_persisted(text)))}"
    keys = [look(client, "by.country", {"T-Country": name}).headers["T-Key"] for name in ("FR", "DE")]
    first = []
    for key in keys:
        answer = client.get(path, headers={"T-Key": key, "Cookie": "tessera_visitor=v-1"})
        assert answer.status_code == 200, answer.text
        assert answer.headers["Cache-Control"].startswith("public")
        assert "T-Key" in answer.headers["Vary"]
        first.append(answer.json["data"]["personalize"]["slots"][0]["blocks"][0]["id"])  # type: ignore[index]
        again = client.get(path, headers={"T-Key": key, "If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
    assert first == ["b", "a"]
    unknown = client.get(path, headers={"T-Key": "by.country=1.AAAAAAAAAAAAAAAA"})
    assert "public" not in unknown.headers["Cache-Control"]
    assert unknown.status_code == 409


def _persisted(text: str) -> dict[str, object]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(text.encode()).hexdigest()}}


def test_a_ref_to_the_visitors_clock_depends_on_the_zone(client: FlaskClient, store: Store, app: Flask) -> None:
    pin = {"pin": {"content.tags": {"contains": {"ref": "time.weekday"}}}}
    publish(store, {**SITE, "rules": [{"id": "w", "slot": "all", "then": [pin]}]})
    app.extensions["tessera"].sites.refresh()
    zones = [look(client, "all", {"T-Zone": zone}) for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago")]
    assert {one.headers["Vary"] for one in zones} == {"T-Zone"}
    assert zones[0].headers["T-Key"] != zones[1].headers["T-Key"], "it is never the same day in both"


def test_who_refuses_has_no_class_and_what_is_kept_of_consent_goes_with_the_class(
    client: FlaskClient, store: Store, app: Flask
) -> None:
    publish(store, SITE)
    app.extensions["tessera"].sites.refresh()
    cookie = next(
        cookie
        for number in range(50)
        if shown(
            fetch(
                client,
                "by.share",
                look(client, "by.share", {"T-Class": (cookie := class_of(client, f"w-{number}"))}).headers["T-Key"],
            ),
            "by.share",
        )[0]
        == "b"
    )
    nobody = look(client, "by.share").headers["T-Key"]
    for word in ("personalization=0", "personalization=off", "gpc"):
        refused = look(client, "by.share", {"T-Class": cookie, "T-Consent": word})
        assert refused.headers["T-Key"] == nobody, word
        assert "T-Consent" in refused.headers["Vary"]
    allowed = look(client, "by.share", {"T-Class": cookie, "T-Consent": "personalization=1"})
    assert allowed.headers["T-Key"] != nobody
    given = client.post("/v1/class?key=public", json={"visitor": {"id": "w-1"}}, headers={"Sec-GPC": "1"})
    assert "Max-Age=0" in given.headers["Set-Cookie"]


def test_an_answer_whose_template_failed_is_kept_for_seconds_and_never_taken_for_the_right_one(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = look(client, "all").headers["T-Key"]
    text = '{ personalize(slots: [{id: "all"}], render: html) { slots { blocks { html } } } }'
    paths = ["/v1/personalize?slots=all&key=public&render=html", f"/graphql?key=public&query={quote(text)}"]
    tags: list[str] = []
    with monkeypatch.context() as broken:
        broken.setattr(BlockRenderer, "_template", _away)
        for path in paths:
            answer = client.get(path, headers={"T-Key": key})
            assert answer.status_code == 200, answer.text
            assert answer.headers["Cache-Control"] == "public, max-age=0, s-maxage=5, stale-while-revalidate=0"
            tags.append(answer.headers["ETag"])
    for path, tag in zip(paths, tags, strict=True):
        answer = client.get(path, headers={"T-Key": key, "If-None-Match": tag})
        assert answer.status_code == 200, "never taken for the right one"
        assert "s-maxage=60" in answer.headers["Cache-Control"]


def _away(self: BlockRenderer, kind: str) -> None:
    raise OSError("the disk is away for a moment")


def test_a_class_too_long_for_a_cookie_makes_what_differs_by_class_ones_own(
    client: FlaskClient, store: Store, app: Flask
) -> None:
    many = [{**SITE["experiments"][0], "id": f"x-{number:03}"} for number in range(100)]
    publish(store, {**SITE, "experiments": many[:12]})
    app.extensions["tessera"].sites.refresh()
    assert "T-Key" in look(client, "by.share", {"T-Class": class_of(client, "visitor-1")}).headers
    publish(store, {**SITE, "experiments": many})
    app.extensions["tessera"].sites.refresh()
    cookie = class_of(client, "visitor-1")
    assert len(cookie) < 100
    found = look(client, "by.share,all", {"T-Class": cookie})
    assert found.headers["T-Private"] == "by.share"
    assert found.headers["Cache-Control"].startswith("public")
    assert "T-Key" in look(client, "all", {"T-Class": cookie}).headers


def test_a_visitor_who_cannot_be_looked_up_keeps_the_class_that_is_there(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = app.extensions["tessera"].personalization._profiles
    monkeypatch.setattr(type(profiles), "find", lambda *_args, **_named: Profile(degraded=("profile",)))
    given = client.post("/v1/class?key=public", json={"visitor": {"id": "visitor-1"}})
    assert given.status_code == 503
    assert "Set-Cookie" not in given.headers


def test_what_is_decided_without_a_profile_is_kept_by_nobody(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slot that is the same for everyone is so still, in every byte; and what an edge asks for reads no profile."""
    everyones = "/v1/personalize?slots=all&key=public&visitor.id=visitor-1"
    before, by_edge = client.get(everyones), look(client, "all,by.share")
    assert before.headers["Cache-Control"].startswith("public")
    profiles = app.extensions["tessera"].personalization._profiles
    monkeypatch.setattr(type(profiles), "find", lambda *_args, **_named: Profile(degraded=("profile",)))
    private = "/v1/personalize?slots=all,by.share&key=public&visitor.id=visitor-1"
    posted = {"slots": [{"id": "all"}, {"id": "by.share"}], "visitor": {"id": "visitor-1"}}
    for answer in (client.get(private), client.post("/v1/personalize?key=public", json=posted)):
        assert answer.headers["Cache-Control"] in ("private, no-store", "no-store")
        assert answer.json["degraded"] == ["profile"]
        assert {one["ttl_s"] for one in answer.json["slots"].values()} == {5}
    asked = client.get("/v1/audience?slots=by.share&key=public&visitor.id=visitor-1")
    assert asked.headers["Cache-Control"] == "private, no-store"
    again = client.get(everyones)
    assert (again.data, again.headers["ETag"]) == (before.data, before.headers["ETag"])
    assert again.json["degraded"] == []
    edges = look(client, "all,by.share")
    assert (edges.data, edges.headers["Cache-Control"]) == (by_edge.data, by_edge.headers["Cache-Control"])
