"""What is particular to the APIs of Fastly and Cloudflare, as their documentation has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from adapters import registry
from adapters.edge.port import EdgeAuthError, EdgeError, EdgeRefused, EdgeUnavailable, Purger
from adapters.runtime import Runtime
from tests.contract.clock import FakeTime
from tests.contract.edge import cloudflare_server, fastly_server
from tests.contract.edge.cloudflare_server import Cloudflare, refusal
from tests.contract.edge.fastly_server import Fastly
from tests.contract.http_server import Reply, serve

KEYS = [f"entry:cms/{number}" for number in range(600)]


@pytest.fixture
def fastly() -> Iterator[tuple[Fastly, Purger]]:
    server = Fastly()
    with serve(server.answer) as url:
        options = {"service": fastly_server.SERVICE, "token": fastly_server.TOKEN, "api_url": url}
        with closing(registry.edge("fastly")(options, FakeTime().runtime())) as purger:
            yield server, purger


@pytest.fixture
def cloudflare() -> Iterator[tuple[Cloudflare, Purger]]:
    server = Cloudflare()
    with serve(server.answer) as url:
        options = {"zone": cloudflare_server.ZONE, "token": cloudflare_server.TOKEN, "api_url": f"{url}/client/v4"}
        with closing(registry.edge("cloudflare")(options, Runtime.system())) as purger:
            yield server, purger


def test_fastly_takes_256_keys_at_once(fastly: tuple[Fastly, Purger]) -> None:
    server, purger = fastly
    purger.purge(KEYS, hard=True)
    assert server.batches == [256, 256, 88]


def test_fastly_says_by_a_header_of_its_own_when_its_limit_is_over(fastly: tuple[Fastly, Purger]) -> None:
    server, purger = fastly
    now = int(FakeTime().seconds)
    for headers, wanted in (
        ({"Fastly-RateLimit-Reset": str(now + 90)}, 90),
        ({"Fastly-RateLimit-Reset": str(now - 90)}, 0),
        ({"Fastly-RateLimit-Reset": "soon"}, None),
        ({"Fastly-RateLimit-Reset": str(now + 90), "Retry-After": "7"}, 7),
    ):
        server.faults = [Reply(429, b'{"msg": "You have exceeded your hourly purge limit"}', headers)]
        with pytest.raises(EdgeUnavailable, match="fewer requests") as caught:
            purger.purge(["tag:x"], hard=True)
        assert caught.value.retry_after == wanted


def test_a_batch_that_fails_is_the_last_one_sent(fastly: tuple[Fastly, Purger]) -> None:
    server, purger = fastly
    server.faults = [Reply(500)]
    with pytest.raises(EdgeUnavailable):
        purger.purge(KEYS, hard=True)
    assert server.batches == []
    purger.purge(KEYS, hard=True)
    assert sum(server.batches) == 600, "and all of it is repeated by the caller"


def test_fastly_names_every_key_that_it_purged(fastly: tuple[Fastly, Purger]) -> None:
    server, purger = fastly
    server.faults = [Reply.of({"entry:cms/0": "108-1-1"})]
    with pytest.raises(EdgeRefused, match="an id for each key"):
        purger.purge(KEYS[:2], hard=True)


def test_cloudflare_takes_100_tags_at_once(cloudflare: tuple[Cloudflare, Purger]) -> None:
    server, purger = cloudflare
    purger.purge(KEYS, hard=True)
    assert server.batches == [100] * 6


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(200, 1, "no"), EdgeRefused),
        (refusal(400, 6003, "Invalid request headers"), EdgeAuthError),
        (refusal(400, 9106, "Missing headers"), EdgeAuthError),
        (refusal(403, 10000, "Authentication error"), EdgeAuthError),
        (refusal(400, 1012, "bad tags"), EdgeRefused),
        (Reply.of({"success": False, "errors": "no"}, 400), EdgeRefused),
        (Reply.of({"success": "true"}), EdgeRefused),
    ],
)
def test_cloudflare_tells_in_its_envelope_what_is_wrong(
    cloudflare: tuple[Cloudflare, Purger], reply: Reply, kind: type[EdgeError]
) -> None:
    server, purger = cloudflare
    server.faults = [reply]
    with pytest.raises(EdgeError) as caught:
        purger.purge(["tag:x"], hard=True)
    assert type(caught.value) is kind


def test_what_an_api_says_is_shown_in_one_line_without_the_token(cloudflare: tuple[Cloudflare, Purger]) -> None:
    server, purger = cloudflare
    server.faults = [refusal(400, 1, f"no\nFAKE LOG LINE {cloudflare_server.TOKEN}{'x' * 9000}")]
    with pytest.raises(EdgeRefused) as caught:
        purger.purge(["tag:x"], hard=True)
    said = str(caught.value)
    assert cloudflare_server.TOKEN not in said
    assert "\n" not in said
    assert len(said) < 400


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("fastly", {"token": "12345678"}, "service: required"),
        ("fastly", {"service": "../x", "token": "12345678"}, "service: want an id"),
        ("fastly", {"service": "x"}, "token: required"),
        ("fastly", {"service": "x", "token": "12345678\nX: y"}, "token: want 8"),
        ("fastly", {"service": "x", "token": "12345678", "api_url": "http://api.example.com"}, "want https"),
        ("fastly", {"service": "x", "token": "12345678", "soft": True}, "soft: unknown option"),
        ("cloudflare", {"zone": "x", "token": "12345678"}, "zone: want an id: 32"),
        ("cloudflare", {"zone": "0" * 32, "token": "a b c d e f"}, "token: want 8"),
        ("varnish", {"secret": "x" * 16}, "urls: required"),
        ("varnish", {"urls": ["http://a", "http://a/"], "secret": "x" * 16}, "each once"),
        ("varnish", {"urls": ["a:6081"], "secret": "x" * 16}, "want http://host"),
        ("varnish", {"urls": ["http://a"], "secret": "short"}, "secret: want 16"),
        ("varnish", {"urls": ["http://a"], "secret": "x" * 16, "header_bytes": 10}, "header_bytes: want"),
    ],
)
def test_options_are_checked(name: str, options: dict[str, Any], said: str) -> None:
    build: Callable[..., Purger] = registry.edge(name)
    with pytest.raises(EdgeError, match=said):
        build(options, Runtime.system())
