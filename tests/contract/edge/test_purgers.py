"""What every cache promises, run over all that are registered; Varnish with xkey, and with bans."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from typing import Any

import pytest

from adapters import registry
from adapters.edge.port import EdgeAuthError, EdgeError, EdgeRefused, EdgeUnavailable, Purger
from adapters.runtime import Runtime
from tests.contract.edge import cloudflare_server, fastly_server, harness
from tests.contract.edge.harness import HARNESSES, Harness
from tests.contract.edge.varnish_site import SECRET
from tests.contract.http_server import Reply, dripping, serve
from tests.waiting import allowed

PUNCTUATED = "entry:cms/a.b(c)[d]|^$*+?{}\\\"';=@!&%#~`<>_-"
VARNISHES = {"varnish-xkey": ("xkey_edge", "stale"), "varnish-bans": ("bans_edge", "gone")}
KNOWN = [*sorted(HARNESSES), *(pytest.param(name, marks=pytest.mark.server) for name in VARNISHES)]
SECRETS = (SECRET, fastly_server.TOKEN, cloudflare_server.TOKEN)


@pytest.fixture(params=KNOWN)
def edge(request: pytest.FixtureRequest) -> Iterator[Harness]:
    if request.param in HARNESSES:
        with HARNESSES[request.param]() as live:
            yield live
        return
    running, soft = VARNISHES[request.param]
    numbers = request.getfixturevalue("numbers")
    with harness.varnish(request.getfixturevalue(running), numbers, soft) as live:
        yield live


def test_every_registered_cache_is_here() -> None:
    assert set(registry.discover("edge")) == {*HARNESSES, "varnish"}


def test_what_is_stored_under_a_key_is_purged_and_nothing_else(edge: Harness) -> None:
    edge.cache.store("one", "entry:cms/a", "tag:x")
    edge.cache.store("two", "tag:y", "entry:cms/a")
    edge.cache.store("other", "entry:cms/ab", "tag:entry:cms/a", "cms/a")
    edge.purger.purge(["entry:cms/a"], hard=True)
    assert [edge.cache.look(name) for name in ("one", "two", "other")] == ["gone", "gone", "fresh"]


def test_a_soft_purge_leaves_what_may_be_served_meanwhile(edge: Harness) -> None:
    edge.cache.store("page", "tag:soft")
    edge.purger.purge(["tag:soft"], hard=False)
    assert edge.cache.look("page") == edge.soft


def test_a_purge_does_no_harm_twice_and_none_where_nothing_is_stored(edge: Harness) -> None:
    edge.cache.store("page", "tag:twice")
    edge.cache.store("other", "tag:never")
    for _ in range(2):
        edge.purger.purge(["tag:twice", "tag:twice", "tag:nobody-has-it"], hard=True)
    assert [edge.cache.look("page"), edge.cache.look("other")] == ["gone", "fresh"]


def test_no_keys_purge_nothing(edge: Harness) -> None:
    edge.cache.store("page", "tag:none")
    edge.purger.purge([], hard=True)
    assert edge.cache.look("page") == "fresh"


def test_any_number_of_keys_is_purged_to_the_last(edge: Harness) -> None:
    keys = [f"many:{number}/{'x' * 100}" for number in range(600)]
    edge.cache.store("first", keys[0])
    edge.cache.store("last", keys[-1])
    edge.purger.purge(keys, hard=True)
    assert [edge.cache.look("first"), edge.cache.look("last")] == ["gone", "gone"]


def test_every_character_of_a_key_stands_for_itself(edge: Harness) -> None:
    edge.cache.store("page", PUNCTUATED)
    edge.cache.store("long", "k" * 1024)
    edge.cache.store("other", "entry:cms/aXb(c)[d]")
    edge.purger.purge([PUNCTUATED, "k" * 1024, ".*", "other|", "entry:cms/a.b(c)[d]"], hard=True)
    assert [edge.cache.look(name) for name in ("page", "long", "other")] == ["gone", "gone", "fresh"]


@pytest.mark.parametrize(
    "key", ["", " ", "a b", "a,b", "a\r\nTessera-Purge-Mode: hard", "a\n", "é", "a\x00", "a\x7f", "k" * 1025]
)
def test_what_is_no_key_is_refused_and_nothing_is_purged(edge: Harness, key: str) -> None:
    edge.cache.store("page", "tag:kept")
    with pytest.raises(EdgeRefused, match="nothing was purged"):
        edge.purger.purge(["tag:kept", key], hard=True)
    assert edge.cache.look("page") == "fresh"


def test_closing_twice_does_no_harm(edge: Harness) -> None:
    edge.purger.close()
    edge.purger.close()


OPTIONS: dict[str, dict[str, Any]] = {
    "cloudflare": {"zone": cloudflare_server.ZONE, "token": cloudflare_server.TOKEN, "timeout_s": 0.4},
    "fastly": {"service": fastly_server.SERVICE, "token": fastly_server.TOKEN, "timeout_s": 0.4},
    "varnish": {"secret": SECRET, "timeout_s": 0.4},
}


def opened(name: str, url: str) -> Purger:
    place: dict[str, object] = {"urls": [url]} if name == "varnish" else {"api_url": url}
    return registry.edge(name)({**OPTIONS[name], **place}, Runtime.system())


def fault(name: str, url: str) -> EdgeError:
    with closing(opened(name, url)) as purger, pytest.raises(EdgeError) as caught:
        purger.purge(["tag:x"], hard=False)
    assert not any(secret in f"{caught.value!r} {caught.value}" for secret in SECRETS)
    return caught.value


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_a_cache_that_is_down_says_so(name: str) -> None:
    with serve(lambda _: Reply()) as url:
        pass
    found = fault(name, url)
    assert isinstance(found, EdgeUnavailable)
    assert "check that it runs" in str(found)


@pytest.mark.parametrize("name", sorted(OPTIONS))
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(302, headers={"Location": "http://127.0.0.1:1/elsewhere"}), EdgeRefused),
        (Reply(307, headers={"Location": "/again"}), EdgeRefused),
        (Reply(200, b"<p>Welcome</p>", {"Content-Type": "text/html"}), EdgeRefused),
        (Reply(200, b"[" * 90_000), EdgeRefused),
        (Reply(200, b"{}", announced=100), EdgeRefused),
        (Reply(200, b" " * 1_100_000), EdgeRefused),
        (Reply(404), EdgeRefused),
        (Reply(500), EdgeUnavailable),
        (Reply(503, headers={"Retry-After": "120"}), EdgeUnavailable),
        (Reply(429, headers={"Retry-After": "120"}), EdgeUnavailable),
    ],
)
def test_anything_but_the_documented_answer_is_a_fault_asked_for_once(
    name: str, reply: Reply, kind: type[EdgeError]
) -> None:
    asked: list[str] = []
    with serve(lambda request: (asked.append(request.path), reply)[1]) as url:
        found = fault(name, url)
    assert type(found) is kind
    assert len(asked) == 1, "neither followed nor tried again"
    assert ("redirect" in str(found)) is (reply.status // 100 == 3)
    assert found.retry_after == (120 if "Retry-After" in reply.headers else None)


@contextmanager
def headers_that_drip() -> Iterator[str]:
    """A server whose headers come a byte at a time, for longer than anybody may wait."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
                for _ in range(100):
                    connection.sendall(b"x")
                    if done.wait(0.05):
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        done.set()
        thread.join(90)


