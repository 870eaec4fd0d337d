"""When something can flip for a slot while only the clock moves, said of all its visitors and not of one decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from rules.analysis.clock import FARTHEST, instants_of
from rules.compiled import CompiledSlot
from rules.conditions import Ago, Ref, Test
from rules.content import Content
from rules.document import Document
from rules.footprint.clock import LOCAL, minutes_of, times
from rules.schedule import Schedule

DAYS = 7
_QUARTER, _MOST = 15, 50_000
_TEXTUAL = frozenset({"contains", "starts_with", "ends_with", "matches"})


@dataclass(frozen=True, slots=True)
class Stillness:
    """How long a slot can stay as it is, from one moment on.

    Attributes:
        ttl_s: whole seconds until the first instant at which a schedule, a condition on time or a date of the content
            can flip; 0: at any moment; None: never.
        flips_a_day: such instants in the coming week, for each day; None: at any moment.
    """

    ttl_s: int | None
    flips_a_day: float | None


def stillness(
    compiled: CompiledSlot,
    document: Document,
    tests: Sequence[Test],
    schedules: Sequence[Schedule],
    content: Content | None,
    now: datetime,
) -> Stillness:
    """What of a slot flips.

    Args:
        tests: all that its rules, experiments and segments ask of visitors and time.
        schedules: of its rules and experiments.
    """
    if any(_always_moves(test) for test in tests):
        return Stillness(0, None)
    named = {*compiled.reads, *compiled.slot.select_refs, *compiled.slot.default_refs}
    if "time.now" in named or (compiled.ages and content is None):
        return Stillness(0, None)
    until = now + timedelta(days=DAYS)
    found = set(islice(_recurring(tests, schedules, document, named, now, until), _MOST))
    found.update(_once(tests, schedules, document, now))
    if content is not None:
        for pool in (content.pool(compiled.slot.id), content.default(compiled.slot.id)):
            found.update(_chain(pool.next_publication, now, until))
            if compiled.ages:
                found.update(_chain(lambda at, pool=pool: pool.next_age(compiled.ages, at), now, until))  # type: ignore[misc]
    ahead = [instant for instant in found if instant > now]
    week = sum(instant <= until for instant in ahead)
    first = min(ahead, default=None)
    return Stillness(None if first is None else int((first - now).total_seconds()), round(week / DAYS, 1))


def _always_moves(test: Test) -> bool:
    """Whether a test of the clock can flip at any moment, such as {ago: ...}."""
    if isinstance(test.operand, Ago):
        return True
    other = test.operand.name if isinstance(test.operand, Ref) else ""
    if "time.now" in (test.attribute, other) and (other or test.op in _TEXTUAL):
        return True
    return test.attribute == "time.of_day" and (bool(other) or test.op in _TEXTUAL or test.any_case)


def _recurring(
    tests: Sequence[Test],
    schedules: Sequence[Schedule],
    document: Document,
    named: Iterable[str],
    now: datetime,
    until: datetime,
) -> Iterator[datetime]:
    """Hours that recur: on the site's clock, and on those of visitors, whose zones lie whole quarters apart."""
    site = [one for one in schedules if one.recurs and not one.visitor]
    if site:
        yield from times(now, until, minutes_of((), site), document.zone)
    own = [one for one in schedules if one.recurs and one.visitor]
    local = [test for test in tests if test.attribute in LOCAL]
    refs = {test.operand.name for test in tests if isinstance(test.operand, Ref)} | set(named)
    if own or local or refs & LOCAL:
        every = {minute % _QUARTER for minute in minutes_of(local, own)}
        if "time.of_day" in refs:
            every = set(range(_QUARTER))
        start = now.replace(minute=0, second=0, microsecond=0)
        hours = int((until - start) / timedelta(hours=1)) + 1
        for hour in range(hours):
            for minute in range(60):
                if minute % _QUARTER in every:
                    yield start + timedelta(hours=hour, minutes=minute)


def _once(
    tests: Sequence[Test], schedules: Sequence[Schedule], document: Document, now: datetime
) -> Iterator[datetime]:
    """The ends of spans, and the literals that the clock is compared with."""
    quarter = timedelta(minutes=_QUARTER)
    for one in schedules:
        for end in one.span(document.zone):
            if end is None:
                continue
            yield end
            if one.visitor and end + 2 * FARTHEST > now:
                yield from (end + number * quarter for number in range(-128, 129))
    for test in tests:
        if test.attribute == "time.now":
            for instant in instants_of(test, document.zone):
                yield from (instant, instant + timedelta(seconds=1))


def _chain(following: Callable[[datetime], datetime | None], now: datetime, until: datetime) -> Iterator[datetime]:
    """An instant, the one after it, and so on."""
    for _number in range(_MOST):
        following_one = following(now)
        if following_one is None:
            return
        yield following_one
        if following_one > until:
            return
        now = following_one
