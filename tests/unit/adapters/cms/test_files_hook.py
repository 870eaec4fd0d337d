"""Pushes to GitHub and GitLab, as their webhooks tell of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from adapters import registry
from adapters.cms.files.hook import GitHook
from adapters.cms.hooks import HookError, HookRequest, Malformed, Notice, Stale, Unsigned
from adapters.cms.port import OptionsError
from adapters.runtime import Runtime

NOW = 1_800_000_000.0
SECRET = "correct-horse-battery"
KEY = bytes(range(32))
SIGNING = f"whsec_{base64.b64encode(KEY).decode()}"


def hook(provider: str, **options: Any) -> GitHook:
    made = registry.hook("files")({"provider": provider, "secret": SECRET, **options}, Runtime.system())
    assert isinstance(made, GitHook)
    return made


def request(body: object, **headers: str) -> HookRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HookRequest(
        "POST", "/webhooks/cms/site", named, body if isinstance(body, bytes) else json.dumps(body).encode()
    )


def github(body: object, event: str = "push", secret: str = SECRET) -> HookRequest:
    unsigned = request(body, x_github_event=event)
    mac = hmac.new(secret.encode(), unsigned.body, hashlib.sha256).hexdigest()
    return request(unsigned.body, x_github_event=event, x_hub_signature_256=f"sha256={mac}")


def gitlab_signed(body: object, at: float = NOW, key: bytes = KEY) -> HookRequest:
    plain = request(body)
    moment = str(int(at))
    mac = hmac.new(key, f"msg-1.{moment}.".encode() + plain.body, hashlib.sha256).digest()
    signature = f"v1,AAAA v1,{base64.b64encode(mac).decode()}"
    return request(plain.body, webhook_id="msg-1", webhook_timestamp=moment, webhook_signature=signature)


PUSH = {"ref": "refs/heads/main", "commits": []}
LAB_PUSH = {"object_kind": "push", **PUSH}


def test_the_signature_is_that_of_githubs_documentation() -> None:
    documented = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    secret = "It's a Secret to Everybody"
    asked = request(b"Hello, World!", x_github_event="push", x_hub_signature_256=documented)
    with pytest.raises(Malformed):  # past the signature: what is wrong is that this is no JSON
        hook("github", secret=secret).read(asked, NOW)
    with pytest.raises(Unsigned):
        hook("github").read(asked, NOW)


def test_a_push_is_a_notice_that_names_no_entry() -> None:
    assert hook("github").read(github(PUSH), NOW) == (Notice(None),)
    assert hook("gitlab").read(request(LAB_PUSH, x_gitlab_token=SECRET), NOW) == (Notice(None),)
    assert hook("gitlab", secret=SIGNING).read(gitlab_signed(LAB_PUSH), NOW) == (Notice(None),)


@pytest.mark.parametrize(("branch", "told"), [(None, 1), ("main", 1), ("release/2", 0), ("mai", 0)])
def test_only_the_branch_that_is_served_counts(branch: str | None, told: int) -> None:
    assert len(hook("github", branch=branch).read(github(PUSH), NOW)) == told
    assert len(hook("gitlab", branch=branch).read(request(LAB_PUSH, x_gitlab_token=SECRET), NOW)) == told


def test_what_is_no_push_to_a_branch_gives_nothing() -> None:
    assert hook("github").read(github({"zen": "Keep it simple."}, event="ping"), NOW) == ()
    assert hook("github").read(github({"action": "opened"}, event="issues"), NOW) == ()
    assert hook("github").read(github({"ref": "refs/tags/v1"}), NOW) == ()
    tag = {"object_kind": "tag_push", "ref": "refs/tags/v1"}
    assert hook("gitlab").read(request(tag, x_gitlab_token=SECRET), NOW) == ()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_hub_signature_256": ""},
        {"x_hub_signature_256": "sha256="},
        {"x_hub_signature_256": f"sha256={'0' * 64}"},
        {"x_hub_signature_256": "sha256=é\ud800"},
        {"x_gitlab_token": SECRET},
        {"x_hub_signature": f"sha1={hmac.new(SECRET.encode(), json.dumps(PUSH).encode(), 'sha1').hexdigest()}"},
    ],
)
def test_a_missing_or_wrong_signature_is_refused_by_github(headers: dict[str, str]) -> None:
    with pytest.raises(Unsigned):
        hook("github").read(request(PUSH, x_github_event="push", **headers), NOW)


def test_a_signature_of_another_body_is_refused() -> None:
    good = github(PUSH)
    with pytest.raises(Unsigned):
        hook("github").read(HookRequest(good.method, good.path, good.headers, good.body + b" "), NOW)


@pytest.mark.parametrize(
    "headers", [{}, {"x_gitlab_token": ""}, {"x_gitlab_token": SECRET[:-1]}, {"x_gitlab_token": "é"}]
)
def test_a_missing_or_wrong_token_is_refused_by_gitlab(headers: dict[str, str]) -> None:
    for one in (hook("gitlab"), hook("gitlab", secret=SIGNING)):
        with pytest.raises(Unsigned):
            one.read(request(LAB_PUSH, **headers), NOW)


def test_a_signing_token_is_never_taken_as_a_plain_one() -> None:
    with pytest.raises(Unsigned):
        hook("gitlab", secret=SIGNING).read(request(LAB_PUSH, x_gitlab_token=SIGNING), NOW)
    with pytest.raises(Unsigned):
        hook("gitlab", secret=SIGNING).read(gitlab_signed(LAB_PUSH, key=b"another"), NOW)


@pytest.mark.parametrize("off", [-301, 301])
def test_a_signed_push_of_another_time_is_stale(off: float) -> None:
    with pytest.raises(Stale):
        hook("gitlab", secret=SIGNING).read(gitlab_signed(LAB_PUSH, at=NOW + off), NOW)


def test_while_a_secret_is_replaced_both_are_good() -> None:
    both = hook("github", secret="the-next-secret-now", previous_secret=SECRET)
    assert both.read(github(PUSH), NOW) == both.read(github(PUSH, secret="the-next-secret-now"), NOW) == (Notice(None),)
    moved = hook("gitlab", secret=SIGNING, previous_secret=SECRET)
    assert moved.read(request(LAB_PUSH, x_gitlab_token=SECRET), NOW) == moved.read(gitlab_signed(LAB_PUSH), NOW)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"ref": 3}', b"[" * 100_000, b"payload=%7B%7D"])
def test_a_signed_body_that_is_no_push_says_what_is_wrong(body: bytes) -> None:
    with pytest.raises(Malformed):
        hook("github").read(github(body), NOW)


def test_secrets_are_in_no_repr_and_no_error() -> None:
    for secret in (SECRET, SIGNING):
        one = hook("gitlab", secret=secret)
        assert secret not in repr(one)
        with pytest.raises(HookError) as caught:
            one.read(request(LAB_PUSH), NOW)
        assert secret not in str(caught.value)


def test_bad_options_are_all_named() -> None:
    with pytest.raises(OptionsError) as caught:
        registry.hook("files")({"secret": "short", "branch": "refs/heads/main", "tolerance_s": 0}, Runtime.system())
    assert [one.partition(":")[0] for one in caught.value.problems] == ["provider", "secret", "branch", "tolerance_s"]
    for secret in (
        "whsec_not base64 at all!",
        "whsec_c2hvcnQ=AAAA",
        f"whsec_{base64.b64encode(b'short').decode()}AAAA",
    ):
        with pytest.raises(OptionsError, match="secret"):
            hook("gitlab", secret=secret)
