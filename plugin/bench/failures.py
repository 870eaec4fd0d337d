"""What could not be measured: one part that fails must not cost what the others found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Failures(dict[str, str]):
    """Sentences by what was being measured."""

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """Note whatever the block raises, and go on after it; an interruption goes through."""
        try:
            yield
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is told beside the other figures
            self[what] = f"{type(fault).__name__}: {fault}"
