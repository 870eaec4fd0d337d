"""The ladder as it is wired, with real faults: a service that errs, hangs or is slow, a database that is away."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask

from plugin.app import create_app
from plugin.setting_kinds import DeliveryKey, ManagementKey, Plugged, Secret
from plugin.settings import Settings
from plugin.store import migrate, open_store
from plugin.web.schemas.personalize import PersonalizeAnswer
from rules.ruleset import Ruleset
from tests.contract.http_server import Reply, Request, serve
from tests.servers import postgres
from tests.unit.plugin.service.site_support import entry, publish, put
from tests.waiting import allowed

pytestmark = pytest.mark.server

ADMIN = "admin-key-0123456789"
PATIENT = {"blend": {"model": {"name": "service"}}, "deadline_ms": 10_000}
SITE: dict[str, Any] = {
    "version": 1,
    "slots": [
        {"id": "feed", "limit": 3, **PATIENT},
        {"id": "hurried", "limit": 3, **PATIENT, "deadline_ms": 50},
        {"id": "local", "limit": 3, "blend": {"model": {"name": "constant"}}},
        {"id": "hero", "limit": 1, "default": {"id": "c"}},
    ],
    "rules": [
        {"id": "b-up", "slot": ["feed", "hurried"], "then": [{"boost": {"id": "b"}, "by": 0.1}]},
        {"id": "for-gold", "slot": "feed", "when": {"request.utm.campaign": "gold"},
         "then": [{"boost": {"id": "a"}, "by": 0.1}]},
    ],
}  # fmt: skip


@dataclass
class Service:
    """A scoring service: C before A before B, and as a test wants it."""

    fails: Reply | None = None
    go_on: Event = field(default_factory=Event)
    hangs: bool = False
    asked: int = 0

    def answer(self, request: Request) -> Reply:
        self.asked += 1
        rows = json.loads(request.body)["rows"]
        if self.hangs:
            self.go_on.wait(90)
        scores = {"c": 0.9, "a": 0.5}
        return self.fails or Reply.of({"scores": [scores.get(row["content.id"], 0.1) for row in rows]})


@dataclass
class Site:
    app: Flask
    service: Service
    settings: Settings

    def ask(self, *slots: str, campaign: str = "none", **options: Any) -> dict[str, Any]:
        body = {"slots": [{"id": slot} for slot in slots], "options": options}
        context = {"url": f"https://shop.example/?utm_campaign={campaign}"}
        key = ADMIN if options else "public"
        answer = self.app.test_client().post(
            "/v1/personalize", json={**body, "context": context}, headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.status_code == 200, answer.data
        assert PersonalizeAnswer().validate(answer.json) == {}
        found: dict[str, Any] = answer.json
        return found

    def put(self, *names: str) -> None:
        """Content that changes, and is served."""
        with closing(open_store(self.settings.database_url.reveal())) as store:
            put(store, *(entry(name) for name in names))
        self.app.extensions["tessera"].sites.refresh()


def blocks(answer: dict[str, Any], slot: str) -> list[str]:
    return [block["id"] for block in answer["slots"][slot]["blocks"]]


def kinds(answer: dict[str, Any], slot: str) -> set[str]:
    return {block["reason"]["kind"] for block in answer["slots"][slot]["blocks"]}


def told(answer: dict[str, Any], slot: str) -> dict[str, Any]:
    found: dict[str, Any] = answer["slots"][slot]["trace"]["degraded"]
    return found


@contextmanager
def running(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    try:
        yield app
    finally:
        app.extensions["tessera"].close()


def settings_of(folder: Path, database: str, service_url: str) -> Settings:
    service = {"url": service_url, "per": ["audience"], "breaker_failures": 3, "breaker_open_s": 3600}
    return Settings(
        public_url="https://tessera.example",
        data_dir=folder,
        database_url=Secret(database),
        secret_key=Secret("k" * 32),
        delivery_keys=(DeliveryKey("public", frozenset()),),
        management_keys=(ManagementKey("ada", Secret(ADMIN), frozenset({"explain", "read", "simulate"})),),
        models={"service": Plugged("service", "http", service), "constant": Plugged("constant", "constant", {})},
    )


def fill(database: str, *, published: bool = True) -> None:
    with closing(open_store(database)) as store:
        migrate.upgrade(store.engine)
        if published:
            publish(store, SITE)
        put(store, *(entry(name) for name in "abc"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    service = Service()
    database = f"sqlite:///{tmp_path / 'tessera.db'}"
    fill(database)
    with serve(service.answer) as url, ExitStack() as stack:
        settings = settings_of(tmp_path, database, url)
        stack.callback(service.go_on.set)
        yield Site(stack.enter_context(running(settings)), service, settings)


def test_model_then_last_scores_then_rules(site: Site) -> None:
    well = site.ask("feed", explain=True)
    assert (blocks(well, "feed"), kinds(well, "feed"), well["degraded"]) == (["c", "a", "b"], {"score"}, [])
    assert "degraded" not in well["slots"]["feed"]["trace"]

    site.service.fails = Reply(500)
    site.put("d")  # so that the service is asked again
    last = site.ask("feed", explain=True)
    assert (blocks(last, "feed"), kinds(last, "feed")) == (["c", "a", "b"], {"score"})
    assert last["degraded"] == ["model:service", "slot:feed:last_scores"]
    assert told(last, "feed")["rung"] == "last_scores"
    assert told(last, "feed")["why"] == "service: status 500, no scores"
    assert 0 <= told(last, "feed")["age_s"] < 60
    assert last["slots"]["feed"]["ttl_s"] <= 5

    rules = site.ask("feed", "local", campaign="gold", explain=True)
    assert (blocks(rules, "feed"), kinds(rules, "feed")) == (["a", "b", "c"], {"degraded"}), "another audience"
    assert rules["degraded"] == ["model:service", "slot:feed:rules"]
    assert rules["slots"]["feed"]["blocks"][1]["reason"]["rule"] == "b-up"
    assert kinds(rules, "local") == {"score"}

    site.service.fails = None
    site.put("e")
    assert site.ask("feed")["degraded"] == []


def test_a_service_that_fails_again_and_again_is_left_alone(site: Site) -> None:
    site.service.fails = Reply.of({"scores": "none"})
    for _ in range(3):
        assert site.ask("feed")["degraded"] == ["model:service", "slot:feed:rules"]
    metrics = site.app.test_client().get("/metrics", headers={"Authorization": f"Bearer {ADMIN}"}).text
    assert 'tessera_model_failures{model="service"} 3.0' in metrics
    assert 'tessera_model_failures{model="constant"} 0.0' in metrics
    before = site.service.asked
    alone = site.ask("feed", explain=True)
    assert told(alone, "feed")["why"] == (
        "left alone after failures in a row; the last: service: want scores, a list of 3"
    )
    assert site.service.asked == before


def test_a_service_that_hangs_costs_its_slot_the_deadline_and_the_others_nothing(site: Site) -> None:
    site.service.hangs = True
    begun = time.monotonic()
    answer = site.ask("hurried", "local", explain=True)
    assert time.monotonic() - begun < allowed(2.0), "it would have hung for half a minute"
    assert "no answer" in told(answer, "hurried")["why"]
    assert (blocks(answer, "hurried"), kinds(answer, "hurried")) == (["b", "a", "c"], {"degraded"})
    assert answer["degraded"] == ["model:service", "slot:hurried:rules"]
    site.service.go_on.set()


def test_a_service_that_is_slow_and_in_time_degrades_nothing(site: Site) -> None:
    site.service.fails = Reply.of({"scores": [0.1, 0.2, 0.3]})
    slow = replace(site.service.fails, before=lambda: time.sleep(0.2))
    site.service.fails = slow
    assert site.ask("feed")["degraded"] == []


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Rules that fail in a way that nobody foresaw, for one slot."""

    def breaks(slot: str) -> None:
        whole = Ruleset.plan

        def half(self: Ruleset, name: str, *rest: Any, **more: Any) -> Any:
            if name == slot:
                raise ZeroDivisionError("visitor v-123")
            return whole(self, name, *rest, **more)

        monkeypatch.setattr(Ruleset, "plan", half)

    return breaks


