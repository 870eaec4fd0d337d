"""Who read or changed personal data: noted before the answer, so that nothing is shown or done unnoted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeAlias

from plugin.errors import FieldError, ValidationFailed
from plugin.ports import Audit, AuditEntry, Page
from plugin.profiles.identity import Identity, visitor_id

Action: TypeAlias = Literal[
    "read",
    "read_segments",
    "read_members",
    "read_dead_letters",
    "read_audit",
    "export",
    "change",
    "consent",
    "identify",
    "unlink",
    "change_members",
    "replay_dead_letters",
    "discard_dead_letters",
    "erase",
    "retain",
    "rekey",
]
"""What can be done with personal data."""
COMMAND_LINE = "command line"
"""The actor of commands; of requests it is the name of the key, of a public key `delivery key`."""
DELIVERY_KEY = "delivery key"


class Auditing:
    """Notes, and gives what was noted."""

    def __init__(
        self, audit: Audit, identify: Callable[[str], Identity], *, key_version: int, now_ms: Callable[[], int]
    ) -> None:
        """Take what it works with.

        Args:
            key_version: of the newest key, in which sources are given to `note`.
        """
        self._audit = audit
        self._identify = identify
        self._key_version = key_version
        self._now_ms = now_ms

    def note(
        self, actor: str, action: Action, sources: Iterable[str] = (), detail: Mapping[str, object] | None = None
    ) -> None:
        """Note that somebody did something: once for each source, or once of nobody in particular where there is none.

        Call it before personal data is shown, and before or in one go with a change.

        Args:
            actor: the name of the management key, or one of the constants above; never an address.
            detail: values of JSON: names of what was touched and counts, never a value that is kept of somebody.
        Raises:
            ServiceUnavailable: it cannot be noted; then do not do it.
        """
        text = json.dumps(detail or {}, ensure_ascii=False, separators=(",", ":"))
        now = self._now_ms()
        named: list[str | None] = [*sorted(set(sources))]
        self._audit.append([AuditEntry(now, actor, action, one, self._key_version, text) for one in named or [None]])

    def page(self, *, visitor: str | None, after: str | None, limit: int) -> Page[AuditEntry]:
        """Newest first; of one visitor where an id is given. Raises: ValidationFailed where it is none."""
        source = None
        if visitor is not None:
            if visitor_id(visitor) is None:
                raise ValidationFailed(
                    [FieldError("/visitor", "a visitor id has 1 to 128 characters, none of them a control")]
                )
            source = self._identify(visitor).source
        return self._audit.page(source=source, after=after, limit=limit)
