"""An event as its sender says it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec

from plugin.profiles.limits import (
    LONGEST_CONTENT_ID,
    LONGEST_DECISION_ID,
    LONGEST_SLOT,
    LONGEST_TOKEN,
    SECOND_MS,
)

EVENT_ID = r"[A-Za-z0-9._:\-]{1,64}"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _text(longest: int) -> msgspec.Meta:
    return msgspec.Meta(min_length=1, max_length=longest)


class Said(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The members of an event. What `msgspec` takes for one is right in form; whether it is right, judging says.

    A member that is null is as one that is not there.
    """

    type: str
    id: Annotated[str, msgspec.Meta(pattern=f"^{EVENT_ID}\\Z")] | None = None
    visitor_id: str | None = None
    time: datetime | None = None
    content_id: Annotated[str, _text(LONGEST_CONTENT_ID)] | None = None
    slot: Annotated[str, _text(LONGEST_SLOT)] | None = None
    value: float | None = None
    properties: dict[str, object] | None = None
    decision_id: Annotated[str, _text(LONGEST_DECISION_ID)] | None = None
    decision_token: Annotated[str, _text(LONGEST_TOKEN)] | None = None


MEMBERS = Said.__struct_fields__


def milliseconds(moment: datetime) -> int:
    """Milliseconds since the epoch, rounded down; without an offset it is UTC. Raises OverflowError near year 1."""
    since = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND_MS + since.microseconds // SECOND_MS