def test_a_slot_that_cannot_be_evaluated_shows_its_default_and_the_others_what_they_would(
    site: Site, broken: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    broken("hero")
    answer = site.ask("hero", "feed", explain=True)
    assert (blocks(answer, "hero"), kinds(answer, "hero")) == (["c"], {"degraded"})
    assert blocks(answer, "feed") == ["c", "a", "b"]
    assert answer["degraded"] == ["slot:hero:default"]
    (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    incident = told(answer, "hero")["why"].rpartition(" ")[2]
    assert f"incident {incident}: the slot hero cannot be decided" in record.getMessage()
    assert "v-123" not in json.dumps(answer)

    client = site.app.test_client()
    got = client.get("/v1/personalize?slots=hero&key=public")
    assert (blocks(got.json, "hero"), got.headers["Cache-Control"]) == (["c"], "private, no-store")
    metrics = client.get("/metrics", headers={"Authorization": f"Bearer {ADMIN}"}).get_data(as_text=True)
    assert 'tessera_degraded_slots_total{rung="default",slot="hero"} 2.0' in metrics
    graphql = {"query": '{ personalize(slots: [{id: "hero"}]) { degraded slots { blocks { id } } } }'}
    asked = client.post("/graphql", json=graphql, headers={"Authorization": "Bearer public"})
    assert "slot:hero:default" in asked.get_data(as_text=True)


def test_a_slot_without_a_default_shows_what_the_cms_publishes(site: Site, broken: Callable[[str], None]) -> None:
    broken("local")
    answer = site.ask("local", "hero")
    assert (blocks(answer, "local"), kinds(answer, "local")) == (["a", "b", "c"], {"degraded"})
    assert answer["degraded"] == ["slot:local:baseline"]


def test_a_slot_that_cannot_be_evaluated_has_no_key_and_the_others_do(
    site: Site, broken: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, ask = site.app.test_client(), "slots=hero,local&key=public"
    keys = client.get(f"/v1/audience?{ask}").headers["T-Key"]
    monkeypatch.setattr(Ruleset, "plan_written", lambda *_one, **_more: {}["of nobody"])
    by_key = client.get(f"/v1/personalize?{ask}", headers={"T-Key": keys})
    assert (blocks(by_key.json, "hero"), by_key.json["degraded"][0]) == (["c"], "slot:hero:default")
    assert "no-store" in by_key.headers["Cache-Control"]
    broken("hero")
    found = client.get(f"/v1/audience?{ask}")
    assert (found.status_code, found.headers["T-Private"]) == (200, "hero")
    assert found.json["slots"]["hero"]["key"] is None
    assert found.json["slots"]["local"]["key"] == found.headers["T-local"]


def test_a_simulation_goes_the_same_way(site: Site, broken: Callable[[str], None]) -> None:
    broken("hero")
    client = site.app.test_client()
    headers = {"Authorization": f"Bearer {ADMIN}"}
    answer = client.post("/v1/simulate", json={"slots": [{"id": "hero"}], "draft": "published"}, headers=headers)
    assert answer.status_code == 200, answer.data
    assert answer.json["degraded"] == ["slot:hero:default"]


def test_while_the_database_is_away_what_was_read_last_is_served(tmp_path: Path) -> None:
    service = Service()
    with serve(service.answer) as url, ExitStack() as stack:
        with postgres() as cluster:
            settings = settings_of(tmp_path, cluster.url(), url)
            fill(cluster.url())
            app = stack.enter_context(running(settings))
            served = Site(app, service, settings)
            assert blocks(served.ask("feed"), "feed") == ["c", "a", "b"]
        away = served.ask("feed")
        assert (blocks(away, "feed"), away["degraded"]) == (["c", "a", "b"], [])
        ready = app.test_client().get("/readyz")
        assert (ready.status_code, ready.json["status"], ready.json["database"]) == (200, "degraded", "failing")

        fresh = stack.enter_context(running(settings))  # a process that begins now knows nothing
        refused = fresh.test_client().get("/v1/personalize?slots=feed&key=public")
        assert (refused.status_code, refused.mimetype) == (503, "application/problem+json")
        assert refused.headers["Cache-Control"] == "no-store"
        assert "database" in refused.json["detail"]
        assert fresh.test_client().get("/readyz").status_code == 503


def test_where_nothing_is_published_the_answer_says_so(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'tessera.db'}"
    fill(database, published=False)
    with running(settings_of(tmp_path, database, "http://127.0.0.1:9")) as app:
        refused = app.test_client().get("/v1/personalize?slots=feed&key=public")
        assert refused.status_code == 503
        assert "no rule set is published yet" in refused.json["detail"]
