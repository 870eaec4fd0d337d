"""When each entry was shown: the newest of all, whatever order they are told in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from plugin.profiles.limits import MOST_INSTANTS, MOST_INSTANTS_OF_ENTRY, SECOND_MS

Exposures = Mapping[str, tuple[int, ...]]
"""By entry: seconds since the epoch, oldest first."""


def add(shown: Exposures, content_id: str, time_ms: int) -> dict[str, tuple[int, ...]]:
    """With one more; each entry keeps its newest 50, and all together the newest 1,000."""
    return merge(shown, {content_id: (time_ms // SECOND_MS,)})


def merge(one: Exposures, other: Exposures, most: int = MOST_INSTANTS) -> dict[str, tuple[int, ...]]:
    """Those of both. Which are kept depends on all there are, so no order of merging shows."""
    merged = dict(one)
    for name, instants in other.items():
        merged[name] = tuple(sorted((*merged.get(name, ()), *instants)))[-MOST_INSTANTS_OF_ENTRY:]
    return newest(merged, most)


def newest(shown: dict[str, tuple[int, ...]], most: int) -> dict[str, tuple[int, ...]]:
    """The `most` newest; of those in one second, the ones of the last names."""
    if len(shown) * MOST_INSTANTS_OF_ENTRY <= most or sum(map(len, shown.values())) <= most:
        return shown
    ranked = sorted(((instant, name) for name, instants in shown.items() for instant in instants), reverse=True)
    kept: dict[str, list[int]] = {}
    for instant, name in ranked[:most]:
        kept.setdefault(name, []).append(instant)
    return {name: tuple(reversed(instants)) for name, instants in kept.items()}


class Instants(Mapping[str, Sequence[datetime]]):
    """Exposures as instants, made when they are asked for: most decisions count none."""

    def __init__(self, shown: Exposures) -> None:
        self._shown = shown

    def __getitem__(self, name: str) -> Sequence[datetime]:
        return tuple(datetime.fromtimestamp(second, UTC) for second in self._shown[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._shown)

    def __len__(self) -> int:
        return len(self._shown)
