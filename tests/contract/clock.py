"""Time that passes only when told, for adapters under test."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.runtime import Runtime


@dataclass
class FakeTime:
    """`slept` lists every wait; sleeping moves both clocks."""

    seconds: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def runtime(self) -> Runtime:
        return Runtime(now=lambda: self.seconds, monotonic=lambda: self.seconds, sleep=self.sleep, random=lambda: 0.5)
