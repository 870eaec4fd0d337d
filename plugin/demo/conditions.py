"""When a rule holds, line by line: its schedule by the clock, then its condition with the truth of each part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from plugin.demo.words import Words
from rules.schedule import ALWAYS_ON, Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line.

    Attributes:
        depth: how deep in the tree, from 0.
        seen: what the visitor has; None for groups, and where there is nothing.
        missing: why there is nothing to see.
    """

    depth: int
    text: str
    held: bool
    seen: str | None = None
    missing: str | None = None


def condition_rows(tree: Mapping[str, Any], words: Words, segments: Mapping[str, str], depth: int = 0) -> Iterator[Row]:
    """The tree of a trace, flattened in reading order.

    Args:
        segments: names of segments by id.
    """
    held: bool = tree["holds"]
    parts: Sequence[Mapping[str, Any]] = ()
    match tree:
        case {"all": []}:
            return
        case {"all": parts}:
            yield Row(depth=depth, text=words.text("condition_all"), held=held)
        case {"any": parts}:
            yield Row(depth=depth, text=words.text("condition_any"), held=held)
        case {"not": part}:
            parts = [part]
            yield Row(depth=depth, text=words.text("condition_not"), held=held)
        case {"segment": names}:
            named = ", ".join(segments.get(name, name) for name in names)
            yield Row(depth=depth, text=f"{words.text('condition_segment')} {named}", held=held)
        case _:
            seen = tree.get("seen")
            yield Row(
                depth=depth,
                text=words.test(tree["attribute"], tree["test"], tree["value"]),
                held=held,
                seen=None if seen is None else words.value(seen),
                missing=words.missing(tree.get("missing")),
            )
    for part in parts:
        yield from condition_rows(part, words, segments, depth + 1)


def schedule_rows(schedule: Schedule, now: datetime, zone: ZoneInfo, words: Words) -> Iterator[Row]:
    """Each part of a schedule by itself. `zone` is the one that the schedule is read in."""
    local = now.astimezone(zone)
    start, until = schedule.span(zone)
    day = f"{words.weekday(local.weekday())} {words.instant(local)}"
    if start is not None:
        text = f"{words.text('schedule_from')} {words.instant(start.astimezone(zone))}"
        yield Row(depth=0, text=text, held=now >= start, seen=day)
    if until is not None:
        text = f"{words.text('schedule_until')} {words.instant(until.astimezone(zone))}"
        yield Row(depth=0, text=text, held=now < until, seen=day)
    hours_held = replace(ALWAYS_ON, hours=schedule.hours).recurs_at(local)
    if schedule.weekdays is not None:
        # A night belongs to the weekday on which it began, so within its hours both are asked together.
        part = replace(ALWAYS_ON, weekdays=schedule.weekdays, hours=schedule.hours if hours_held else None)
        names = ", ".join(words.weekday(number) for number in sorted(schedule.weekdays))
        text = f"{words.text('schedule_weekdays')} {names}"
        yield Row(depth=0, text=text, held=part.recurs_at(local), seen=words.short_moment(local))
    if schedule.hours is not None:
        first, last = schedule.hours
        text = f"{words.text('schedule_hours')} {first} {words.text('schedule_span')} {last}"
        yield Row(depth=0, text=text, held=hours_held, seen=words.short_moment(local))
