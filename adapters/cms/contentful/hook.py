"""Contentful's webhooks: requests signed with the space's signing secret.

The signature is the HMAC-SHA256, by the secret, of four lines: the method, the path with its query, the signed headers
as `name:value` joined by `;`, and the raw body. Contentful lists the headers that it signed in
`x-contentful-signed-headers` and the time of signing, in milliseconds, in `x-contentful-timestamp`; both are
themselves among the signed ones.

Publishing, unpublishing, archiving and deleting an entry or an asset names it. What happens to drafts (create, save,
auto_save, unarchive) is ignored, and so are content types, releases, tasks and everything else that is no content: a
release publishes its entries one by one. An environment alias that points elsewhere changes everything. A payload that
was customised so that it names no entry makes the whole source be synced. That of a published entry announces its
`sys.revision`, by which the Delivery API orders versions.

Options: `secret` (required, 64 characters), `previous_secret` while one is being replaced, `tolerance_s` (300): how
far the time of signing may be from ours, either way; `path`: the path, with its query, of the webhook's URL in
Contentful, where a proxy in front of Tessera changes it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from adapters.cms.contentful.model import id_of, kind_of, sys_of, sys_text
from adapters.cms.hooks import HookRequest, Malformed, Notice, Stale, Unsigned, version_in
from adapters.cms.port import OptionsError
from adapters.options import OptionReader
from adapters.runtime import Runtime

SIGNATURE = "x-contentful-signature"
SIGNED = "x-contentful-signed-headers"
TIMESTAMP = "x-contentful-timestamp"
TOPIC = "x-contentful-topic"
LONGEST_LIST = 4_000
_SECRET = re.compile(r"[0-9a-zA-Z+/=_-]{64}")
_CONTENT = frozenset(("Entry", "Asset"))
_TOLD = frozenset(("publish", "unpublish", "archive", "delete"))
# What JavaScript's encodeURI and encodeURIComponent leave as it is, besides letters, digits and _.-~
_URI_SAFE = ";,/?:@&=+$!*'()#"
_COMPONENT_SAFE = "!*'()"


def canonical_path(path: str) -> str:
    """The path as Contentful signs it: its query is escaped as one piece, and the whole is escaped once more."""
    parts = path.split("?")
    query = quote(parts[1], safe=_COMPONENT_SAFE) if len(parts) > 1 else ""
    return quote(f"{parts[0]}?{query}" if query else parts[0], safe=_URI_SAFE)


@dataclass(frozen=True, slots=True)
class ContentfulHook:
    """Reads requests that carry Contentful's signature."""

    secrets: tuple[str, ...] = field(repr=False)
    tolerance_s: float = 300.0
    path: str | None = None

    def read(self, request: HookRequest, now: float) -> tuple[Notice, ...]:
        """See the port."""
        signed = self._verified(request)
        if abs(now - int(signed[TIMESTAMP]) / 1000) > self.tolerance_s:
            raise Stale(f"signed more than {self.tolerance_s:g} s from now")
        return notices_of(signed.get(TOPIC), request.body)

    def _verified(self, request: HookRequest) -> Mapping[str, str]:
        """The signed headers. Nothing else of the head of a request is proven to come from Contentful."""
        given, listed = request.headers.get(SIGNATURE, ""), request.headers.get(SIGNED, "")
        names = [name.strip().lower() for name in listed.split(",")] if len(listed) <= LONGEST_LIST else []
        headers = {name: request.headers[name].strip() for name in names if name in request.headers}
        moment = headers.get(TIMESTAMP, "")
        formed = re.fullmatch(r"[0-9a-f]{64}", given) and re.fullmatch(r"[0-9]{1,15}", moment)
        if not formed or SIGNED not in headers:
            raise Unsigned(f"the headers {SIGNATURE}, {SIGNED} and {TIMESTAMP} are not there, or not as documented")
        if len(headers) != len(names):
            raise Unsigned(f"{SIGNED} names a header that is not there, or one twice")
        shown = ";".join(f"{name}:{headers[name]}" for name in names)
        head = "\n".join((request.method.upper(), canonical_path(self.path or request.path), shown, ""))
        text = head.encode("utf-8", "surrogateescape") + request.body
        wanted = [hmac.new(secret.encode(), text, hashlib.sha256).hexdigest() for secret in self.secrets]
        # Each secret is tried, so that the time taken does not say which of them was near.
        if not sum(hmac.compare_digest(given, one) for one in wanted):
            raise Unsigned("the signature is not that of the request: another secret, or a proxy changed the path")
        return headers


def notices_of(topic: str | None, body: bytes) -> tuple[Notice, ...]:
    """What a request names. `topic`: the signed header; None: the body alone says what it is about.

    Raises:
        Malformed: the body is not JSON.
    """
    action = None
    if topic is not None:
        kind, _, action = topic.rpartition(".")
        kind = kind.rpartition(".")[2]
        if kind == "EnvironmentAlias":
            return (Notice(None),)
        if kind not in _CONTENT or action not in _TOLD:
            return ()
    try:
        decoded: object = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise Malformed("the body is not JSON") from fault
    if topic is None and (sys_text(decoded, "type") or "Entry").removeprefix("Deleted") not in _CONTENT:
        return ()
    # An entry that was just published is sent as the Delivery API will show it, with the same revision.
    is_published = action == "publish" and sys_text(decoded, "type") == "Entry"
    revision = version_in(sys_of(decoded).get("revision")) if is_published else None
    return (Notice(id_of(decoded), None, kind_of(decoded), revision if isinstance(revision, int) else None),)


def build(options: Mapping[str, object], runtime: Runtime) -> ContentfulHook:  # noqa: ARG001 - the registry's shape
    """Raises OptionsError, naming every option that is wrong."""
    take = OptionReader(options)
    secret, previous = take.required_text("secret"), take.text("previous_secret")
    for name, value in (("secret", secret), ("previous_secret", previous)):
        if value and not _SECRET.fullmatch(value):
            take.complain(name, "want the 64 characters of a signing secret of Contentful")
    tolerance_s = take.number("tolerance_s", 300.0, low=1, high=86_400)
    path = take.text("path")
    if path is not None and not path.startswith("/"):
        take.complain("path", "want a path that begins with a slash")
    if problems := take.problems():
        raise OptionsError(problems)
    return ContentfulHook(tuple(one for one in (secret, previous) if one), tolerance_s, path)
