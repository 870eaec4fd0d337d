"""A footprint in plain words, for editors and for those who run the caches."""

from __future__ import annotations

from collections.abc import Iterator

from rules.footprint.flips import Stillness
from rules.footprint.footprints import Addition, Footprint

_LARGE, _LARGEST = 1_000_000, 10**12
_SHARED = {
    "everyone": "the same for everyone",
    "inputs": "shared by visitors who are alike in what an edge knows of every request",
    "class": "shared by visitors with the same class cookie",
    "private": "private to each visitor, so no shared cache keeps it",
}
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def number(count: int) -> str:
    """A number of versions; beyond a million nobody wants to know."""
    return "more than a million" if count > _LARGE else f"{count:,}"


def versions(one: Footprint) -> str:
    """How many versions of a slot there are.

    A bound says that it is one.
    """
    plural = "" if one.versions == 1 else "s"
    bound = "" if one.exact else "possibly " if one.versions > _LARGE else "at most "
    grows = f", and more with each value of {', '.join(one.grows_with)}" if one.how == "open" else ""
    return f"{bound}{number(one.versions)} {_noun(one)}{plural}{grows}"


def _noun(one: Footprint) -> str:
    """What is counted: of a private slot no cache keeps any."""
    return "version" if one.sharing == "private" else "cached version"


def sharing(one: Footprint) -> str:
    """Who may share it."""
    return _SHARED[one.sharing]


def addition(one: Addition, whole: Footprint) -> str:
    """What a rule or an experiment adds to a slot.

    Two bounds that are equal do not say that it adds nothing.
    """
    who, slot, noun = f"this {one.kind}", whole.slot, _noun(whole)
    if one.none:
        why = "whom it concerns is told apart without it, too" if one.met else "from now on it concerns nobody"
        return f"{who} adds no version to {slot}: {why}"
    exact = one.without_how == "exact"
    if one.without > _LARGEST or one.versions > _LARGEST:
        return f"what {who} adds to {slot} is not known: there may be more than a million {noun}s with it and without"
    before, after = _figure(one.without, exact=exact), _figure(one.versions, exact=whole.exact)
    if one.without == one.versions and not (exact and whole.exact):
        nouns = noun if one.versions == 1 else f"{noun}s"
        return f"what {who} adds to {slot} is not known: {after} {nouns} with it, {before} without"
    return f"{who} takes {slot} from {before} to {after} {noun}s"


def _figure(count: int, *, exact: bool) -> str:
    return f"{'' if exact else 'at most '}{count:,}"


def duration(seconds: int) -> str:
    """A time in its largest whole unit."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds >= size or size == 1)
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'}"


def still(one: Stillness) -> str:
    """For how long it can be kept."""
    if one.flips_a_day is None:
        return "can change at any moment, so that no answer is kept"
    if one.ttl_s is None:
        return "never changes by the clock"
    times = "once" if one.flips_a_day == 1 else f"{one.flips_a_day:g} times"
    often = f"; it may, {times} a day" if one.flips_a_day >= 1 else ""
    return f"cannot change by the clock for {duration(one.ttl_s)}{often}"


def lines(one: Footprint) -> Iterator[str]:
    """A slot, one thing a line; what belongs to the line before is indented."""
    yield f"slot {one.slot}: {versions(one)}, {sharing(one)}"
    for cause in one.causes:
        yield f"    {cause.sentence}"
        if cause.remedy is not None:
            yield f"        to share the slot, {cause.remedy}"
    for reason in one.origin:
        yield f"    only the origin can decide it: {reason}"
    for distinction in one.distinctions:
        asked = f" ({'; '.join(distinction.asked)})" if distinction.asked else ""
        yield f"    tells {distinction.classes} kinds apart by {', '.join(distinction.of)}{asked}"
    for added in one.additions:
        yield f"    {added.kind} {added.id}: {addition(added, one)}"
    yield f"    {still(one.stillness)}"
