"""How long a decision can stay as it is while only the clock moves."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rules.clock_step import NEVER_STILL

if TYPE_CHECKING:
    from rules.compiled import CompiledSlot
    from rules.plan import Plan
    from rules.pool import Pool

_DAY_S = 86_400
_NEVER = datetime.max.replace(tzinfo=UTC)


def fresh_for(plan: Plan, longest_s: int) -> int:
    """Whole seconds, from 0 to `longest_s`, before any schedule, time condition or content date can flip.

    Recurring hours and the visitor's own zone are taken to flip at every full quarter of an hour, for zones differ by
    that much; it is never too long, and seldom much too short.
    """
    left = still_until(plan.compiled, plan.pool, plan.default, plan.now) - plan.now
    if left.days > 0 and longest_s <= _DAY_S:
        return longest_s
    return max(0, min(longest_s, int(left.total_seconds())))


def still_until(compiled: CompiledSlot, pool: Pool, default: Pool, now: datetime) -> datetime:
    """The next instant at which something of a slot can flip by itself: the same for every moment from now until then.

    Args:
        pool, default: the slot's, of the content that is served.
    """
    known = pool.still.get(compiled)
    if known is None or known[0] is not default or not known[1] <= now < known[2]:
        known = pool.still[compiled] = (default, now, _end(compiled, pool, default, now))
    return known[2]


def outcome_until(compiled: CompiledSlot, now: datetime) -> datetime:
    """The next instant at which what the rules come to can flip by itself, whatever the content; `now`: at any."""
    ends = [_clock_end(compiled, now)]
    schedules = compiled.ends
    place = bisect_right(schedules, now)
    if place < len(schedules):
        ends.append(schedules[place])
    return min((end for end in ends if end is not None), default=_NEVER)


def _end(compiled: CompiledSlot, pool: Pool, default: Pool, now: datetime) -> datetime:
    ends = [outcome_until(compiled, now), pool.next_publication(now), default.next_publication(now)]
    if compiled.ages:
        ends += (pool.next_age(compiled.ages, now), default.next_age(compiled.ages, now))
    return min(end for end in ends if end is not None)


def _clock_end(compiled: CompiledSlot, now: datetime) -> datetime | None:
    """The next instant at which a condition on the clock can flip."""
    step = compiled.clock_step
    if step is None:
        return None
    if step == NEVER_STILL:
        return now
    passed = timedelta(seconds=now.timestamp() % step.total_seconds())
    return now - passed + step
