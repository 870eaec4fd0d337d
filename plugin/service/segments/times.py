"""How long somebody stays in a segment: until an instant, for a time, or until a score that halves is too low."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from rules.durations import parse_duration

FURTHEST_MS = 253_402_300_799_000  # the end of 9999, which is as far as dates are written


@dataclass(frozen=True, slots=True)
class Decay:
    """A score halves in every ``half_life_ms``; below ``threshold`` the membership is over."""

    half_life_ms: int
    threshold: float


def until(
    at: int,
    *,
    score: float | None = None,
    expires: int | None = None,
    ttl: int | None = None,
    decay: Decay | None = None,
) -> int | None:
    """When a membership that begins now ends: the earliest of what is said. None: never.

    Args:
        at: now; it, ``expires`` and the answer in milliseconds since the epoch, ``ttl`` in milliseconds.
        score: what decays; without one nothing does.
    """
    ends = [end for end in (expires, None if ttl is None else at + ttl) if end is not None]
    if decay is not None and score is not None:
        ends.append(at + _lasting(score, decay))
    return min((min(end, FURTHEST_MS) for end in ends), default=None)


def _lasting(score: float, decay: Decay) -> int:
    """For how long a score stays at the threshold or above it; nothing, or less, where it is below already."""
    if score < decay.threshold:
        return 0
    times = score / decay.threshold
    halvings = math.log2(times) if math.isfinite(times) else math.log2(score) - math.log2(decay.threshold)
    return math.floor(decay.half_life_ms * halvings) + 1  # at the threshold is still in


def duration_ms(text: str | None) -> int | None:
    """Milliseconds of a duration such as `7d`. Raises ValueError with a sentence for whoever wrote it."""
    return None if text is None else int(parse_duration(text).total_seconds() * 1000)


def epoch_ms(when: datetime | None) -> int | None:
    """Milliseconds since the epoch; None stays None."""
    return None if when is None else int(when.timestamp() * 1000)


def shown(instant: int | None) -> str | None:
    """Milliseconds since the epoch as ISO 8601, UTC; None stays None."""
    if instant is None:
        return None
    text = datetime.fromtimestamp(instant / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
