"""The http adapter against a real server on 127.0.0.1: limits, time, failures, the breaker."""

from __future__ import annotations

import json
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from adapters import registry
from adapters.models.http import HttpModel, HttpOptions
from adapters.models.port import (
    BadAnswer,
    BreakerOpen,
    ModelAdapter,
    ModelError,
    ModelOptionsError,
    ModelTimeout,
    ModelUnavailable,
)
from adapters.runtime import Runtime
from tests.contract.clock import FakeTime
from tests.contract.http_server import Reply, serve
from tests.contract.models.harness import ScoringService
from tests.waiting import allowed

ROW = {"profile.spend": 10}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def service() -> ScoringService:
    return ScoringService()


@pytest.fixture
def opened(service: ScoringService) -> Iterator[Callable[..., HttpModel]]:
    made: list[HttpModel] = []
    with serve(service.answer) as url:

        def open_model(runtime: Runtime | None = None, **options: Any) -> HttpModel:
            settings = {"name": "hero", "url": url, "token": service.token, **options}
            model = registry.model("http")(settings, runtime or Runtime.system())
            assert isinstance(model, HttpModel)
            made.append(model)
            return model

        yield open_model
        for model in made:
            model.close()


def test_a_request_is_as_documented(opened: Any, service: ScoringService) -> None:
    opened().score([{"a": 1, "b": None, "c": ("x", "y"), "d": math.nan, "e": True, "f": "é"}], timeout_s=5)
    sent = json.loads(service.requests[0].body)
    assert sent == {"model": "hero", "rows": [{"a": 1, "c": ["x", "y"], "e": True, "f": "é"}]}


def test_only_declared_features_leave_the_house(opened: Any, service: ScoringService) -> None:
    model = opened(features=["a"])
    assert model.spec.features == ("a",)
    model.score([{"a": 1, "profile.email": "x@example.com"}], timeout_s=5)
    assert json.loads(service.requests[0].body)["rows"] == [{"a": 1}]


def test_large_calls_are_split_and_put_together_in_order(opened: Any, service: ScoringService) -> None:
    rows = [{"profile.spend": n} for n in range(95)]
    scores = opened(max_batch=10).score(rows, timeout_s=5)
    assert scores == [service.score(row) for row in rows]
    assert sorted(len(json.loads(request.body)["rows"]) for request in service.requests) == [5] + [10] * 9


def test_connections_are_kept(opened: Any, service: ScoringService) -> None:
    model = opened(parallel=1)
    for _ in range(5):
        model.score([ROW], timeout_s=5)
    assert len({request.client for request in service.requests}) == 1


def test_no_rows_ask_nobody_and_a_ping_asks_with_none(opened: Any, service: ScoringService) -> None:
    model = opened()
    assert list(model.score([], timeout_s=5)) == []
    assert service.requests == []
    model.ping()
    assert json.loads(service.requests[0].body)["rows"] == []


def test_unbounded_scores_pass_the_calibration(opened: Any, service: ScoringService) -> None:
    service.unbounded = True
    model = opened(scale="unbounded", calibration={"a": 2.0, "b": 1.0})
    [score] = model.score([ROW], timeout_s=5)
    assert score == pytest.approx(1 / (1 + math.exp(-(2.0 * service.score(ROW) + 1.0))))
    service.faults = [Reply.of({"scores": [-1e299]}), Reply.of({"scores": [1e299]})]
    assert [model.score([ROW], timeout_s=5)[0] for _ in range(2)] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply.of({"scores": []}), BadAnswer),
        (Reply.of({"scores": [0.1, 0.2]}), BadAnswer),
        (Reply.of({"scores": {"0": 0.1}}), BadAnswer),
        (Reply.of({}), BadAnswer),
        (Reply.of([0.1]), BadAnswer),
        (Reply.of({"scores": ["0.1"]}), BadAnswer),
        (Reply.of({"scores": [True]}), BadAnswer),
        (Reply.of({"scores": [None]}), BadAnswer),
        (Reply.of({"scores": [1.0001]}), BadAnswer),
        (Reply.of({"scores": [-0.0001]}), BadAnswer),
        (Reply(200, b'{"scores": [NaN]}', JSON), BadAnswer),
        (Reply(200, b'{"scores": [Infinity]}', JSON), BadAnswer),
        (Reply(200, b'{"scores": [1' + b"0" * 400 + b"]}", JSON), BadAnswer),
        (Reply(200, b'{"scores": [0.', JSON), BadAnswer),
        (Reply(200, b"[" * 90_000, JSON), BadAnswer),
        (Reply(200, b'{"scores": [0.5]}', JSON, announced=100), BadAnswer),
        (Reply(200, b'{"scores": [0.5]}', {"Content-Type": "text/html"}), BadAnswer),
        (Reply(200, b" " * 200_000, JSON), BadAnswer),
        (Reply(204, b"", JSON), ModelUnavailable),
        (Reply(302, headers={"Location": "/elsewhere"}), ModelUnavailable),
        (Reply(302, headers={"Location": "http://[bad"}), ModelUnavailable),
        (Reply(401), ModelUnavailable),
        (Reply(500), ModelUnavailable),
    ],
)
def test_anything_but_a_score_for_each_row_fails_the_call(
    opened: Any, service: ScoringService, reply: Reply, error: type[ModelError]
) -> None:
    service.faults = [reply]
    with pytest.raises(error) as caught:
        opened(max_response_bytes=100_000).score([ROW], timeout_s=5)
    assert "hero" in str(caught.value)
    assert "model-token" not in str(caught.value)
    assert len(service.requests) == 1


