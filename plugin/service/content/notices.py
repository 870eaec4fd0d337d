"""Notices coming in: proven to be from the source, made durable, and answered. The work happens afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from adapters.cms.hooks import Hook, HookRequest, Malformed, Notice, Stale, Unsigned
from plugin.errors import MalformedRequest, NotFound, ServiceUnavailable, Unauthorized
from plugin.ports import SYNC, Mark, NoticeStore
from plugin.service.content.versions import announced

LONGEST_NAME = 255
_ATTEMPTS = 3
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook request as it came; header names are in lower case, `path` has its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


def nowhere(_point: str) -> None:
    """What happens at a named point: nothing, unless a test kills the process there."""


class Accepting:
    """Takes notices for the sources that have a webhook."""

    def __init__(
        self,
        hooks: Mapping[str, Hook],
        store: NoticeStore,
        *,
        clock: Callable[[], datetime],
        at: Callable[[str], None] = nowhere,
    ) -> None:
        self.sources = frozenset(hooks)
        self._hooks = hooks
        self._store = store
        self._clock = clock
        self._at = at

    def read(self, source: str, delivery: Delivery) -> tuple[Mark, ...]:
        """What the request names, once it is proven to be the source's; empty where it concerns no content.

        Raises:
            NotFound: no such source, or it has no webhook.
            Unauthorized: the signature is missing, wrong, or too old.
            MalformedRequest: it is the source's, and cannot be understood.
        """
        hook = self._hooks.get(source)
        if hook is None:
            raise NotFound("There is no webhook of this name.")
        request = HookRequest(delivery.method, delivery.path, delivery.headers, delivery.body)
        try:
            notices = hook.read(request, self._clock().timestamp())
        except (Unsigned, Stale) as refused:
            raise Unauthorized(f"{_sentence(refused)}") from refused
        except Malformed as fault:
            raise MalformedRequest(f"{_sentence(fault)}") from fault
        return tuple(dict.fromkeys(map(_mark, notices)))

    def keep(self, source: str, marks: tuple[Mark, ...]) -> None:
        """Make notices durable: once this returns they are seen to, whatever happens to this process.

        Raises:
            ServiceUnavailable: the database cannot be written just now; the CMS should send it again.
        """
        if not marks:
            return
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._store.mark(source, marks, now=self._clock())
                break
            except ServiceUnavailable:
                if attempt == _ATTEMPTS:
                    raise
        self._at("after accept")

    def overflow(self, source: str) -> None:
        """Instead of notices that are too many to be taken one by one: look at the whole source."""
        self.keep(source, (Mark(*SYNC),))


def _mark(notice: Notice) -> Mark:
    if notice.id is None:
        return Mark(*SYNC)
    names = (notice.id, notice.locale or "", notice.content_type or "")
    if not notice.id or any(len(name) > LONGEST_NAME or _NO_TEXT.search(name) for name in names):
        raise MalformedRequest(f"A notice names something in no text of 1 to {LONGEST_NAME} characters.")
    return Mark(notice.id, notice.locale or "", notice.content_type, announced(notice.version))


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
