"""What a signal writes: attributes, and notes of what was ignored and why."""

from __future__ import annotations

from typing import Literal, NamedTuple

Reason = Literal[
    "too_long",  # longer than the limits allow
    "too_many",  # more items than the limits allow; the rest was not read
    "control",  # a control character or half a surrogate pair
    "malformed",  # does not parse as what it should be
    "out_of_range",  # a number that is not plausible, or not finite
    "wrong_type",  # a JSON value of another type
    "not_trusted",  # said by someone who may not say it
    "unknown",  # a well-formed name that is not in the list
    "overridden",  # something stronger said otherwise
]

MOST_NOTES = 32


class Note(NamedTuple):
    """Something in the request that was ignored. It never carries the value, so it may be logged."""

    name: str
    reason: Reason


class Draft:
    """The attributes found so far; each signal adds its own."""

    __slots__ = ("attributes", "notes")

    def __init__(self) -> None:
        self.attributes: dict[str, object] = {}
        self.notes: list[Note] = []

    def note(self, name: str, reason: Reason) -> None:
        """Remember that `name` was ignored; a flood is cut at MOST_NOTES."""
        if len(self.notes) < MOST_NOTES:
            self.notes.append(Note(name, reason))