def test_one_bad_batch_fails_the_whole_call(opened: Any, service: ScoringService) -> None:
    service.faults = [Reply(500)]
    with pytest.raises(ModelUnavailable):
        opened(max_batch=1).score([ROW] * 4, timeout_s=5)


def test_a_slow_answer_is_given_up_at_the_deadline(opened: Any, service: ScoringService) -> None:
    release = threading.Event()
    service.faults = [Reply.of({"scores": [0.5]})]
    service.faults[0] = replace(service.faults[0], before=lambda: release.wait(5))
    began = time.monotonic()
    with pytest.raises(ModelTimeout):
        opened().score([ROW], timeout_s=0.1)
    assert time.monotonic() - began < allowed(1.5)
    release.set()


def test_headers_that_drip_byte_by_byte_do_not_hold_the_caller() -> None:
    """Each byte restarts the time-out of a socket; the deadline of the call holds all the same."""
    done = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
                while not done.wait(0.05):
                    connection.sendall(b"x")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        model = HttpModel(HttpOptions(name="slow", url=url), Runtime.system())
        began = time.monotonic()
        with pytest.raises(ModelTimeout):
            model.score([ROW], timeout_s=0.3)
        assert time.monotonic() - began < allowed(1.5)
        model.close()
        done.set()
        thread.join(90)
        model._pool.shutdown(wait=True)


def test_nobody_listening_is_unavailable() -> None:
    with serve(lambda _: Reply()) as url:
        pass
    model = HttpModel(HttpOptions(name="gone", url=url), Runtime.system())
    with pytest.raises(ModelUnavailable):
        model.score([ROW], timeout_s=5)
    with pytest.raises(ModelUnavailable):
        model.ping()
    model.close()
    with pytest.raises(ModelUnavailable, match="closed"):
        model.score([ROW], timeout_s=5)


def test_after_failures_in_a_row_the_service_is_left_alone_and_then_tried_once(
    opened: Any, service: ScoringService
) -> None:
    clock = FakeTime()
    model = opened(clock.runtime(), breaker_failures=3, breaker_open_s=30)
    service.faults = [Reply(500)] * 4
    for _ in range(3):
        with pytest.raises(ModelUnavailable):
            model.score([ROW], timeout_s=5)
    with pytest.raises(BreakerOpen) as caught:
        model.score([ROW], timeout_s=5)
    assert caught.value.retry_in_s == 30
    assert str(caught.value).endswith("; the last: hero: status 500, no scores")
    assert len(service.requests) == 3, "an open breaker asks nobody"
    clock.seconds += 30
    with pytest.raises(ModelUnavailable):
        model.score([ROW], timeout_s=5)
    assert len(service.requests) == 4, "the probe failed"
    clock.seconds += 29
    with pytest.raises(BreakerOpen):
        model.score([ROW], timeout_s=5)
    clock.seconds += 1
    assert len(model.score([ROW], timeout_s=5)) == 1
    assert model.breaker.state == "closed"


def test_bad_answers_open_the_breaker_too(opened: Any, service: ScoringService) -> None:
    model = opened(breaker_failures=1)
    service.faults = [Reply.of({"scores": []})]
    with pytest.raises(BadAnswer):
        model.score([ROW], timeout_s=5)
    with pytest.raises(BreakerOpen):
        model.score([ROW], timeout_s=5)


def test_bad_options_are_all_named_at_once() -> None:
    with pytest.raises(ModelOptionsError) as caught:
        registry.model("http")(
            {"url": "file:///etc/passwd", "scale": "odd", "calibration": {"a": "x", "c": 1}, "per": ["nobody"]},
            Runtime.system(),
        )
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "url",
        "per",
        "name",
        "scale",
        "calibration.a",
        "calibration.c",
    ]


def test_the_token_is_in_no_repr() -> None:
    options = HttpOptions(name="hero", url="http://localhost/", token="very-secret")
    model: ModelAdapter = HttpModel(options, Runtime.system())
    assert "very-secret" not in repr(options) + repr(model) + repr(vars(model))
    model.close()
