"""Answers that caches may share, and conditional requests that need no decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from plugin.edge.headers import Longest
from plugin.service.delivery.tokens import DecisionTokens
from plugin.service.delivery.writer import AnswerWriter
from plugin.store import Store
from plugin.web.problems import Rendered
from plugin.web.shared import LONGEST_NAME, MOST_KNOWN, Sharing
from tests.unit.plugin.service.site_support import NOW, ByHand, Service, ask, entry, publish, put, service

DOCUMENT: Mapping[str, Any] = {
    "version": 1,
    "slots": [
        {"id": "feed", "limit": 5},
        {"id": "timed", "limit": 5},
        {"id": "scored", "limit": 5, "blend": {"model": {"name": "m"}}},
        {"id": "by.device", "limit": 5},
        {"id": "moving", "limit": 5},
    ],
    "rules": [
        {"id": "d", "slot": "by.device", "when": {"device.type": "mobile"}, "then": [{"pin": {"id": "b"}}]},
        {"id": "t", "slot": "timed", "from": "2026-11-21T12:05:00Z", "then": [{"pin": {"id": "b"}}]},
        {"id": "m", "slot": "moving", "when": {"time.now": {"after": "2026-01-01"}}, "then": [{"pin": {"id": "b"}}]},
    ],
}


@dataclass
class Routes:
    """What a route does, with a count of the decisions that it made."""

    made: Service
    sharing: Sharing
    writer: AnswerWriter
    environ: dict[str, Any] = field(default_factory=dict)
    decisions: int = 0

    def get(self, slot: str = "feed", tag: str | None = None, key: str | None = None, **environ: str) -> Rendered:
        """GET an answer, with an ETag of before."""
        said = {**environ, **({} if tag is None else {"HTTP_IF_NONE_MATCH": tag})}
        address = f"/p?slots={slot}"
        unchanged = self.sharing.unchanged(said, address, self.made.sites.site, key)
        if unchanged is not None:
            return unchanged
        self.decisions += 1
        headers = {name[5:].replace("_", "-"): value for name, value in environ.items() if name != "HTTP_COOKIE"}
        cookies = dict(part.split("=", 1) for part in environ.get("HTTP_COOKIE", "").split("; ") if part)
        command = ask(slot, headers=headers, cookies=cookies, query={"timezone": ("UTC",)}, by_cache=True)
        answer = self.made.personalization.answer(command)
        body = self.writer.write(answer, render="json", all_segments=False)
        return self.sharing.answered(said, address, [answer], body, key=key, vary=("T-Key",))


@pytest.fixture
def model() -> ByHand:
    return ByHand()


@pytest.fixture
def routes(sqlite_store: Store, model: ByHand) -> Routes:
    publish(sqlite_store, DOCUMENT)
    put(sqlite_store, entry("a"), entry("b"))
    made = service(sqlite_store, {"m": model})
    sharing = Sharing(longest=Longest(), made="m", clock=made.clock, consent_cookie="tessera_consent")
    return Routes(made, sharing, AnswerWriter(DecisionTokens("k" * 32), lambda _block, _presentation: None))


def test_who_names_the_tag_is_told_that_nothing_changed_and_nothing_is_decided(routes: Routes) -> None:
    body, status, headers = routes.get()
    assert (status, headers["Vary"], b"blocks" in body) == (200, "T-Key", True)
    for _ in range(3):
        empty, status, again = routes.get(tag=headers["ETag"])
        assert (empty, status) == (b"", 304)
        assert {**again, "Cache-Status": ""} == {**headers, "Cache-Status": ""}
    assert (headers["Cache-Status"], again["Cache-Status"]) == (
        'tessera; fwd=miss; ttl=60; key="1.1"',
        'tessera; hit; ttl=60; key="1.1"',
    )
    assert routes.decisions == 1
    assert routes.get(tag='"another"')[1] == 200


def test_a_process_that_does_not_know_the_answer_decides_and_comes_to_the_same(routes: Routes) -> None:
    tag = routes.get()[2]["ETag"]
    routes.sharing = Sharing(longest=Longest(), made="m", clock=routes.made.clock, consent_cookie=None)
    assert routes.get(tag=tag)[:2] == (b"", 304)
    assert routes.decisions == 2
    assert routes.get(tag=tag)[:2] == (b"", 304)
    assert routes.decisions == 2


def test_a_change_of_content_or_rules_is_another_answer(routes: Routes, sqlite_store: Store) -> None:
    tags = [routes.get()[2]["ETag"]]
    put(sqlite_store, entry("c"))
    routes.made.sites.refresh()
    body, status, headers = routes.get(tag=tags[0])
    assert (status, b'"id":"c"' in body) == (200, True)
    tags.append(headers["ETag"])
    publish(sqlite_store, DOCUMENT)
    routes.made.sites.refresh()
    body, status, headers = routes.get(tag=", ".join(tags))
    assert (status, headers["ETag"] in tags) == (200, False)


def test_what_flips_by_itself_is_another_answer(routes: Routes) -> None:
    """Bytes and tag are the same or another together, at every second around the flip."""
    found: dict[str, bytes] = {}
    body, _status, headers = routes.get("timed")
    found[headers["ETag"]] = body
    for second in (*range(150, 310, 7), *range(295, 310)):
        routes.made.clock.now = NOW + timedelta(seconds=second)
        said = routes.get("timed", tag=", ".join(found))
        if said[1] == 200:
            assert said[2]["ETag"] not in found
            found[said[2]["ETag"]] = said[0]
        fresh = routes.get("timed")
        assert found[said[2]["ETag"]] == fresh[0]
        assert said[2]["Cache-Control"] == fresh[2]["Cache-Control"]
        left = 300 - second
        seconds = sum(int(part.partition("=")[2]) for part in fresh[2]["Cache-Control"].split(", ")[2:4])
        assert left <= 0 or seconds <= left, "neither fresh nor stale reaches beyond the flip"
    assert len({body.count(b'"pin"') for body in found.values()}) == 2, "it did flip"


def test_near_a_flip_too_nothing_is_decided_for_who_names_the_tag(routes: Routes) -> None:
    routes.made.clock.move(270.2)
    tag = routes.get("timed")[2]["ETag"]
    routes.made.clock.move(0.4)
    assert routes.get("timed", tag=tag)[1] == 304
    assert routes.decisions == 1


def test_of_several_answers_near_a_flip_the_tag_is_that_of_the_bytes(routes: Routes) -> None:
    """Each says the seconds from its own moment."""

    def both(apart_s: float) -> Rendered:
        answers = []
        for _ in range(2):
            answers.append(routes.made.personalization.answer(ask("timed", by_cache=True)))
            routes.made.clock.move(apart_s)
        body = b"".join(routes.writer.write(one, render="json", all_segments=False) for one in answers)
        return routes.sharing.answered({}, "/graphql?x", answers, body)

    def unchanged(tag: str) -> bool:
        said = {"HTTP_IF_NONE_MATCH": tag}
        return routes.sharing.unchanged(said, "/graphql?x", routes.made.sites.site) is not None

    tag = both(0.1)[2]["ETag"]
    assert unchanged(tag)
    routes.made.clock.now = NOW + timedelta(seconds=270.5)
    apart = both(0.6)
    routes.made.clock.now = NOW + timedelta(seconds=271.1)
    together = both(0)
    assert (apart[0] == together[0], apart[2]["ETag"] == together[2]["ETag"]) == (False, False)
    assert not unchanged(together[2]["ETag"])


def test_what_may_flip_at_any_moment_is_decided_each_time(routes: Routes) -> None:
    _body, _status, headers = routes.get("moving")
    assert headers["Cache-Control"].startswith("public, max-age=0, s-maxage=0, stale-while-revalidate=0")
    routes.get("moving", tag=headers["ETag"])
    assert routes.decisions == 2


def test_where_a_model_scores_the_tag_is_that_of_the_bytes(routes: Routes, model: ByHand) -> None:
    first = routes.get("scored")
    assert routes.get("scored", tag=first[2]["ETag"])[1] == 304
    assert routes.decisions == 2, "who knows what the model says by now"
    model.answer = lambda rows: [0.9] + [0.1] * (len(rows) - 1)
    routes.made.clock.move(61)
    other = routes.get("scored", tag=first[2]["ETag"])
    assert (other[1], other[0] == first[0]) == (200, False)


def test_what_a_visitor_said_of_consent_counts_before_the_tag(routes: Routes) -> None:
    tag = routes.get()[2]["ETag"]
    for said in ({"HTTP_SEC_GPC": "1"}, {"HTTP_COOKIE": "x=1; tessera_consent=analytics=1"}):
        _body, status, headers = routes.get(tag=tag, **said)
        assert (status, headers) == (200, {"Cache-Control": "private, no-store"})
    assert routes.get(tag=tag, HTTP_COOKIE="visitor=v-1")[1] == 304


def test_by_key_nothing_else_of_the_request_counts(routes: Routes) -> None:
    _body, _status, headers = routes.get(key="1.a")
    assert "audience" not in headers["xkey"].split()
    assert routes.get(key="1.a", tag=headers["ETag"], HTTP_SEC_GPC="1")[1] == 304
    assert routes.get(key="1.b", tag=headers["ETag"])[1] == 200
    assert routes.get(tag=headers["ETag"])[1] == 200


def test_a_private_answer_says_nothing_else(routes: Routes) -> None:
    _body, status, headers = routes.get("by.device", tag="*")
    assert (status, headers) == (200, {"Cache-Control": "private, no-store"})


def test_addresses_of_strangers_do_not_fill_the_memory(routes: Routes) -> None:
    for number in range(MOST_KNOWN + 5):
        routes.get(key=f"1.{number}")
    assert len(routes.sharing._known[1]) == 5
    routes.get(key="1." + "x" * LONGEST_NAME)
    assert len(routes.sharing._known[1]) == 5
