"""What every adapter that asks a server makes of its faults: one table, so that none of them reads one its own way.

A listing that fails must never look like an empty one, and `ping` must not succeed: it lets a deletion be believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from adapters import registry
from adapters.cms.port import AuthError, BadResponse, CmsError, RateLimited, Source, Unavailable
from tests.contract.clock import FakeTime
from tests.contract.http_server import Reply, Request, serve

pytestmark = pytest.mark.server

OPTIONS: dict[str, dict[str, Any]] = {
    "contentful": {"space": "cfspace12345", "token": "delivery-token"},
    "generic": {"path": "entries", "items": "$.items", "id": "$.id", "content_type": "hero"},
    "payload": {"collections": ["articles"], "token": "key"},
    "strapi": {"types": ["articles"], "token": "key"},
    "wagtail": {"types": ["blog.Page"]},
    "wordpress": {"types": ["posts"]},
}
NO_SERVER = {"files", "null"}
JSON = {"Content-Type": "application/json"}
NO_LIST: dict[str, Reply] = {
    "a page of a proxy": Reply(200, b"<html>Maintenance</html>", {"Content-Type": "text/html"}),
    "a page that says it is JSON": Reply(200, b"<html>Maintenance</html>", JSON),
    "a body that is cut short": Reply(200, b'{"items": [', JSON, announced=5_000),
    "half a document": Reply(200, b'{"items": [', JSON),
    "another schema": Reply.of({"nothing": "of this kind"}),
    "a list of numbers": Reply.of({"items": 7}),
    "nothing": Reply(200, b"", JSON),
    "not modified": Reply(304),
}


@contextmanager
def answering(name: str, answer: Callable[[Request], Reply], time: FakeTime | None = None) -> Iterator[Source]:
    """The adapter over a server that answers so, whatever it is asked."""
    with serve(answer) as url:
        source = opened(name, url, time)
        try:
            yield source
        finally:
            source.close()


def opened(name: str, url: str, time: FakeTime | None = None, *, allow_private: bool = True) -> Source:
    options = {**OPTIONS[name], "url": url, "allow_private": allow_private}
    return registry.cms(name)(options, (time or FakeTime()).runtime())


def faults(source: Source) -> list[type[CmsError]]:
    found = []
    for call in (source.ping, lambda: source.changes(None)):
        with pytest.raises(CmsError) as caught:
            call()
        found.append(caught.type)
    return found


def test_every_adapter_with_a_server_is_in_the_table() -> None:
    assert registry.discover("cms").keys() == OPTIONS.keys() | NO_SERVER


@pytest.mark.parametrize("what", NO_LIST)
@pytest.mark.parametrize("name", OPTIONS)
def test_what_is_no_list_is_neither_an_empty_list_nor_a_success(name: str, what: str) -> None:
    with answering(name, lambda _request: NO_LIST[what]) as source:
        found = set(faults(source))
        # Payload names the collections that a key may read: where it names none, the key may read none.
        assert found <= ({BadResponse, AuthError} if name == "payload" else {BadResponse})


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("name", OPTIONS)
def test_a_refusal_is_told_apart_from_an_outage(name: str, status: int) -> None:
    with answering(name, lambda _request: Reply.of({}, status)) as source:
        assert faults(source) == [AuthError, AuthError]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("name", OPTIONS)
def test_an_outage_is_tried_again_with_growing_pauses_and_told(name: str, status: int) -> None:
    time, asked = FakeTime(), []

    def down(request: Request) -> Reply:
        asked.append(request.path)
        return Reply(status)

    with answering(name, down, time) as source, pytest.raises(Unavailable):
        source.ping()
    assert len(asked) == 4
    assert time.slept == sorted(time.slept)
    assert time.slept[0] < time.slept[-1]


@pytest.mark.parametrize("name", OPTIONS)
def test_a_limit_of_the_rate_is_obeyed_and_handed_on(name: str) -> None:
    time = FakeTime()
    with answering(name, lambda _request: Reply(429, headers={"Retry-After": "7"}), time) as source:
        with pytest.raises(RateLimited) as caught:
            source.ping()
        assert caught.value.retry_after == 7
        assert min(time.slept) >= 7


@pytest.mark.parametrize("name", OPTIONS)
def test_a_redirect_to_another_host_is_not_followed(name: str) -> None:
    asked: list[Request] = []

    def other(request: Request) -> Reply:
        asked.append(request)
        return Reply(404)

    with serve(other) as elsewhere:
        location = {"Location": elsewhere.replace("127.0.0.1", "localhost") + "/steal"}
        with answering(name, lambda _request: Reply(302, headers=location)) as source:
            assert faults(source) == [BadResponse, BadResponse]
    assert asked == []


@pytest.mark.parametrize("name", OPTIONS)
def test_an_address_that_is_not_public_is_refused_unless_it_is_allowed(name: str) -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Reply:
        asked.append(request)
        return Reply(404)

    with serve(answer) as url:
        source = opened(name, url, allow_private=False)
        with pytest.raises(CmsError, match="not a public address"):
            source.ping()
        source.close()
    assert asked == []
