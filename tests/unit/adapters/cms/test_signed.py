"""Tessera's own webhook signature."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from adapters.cms.hooks import HookRequest, Malformed, Notice, Stale, Unsigned
from adapters.cms.port import OptionsError
from adapters.cms.signed import HEADER, SignedHook, build, sign
from adapters.runtime import Runtime

NOW = 1_800_000_000.0
SECRET = "correct-horse-battery"
HOOK = build({"secret": SECRET}, Runtime.system())
BODY = json.dumps({"notices": [{"id": 7, "locale": "fr", "type": "articles"}, {}, {}]}).encode()


def request(body: bytes, signature: str) -> HookRequest:
    return HookRequest("POST", "/webhooks/cms/blog", {HEADER: signature}, body)


def read(body: bytes, hook: SignedHook = HOOK, at: float = NOW) -> tuple[Notice, ...]:
    return hook.read(request(body, sign(body, SECRET, at)), NOW)


def test_a_signed_body_gives_its_notices_without_repeats() -> None:
    assert read(BODY) == (Notice("7", "fr", "articles"), Notice(None))


def test_a_notice_may_say_how_new_what_it_names_is() -> None:
    body = b'{"notices": [{"id": "a", "version": 7}, {"id": "b", "version": "2026-11-21T13:00:00.5+01:00"}]}'
    moment = datetime(2026, 11, 21, 12, 0, 0, 500_000, tzinfo=UTC)
    assert read(body) == (Notice("a", version=7), Notice("b", version=moment))


def test_the_signature_is_that_of_the_documented_form() -> None:
    assert sign(b"{}", "a" * 16, 1.9) == "t=1,v1=4241e5c355409bd8f415edc55685014efa8e708f3876731335a97343c4112508"


@pytest.mark.parametrize("signature", ["", "t=1", "v1=00", f"t=1800000000,v1={'0' * 64}", "t=x,v1=y"])
def test_a_wrong_or_missing_signature_is_refused(signature: str) -> None:
    with pytest.raises(Unsigned):
        HOOK.read(request(BODY, signature), NOW)


def test_a_signature_of_another_body_is_refused() -> None:
    with pytest.raises(Unsigned):
        HOOK.read(request(BODY + b" ", sign(BODY, SECRET, NOW)), NOW)


@pytest.mark.parametrize("off", [-301, 301])
def test_a_signature_of_long_ago_or_of_a_time_to_come_is_stale(off: float) -> None:
    with pytest.raises(Stale):
        read(BODY, at=NOW + off)


def test_while_a_secret_is_replaced_both_are_good() -> None:
    hook = build({"secret": "the-next-secret-now", "previous_secret": SECRET}, Runtime.system())
    assert read(BODY, hook)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"<html>", "not JSON"),
        (b"[" * 10_000, "not JSON"),
        (b"{}", "notices: want a list"),
        (b'{"notices": [1]}', r"notices\[0\]: want an object"),
        (b'{"notices": [{"id": ""}]}', r"notices\[0\]\.id"),
        (b'{"notices": [{"id": true}]}', r"notices\[0\]\.id"),
        (b'{"notices": [{"id": "a", "version": -1}]}', r"notices\[0\]\.version"),
        (b'{"notices": [{"id": "a", "version": true}]}', r"notices\[0\]\.version"),
        (b'{"notices": [{"id": "a", "version": "2026-11-21T12:00:00"}]}', r"notices\[0\]\.version"),
        (b'{"notices": [{"id": "a", "version": "0001-01-01T00:00:00+14:00"}]}', r"notices\[0\]\.version"),
        (json.dumps({"notices": [{}] * 1001}).encode(), "more than 1000"),
    ],
)
def test_a_signed_body_of_another_form_says_where(body: bytes, where: str) -> None:
    with pytest.raises(Malformed, match=where):
        read(body)


def test_every_wrong_option_is_named_and_no_secret_is() -> None:
    with pytest.raises(OptionsError) as caught:
        build({"secret": "short", "tolerance_s": 0, "other": 1}, Runtime.system())
    assert len(caught.value.problems) == 3
    assert "short" not in str(caught.value)


def test_no_secret_is_in_the_repr() -> None:
    assert SECRET not in repr(HOOK)
