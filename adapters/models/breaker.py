"""A circuit breaker: after failures in a row a service is left alone, then tried with one call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal, TypeAlias

from adapters.models.port import BreakerOpen

State: TypeAlias = Literal["closed", "open", "half-open"]
Ticket: TypeAlias = int


class Breaker:
    """Thread-safe. Every admitted call must report once, with its ticket: `succeeded` or `failed`.

    closed: all calls pass; `failures` failures in a row open it. open: none pass for `open_s` seconds.
    half-open: one call passes; its success closes the breaker, its failure opens it again.
    """

    def __init__(self, failures: int, open_s: float, monotonic: Callable[[], float]) -> None:
        self._limit = failures
        self._open_s = open_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failed = 0
        self._why = ""
        self._opened_at: float | None = None
        self._probing = False
        # Counts the changes of state. A call admitted before the last one says nothing about the service now.
        self._era = 0

    @property
    def state(self) -> State:
        """What the next call would meet."""
        with self._lock:
            if self._opened_at is None:
                return "closed"
            return "half-open" if self._remaining(self._opened_at) <= 0 else "open"

    def admit(self) -> Ticket:
        """Lets one call pass.

        Raises:
            BreakerOpen: it must not be made.
        """
        with self._lock:
            if self._opened_at is not None:
                remaining = self._remaining(self._opened_at)
                if remaining > 0 or self._probing:
                    raise BreakerOpen(f"left alone after failures in a row; the last: {self._why}", max(remaining, 0.0))
                self._probing = True
                self._era += 1
            return self._era

    def succeeded(self, ticket: Ticket) -> None:
        """The call with this ticket went well."""
        with self._lock:
            if ticket == self._era:
                self._failed, self._opened_at, self._probing = 0, None, False

    def failed(self, ticket: Ticket, why: str) -> None:
        """The call with this ticket failed; `why` is told to those that are not let through."""
        with self._lock:
            if ticket != self._era:
                return
            self._failed += 1
            self._why = why
            if self._probing or self._failed >= self._limit:
                self._opened_at, self._probing = self._monotonic(), False
                self._failed = 0
                self._era += 1

    def _remaining(self, opened_at: float) -> float:
        return opened_at + self._open_s - self._monotonic()
