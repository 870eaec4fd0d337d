"""What patterns mean, by trying everything: every choice of events for the steps, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations

from rules.patterns.forms import Chain, Form, Tally
from rules.patterns.windows import Entry

Span = tuple[int, int | None]


def spans(form: Form, entries: Sequence[Entry], now: int) -> list[Span]:
    """When each match was, and until when it holds; None: without an end."""
    seen = [one for one in entries if one.time <= now]
    if isinstance(form, Tally):
        return _of_count(form, seen)
    return [
        span
        for chosen in permutations(seen, len(form.steps))
        if (span := _of_chain(form, chosen, seen, now)) is not None
    ]


def _of_count(form: Tally, seen: Sequence[Entry]) -> list[Span]:
    fitting = [one.time for one in seen if form.letter in one.letters]
    several = (sorted(chosen) for chosen in combinations(fitting, form.count))
    return [(chosen[-1], chosen[0] + form.within) for chosen in several if chosen[-1] - chosen[0] < form.within]


def _of_chain(form: Chain, chosen: Sequence[Entry], seen: Sequence[Entry], now: int) -> Span | None:
    for place, (letter, entry) in enumerate(zip(form.steps, chosen, strict=True)):
        if letter not in entry.letters:
            return None
        waited = entry.time - chosen[place - 1].time if place else 0
        span = form.withins[place]
        if waited < 0 or (span is not None and waited >= span):
            return None
    first, last = chosen[0].time, chosen[-1].time
    at, until = last, None if form.within is None else first + form.within
    if form.absent is not None:
        at = last + form.duration
        for one in seen:
            if form.absent not in one.letters:
                continue
            if last < one.time < at or (one.time == last and form.steps[-1] not in one.letters):
                return None
            if one.time >= at and (until is None or one.time < until):
                until = one.time
        late = form.within is not None and at - first >= form.within
        return None if at > now or late else (at, until)
    if form.within is not None and at - first >= form.within:
        return None
    steps = form.withins[1:]
    if form.within is None and steps and None not in steps:
        until = first + sum(span for span in steps if span is not None)
    return at, until


def latest(forms: Sequence[Form], lasts: int | None, entries: Sequence[Entry], now: int) -> Span | None:
    """Of all matches of any form: the latest instant, and when the last of them ends."""
    found = [span for form in forms for span in spans(form, entries, now)]
    if not found:
        return None
    at = max(span[0] for span in found)
    if lasts is not None:
        return at, at + lasts
    ends = [span[1] for span in found]
    known = [end for end in ends if end is not None]
    return at, max(known) if len(known) == len(ends) else None
