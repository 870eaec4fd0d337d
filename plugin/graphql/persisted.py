"""Persisted documents: asked for by their SHA-256 instead of their text; registered ones, and those sent once."""

from __future__ import annotations

import hmac
import re
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from threading import Lock

from plugin.errors import FieldError, Forbidden, NotFound, ValidationFailed
from plugin.graphql.limits import MOST_BYTES
from plugin.graphql.problems import UNKNOWN_DOCUMENT

MOST_SENT = 1_000
_HASH = re.compile(r"[0-9a-f]{64}")


def hash_of(text: str) -> str:
    """The name of a document."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


class Persisted:
    """Finds documents by their hash. Those of the settings stay; of those sent, the ones used last."""

    def __init__(self, registered: Mapping[str, str], *, only_registered: bool) -> None:
        """Take what is registered, by hash.

        Args:
            only_registered: whether delivery keys may ask for nothing else.
        """
        self.registered = registered
        self._only = only_registered
        self._sent: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def text(self, query: str | None, name: str | None, *, may_send: bool) -> str:
        """The document to answer.

        Args:
            query: its text, where it was sent.
            name: its hash, where that was.
            may_send: whether the caller may send documents that are not registered, whatever the settings say.
        Raises:
            NotFound: there is none of that hash here; send the text too.
            ValidationFailed: neither, or a hash of something else.
            Forbidden: it is not registered, and others are not answered.
        """
        if name is not None and not _HASH.fullmatch(name):
            raise ValidationFailed([FieldError("/extensions/persistedQuery/sha256Hash", "64 hexadecimal digits")])
        if query is None:
            if name is None:
                raise ValidationFailed([FieldError("/query", "the document to answer, or the hash of one")])
            found = self.registered.get(name)
            if found is None and (may_send or not self._only):
                found = self._sent.get(name)
            if found is None:
                raise NotFound(UNKNOWN_DOCUMENT)
            return found
        if name is not None and not hmac.compare_digest(hash_of(query), name):
            raise ValidationFailed(
                [FieldError("/extensions/persistedQuery/sha256Hash", "the hash of another document")]
            )
        if self._only and not may_send and hash_of(query) not in self.registered:
            raise Forbidden("Only registered documents are answered here.")
        return query

    def keep(self, query: str, name: str) -> None:
        """Answer a document by its hash from now on; to be called once it is known to hold."""
        if name in self.registered or len(query) > MOST_BYTES:
            return
        with self._lock:
            self._sent[name] = query
            self._sent.move_to_end(name)
            while len(self._sent) > MOST_SENT:
                self._sent.popitem(last=False)
