"""Values of which the last one said counts: by the time at which it was said, then by the id of what said it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

_sorted = msgspec.msgpack.Encoder(order="sorted")


class Stamped(NamedTuple):
    """A value, when it was said (milliseconds) and by what. None: it was taken back."""

    value: object
    time: int
    id: str


Values = Mapping[str, Stamped]


def put(values: Values, name: str, stamped: Stamped) -> dict[str, Stamped]:
    """With a value, where none said later is there."""
    return merge(values, {name: stamped})


def merge(one: Values, other: Values) -> dict[str, Stamped]:
    """The later of each name; of one time and id (which nobody should send) the same one everywhere."""
    merged = dict(one)
    for name, stamped in other.items():
        there = merged.get(name)
        if there is None or _rank(stamped) > _rank(there):
            merged[name] = stamped
    return merged


def newest(values: dict[str, Stamped], most: int) -> dict[str, Stamped]:
    """The `most` that were said last."""
    if len(values) <= most:
        return values
    kept = sorted(values.items(), key=lambda item: (item[1].time, item[1].id, item[0]), reverse=True)[:most]
    return dict(kept)


def _rank(stamped: Stamped) -> tuple[int, str, bytes]:
    return stamped.time, stamped.id, _sorted.encode(stamped.value)
