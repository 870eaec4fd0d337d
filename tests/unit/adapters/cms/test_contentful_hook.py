"""Contentful's signed requests. Two of them were signed by Contentful's own library, see `BY_CONTENTFUL`."""

from __future__ import annotations

import json

import pytest

from adapters import registry
from adapters.cms.contentful.hook import canonical_path
from adapters.cms.hooks import Hook, HookRequest, Malformed, Notice, Stale, Unsigned
from adapters.cms.port import OptionsError
from tests.contract.clock import FakeTime
from tests.contract.cms.contentful_server import signed

SECRET = "a" * 32 + "b" * 32
AT_MS = 1_767_225_600_000
PATH = "/webhooks/cms/contentful"
PUBLISH = "ContentManagement.Entry.publish"
BODY = b'{"sys":{"id":"5KsDBWseXY6QegucYAoacS","type":"Entry"},"fields":{"title":{"en-US":"Hello, World!"}}}'

# Made with @contentful/node-apps-toolkit, as published in the tests of another project that verifies its signatures.
BY_CONTENTFUL = {
    "plain": HookRequest(
        "POST",
        "/trigger/SW5zdGFuY2VGbG93Q29uZmlnOjE=",
        {
            "content-type": "application/vnd.contentful.management.v1+json",
            "x-contentful-topic": PUBLISH,
            "x-contentful-signature": "8dec81505760a10b542fbc36d3aa0a772b11f759eca7b2351daaf5bba8c7c6f1",
            "x-contentful-signed-headers": (
                "content-type,x-contentful-signed-headers,x-contentful-timestamp,x-contentful-topic"
            ),
            "x-contentful-timestamp": str(AT_MS),
        },
        BODY,
    ),
    "with a query": HookRequest(
        "POST",
        "/trigger/abc?foo=bar baz&x=1",
        {
            "x-contentful-webhook-name": " My Hook ",
            "x-contentful-signature": "c8c83deb1a865012752f66594e6228056c826fd7227a70361b3a304e124555ec",
            "x-contentful-signed-headers": (
                "x-contentful-signed-headers,x-contentful-timestamp,x-contentful-webhook-name"
            ),
            "x-contentful-timestamp": str(AT_MS),
        },
        BODY,
    ),
}


def hook(**options: object) -> Hook:
    return registry.hook("contentful")({"secret": SECRET, **options}, FakeTime().runtime())


def request(
    body: object = None, topic: str = PUBLISH, *, secret: str = SECRET, at_ms: int = AT_MS, **headers: str
) -> HookRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HookRequest("POST", PATH, signed(secret, raw, path=PATH, at_ms=at_ms, topic=topic, **headers), raw)


def sys(kind: str, one: str, content_type: str | None = None) -> dict[str, object]:
    more = {"contentType": {"sys": {"type": "Link", "linkType": "ContentType", "id": content_type}}}
    return {"sys": {"type": kind, "id": one, **(more if content_type else {})}}


@pytest.mark.parametrize("name", sorted(BY_CONTENTFUL))
def test_what_contentfuls_own_library_signed_is_accepted(name: str) -> None:
    assert hook().read(BY_CONTENTFUL[name], AT_MS / 1000) == (Notice("5KsDBWseXY6QegucYAoacS"),)


@pytest.mark.parametrize(
    ("topic", "changed", "version"),
    [
        ("ContentManagement.Entry.publish", {"revision": 7}, 7),
        ("ContentManagement.Entry.publish", {"revision": "7"}, None),
        ("ContentManagement.Entry.publish", {"revision": True}, None),
        ("ContentManagement.Entry.publish", {}, None),  # a payload that was customised
        ("ContentManagement.Entry.unpublish", {"revision": 7, "type": "DeletedEntry"}, None),
        ("ContentManagement.Asset.publish", {"revision": 7, "type": "Asset"}, None),  # no entry has that version
    ],
)
def test_a_published_entry_announces_its_revision(topic: str, changed: dict[str, object], version: int | None) -> None:
    body = {"sys": {"type": "Entry", "id": "a", **changed}}
    assert hook().read(request(body, topic), AT_MS / 1000) == (Notice("a", version=version),)


def test_the_query_is_escaped_as_one_piece_and_the_whole_once_more() -> None:
    assert canonical_path("/a b/é?x=1&y=ü") == "/a%20b/%C3%A9?x%253D1%2526y%253D%25C3%25BC"
    assert canonical_path("/a?") == "/a"
    assert canonical_path("/a?b?c") == "/a?b"


@pytest.mark.parametrize("action", ["publish", "unpublish", "archive", "delete"])
@pytest.mark.parametrize("kind", ["Entry", "Asset"])
def test_what_concerns_published_content_is_named(kind: str, action: str) -> None:
    body = sys(f"Deleted{kind}" if action in ("unpublish", "delete") else kind, "abc", "article")
    found = hook().read(request(body, f"ContentManagement.{kind}.{action}"), AT_MS / 1000)
    assert found == (Notice("abc", None, "article"),)


