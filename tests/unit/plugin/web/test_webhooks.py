"""The route for webhooks: what is believed, what is refused, and what is left of it."""

# ruff: noqa: ARG002  # the signatures are the port's

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from adapters.cms.hooks import HookRequest, Notice
from adapters.cms.signed import SignedHook, sign
from plugin.errors import ServiceUnavailable
from plugin.ports import Job
from plugin.store import Store
from plugin.web import webhooks
from plugin.web.services import Rate
from tests.unit.plugin.web.small_app import NOW, Small, small_app

SECRET = "a-secret-of-the-cms"
MOMENT = NOW.timestamp()


class Remembering:
    """A hook that keeps what it was shown."""

    def __init__(self) -> None:
        self.seen: list[HookRequest] = []

    def read(self, request: HookRequest, now: float) -> tuple[Notice, ...]:
        self.seen.append(request)
        return ()


@pytest.fixture
def remembering() -> Remembering:
    return Remembering()


@pytest.fixture
def hooked(sqlite_store: Store, remembering: Remembering) -> Small:
    return small_app(sqlite_store, hooks={"cms": SignedHook((SECRET,), 300.0), "shown": remembering})


def post(
    small: Small, body: bytes, *, source: str = "cms", secret: str = SECRET, at: float = MOMENT, signed: bool = True
) -> TestResponse:
    headers: Mapping[str, str] = {"Tessera-Signature": sign(body, secret, at)} if signed else {}
    return small.client(None).post(f"/webhooks/cms/{source}", data=body, headers=headers)


def body(*notices: Mapping[str, object]) -> bytes:
    return json.dumps({"notices": list(notices)}).encode()


def marks(small: Small) -> list[tuple[str, str, str | None]]:
    found: list[tuple[str, str, str | None]] = []
    for whole in (True, False):
        while job := _claim(small, whole=whole):
            found.append((job.id, job.locale, job.type))
    return found


def _claim(small: Small, *, whole: bool) -> Job | None:
    now = small.clock()
    return small.store.notices.claim("cms", whole=whole, lease="test", now=now, until=now + timedelta(minutes=10))


def counted(small: Small) -> dict[tuple[str, str], float]:
    text = small.client(None).get("/metrics").get_data(as_text=True)
    lines = [line for line in text.splitlines() if line.startswith("tessera_webhooks_total{")]
    return {(line.split('source="')[1].split('"')[0], line.split('outcome="')[1].split('"')[0]): 1 for line in lines}


def test_a_notice_is_accepted_and_durable(hooked: Small) -> None:
    answer = post(hooked, body({"id": "12", "locale": "fr", "type": "articles"}, {"id": 7}))
    assert (answer.status_code, answer.data) == (202, b"")
    assert marks(hooked) == [("12", "fr", "articles"), ("7", "", None)]
    assert counted(hooked) == {("cms", "accepted"): 1}


def test_a_notice_that_names_nothing_is_about_the_whole_source(hooked: Small) -> None:
    assert post(hooked, body({})).status_code == 202
    assert marks(hooked) == [("", "", None)]


def test_a_test_delivery_is_welcome_and_marks_nothing(hooked: Small) -> None:
    assert post(hooked, body()).status_code == 202
    assert (marks(hooked), counted(hooked)) == ([], {("cms", "ignored"): 1})


@pytest.mark.parametrize(
    ("change", "status", "outcome"),
    [
        ({"secret": "another-secret-entirely"}, 401, "unauthorized"),
        ({"signed": False}, 401, "unauthorized"),
        ({"at": MOMENT - 301}, 401, "unauthorized"),
        ({"at": MOMENT + 301}, 401, "unauthorized"),
        ({"body": b"not json"}, 400, "malformed"),
        ({"body": b"\xff\xfe"}, 400, "malformed"),
        ({"body": body({"id": "x\0"})}, 400, "malformed"),
        ({"body": body({"id": "x" * 256})}, 400, "malformed"),
        ({"body": body({"id": "\ud800"})}, 400, "malformed"),
        ({"body": body({"id": "a", "type": "\udfff"})}, 400, "malformed"),
        ({"body": body({"id": "a", "locale": "f\ud800"})}, 400, "malformed"),
        ({"body": b" " * (webhooks.MOST_BYTES + 1)}, 413, "too_large"),
    ],
)
def test_what_is_refused_leaves_nothing_but_a_counter(
    hooked: Small, change: dict[str, object], status: int, outcome: str
) -> None:
    sent = change.pop("body", body({"id": "a"}))
    answer = post(hooked, sent, **change)  # type: ignore[arg-type]
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert (marks(hooked), counted(hooked)) == ([], {("cms", outcome): 1})


def test_sources_that_there_are_not_share_one_label(hooked: Small) -> None:
    for name in ("nothing", "made-up", "%F0%9F%98%80"):
        assert post(hooked, body({"id": "a"}), source=name).status_code == 404
    assert counted(hooked) == {("unknown", "unknown"): 1}


def test_a_source_without_a_webhook_is_not_there(sqlite_store: Store) -> None:
    assert post(small_app(sqlite_store), body({"id": "a"}), source="files").status_code == 404


def test_no_secret_and_no_body_is_in_the_answer_or_the_log(hooked: Small, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = post(hooked, body({"id": "of-a-visitor"}), secret="a-wrong-secret-of-someone")
    said = answer.get_data(as_text=True) + caplog.text
    for secret in (SECRET, "a-wrong-secret-of-someone", "of-a-visitor"):
        assert secret not in said


def test_a_hook_sees_the_request_as_it_came(hooked: Small, remembering: Remembering) -> None:
    octets = b'{"a": "\xc3\xa9"}\r\n'
    hooked.client(None).post("/webhooks/cms/shown?x=%2F&y=1", data=octets, headers={"X-Some-Header": "Value "})
    seen = remembering.seen[0]
    assert (seen.method, seen.path, seen.body) == ("POST", "/webhooks/cms/shown?x=%2F&y=1", octets)
    assert seen.headers["x-some-header"].strip() == "Value"


def test_too_many_notices_make_the_whole_source_be_looked_at_and_none_is_refused(sqlite_store: Store) -> None:
    hooks = {"cms": SignedHook((SECRET,), 300.0)}
    small = small_app(sqlite_store, hooks=hooks, webhook_rate=Rate(per_s=1, burst=2))
    for name in "abcd":
        assert post(small, body({"id": name})).status_code == 202
    assert marks(small) == [("", "", None), ("a", "", None), ("b", "", None)]


def test_it_is_notices_that_are_counted_and_not_requests(sqlite_store: Store) -> None:
    hooks = {"cms": SignedHook((SECRET,), 300.0)}
    small = small_app(sqlite_store, hooks=hooks, webhook_rate=Rate(per_s=1, burst=3))
    assert post(small, body(*({"id": name} for name in "abcd"))).status_code == 202
    assert post(small, body({"id": "e"})).status_code == 202
    assert marks(small) == [("", "", None), *((name, "", None) for name in "abcd")]


def test_a_database_that_cannot_be_written_asks_for_another_try(hooked: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_args: object, **_kwargs: object) -> None:
        raise ServiceUnavailable("The database is busy.", retry_after_s=1)

    monkeypatch.setattr(hooked.store.notices, "mark", busy)
    answer = post(hooked, body({"id": "a"}))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert counted(hooked) == {("cms", "unavailable"): 1}
