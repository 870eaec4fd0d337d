"""The servers that tests start are real, and gone afterwards."""

from __future__ import annotations

import socket

import pytest

from plugin.store import open_store
from tests import servers

pytestmark = pytest.mark.server


def closed(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return False
    except ConnectionRefusedError:
        return True


def test_redis_answers_while_it_runs_and_not_after() -> None:
    with servers.redis() as server, socket.create_connection(("127.0.0.1", server.port), 1) as connection:
        connection.sendall(b"ECHO hello\r\n")
        assert connection.recv(64) == b"$5\r\nhello\r\n"
    assert closed(server.port)


def test_postgresql_answers_while_it_runs_and_not_after() -> None:
    with servers.postgres() as server:
        store = open_store(server.url())
        store.ping()
        store.close()
    assert closed(server.port)


def test_a_server_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "free_port", lambda: 99_999)
    with pytest.raises(RuntimeError, match="did not start"), servers.redis():
        pass
