"""What a git host sends when somebody pushes: that the folder is to be read again, once whoever pulls has pulled.

GitHub signs the raw body in `X-Hub-Signature-256`. GitLab sends its secret token as it is in `X-Gitlab-Token`, or, with
a signing token (`whsec_…`), signs id, time and body by the Standard Webhooks in `webhook-signature`. Of these only the
last has a time, so that the others can be sent again by who overhears one: at worst the folder is read once more.

A push to `branch` gives one notice that names no entry. Pushes to other branches, tags, and all other events, GitHub's
`ping` among them, give none.

Options: `provider` ("github" or "gitlab", required), `secret` (required, at least 16 characters), `previous_secret`
(while one is being replaced), `branch` (default: any), `tolerance_s` (300; of signing tokens).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from adapters.cms.hooks import HookRequest, Malformed, Notice, Stale, Unsigned
from adapters.cms.port import OptionsError
from adapters.options import OptionReader
from adapters.runtime import Runtime

LEAST_SECRET = 16
SIGNING = "whsec_"
MOST_SIGNATURES = 8
BRANCHES = "refs/heads/"
Provider = Literal["github", "gitlab"]


@dataclass(frozen=True, slots=True)
class GitHook:
    """Reads pushes of one git host."""

    provider: Provider
    secrets: tuple[str, ...] = field(repr=False)
    branch: str | None
    tolerance_s: float

    def read(self, request: HookRequest, now: float) -> tuple[Notice, ...]:
        """See the port."""
        (self._check_github if self.provider == "github" else self._check_gitlab)(request, now)
        try:
            body: object = json.loads(request.body)
        except (ValueError, RecursionError) as fault:
            raise Malformed("the body is not JSON; choose application/json for the webhook") from fault
        if not isinstance(body, Mapping):
            raise Malformed("the body is no object")
        if not self._is_push(request, body):
            return ()
        ref = body.get("ref")
        if not isinstance(ref, str):
            raise Malformed("ref: want a text")
        if not ref.startswith(BRANCHES) or self.branch not in (None, ref.removeprefix(BRANCHES)):
            return ()
        return (Notice(None),)

    def _is_push(self, request: HookRequest, body: Mapping[str, object]) -> bool:
        if self.provider == "github":
            return request.headers.get("x-github-event") == "push"
        return body.get("object_kind") == "push"

    def _check_github(self, request: HookRequest, now: float) -> None:  # noqa: ARG002 - there is no time in it
        wanted = [f"sha256={_mac(secret.encode(), request.body).hex()}" for secret in self.secrets]
        _compare([request.headers.get("x-hub-signature-256", "")], wanted, "x-hub-signature-256")

    def _check_gitlab(self, request: HookRequest, now: float) -> None:
        signing = [secret for secret in self.secrets if secret.startswith(SIGNING)]
        if not signing or "webhook-signature" not in request.headers:
            plain = [secret for secret in self.secrets if not secret.startswith(SIGNING)]
            _compare([request.headers.get("x-gitlab-token", "")], plain, "x-gitlab-token")
            return
        names = ("webhook-id", "webhook-timestamp")
        message_id, moment = (request.headers.get(name, "") for name in names)
        signed = f"{message_id}.{moment}.".encode("utf-8", "surrogatepass") + request.body
        wanted = [f"v1,{base64.b64encode(_mac(_key(secret), signed)).decode()}" for secret in signing]
        _compare(request.headers["webhook-signature"].split(" ")[:MOST_SIGNATURES], wanted, "webhook-signature")
        if not (moment.isascii() and moment.isdigit() and len(moment) <= 12):
            raise Malformed("webhook-timestamp: want seconds since the Unix epoch")
        if abs(now - int(moment)) > self.tolerance_s:
            raise Stale(f"signed more than {self.tolerance_s:g} s from now")


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).digest()


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SIGNING), validate=True)


def _compare(given: list[str], wanted: list[str], header: str) -> None:
    """Raises Unsigned, unless one of the given is one of the wanted."""
    # Every pair is compared, as bytes, so that the time taken does not say which secret was near.
    pairs = [(one.encode("utf-8", "surrogatepass"), other.encode()) for one in given for other in wanted]
    if not sum(hmac.compare_digest(one, other) for one, other in pairs):
        raise Unsigned(f"the header {header} is missing or wrong")


def build(options: Mapping[str, object], runtime: Runtime) -> GitHook:  # noqa: ARG001 - the registry's shape
    """Raises OptionsError, naming every option that is wrong."""
    take = OptionReader(options)
    provider = take.choice("provider", "", ("github", "gitlab"))
    if options.get("provider") is None:
        take.complain("provider", "required, github or gitlab")
    secret, previous = take.required_text("secret"), take.text("previous_secret")
    for name, value in (("secret", secret), ("previous_secret", previous)):
        if value and (fault := _secret_fault(value, provider)):
            take.complain(name, fault)
    branch = take.text("branch")
    if branch is not None and branch.startswith("refs/"):
        take.complain("branch", "want the name alone, such as main")
    tolerance_s = take.number("tolerance_s", 300.0, low=1, high=86_400)
    if problems := take.problems():
        raise OptionsError(problems)
    secrets = tuple(one for one in (secret, previous) if one)
    return GitHook(cast(Provider, provider), secrets, branch, tolerance_s)


def _secret_fault(secret: str, provider: str) -> str | None:
    if len(secret) < LEAST_SECRET:
        return f"want at least {LEAST_SECRET} characters"
    if provider == "gitlab" and secret.startswith(SIGNING):
        try:
            return None if len(_key(secret)) >= LEAST_SECRET else "too short for a signing token"
        except (binascii.Error, ValueError):
            return f"begins with {SIGNING} as a signing token, and is not base64 behind it"
    return None
