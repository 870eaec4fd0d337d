"""Tessera's own webhook: for every CMS that signs nothing by itself, and for programs that push.

The body is `{"notices": [{"id": "12", "locale": "fr", "type": "articles", "version": 7}, …]}`, all but `id` optional;
an empty object in the list says that something changed, and not what. `version` is that which the source will show of
what is published now: a whole number, or a time with its zone, as the source's adapter orders them. The header is

    Tessera-Signature: t=1780000000,v1=<hex>

with the time of sending in seconds since the Unix epoch and the HMAC-SHA256, by the shared secret, of the time's
digits, a full stop, and the raw body. Several `v1=` may stand in it, while a secret is being replaced.

Options: `secret` (required, at least 16 characters), `previous_secret`, `tolerance_s` (300): how far the time may be
from ours, either way.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.cms.hooks import HookRequest, Malformed, Notice, Stale, Unsigned, version_in
from adapters.cms.port import OptionsError
from adapters.options import OptionReader
from adapters.runtime import Runtime

HEADER = "tessera-signature"
LEAST_SECRET = 16
MOST_NOTICES = 1_000
LONGEST_TEXT = 255
_FORM = re.compile(r"t=([0-9]{1,12})((?:,v1=[0-9a-f]{64}){1,4})")


def sign(body: bytes, secret: str, now: float) -> str:
    """The header's value for a body; `now` in seconds since the Unix epoch."""
    moment = str(int(now))
    return f"t={moment},v1={_mac(moment, body, secret)}"


def _mac(moment: str, body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class SignedHook:
    """Reads requests that carry Tessera's signature."""

    secrets: tuple[str, ...] = field(repr=False)
    tolerance_s: float

    def read(self, request: HookRequest, now: float) -> tuple[Notice, ...]:
        """See the port."""
        form = _FORM.fullmatch(request.headers.get(HEADER, ""))
        if form is None:
            raise Unsigned(f"the header {HEADER} is missing or not of the form t=…,v1=…")
        moment, given = form[1], [part.removeprefix("v1=") for part in form[2].split(",")[1:]]
        wanted = [_mac(moment, request.body, secret) for secret in self.secrets]
        # Every pair is compared, so that the time taken does not say which secret was near.
        good = sum(hmac.compare_digest(one, mac) for one in given for mac in wanted)
        if not good:
            raise Unsigned("the signature is not that of the body")
        if abs(now - int(moment)) > self.tolerance_s:
            raise Stale(f"signed more than {self.tolerance_s:g} s from now")
        return notices_of(request.body)


def notices_of(body: bytes) -> tuple[Notice, ...]:
    """The notices in a body. Raises Malformed, saying where."""
    try:
        decoded: object = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise Malformed("the body is not JSON") from fault
    listed = decoded.get("notices") if isinstance(decoded, Mapping) else None
    if not isinstance(listed, list):
        raise Malformed("notices: want a list")
    if len(listed) > MOST_NOTICES:
        raise Malformed(f"notices: more than {MOST_NOTICES}")
    return tuple(dict.fromkeys(_notice(item, f"notices[{place}]") for place, item in enumerate(listed)))


def _notice(item: object, where: str) -> Notice:
    if not isinstance(item, Mapping):
        raise Malformed(f"{where}: want an object")
    texts = {name: _text(item.get(name), f"{where}.{name}") for name in ("id", "locale", "type")}
    version = version_in(said := item.get("version"))
    if said is not None and version is None:
        raise Malformed(f"{where}.version: want a whole number or a time with its zone, such as 2026-11-21T12:00:00Z")
    return Notice(texts["id"], texts["locale"], texts["type"], version)


def _text(value: object, where: str) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # row numbers, as most CMSs have them
    if value is None or (isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and "\0" not in value):
        return value
    raise Malformed(f"{where}: want a text of 1 to {LONGEST_TEXT} characters")


def build(options: Mapping[str, object], runtime: Runtime) -> SignedHook:  # noqa: ARG001 - the registry's shape
    """Raises OptionsError, naming every option that is wrong."""
    take = OptionReader(options)
    secret, previous = take.required_text("secret"), take.text("previous_secret")
    for name, value in (("secret", secret), ("previous_secret", previous)):
        if value and len(value) < LEAST_SECRET:
            take.complain(name, f"want at least {LEAST_SECRET} characters")
    tolerance_s = take.number("tolerance_s", 300.0, low=1, high=86_400)
    if problems := take.problems():
        raise OptionsError(problems)
    return SignedHook(tuple(one for one in (secret, previous) if one), tolerance_s)
