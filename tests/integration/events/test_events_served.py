"""A new user's way through events: what visitors do, told over HTTP to a running server, and what comes of it."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from plugin.profiles import state
from plugin.profiles.events import BOT, PREFETCH
from tests.integration.events.site import PATIENCE_S, TOPICS, Running, a_site, soon

pytestmark = pytest.mark.server

DOCUMENT: dict[str, Any] = {
    "version": 1,
    "attributes": {
        "profile.topics": {"type": "string_list"},
        "profile.view_7d": {"type": "number"},
        "profile.purchase_7d": {"type": "number"},
        "profile.value_30d": {"type": "number"},
    },
    "slots": [
        {"id": "feed", "limit": 3},
        {"id": "capped", "limit": 1, "cap": {"per_visitor": 2, "within": "1h"}},
    ],
    "segments": [
        {"id": "readers", "public": True, "pattern": {"event": "view", "count": {"gte": 3}, "within": "1h"}},
        {
            "id": "abandoner",
            "public": True,
            "lasts": "1h",
            "pattern": {"sequence": [{"event": "add_to_cart"}, {"absent": "purchase", "for": "5s"}], "within": "1d"},
        },
        {
            "id": "searched-and-left",
            "public": True,
            "lasts": "1d",
            "pattern": {"sequence": [{"event": "search"}, {"absent": "click", "for": "1h"}], "within": "1d"},
        },
    ],
    "rules": [
        {"id": "r", "slot": "feed", "when": {"segment": "readers"}, "then": [{"pin": {"id": "entry-7"}}]},
        {"id": "l", "slot": "feed", "when": {"segment": "searched-and-left"}, "then": [{"pin": {"id": "entry-9"}}]},
        {"id": "a", "slot": "feed", "when": {"segment": "abandoner"}, "then": [{"pin": {"id": "entry-8"}}]},
        {
            "id": "t",
            "slot": "feed",
            "when": {"profile.topics": {"contains": "topic-4"}},
            "then": [{"boost": {"content.topics": {"contains": "topic-4"}}, "by": 5}],
        },
    ],
}
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
_numbers = itertools.count(1)


def at(seconds: float) -> str:
    """So long ago, as events say it."""
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()


def event(visitor: str, kind: str = "view", **rest: Any) -> dict[str, Any]:
    return {"id": f"s-{next(_numbers)}", "type": kind, "visitor_id": visitor, **rest}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("served")
    with a_site(folder, f"sqlite:///{folder}/var/tessera.db", document=DOCUMENT) as made, made.running():
        soon(made.is_up, made)
        yield made


def tell(site: Running, *events: Mapping[str, Any], **headers: str) -> dict[str, Any]:
    """Sends them, and waits until they are applied."""
    status, answer, got = site.post(events, Prefer="wait=5", **headers)
    assert status == 202, answer
    if answer["accepted"]:
        assert got["Preference-Applied"] == "wait=5"
    return answer


def ask(site: Running, visitor: str, slot: str = "feed", **more: Any) -> dict[str, Any]:
    status, answer, _headers = site.ask(
        "/v1/personalize", {"visitor": {"id": visitor}, "slots": [{"id": slot}], **more}
    )
    assert (status, answer["degraded"]) == (200, []), answer
    return answer


def blocks(answer: Mapping[str, Any], slot: str = "feed") -> list[str]:
    return [one["id"] for one in answer["slots"][slot]["blocks"]]


def segments(answer: Mapping[str, Any]) -> list[str]:
    found: list[str] = answer["visitor"]["segments"]
    return found


def test_who_reads_of_a_topic_sees_it_next_and_is_a_reader_after_three(site: Running) -> None:
    before = ask(site, "ann")
    assert tell(site, *(event("ann", content_id="entry-4") for _ in range(2)))["accepted"] == 2
    after = ask(site, "ann")
    assert blocks(after) != blocks(before)
    assert all("topic-4" in site_topics(one) for one in blocks(after)[:2])
    assert segments(after) == []
    tell(site, event("ann", content_id="entry-4"))
    assert segments(ask(site, "ann")) == ["readers"]
    assert blocks(ask(site, "ann"))[0] == "entry-7"


def site_topics(name: str) -> list[str]:
    return TOPICS[name]


def test_without_waiting_it_is_there_in_a_moment(site: Running) -> None:
    began = time.monotonic()
    status, answer, headers = site.post([event("bob") for _ in range(3)])
    assert (status, answer) == (202, {"accepted": 3, "duplicate": 0, "ignored": 0, "rejected": []})
    assert "Preference-Applied" not in headers
    soon(lambda: segments(ask(site, "bob")) == ["readers"], site)
    assert time.monotonic() - began < PATIENCE_S


def test_the_same_event_again_counts_once_and_another_under_its_id_is_refused(site: Running) -> None:
    one, two, three = (event("cid") for _ in range(3))
    tell(site, one, two)
    answer = tell(site, one, two, one, {**two, "content_id": "entry-1"}, three)
    assert (answer["accepted"], answer["duplicate"]) == (1, 3)
    assert [(found["index"], found["pointer"]) for found in answer["rejected"]] == [(3, "/events/3/id")]
    (row,) = site.store.visitors.group(site.hasher.source("cid"))
    assert state.decode(row.state).totals["view"].events == 3


def test_what_did_not_happen_for_a_while_is_noticed_though_nobody_does_anything(tmp_path: Path) -> None:
    """And though the server was killed meanwhile."""
    with a_site(tmp_path, f"sqlite:///{tmp_path}/var/tessera.db", document=DOCUMENT) as site:
        with site.running() as process:
            soon(site.is_up, site)
            tell(site, event("dora", "add_to_cart"), event("dora2", "add_to_cart"))
            tell(site, event("dora2", "purchase", value=3))
            assert segments(ask(site, "dora")) == []
            process.kill()
            process.wait(90)
        with site.running():
            soon(site.is_up, site)
            began = time.monotonic()
            soon(lambda: segments(ask(site, "dora")) == ["abandoner"], site)
            assert time.monotonic() - began < 60
            assert segments(ask(site, "dora2")) == []


def test_what_comes_up_to_five_minutes_late_takes_a_segment_back_and_later_ones_do_not(site: Running) -> None:
    tell(site, event("eve", "add_to_cart", time=at(60)), event("fay", "search", time=at(7_200), properties=SOUGHT))
    assert segments(ask(site, "eve")) == ["abandoner"]
    assert segments(ask(site, "fay")) == ["searched-and-left"]
    tell(site, event("eve", "purchase", value=5, time=at(58)), event("fay", "click", content_id="e", time=at(5_400)))
    assert segments(ask(site, "eve")) == []
    assert segments(ask(site, "fay")) == ["searched-and-left"]


SOUGHT = {"query": "shoes"}


@pytest.mark.parametrize(
    ("headers", "flag"),
    [
        ({"User_Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, BOT),
        ({"Sec_Purpose": "prefetch", "User_Agent": BROWSER}, PREFETCH),
    ],
)
def test_robots_and_pages_fetched_ahead_are_marked_and_change_nothing(
    site: Running, headers: dict[str, str], flag: int
) -> None:
    visitor = f"robot-{flag}"
    assert tell(site, *(event(visitor) for _ in range(3)), **headers)["accepted"] == 3
    source = site.hasher.source(visitor)
    assert [one.flags for one in site.store.event_log.of([source]).items] == [flag] * 3
    assert site.store.visitors.find(source) is None
    assert segments(ask(site, visitor)) == []


def test_what_was_shown_often_enough_gives_way(site: Running) -> None:
    (top,) = blocks(ask(site, "gil", "capped"), "capped")
    tell(site, event("gil", "impression", content_id=top))
    assert blocks(ask(site, "gil", "capped"), "capped") == [top]
    tell(site, event("gil", "impression", content_id=top))
    assert blocks(ask(site, "gil", "capped"), "capped") != [top]


def test_events_of_a_request_bear_on_its_answer_as_they_do_once_they_are_applied(site: Running) -> None:
    brought = [{"id": f"o-{number}", "type": "view", "content_id": "entry-4"} for number in range(3)]
    at_once = ask(site, "hal", events=brought)
    source = site.hasher.source("hal")
    soon(lambda: site.store.event_log.of([source]).items[2:] != (), site)
    soon(lambda: site.store.visitors.find(source) is not None, site)
    applied = ask(site, "hal")
    assert (
        (segments(at_once), blocks(at_once)) == (segments(applied), blocks(applied)) == (["readers"], blocks(applied))
    )
    again = ask(site, "hal", events=brought)
    assert again["slots"]["feed"]["blocks"] == applied["slots"]["feed"]["blocks"]
    (row,) = site.store.visitors.group(source)
    assert state.decode(row.state).totals["view"].events == 3, "brought twice, they count once"


def test_a_beacon_is_read(site: Running) -> None:
    body = json.dumps({"events": [event("ida"), event("ida"), event("ida")]})
    url = f"http://127.0.0.1:{site.port}/v1/events?key=public"
    plain = {"Content-Type": "text/plain;charset=UTF-8", "Origin": "https://shop.example", "User-Agent": BROWSER}
    answer = requests.post(url, body.encode(), headers=plain, timeout=60)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 3)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    soon(lambda: segments(ask(site, "ida")) == ["readers"], site)


def test_each_event_is_judged_alone(site: Running) -> None:
    soon_ = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    wrong = {
        "/type": event("jan", "vieww"),
        "/content_id": event("jan", "click"),
        "/value": event("jan", "dwell", value="long"),
        "/time": event("jan", time=soon_),
        "/id": {"type": "view", "visitor_id": "jan"},
    }
    good = event("jan")
    answer = tell(site, *wrong.values(), event("jan", time=at(8 * 86_400)), good)
    assert (answer["accepted"], answer["duplicate"], answer["ignored"]) == (1, 0, 0)
    places = [f"/events/{index}{pointer}" for index, pointer in enumerate([*wrong, "/time"])]
    assert [one["pointer"] for one in answer["rejected"]] == places
    assert [one.id for one in site.store.event_log.of([site.hasher.source("jan")]).items] == [good["id"]]


def test_bodies_that_cannot_be_taken_at_all(site: Running) -> None:
    def post(body: bytes) -> requests.Response:
        named = {"Authorization": "Bearer public", "Content-Type": "application/json"}
        return requests.post(f"http://127.0.0.1:{site.port}/v1/events", body, headers=named, timeout=60)

    many = json.dumps({"events": [event("kim") for _ in range(1_001)]}).encode()
    assert (post(many).status_code, post(many).json()["errors"][0]["pointer"]) == (422, "/events")
    assert post(json.dumps({"events": [event("kim", properties={"x": "y" * 600_000})]}).encode()).status_code == 413
    assert post(b'{"events": [').status_code == 400
    assert (
        post(many).json()["errors"][0]["detail"].startswith("1,000 events at most, and these are 1,001; send the rest")
    )
    assert post(b'{"events": []}').json()["errors"] == [{"pointer": "/events", "detail": "one event at least"}]
    deep = post(b'{"events": [' + b'{"properties": ' * 5_000 + b"1" + b"}" * 5_000 + b"]}")
    assert (deep.status_code, deep.json()["detail"]) == (400, "The body is nested too deep.")
    bad = json.dumps(event("kim")).encode().replace(b"kim", b"k\xff")
    answer = post(b'{"events": [' + bad + b", " + json.dumps(event("kim")).encode() + b"]}")
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    assert [(one["index"], one["pointer"]) for one in answer.json()["rejected"]] == [(0, "/events/0")]
    assert post(b'{"events": [' + bad + b'], "user_token": "\xff"}').status_code == 400
    one, no, yes = json.dumps(event("kim")), '{"analytics": false}', '{"analytics": true}'
    for twice in (
        f'{{"events": [{one}], "consent": {no}, "consent": {yes}}}',
        f'{{"events": [{one}], "consent": {no}, "\\u0063onsent": {yes}}}',
        f'{{"events": [{one}], "consent": {{"analytics": false, "analytics": true}}}}',
        f'{{"events": [{one}], "events": [{json.dumps(event("kim"))}]}}',
        f'{{"events": [], "consent": {yes}, "events": [{one}]}}',
        f'{{"events": [{bad.decode("latin-1")}], "consent": {no}, "consent": {yes}}}',
        f'{{"events": [{{"x": NaN}}], "consent": {no}, "consent": {yes}}}',
        f'{{"events": [{one}], "consent": {no}, "consent": {{"a": "\\u0022\\u0022"}}}}',
    ):
        answer = post(twice.encode("latin-1"))
        assert (answer.status_code, "twice" in answer.json()["detail"]) == (400, True), (twice, answer.text)


@pytest.mark.parametrize("beside", ["", '"x": NaN', '"x": "\\ud83d"'])
def test_an_event_with_a_member_twice_spoils_no_other(site: Running, beside: str) -> None:
    twice = json.dumps(event("kim"))[:-1] + ', "visitor_id": "lee"}'
    odd = [f"{{{beside}}}"] if beside else []
    body = f'{{"events": [{", ".join([twice, json.dumps(event("kim")), *odd])}]}}'.encode()
    named = {"Authorization": "Bearer public", "Content-Type": "application/json"}
    answer = requests.post(f"http://127.0.0.1:{site.port}/v1/events", body, headers=named, timeout=60).json()
    assert (answer["accepted"], len(answer["rejected"])) == (1, 1 + len(odd))
    assert answer["rejected"][0] == {
        "index": 0,
        "pointer": "/events/0/visitor_id",
        "detail": "'visitor_id' is there twice; send it once",
    }


def test_what_is_said_around_the_events_once_is_taken_however_it_is_written(site: Running) -> None:
    for rest in (
        '"consent": null, "user_token": null',
        '"consent": {}',
        '"consent": {"analytics": true}',
        '"consent" : {"analytics" : null, "\\u0022": {"a": 1e5}}',
    ):
        searched = json.dumps(event("kim", properties={"query": 'the "best" of'}))
        body = f'{{ "events" : [ {searched} ], {rest} }}'.encode()
        named = {"Authorization": "Bearer public", "Content-Type": "application/json"}
        answer = requests.post(f"http://127.0.0.1:{site.port}/v1/events", body, headers=named, timeout=60)
        assert answer.status_code == 202, answer.text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/events"),
        ({"events": None}, "/events"),
        ({"events": [], "consent": []}, "/consent"),
        ({"events": [], "event": []}, "/event"),
        ({"events": [], "a/b `~": 1}, "/a~1b `~0"),
        ([], ""),
    ],
)
def test_what_is_wrong_around_the_events_is_named_by_its_place(site: Running, body: object, pointer: str) -> None:
    named = {"Authorization": "Bearer public"}
    answer = requests.post(f"http://127.0.0.1:{site.port}/v1/events", json=body, headers=named, timeout=60)
    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (422, [pointer])


def test_what_programs_write_that_is_no_json_spoils_one_event_alone(site: Running) -> None:
    """A text that was cut amid an emoji, as `JSON.stringify` writes it, and numbers that there are not."""
    cut = event("kim", "search", properties={"query": "caf\ud83d"})
    lots = [event("kim", "dwell", value=float("nan")), event("kim", properties={"a": float("inf")})]
    good = event("kim")
    body = json.dumps({"events": [cut, good, *lots], "consent": {"personalization": True}}).encode()
    for octets in (body, body.replace(b"Infinity", b"1e999"), body.replace(b'"a"', b'"a\xff"')):
        answer = requests.post(
            f"http://127.0.0.1:{site.port}/v1/events",
            octets.replace(b'"s-', f'"{next(_numbers)}-'.encode()),
            headers={"Authorization": "Bearer public", "Content-Type": "application/json"},
            timeout=60,
        )
        assert (answer.status_code, answer.json()["accepted"]) == (202, 1), answer.text
        places = [(one["index"], one["pointer"].removesuffix("/a")) for one in answer.json()["rejected"]]
        assert places == [(0, "/events/0/properties/query"), (2, "/events/2/value"), (3, "/events/3/properties")]
        assert answer.json()["rejected"][0]["detail"] == "a text without half a surrogate pair"
