"""Limits: so many requests a second, so large a body."""

from __future__ import annotations

import pytest

from plugin.errors import RateLimited
from plugin.store import Store
from plugin.web.limits import Buckets
from plugin.web.services import Rate
from tests.unit.plugin.web.small_app import ADMIN, READER, Clock, Small, small_app


def test_a_bucket_refills_with_time() -> None:
    clock = Clock()
    buckets = Buckets(Rate(per_s=2, burst=3), clock.monotonic)
    for _ in range(3):
        buckets.take("k")
    with pytest.raises(RateLimited):
        buckets.take("k")
    clock.move(0.4)
    with pytest.raises(RateLimited) as refused:
        buckets.take("k")
    assert refused.value.retry_after_s == 1
    clock.move(0.2)
    buckets.take("k")
    with pytest.raises(RateLimited):
        buckets.take("k")


def test_a_bucket_holds_no_more_than_its_burst() -> None:
    clock = Clock()
    buckets = Buckets(Rate(per_s=1, burst=2), clock.monotonic)
    buckets.take("k")
    clock.move(3_600)
    for _ in range(2):
        buckets.take("k")
    with pytest.raises(RateLimited):
        buckets.take("k")


def test_slow_rates_say_how_long_to_wait() -> None:
    buckets = Buckets(Rate(per_s=0.1, burst=1), Clock().monotonic)
    buckets.take("k")
    with pytest.raises(RateLimited) as refused:
        buckets.take("k")
    assert refused.value.retry_after_s == 10


def test_keys_have_buckets_of_their_own_and_none_means_no_limit() -> None:
    buckets = Buckets(Rate(per_s=1, burst=1), Clock().monotonic)
    buckets.take("a")
    buckets.take("b")
    free = Buckets(None, Clock().monotonic)
    for _ in range(1_000):
        free.take("a")


def test_too_many_requests_are_told_when_to_come_back(sqlite_store: Store) -> None:
    small = small_app(sqlite_store, management_rate=Rate(per_s=1, burst=2))
    statuses = [small.client(ADMIN).get("/v1/rules").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = small.client(ADMIN).get("/v1/rules")
    assert (refused.headers["Retry-After"], refused.json["type"]) == ("1", "/problems/rate-limited")  # type: ignore[index]
    assert small.client(READER).get("/v1/rules").status_code == 200
    small.clock.move(1)
    assert small.client(ADMIN).get("/v1/rules").status_code == 200


def test_health_is_never_limited(sqlite_store: Store) -> None:
    client = small_app(sqlite_store, management_rate=Rate(per_s=1, burst=1)).client(None)
    assert {client.get("/healthz").status_code for _ in range(5)} == {200}


def test_an_oversize_body_is_refused_by_its_length_alone(small: Small) -> None:
    class Unread:
        def read(self, *_: object) -> bytes:
            raise AssertionError("the body must not be read")

        readline = __iter__ = read

    answer = small.client().post(
        "/v1/rules",
        content_type="application/json",
        environ_overrides={"wsgi.input": Unread(), "CONTENT_LENGTH": "5000"},
    )
    assert answer.status_code == 413
    assert answer.json["limit_bytes"] == 4_096  # type: ignore[index]


def test_an_oversize_body_of_unknown_length_is_refused_as_it_comes(small: Small) -> None:
    class Endless:
        """A chunked body as servers present it: no length, and an end that never comes."""

        given = 0

        def read(self, size: int = -1) -> bytes:
            Endless.given += size
            return b"x" * max(size, 0)

    answer = small.client().post(
        "/v1/rules",
        content_type="application/json",
        environ_overrides={"wsgi.input": Endless(), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    assert answer.status_code == 413
    assert Endless.given < 200_000


def test_documents_may_be_larger_than_other_bodies(small: Small) -> None:
    document = {"version": 1, "description": "x" * 1_900, "segments": [{"id": "s", "members": ["v"] * 2_000}]}
    answer = small.client().post("/v1/rulesets/check", json={"document": document})
    assert answer.status_code == 200
    assert answer.json["ok"]  # type: ignore[index]
