"""Clients that stop half way through a body, in front of one worker with one thread."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests

from tests.integration.test_segments_served import KEY, RULES, SETTINGS, Api
from tests.servers import free_port
from tests.serving import serving

pytestmark = pytest.mark.server
HALF_CSV = b"id\nv-1\nv-2\n"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder, port = tmp_path_factory.mktemp("slow"), free_port()
    (folder / "content").mkdir()
    url = f"http://127.0.0.1:{port}"
    with serving(folder, url, settings=SETTINGS.format(port=port), rules=RULES):
        made = Api(url)
        with closing(made.session):
            yield made


def begun(api: Api, path: str, body: bytes, length: int) -> socket.socket:
    """A connection by which only some of a body came."""
    host, _, port = api.url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=60)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: {'text/csv' if 'import' in path else 'application/json'}\r\nContent-Length: {length}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    time.sleep(0.1)  # the system's clock of connections ticks in milliseconds: what comes next is told apart
    return connection


def asked(api: Api) -> int:
    with requests.Session() as session:  # a connection that rested meanwhile may have been ended
        body = {"slots": [{"id": "hero"}]}
        return session.post(f"{api.url}/v1/personalize?key=pub", json=body, timeout=60).status_code


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="only Linux tells which connections are silent")
def test_who_stops_half_way_holds_the_worker_for_seconds_and_not_for_ever(api: Api) -> None:
    assert asked(api) == 200
    with ExitStack() as stack:
        for _number in range(6):
            stack.enter_context(begun(api, "/v1/personalize", b'{"slots": [', 500))
        assert asked(api) == 200, "it waits in line, by a connection that is as silent as theirs"


def test_of_a_list_that_broke_off_nothing_is_taken(api: Api) -> None:
    assert api.import_("beta", "id\nv-listed\n").status_code == 200
    whole = api.ask("GET", "/v1/segments/beta/export").text
    assert "members" in whole
    with begun(api, "/v1/segments/beta/import", HALF_CSV, 5_000) as connection:
        connection.shutdown(socket.SHUT_WR)
        connection.recv(4_096)
    assert api.ask("GET", "/v1/segments/beta/export").text == whole


def test_a_list_that_could_break_off_unseen_is_not_taken(api: Api) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"id\n"
        yield b"v-3\n"

    answer = api.ask("POST", "/v1/segments/beta/import", data=chunks(), headers={"Content-Type": "text/csv"})
    assert (answer.status_code, "Content-Length" in answer.json()["detail"]) == (400, True)


def test_connections_that_rest_or_are_slow_are_left_alone(api: Api) -> None:
    """While another of the same address stalls; a slow one goes on once it is its turn."""
    body = b'{"slots": [{"id": "hero"}]}'
    with closing(HTTPConnection(api.url.removeprefix("http://"), timeout=60)) as resting:
        assert health(resting) == 200
        with begun(api, "/v1/personalize", body[:5], 500), begun(api, "/v1/personalize", body[:5], len(body)) as slow:
            slow.sendall(body[5:])
            assert slow.recv(12) == b"HTTP/1.1 200"
            assert asked(api) == 200
        assert health(resting) == 200, "by the same connection: a new one is not made by itself"


def health(connection: HTTPConnection) -> int:
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    answer.read()
    return answer.status