@pytest.mark.parametrize("name", sorted(OPTIONS))
@pytest.mark.parametrize("slow", [headers_that_drip, lambda: dripping(b"", b"x", 100)], ids=["headers", "body"])
def test_an_answer_that_drips_is_given_up_in_time(name: str, slow: Callable[[], AbstractContextManager[str]]) -> None:
    with slow() as url:
        began = time.monotonic()
        found = fault(name, url)
        assert time.monotonic() - began < allowed(2)
    assert isinstance(found, EdgeUnavailable)
    assert "within 0.4 s" in str(found)


def test_a_wrong_token_is_told_from_an_outage_and_from_a_wrong_service() -> None:
    with serve(fastly_server.Fastly().answer) as url:
        good = {"service": fastly_server.SERVICE, "token": fastly_server.TOKEN, "api_url": url}
        for wrong, kind, said in (
            ({"token": "a-token-of-others"}, EdgeAuthError, "purge_select"),
            ({"service": "other"}, EdgeRefused, "check service"),
        ):
            purger = registry.edge("fastly")({**good, **wrong}, Runtime.system())
            with closing(purger), pytest.raises(kind, match=said) as caught:
                purger.purge(["tag:x"], hard=True)
            assert "a-token-of-others" not in str(caught.value)


def test_a_wrong_token_is_told_from_an_outage_and_from_a_wrong_zone() -> None:
    with serve(cloudflare_server.Cloudflare().answer) as url:
        good = {"zone": cloudflare_server.ZONE, "token": cloudflare_server.TOKEN, "api_url": f"{url}/client/v4"}
        for wrong, kind, said in (
            ({"token": "a-token-of-others"}, EdgeAuthError, "Cache Purge"),
            ({"zone": "0" * 32}, EdgeRefused, "check zone"),
        ):
            purger = registry.edge("cloudflare")({**good, **wrong}, Runtime.system())
            with closing(purger), pytest.raises(kind, match=said):
                purger.purge(["tag:x"], hard=True)
