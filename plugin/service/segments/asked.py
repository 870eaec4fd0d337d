"""Members as a caller names them, checked and hashed: every fault at once, and nothing written where there is one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from plugin.errors import FieldError, ValidationFailed
from plugin.ports import Member
from plugin.profiles.identity import Hasher, visitor_id
from plugin.service.segments.kinds import Declared
from plugin.service.segments.times import Decay, duration_ms, epoch_ms, until

NO_ID = "a visitor id has 1 to 128 characters, none of them a control"


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody. ``ttl`` is a duration such as `7d`."""

    id: str
    score: float | None = None
    expires_at: datetime | None = None
    ttl: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a batch: an end, for everybody who brings none, and how scores decay. Durations such as `7d`."""

    expires_at: datetime | None = None
    ttl: str | None = None
    half_life: str | None = None
    threshold: float | None = None

    @property
    def decays(self) -> bool:
        """Whether scores decay."""
        return self.half_life is not None or self.threshold is not None


def members_of(segment: Declared, asked: Sequence[Asked], terms: Terms, hasher: Hasher, now: int) -> list[Member]:
    """The members to be written; some of them may be over already. Raises: ValidationFailed with every fault."""
    faults: list[FieldError] = []
    decay = _decay(segment, terms, faults)
    ttl = _duration(terms.ttl, "/ttl", faults)
    expires = epoch_ms(terms.expires_at)
    found: list[Member] = []
    for place, one in enumerate(asked):
        pointer = f"/members/{place}"
        own_ttl = _duration(one.ttl, f"{pointer}/ttl", faults)
        reason = _score_fault(segment, one.score, terms)
        if reason is not None:
            faults.append(FieldError(f"{pointer}/score", reason))
        if visitor_id(one.id) is None:
            faults.append(FieldError(pointer, NO_ID))
        elif not faults:
            own = own_ttl is not None or one.expires_at is not None
            end = (epoch_ms(one.expires_at), own_ttl) if own else (expires, ttl)
            lasts = until(now, score=one.score, expires=end[0], ttl=end[1], decay=decay)
            found.append(Member(hasher.source(one.id), lasts, one.score))
    if faults:
        raise ValidationFailed(faults)
    return found


def sources_of(ids: Sequence[str], hasher: Hasher) -> list[str]:
    """What stands for visitors. Raises: ValidationFailed with every id that is none."""
    faults = [FieldError(f"/ids/{place}", NO_ID) for place, one in enumerate(ids) if visitor_id(one) is None]
    if faults:
        raise ValidationFailed(faults)
    return [hasher.source(one) for one in ids]


def _score_fault(segment: Declared, score: float | None, terms: Terms) -> str | None:
    if score is None:
        return "what decays needs a score" if terms.decays else None
    if segment.kind != "computed":
        return "scores are of computed segments; this one is a list"
    return None if math.isfinite(score) else "a finite number"


def _decay(segment: Declared, terms: Terms, faults: list[FieldError]) -> Decay | None:
    if not terms.decays:
        return None
    if segment.kind != "computed":
        faults.append(FieldError("/decay", "scores are of computed segments; this one is a list"))
    half_life = _duration(terms.half_life, "/decay/half_life", faults)
    if terms.half_life is None:
        faults.append(FieldError("/decay/half_life", "a duration such as 3d is needed"))
    threshold = terms.threshold
    if threshold is None or not (math.isfinite(threshold) and threshold > 0):
        faults.append(FieldError("/decay/threshold", "a number above 0 is needed"))
        return None
    return None if half_life is None else Decay(half_life, threshold)


def _duration(text: str | None, pointer: str, faults: list[FieldError]) -> int | None:
    try:
        return duration_ms(text)
    except ValueError as error:
        faults.append(FieldError(pointer, str(error)))
        return None
