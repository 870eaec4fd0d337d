"""Addresses of Redis: what the client would take from them, though it is not theirs to say, is refused at the start."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis import Redis
from redis.connection import parse_url

from adapters.redis_url import wrong_with
from adapters.streams.port import StreamOptionsError
from adapters.streams.redis.options import read_options
from plugin.errors import SettingsError
from plugin.settings import load

GOOD = [
    "redis://localhost",
    "redis://localhost:6379/0",
    "redis://127.0.0.1:6379/15/",
    "redis://[::1]:6379?db=2",
    "redis://user:p%40ss%23@cache.example:6379/3?client_name=tessera&health_check_interval=30&socket_keepalive=true",
    "rediss://:secret@cache.example:6380/0?ssl_cert_reqs=none&ssl_check_hostname=False&ssl_ca_certs=/etc/ca.pem",
    "unix:///run/redis.sock?db=1&password=secret",
    "unix://user@/run/redis.sock",
]
BAD = [
    ("redis://h/0?decode_responses=true", "take decode_responses out"),
    ("redis://h/0?protocol=3", "take protocol out"),
    ("redis://h/0?encoding=utf-16", "take encoding out"),
    ("redis://h/0?db=1&socket_timeout=0.00001", "take socket_timeout out"),
    ("redis://h/0?max_connections=1", "take max_connections out"),
    ("redis://h/0?hidden=1", "no other options than db,"),
    ("redis://h/0?ssl_certfile=/x.pem", "ssl_certfile wants an address that begins with rediss://"),
    ("rediss://h/0?ssl_cert_reqs=perhaps", "whose ssl_cert_reqs is none, optional or required"),
    ("redis://h/0?db=one", "whose db is a whole number"),
    ("redis://h/0?client_name=", "whose client_name is not empty"),
    ("redis://h/cache", "ends with the number of the database"),
    ("redis://h:port/0", "whose port is a number"),
    ("redis://:hid#den@h/0", "percent-encoded"),
    ("redis://u:1#hidden@h/0", "without #"),
    ("redis://", "want redis://"),
    ("http://h/0", "want redis://"),
]


@pytest.mark.parametrize("url", GOOD)
def test_what_the_client_understands_is_taken(url: str) -> None:
    assert wrong_with(url) is None
    known = parse_url(url)
    assert "decode_responses" not in known
    Redis.from_url(url, protocol=2).connection_pool.make_connection()  # it refuses options that it does not know


@pytest.mark.parametrize(("url", "told"), BAD)
def test_what_would_break_requests_is_refused_at_the_start(url: str, told: str, tmp_path: Path) -> None:
    wrong = wrong_with(url)
    assert wrong is not None
    assert told in wrong
    assert "hid" not in wrong
    with pytest.raises(SettingsError) as refused:
        load({"TESSERA_REDIS_URL": url}, tmp_path)
    assert any("redis_url" in problem.lower() and told in problem for problem in refused.value.problems)
    with pytest.raises(StreamOptionsError) as options:
        read_options({"url": url, "spool": str(tmp_path / "spool.db")})
    assert options.value.problems == (f"url: {wrong}",)
