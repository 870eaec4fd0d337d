"""Strapi's own webhook: which entries, tags or media it names, and whether it comes from our Strapi.

Strapi signs nothing and sends once. What proves the sender is a header with a secret that you give Strapi for this
webhook: `token` as it is, or after "Bearer ". Nothing tells an old request from a new one; a request that is sent
again makes Tessera look once more and nothing else, for its body is never applied.

`entry.*` and `media.*` name what to look at. Drafts are told in the same way and full of text; nothing of it is kept,
the published version is fetched. A tag (or author, or file) is named by itself: the entries that hold it are found by
their links, even where it is deleted and Strapi says nothing of them. A release asks for a sync. Other events, the
test of the admin panel among them, concern no content.

What is published with the event is announced in its version: the later of `updatedAt` and `publishedAt`, as the source
orders them; with Strapi 4 `updatedAt`. Events about drafts and what is withdrawn announce none.

What has no `documentId` is Strapi 4's, and named by type and row. An entry that has a locale asks for a sync instead:
a request does not always say which rows belong together.

Options: `token` (required, at least 16 characters), `previous_token` (while it is being replaced), `header`
("Authorization"), `models` ({model or uid: plural API id}; default: the regular English plural of the model; with
Strapi 4 it must be right, as it is part of the identity).
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from adapters.cms.hooks import HookRequest, Malformed, Notice, Unsigned, version_in
from adapters.cms.port import OptionsError
from adapters.cms.strapi.wire4 import FILES, plural
from adapters.options import OptionReader
from adapters.runtime import Runtime

LEAST_TOKEN = 16
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_DOCUMENT_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
_LOCALE = re.compile(r"[A-Za-z0-9_-]{1,35}")
_BEARER = re.compile(r"bearer +", re.IGNORECASE)
EVERYTHING = Notice(None)
_TELLING = frozenset(("entry.create", "entry.update", "entry.publish"))  # what is there after them can be fetched


@dataclass(frozen=True, slots=True)
class StrapiHook:
    """Reads what a Strapi webhook sends; see the module."""

    tokens: tuple[str, ...] = field(repr=False)
    header: str = "authorization"
    models: Mapping[str, str] = field(default_factory=dict)

    def read(self, request: HookRequest, now: float) -> tuple[Notice, ...]:  # noqa: ARG002 - nothing in it has a time
        """See the port."""
        given = request.headers.get(self.header, "")
        forms = (given, _BEARER.sub("", given, count=1))
        # Every pair is compared, so that the time taken does not say which token was near.
        if not sum(_same(form, token) for form in forms for token in self.tokens):
            raise Unsigned(f"the header {self.header} is missing or does not hold the token")
        body = _decoded(request.body)
        event = body.get("event")
        if not isinstance(event, str):
            raise Malformed("event: want a text")
        kind = event.partition(".")[0]
        if kind == "entry":
            return (self._entry(body, is_told=event in _TELLING),)
        if kind == "media":
            return (self._media(body),)
        return (EVERYTHING,) if event == "releases.publish" else ()

    def _entry(self, body: Mapping[str, object], *, is_told: bool) -> Notice:
        entry, model, uid = body.get("entry"), body.get("model"), body.get("uid")
        if not isinstance(entry, Mapping):
            raise Malformed("entry: want an object")
        if not isinstance(model, str) or not _NAME.fullmatch(model):
            raise Malformed("model: want a name")
        locale = entry.get("locale")
        if locale is not None and not (isinstance(locale, str) and _LOCALE.fullmatch(locale)):
            raise Malformed("entry.locale: want a locale or null")
        api_id = (self.models.get(uid) if isinstance(uid, str) else None) or self.models.get(model) or plural(model)
        if "documentId" in entry:
            version = _version(entry, "updatedAt", "publishedAt") if is_told else None
            return Notice(_document_id(entry, "entry"), locale, api_id, version)
        row = _row(entry, "entry")
        version = _version(entry, "updatedAt") if is_told else None
        return EVERYTHING if locale is not None else Notice(f"{api_id}:{row}", None, api_id, version)

    def _media(self, body: Mapping[str, object]) -> Notice:
        media = body.get("media")
        if not isinstance(media, Mapping):
            raise Malformed("media: want an object")
        return Notice(_document_id(media, "media") if "documentId" in media else f"{FILES}:{_row(media, 'media')}")


def _version(entry: Mapping[str, object], *names: str) -> datetime | None:
    """That of a row which is published, by the latest of some moments; None for a draft."""
    if version_in(entry.get("publishedAt")) is None:
        return None
    moments = (version_in(entry.get(name)) for name in names)
    return max((one for one in moments if isinstance(one, datetime)), default=None)


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


def _decoded(body: bytes) -> Mapping[str, object]:
    try:
        decoded: object = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise Malformed("the body is not JSON") from fault
    if not isinstance(decoded, Mapping):
        raise Malformed("the body: want an object")
    return decoded


def _document_id(value: Mapping[str, object], where: str) -> str:
    found = value.get("documentId")
    if isinstance(found, str) and _DOCUMENT_ID.fullmatch(found):
        return found
    raise Malformed(f"{where}.documentId: want letters, digits, - and _")


def _row(value: Mapping[str, object], where: str) -> int:
    found = value.get("id")
    if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 10**18:
        return found
    raise Malformed(f"{where}.id: want a number")


def build_hook(options: Mapping[str, object], runtime: Runtime) -> StrapiHook:  # noqa: ARG001 - the registry's shape
    """Raises OptionsError, naming every option that is wrong."""
    take = OptionReader(options)
    token, previous = take.required_text("token"), take.text("previous_token")
    for name, value in (("token", token), ("previous_token", previous)):
        if value and len(value) < LEAST_TOKEN:
            take.complain(name, f"want at least {LEAST_TOKEN} characters")
        elif value and (not value.isascii() or not value.isprintable() or value != value.strip()):
            take.complain(name, "want printable ASCII, as headers carry it, without spaces at its ends")
    header = take.text("header", "Authorization") or ""
    if header and not _HEADER.fullmatch(header):
        take.complain("header", "want the name of an HTTP header")
    models = take.text_map("models")
    if problems := take.problems():
        raise OptionsError(problems)
    return StrapiHook(tuple(one for one in (token, previous) if one), header.lower(), models)
