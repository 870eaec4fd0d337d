from __future__ import annotations

import io
from typing import Any

import pytest

from plugin.errors import MalformedRequest
from plugin.web.bodies import Bodies, Body


def body(octets: bytes, length: int | None = None, method: str = "POST") -> Any:
    """What an application is given to read from."""
    given: list[Any] = []

    def behind(environ: dict[str, Any], _start: object) -> list[bytes]:
        given.append(environ["wsgi.input"])
        return []

    environ: dict[str, Any] = {"REQUEST_METHOD": method, "wsgi.input": io.BytesIO(octets), "REMOTE_ADDR": "192.0.2.1"}
    if length is not None:
        environ["CONTENT_LENGTH"] = str(length)
    Bodies(behind, monotonic=lambda: 5.0)(environ, lambda *_: lambda _octets: None)
    return given[0]


def test_a_whole_body_is_read_as_it_is() -> None:
    assert body(b"a\nb\nc", 5).read() == b"a\nb\nc"
    some = body(b"abc", 3)
    assert [some.read(2), some.read(2), some.read(2)] == [b"ab", b"c", b""]
    assert body(b"a\nb\nc", 5).readlines() == list(body(b"a\nb\nc", 5)) == [b"a\n", b"b\n", b"c"]
    assert body(b"a\nb\nc", 5).readlines(2) == [b"a\n"]
    assert body(b"chunked").read() == b"chunked"


@pytest.mark.parametrize("size", [-1, 2, 100])
def test_a_body_that_ends_too_early_is_refused(size: int) -> None:
    some = body(b"abc", 5)
    with pytest.raises(MalformedRequest, match="3 of 5 bytes"):
        list(iter(lambda: some.read(size), b""))


def test_lines_of_a_body_that_ends_too_early_are_refused() -> None:
    with pytest.raises(MalformedRequest):
        list(body(b"a\nb", 5))


def test_requests_without_a_body_are_left_alone() -> None:
    assert not isinstance(body(b"", method="GET"), Body)


def test_it_is_known_who_waits_for_whom_and_since_when() -> None:
    seen: list[Body] = []

    class Stream(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            seen.extend(bodies.waiting.values())
            return super().read(size)

    def behind(environ: dict[str, Any], _start: object) -> list[bytes]:
        return [environ["wsgi.input"].read()]

    bodies = Bodies(behind, monotonic=lambda: 7.0)
    environ = {"REQUEST_METHOD": "PUT", "wsgi.input": Stream(b"x"), "REMOTE_ADDR": "192.0.2.1", "SERVER_PORT": "80"}
    assert bodies(environ, lambda *_: lambda _octets: None) == [b"x"]
    assert [(one.address, one.port, one.since) for one in seen] == [("192.0.2.1", "80", 7.0)]
    assert bodies.waiting == {}
