"""The connection to Redis: whether it is there, whether it keeps what it is given, and what its errors mean.

After a failure it is left alone for a while, 50 ms at first, 2 s at most: callers are told at once meanwhile. A server
that comes back is looked at again before it is believed, for it may have lost its data or changed its settings.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar, cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from adapters.runtime import Runtime
from adapters.streams.port import StreamDown, StreamOptionsError
from adapters.streams.redis.names import Names
from adapters.streams.redis.options import RedisOptions

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
LOOK_EVERY_S = 1.0
_log = logging.getLogger(__name__)
T = TypeVar("T")


class Server:
    """One Redis, as one stream needs it. Safe to call from several threads."""

    def __init__(self, options: RedisOptions, names: Names, runtime: Runtime) -> None:
        self._options = options
        self._names = names
        self._runtime = runtime
        self.client: Redis = Redis.from_url(
            options.url,
            socket_timeout=options.timeout_s,
            socket_connect_timeout=options.connect_timeout_s,
            retry=Retry(NoBackoff(), 0),  # a failure is ours to see at once: there is a spool
            protocol=2,
        )
        self._lock = threading.Lock()
        self._calls = threading.Condition()
        self._asking = 0
        self._closed = False
        self._ready = False
        self._run = ""
        self._looked_at = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._not_before = 0.0
        self.fault: str | None = "not asked yet"
        self.generation = 0

    @property
    def up(self) -> bool:
        """Whether the last call went well."""
        return self._ready

    def ask(self, question: Callable[[Redis], T]) -> T:
        """The answer, within the time-outs.

        Raises:
            StreamDown: there is none; at once where there was none just now.
        """
        with self._calls:
            if self._closed:
                raise StreamDown("closed")
            self._asking += 1
        try:
            self.prepare()
            return question(self.client)
        except RedisError as fault:
            raise self._failed(fault) from fault
        finally:
            with self._calls:
                self._asking -= 1
                self._calls.notify_all()

    def prepare(self) -> None:
        """Returns if the server is ready, after a look at it where that is due.

        Raises:
            StreamDown: it cannot be reached, does not keep what it is given, or has other partitions.
        """
        if self._ready and self._runtime.monotonic() - self._looked_at < LOOK_EVERY_S:
            return
        with self._lock:
            now = self._runtime.monotonic()
            if self._ready and now - self._looked_at < LOOK_EVERY_S:
                return
            if not self._ready and now < self._not_before:
                raise StreamDown(self.fault or "down")
            try:
                self._look()
            except RedisError as fault:
                raise self._failed(fault) from fault
            except StreamOptionsError as fault:
                raise self._down(str(fault)) from fault

    def open(self) -> None:
        """Looks at the server for the first time; that it cannot be reached is no error.

        Raises:
            StreamOptionsError: it does not keep what it is given, or has other partitions.
        """
        with self._lock:
            try:
                self._look()
            except RedisError as fault:
                self._failed(fault)

    def pause_s(self) -> float:
        """How long it will not be asked, from now."""
        return max(self._not_before - self._runtime.monotonic(), 0.0)

    def close(self) -> None:
        """Closes the connections, once the calls that are under way have ended, by their time-outs at the latest."""
        with self._calls:
            self._closed = True
            self._calls.wait_for(lambda: not self._asking, self._options.timeout_s + self._options.connect_timeout_s)
        self.client.close()

    def _look(self) -> None:
        information = self.client.info("server")
        run = str(information["run_id"])
        if not self._ready or run != self._run:
            self._ready = False
            if fault := self._not_kept():
                raise StreamOptionsError([fault])
            if self._make() or run != self._run:  # it has lost what it was given, or may have
                self.generation += 1
            self._run, self._ready, self.fault, self._pause_s = run, True, None, FIRST_PAUSE_S
        self._looked_at = self._runtime.monotonic()

    def _not_kept(self) -> str | None:
        """Why records would not outlive this server; None where they do, or its word for it was not wanted."""
        try:
            found = cast(dict[str, str], self.client.config_get("append*"))
            memory = cast(dict[str, str], self.client.config_get("maxmemory*"))
        except ResponseError:  # refused, or there is no such command
            if self._options.trusted or self._options.durable == "spool":
                return None
            return "durable: the server does not tell its settings; trusted = true says that it syncs every append"
        if memory.get("maxmemory", "0") != "0" and memory.get("maxmemory-policy", "").startswith("allkeys"):
            return "url: the server drops any key when its memory is full; it needs maxmemory-policy noeviction"
        kept = found.get("appendonly") == "yes" and found.get("appendfsync") == "always"
        if kept or self._options.trusted or self._options.durable == "spool":
            return None
        return "durable: fsync needs a server with appendonly yes and appendfsync always; or say spool"

    def _make(self) -> bool:
        """Makes what is missing; whether anything was."""
        wanted = str(self._options.partitions).encode()
        self.client.set(self._names.partitions, wanted, nx=True)
        known = cast(bytes, self.client.get(self._names.partitions))
        if known != wanted:
            if int(cast(bytes | None, self.client.hget(self._names.sizes, "count")) or 0):
                raise StreamOptionsError([f"partitions: records wait in {int(known)}; change it when they are applied"])
            self.client.set(self._names.partitions, wanted)
        missing = False
        for stream in self._names.streams:
            try:
                self.client.xgroup_create(stream, self._options.group, "0", mkstream=True)
                missing = True
            except ResponseError as fault:
                if not str(fault).startswith("BUSYGROUP"):
                    raise
        return missing

    def _failed(self, fault: RedisError) -> StreamDown:
        # The first word of an answer is a code such as OOM; what follows may hold anything.
        code = f" {str(fault).partition(' ')[0]}" if isinstance(fault, ResponseError) else ""
        return self._down(f"Redis: {type(fault).__name__}{code}")

    def _down(self, reason: str) -> StreamDown:
        if self.fault != reason:
            _log.warning("stream: %s", reason)
        self._ready, self.fault = False, reason
        pause = self._pause_s * (0.5 + self._runtime.random())
        self._not_before = self._runtime.monotonic() + pause
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
        return StreamDown(reason)
