"""What refusal means: nothing personal is written anywhere, and rules see nothing."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests import servers
from tests.integration.privacy.site import ADDRESS, Place, in_redis, place, running

RAW = "v-raw-4711-jane.doe"
PLANTED = {"search": "planted-query-99", "content": "planted-entry-77", "tier": "planted-tier-55"}
REFUSED = {"tessera_consent": "personalization=0,analytics=0"}
EVENTS: tuple[dict[str, Any], ...] = (
    {"type": "search", "properties": {"query": PLANTED["search"]}},
    {"type": "view", "content_id": PLANTED["content"]},
    {"type": "scroll", "value": 50, "content_id": PLANTED["content"]},
)
TRACES = [one.encode() for one in (RAW, ADDRESS, *PLANTED.values())]


@pytest.fixture(params=["local", pytest.param("redis", marks=pytest.mark.server)])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "local":
        return place(tmp_path)
    server: servers.Redis = request.getfixturevalue("redis_server")
    Redis.from_url(server.url).flushall()
    return place(tmp_path, **in_redis(tmp_path, server.url, "tessera"))


def everything(where: Place) -> bytes:
    """All that is kept on this machine, and in Redis."""
    octets = where.octets()
    if where.settings.redis_url is None:
        return octets
    client = Redis.from_url(where.settings.redis_url.reveal())
    for key in client.scan_iter():
        octets += b"\n" + key + b"="
        match client.type(key):
            case b"string":
                octets += client.get(key) or b""
            case b"stream":
                octets += repr(client.xrange(key)).encode()
            case b"hash":
                octets += repr(client.hgetall(key)).encode()
            case b"zset":
                octets += repr(client.zrange(key, 0, -1, withscores=True)).encode()
            case kind:
                raise AssertionError(f"a key of a kind that is not looked into: {kind!r}")
    client.close()
    return octets


def test_nothing_personal_is_stored_where_the_visitor_refuses(where: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    gpc = {"Sec-GPC": "1", "Cookie": "tessera_consent=analytics=0"}
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in REFUSED.items())}
    with running(where) as site:
        for headers in (gpc, cookie):
            taken = site.events(RAW, *EVENTS, wait=False, **headers)
            assert (taken["accepted"], taken["ignored"]) == (0, 3)
            body = {
                "slots": [{"id": "feed"}],
                "visitor": {"id": RAW},
                "events": [{"type": "view", "content_id": PLANTED["content"]}] * 2,
            }
            answer = site.client.post("/v1/personalize?key=public", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            assert [block["id"] for block in answer.json["slots"]["feed"]["blocks"]] == ["plain"]
        said = {"consent": {"personalization": False}, "attributes": {"tier": PLANTED["tier"]}}
        told = site.ask("PATCH", f"/v1/visitors/{RAW}", json=said)
        assert told["not_stored"], "the attribute is refused with its purpose"
        assert site.shown(RAW) == "plain", "the word is kept, and holds where the request says nothing"
        assert site.store.event_log.of([row.source for row in site.rows(RAW)]).items == ()
    found = everything(where)
    for trace in TRACES:
        assert trace not in found, trace
    assert not any(trace.decode() in caplog.text for trace in TRACES)


def test_the_same_is_found_where_the_visitor_allows_it(where: Place) -> None:
    """So that the search above could find something: but never the id as it was given, nor the address."""
    with running(where) as site:
        site.events(RAW, *EVENTS)
        site.ask("PATCH", f"/v1/visitors/{RAW}", json={"attributes": {"tier": PLANTED["tier"]}})
    found = everything(where)
    for name, value in PLANTED.items():
        assert value.encode() in found, name
    assert RAW.encode() not in found
    assert ADDRESS.encode() not in found


def test_what_was_kept_goes_with_a_refusal_and_rules_see_nothing(tmp_path: Path) -> None:
    with running(place(tmp_path)) as site:
        site.events(RAW, {"type": "view", "content_id": "reading"}, {"type": "view", "content_id": "reading"})
        assert site.shown(RAW) == "reading"
        assert site.shown(RAW, **{"Sec-GPC": "1"}) == "plain", "a request that says no sees nothing of it"
        site.ask("PATCH", f"/v1/visitors/{RAW}", json={"attributes": {"tier": "gold"}})
        assert site.shown(RAW) == "gold"
        site.ask("PATCH", f"/v1/visitors/{RAW}", json={"consent": {"personalization": False}})
        assert site.shown(RAW) == "plain"
        exported = site.ask("GET", f"/v1/visitors/{RAW}/export")
        (profile,) = exported["profiles"]
        assert (profile["attributes"], profile["interests"], profile["events"]) == ({}, {}, {})
        assert profile["patterns_look_back_at"] == []
        assert profile["consent"]["personalization"]["allowed"] is False


def test_denied_by_default_nothing_is_kept_of_who_said_nothing(tmp_path: Path) -> None:
    where = place(tmp_path, deny_consent_by_default=True)
    with running(where) as site:
        assert site.events(RAW, *EVENTS)["accepted"] == 3, "what is stored decides when they are applied"
        assert site.rows(RAW) == ()
    found = where.settled()
    for trace in TRACES:
        assert trace not in found, trace
    with running(where) as site:
        assert site.events(RAW, *EVENTS[:2], Cookie="tessera_consent=personalization=1")["accepted"] == 2
        assert len(site.rows(RAW)) == 1
        assert site.shown(RAW) == "plain"
    assert PLANTED["content"].encode() in where.octets()
