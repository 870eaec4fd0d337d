"""An imitation CMS over HTTP: entries with versions, whose API lags a little behind what editors did."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from tests.contract.http_server import Reply, Request, serve


@dataclass
class Entry:
    """One entry; `history` holds (moment, version, title), the title None where it was not published then."""

    history: list[tuple[float, int, str | None]] = field(default_factory=list)

    def at(self, moment: float) -> tuple[int, str | None]:
        known = [(version, title) for when, version, title in self.history if when <= moment]
        return known[-1] if known else (0, None)


class Cms:
    """What editors did, and what its API says of it `lag_s` later."""

    def __init__(self, lag_s: float = 0.0) -> None:
        self.lag_s = lag_s
        self.asked = 0
        self.failing: Reply | None = None
        self._entries: dict[str, Entry] = {}
        self._lock = Lock()

    def publish(self, name: str) -> int:
        """The version that the API shows from then on."""
        with self._lock:
            entry = self._entries.setdefault(name, Entry())
            version = len(entry.history) + 1
            entry.history.append((time.monotonic(), version, f"{name} v{version}"))
            return version

    def unpublish(self, name: str) -> None:
        with self._lock:
            entry = self._entries.setdefault(name, Entry())
            entry.history.append((time.monotonic(), len(entry.history) + 1, None))

    def published(self) -> dict[str, str]:
        """Title by id, as the editors see it."""
        return {name: title for name, (_version, title) in self._state(time.monotonic()).items() if title is not None}

    def _state(self, moment: float) -> dict[str, tuple[int, str | None]]:
        with self._lock:
            return {name: entry.at(moment) for name, entry in self._entries.items()}

    def answer(self, request: Request) -> Reply:
        self.asked += 1
        if self.failing is not None:
            return self.failing
        state = self._state(time.monotonic() - self.lag_s)
        items = {
            name: {"id": name, "version": version, "title": title}
            for name, (version, title) in state.items()
            if title is not None
        }
        if request.path == "/entries":
            return Reply.of({"items": list(items.values())})
        found = items.get(request.path.removeprefix("/entries/"))
        return Reply.of({}, 404) if found is None else Reply.of(found)

    @contextmanager
    def served(self) -> Iterator[str]:
        with serve(self.answer) as url:
            yield url
