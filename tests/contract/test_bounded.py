"""Bodies over real connections, within limits of size and time, whichever adapter asks."""

from __future__ import annotations

import time

import pytest
import requests

from adapters.bounded import TooLarge, TooLate, read_body
from adapters.models.http import HttpModel, HttpOptions
from adapters.models.port import ModelTimeout
from adapters.runtime import Runtime
from tests.contract.http_server import dripping
from tests.waiting import allowed

DRIPPING = [(b"Content-Length: 9000", b" "), (b"Transfer-Encoding: chunked", b"1\r\n \r\n")]


@pytest.mark.parametrize(("head", "piece"), DRIPPING)
def test_a_body_that_drips_is_given_up_when_its_time_is_over(head: bytes, piece: bytes) -> None:
    """Each byte restarts the time-out of a socket, and who waits for a full piece looks at no clock meanwhile."""
    with dripping(head, piece, 60) as url, requests.get(url, stream=True, timeout=1) as response:
        began = time.monotonic()
        with pytest.raises(TooLate):
            read_body(response, 10_000, began + 0.3, time.monotonic)
        assert time.monotonic() - began < allowed(1.5)


@pytest.mark.parametrize(("head", "piece"), DRIPPING)
def test_a_body_that_drips_is_given_up_when_it_is_too_large(head: bytes, piece: bytes) -> None:
    head = head.replace(b"9000", b"5")
    with dripping(head, piece, 60) as url, requests.get(url, stream=True, timeout=1) as response:
        began = time.monotonic()
        with pytest.raises(TooLarge):
            read_body(response, 4, began + 5, time.monotonic)
        assert time.monotonic() - began < allowed(1.5)


def test_a_scoring_service_that_drips_holds_no_thread_past_the_deadline() -> None:
    with dripping(b"Content-Length: 9000", b" ", 60) as url:
        model = HttpModel(HttpOptions(name="slow", url=url), Runtime.system())
        began = time.monotonic()
        with pytest.raises(ModelTimeout):
            model.score([{"profile.spend": 10}], timeout_s=0.3)
        model.close()
        model._pool.shutdown(wait=True)
        assert time.monotonic() - began < allowed(1.5)
