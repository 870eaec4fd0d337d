"""User-Agents read by the uap project's patterns, in their regex engine in Rust: linear time, whatever is sent."""

from __future__ import annotations

import re
from functools import lru_cache

from adapters.device.kinds import browser_name, kind_of, system_name
from adapters.device.port import Device

_NUMBER = re.compile(r"[0-9]+")


class UapDevices:
    """Reads User-Agents, and keeps what it read of the latest.

    The patterns load once, here (a fifth of a second). One reading costs 50 to 150 µs, a repeated one under 1 µs.

    Args:
        cache_size: most User-Agents kept; some 700 bytes each.
        max_length: most characters read; browsers stay far below.
    Raises:
        ImportError: the regex engine is not installed (`ua-parser[regex]`).
    """

    def __init__(self, cache_size: int = 10_000, max_length: int = 1_024) -> None:
        from ua_parser.core import Domain  # noqa: PLC0415
        from ua_parser.loaders import load_lazy_builtins  # noqa: PLC0415  # heavy, so only where it is used
        from ua_parser.regex import Resolver  # noqa: PLC0415

        # Lazy: the engine in Rust compiles the patterns, so Python need not.
        self._resolve = Resolver(load_lazy_builtins())
        self._all = Domain.ALL
        self._max_length = max_length
        # The C implementation: bounded, safe between threads, and a tenth of the cost of a lock and a dict.
        self._cached = lru_cache(maxsize=cache_size)(self._read)

    def identify(self, user_agent: str, /) -> Device:
        """See the port. A text longer than `max_length` is read up to there."""
        return self._cached(user_agent[: self._max_length])

    @property
    def cached(self) -> int:
        """How many User-Agents are kept."""
        return self._cached.cache_info().currsize

    def _read(self, user_agent: str) -> Device:
        # The engine takes UTF-8, which half a surrogate pair is not.
        text = user_agent.encode("utf-8", "replace").decode("utf-8")
        if not text.strip():
            return Device()
        found = self._resolve(text, self._all)
        os, agent, device = found.os, found.user_agent, found.device
        system = system_name(os.family) if os is not None else None
        model = f"{device.family} {device.brand} {device.model}" if device is not None else None
        return Device(
            type=kind_of(text, system, model),
            os=system,
            os_version=_version(os.major, os.minor, os.patch) if os is not None else None,
            browser=browser_name(agent.family) if agent is not None else None,
            browser_version=_version(agent.major, agent.minor, agent.patch) if agent is not None else None,
        )


def _version(*parts: str | None) -> str | None:
    """The leading parts that are numbers; names such as XP are no version to compare."""
    numbers = []
    for part in parts:
        if part is None or not _NUMBER.fullmatch(part):
            break
        numbers.append(part)
    return ".".join(numbers) or None