@pytest.mark.parametrize(
    "topic",
    [
        *(f"ContentManagement.Entry.{action}" for action in ("create", "save", "auto_save", "unarchive")),
        "ContentManagement.Asset.auto_save",
        "ContentManagement.ContentType.publish",
        "ContentManagement.Task.delete",
        "ContentManagement.Release.save",
        "ContentManagement.BulkAction.execute",
        "publish",
        "",
    ],
)
def test_drafts_and_what_is_no_content_are_ignored_once_the_signature_is_right(topic: str) -> None:
    sent = request(sys("Entry", "abc"), topic)
    assert hook().read(sent, AT_MS / 1000) == ()
    with pytest.raises(Unsigned):
        hook(secret="c" * 64).read(sent, AT_MS / 1000)


def test_an_alias_that_points_elsewhere_and_a_customised_payload_ask_for_a_sync_of_everything() -> None:
    alias = request({"sys": {"type": "EnvironmentAlias", "id": "master"}}, "ContentManagement.EnvironmentAlias.save")
    assert hook().read(alias, AT_MS / 1000) == (Notice(None),)
    assert hook().read(request({"entity": "abc"}), AT_MS / 1000) == (Notice(None),)


def test_a_topic_that_is_not_signed_has_no_say() -> None:
    sent = BY_CONTENTFUL["with a query"]
    headers = {**sent.headers, "x-contentful-topic": "ContentManagement.Entry.auto_save"}
    forged = HookRequest(sent.method, sent.path, headers, sent.body)
    assert hook().read(forged, AT_MS / 1000) == (Notice("5KsDBWseXY6QegucYAoacS"),)


@pytest.mark.parametrize("part", ["method", "path", "body", "topic", "timestamp", "signature"])
def test_any_change_after_signing_is_refused(part: str) -> None:
    sent = request(sys("Entry", "abc"))
    headers = dict(sent.headers)
    method, path, body = sent.method, sent.path, sent.body
    if part == "method":
        method = "PUT"
    elif part == "path":
        path += "/other"
    elif part == "body":
        body += b" "
    elif part == "signature":
        headers["x-contentful-signature"] = headers["x-contentful-signature"][::-1]
    elif part == "topic":
        headers["x-contentful-topic"] = "ContentManagement.Entry.save"
    else:
        headers["x-contentful-timestamp"] = str(AT_MS + 1)
    with pytest.raises(Unsigned, match="signature is not"):
        hook().read(HookRequest(method, path, headers, body), AT_MS / 1000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-contentful-signature", None),
        ("x-contentful-signature", "zz"),
        ("x-contentful-signed-headers", None),
        ("x-contentful-signed-headers", "x-contentful-timestamp"),
        ("x-contentful-signed-headers", "x-contentful-signed-headers"),
        ("x-contentful-signed-headers", "x-contentful-signed-headers,x-contentful-timestamp,absent"),
        ("x-contentful-signed-headers", "x-contentful-signed-headers,x-contentful-timestamp,x-contentful-timestamp"),
        ("x-contentful-signed-headers", "x" * 5000),
        ("x-contentful-timestamp", None),
        ("x-contentful-timestamp", "１２"),
        ("x-contentful-timestamp", "-5"),
    ],
)
def test_headers_that_are_missing_or_not_as_documented_are_refused(name: str, value: str | None) -> None:
    sent = request(sys("Entry", "abc"))
    headers = (
        {**sent.headers, name: value} if value is not None else {k: v for k, v in sent.headers.items() if k != name}
    )
    with pytest.raises(Unsigned):
        hook().read(HookRequest(sent.method, sent.path, headers, sent.body), AT_MS / 1000)


@pytest.mark.parametrize("late_s", [-301, 301])
def test_an_old_request_and_one_from_the_future_are_stale(late_s: float) -> None:
    with pytest.raises(Stale):
        hook().read(request(sys("Entry", "abc")), AT_MS / 1000 + late_s)
    assert hook(tolerance_s=400).read(request(sys("Entry", "abc")), AT_MS / 1000 + late_s)


def test_a_body_that_is_not_json_is_malformed_and_the_signature_is_judged_first() -> None:
    for body in (b"<html>", b"[" * 100_000, b"\xff"):
        sent = HookRequest("POST", PATH, request(b"{}").headers, body)
        with pytest.raises(Unsigned):
            hook().read(sent, AT_MS / 1000)
    with pytest.raises(Malformed):
        hook().read(request(b"<html>"), AT_MS / 1000)


def test_a_secret_is_replaced_without_losing_a_request() -> None:
    new, old = "n" * 64, SECRET
    both = hook(secret=new, previous_secret=old)
    for secret in (new, old):
        assert both.read(request(sys("Entry", "abc"), secret=secret), AT_MS / 1000)
    with pytest.raises(Unsigned):
        hook(secret=new).read(request(sys("Entry", "abc"), secret=old), AT_MS / 1000)


def test_a_proxy_that_changes_the_path_is_told_in_the_options() -> None:
    sent = request(sys("Entry", "abc"))
    behind = HookRequest("POST", "/internal/webhooks", sent.headers, sent.body)
    with pytest.raises(Unsigned, match="proxy"):
        hook().read(behind, AT_MS / 1000)
    assert hook(path=PATH).read(behind, AT_MS / 1000) == (Notice("abc"),)


def test_options_that_are_wrong_are_named_without_the_secret() -> None:
    with pytest.raises(OptionsError) as caught:
        hook(secret="short-secret", previous_secret="é" * 64, path="no-slash", tolerance_s=0)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "secret",
        "previous_secret",
        "tolerance_s",
        "path",
    ]
    assert "short-secret" not in str(caught.value)
    assert SECRET not in repr(hook())
