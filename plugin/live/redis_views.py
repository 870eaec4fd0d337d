"""Copies of views in Redis: one round trip a request. SQL is the truth; all of this can be lost and is built again.

Copies carry a *generation* in their names, which the key `ready` holds. A Redis that was started anew may hold copies
of long ago, even of visitors that were erased since: they are of another generation, which nobody reads any more, for
each connection is told by which start of the server it is answered.
Until `ready` says that a generation is whole, views are read from the database. Those of other generations are removed
once it is: they take room, and erasing a visitor does not reach them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from plugin.live.missing import Missing
from plugin.live.redis_lookup import Lookup
from plugin.ports import HotCopy, Viewed, Views, VisitorRow
from rules.named_tuples import make

if TYPE_CHECKING:
    from redis.commands.core import Script

DEGRADED = "redis"
TOMBSTONE_S = 8 * 86_400
"""An older copy may be on its way for no longer than events are."""
_SCANNED = 1_000
_AT_ONCE = 500
"""Copies in one script, for which readers wait."""
_VERSION = 16
# A copy is its version, 16 hexadecimal digits, and the view; without a view it stands for somebody who is gone.
# They are written while their generation is read or being built, and only then. KEYS: ready, building, copies. ARGV:
# their generation, for how long they are kept, then two a copy. Answers both generations.
_WRITE = f"""
local ready, building = redis.call('GET', KEYS[1]) or '', redis.call('GET', KEYS[2]) or ''
if ARGV[1] ~= '' and (ARGV[1] == ready or ARGV[1] == building) then
  for i = 3, #KEYS do
    local version, view = ARGV[2 * i - 3], ARGV[2 * i - 2]
    local there = redis.call('GETRANGE', KEYS[i], 0, {_VERSION - 1})
    if there == '' or there < version then
      redis.call('SET', KEYS[i], version .. view, 'EX', view == '' and {TOMBSTONE_S} or ARGV[2])
    end
  end
end
return {{ready, building}}
"""
_FINISH = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1])
return redis.call('DEL', KEYS[2])
"""
_DISOWN = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1])"


def dropping(url: str, *, timeout_s: float = 2.0) -> str | None:
    """The policy by which a server drops copies when its memory is full; None where it drops none.

    Raises RedisError where it does not answer.
    """
    with Redis.from_url(url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, protocol=2) as client:
        told = client.info("memory")
    policy = str(told.get("maxmemory_policy", "noeviction"))
    return policy if told.get("maxmemory") and policy != "noeviction" else None


class RedisViews:
    """Reads and writes copies. Safe to share between threads."""

    def __init__(
        self,
        url: str,
        behind: Views,
        *,
        kept_s: int,
        monotonic: Callable[[], float],
        prefix: str = "tessera",
        timeout_s: float = 0.1,
        rest_s: float = 1.0,
    ) -> None:
        """Connects on first use.

        Args:
            url: may hold a password, and is never shown.
            behind: what is read while Redis cannot be: the database.
            kept_s: how long a copy is kept after it was last written: no less than what it is a copy of, for one that
                is missing has to be looked for in the database.
            timeout_s: of a connection and of an answer.
            rest_s: for so long after a failure nobody waits for Redis.
        """
        self._client: Redis = Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        self._behind = behind
        self._missing = Missing(behind, monotonic=monotonic)
        self._kept_s = kept_s
        self._monotonic = monotonic
        self._rest_s = rest_s
        self._rest_until = float("-inf")
        self._ready = f"{prefix}:views:ready"
        self._building = f"{prefix}:views:building"
        self._swept = f"{prefix}:views:swept"
        self._prefix = f"{prefix}:view:"
        self._generation = b""
        self._look_up = Lookup(self._client.connection_pool, self._ready)
        self._written: set[bytes] = set()  # the generations that there were when something was written last
        self._script: Script = self._client.register_script(_WRITE)
        self._finish: Script = self._client.register_script(_FINISH)
        self._disown: Script = self._client.register_script(_DISOWN)

    def view(self, source: str) -> Viewed:
        """The view of whom a source belongs to: one round trip, or the database's where Redis cannot tell.

        Without a copy it is mostly somebody new; but a server whose memory is full may drop copies, and with one a
        refusal of consent. So the database is asked, within bounds.

        Raises: TesseraError where the database cannot tell either.
        """
        generation = self._generation
        found = self._read(generation, source)
        if found is None:
            return Viewed(self._behind.view(source).octets, (DEGRADED,))
        ready, copy = found
        if ready != generation:
            self._generation = ready
            again = self._read(ready, source) if ready else None
            copy = again[1] if again is not None and again[0] == ready else b""
            ready = again[0] if again is not None else b""
        if not ready:
            return Viewed(self._behind.view(source).octets)
        return make(Viewed, (copy[_VERSION:] or None, ())) if copy else self._missing.view(source)

    def group(self, source: str) -> Sequence[VisitorRow]:
        """All sources of whom a source belongs to, from the database."""
        return self._behind.group(source)

    def write(self, copies: Sequence[HotCopy]) -> bool:
        """Write copies that are newer than what is there, mostly in one round trip; False where Redis is not reached.

        They go to the generation that is read and to one that is being built, so that none is missed in between.
        Where there is neither, nothing is written: what is built later has it.
        """
        left, tried = self._written or {b""}, set[bytes]()
        try:
            while left:
                for generation in left:
                    found = self._put(generation, copies)
                tried |= left
                left = found - tried
            self._written = found
        except RedisError:
            self._rest()
            return False
        return True

    def is_whole(self) -> bool | None:
        """Whether a generation is read that was built since the server started; None where it cannot be reached.

        One from before is read no more from then on: the database answers until another is built.
        """
        try:
            ready = cast(bytes | None, self._client.get(self._ready))
            if ready is None or ready.startswith(self._run()):
                return ready is not None
            self._disown(keys=[self._ready], args=[ready])
            return False
        except RedisError:
            self._rest()
            return None

    def rebuild(self, name: int, pages: Callable[[str], Sequence[HotCopy]]) -> int | None:
        """Build a generation from the database, and let it be read once it is whole.

        Args:
            name: that no generation had before.
            pages: the copies after a source, in order of source; none at the end.
        Returns:
            how many copies it has; None where Redis failed meanwhile, or another builds one, and it has to be begun
            again.
        Raises:
            TesseraError: the database failed.
        """
        try:
            generation = self._run() + b"%08x" % name
            self._client.set(self._building, generation)
            after, count = "", 0
            while page := pages(after):
                if generation not in self._put(generation, page):
                    return None  # another took over, and this one would miss what is written from now on
                after, count = page[-1].source, count + len(page)
            if not self._finish(keys=[self._ready, self._building], args=[generation]):
                return None
        except RedisError:
            self._rest()
            return None
        return count

    def sweep(self) -> None:
        """Remove the copies of generations that nobody reads any more, once after each building; in pages."""
        try:
            ready, building, swept = cast(
                list[bytes | None], self._client.mget(self._ready, self._building, self._swept)
            )
            if ready is None or building is not None or swept == ready:
                return
            cursor = None
            while cursor != 0:
                cursor, keys = cast(
                    tuple[int, list[bytes]], self._client.scan(cursor or 0, match=f"{self._prefix}*", count=_SCANNED)
                )
                # Asked after the keys were found: those of a generation that was begun meanwhile stay.
                there = cast(list[bytes | None], self._client.mget(self._ready, self._building))
                kept = tuple(self._key(one, "").encode() for one in there if one)
                if gone := [one for one in keys if not one.startswith(kept)]:
                    self._client.unlink(*gone)
            self._client.set(self._swept, ready)
        except RedisError:
            self._rest()

    def close(self) -> None:
        """Free the connections."""
        self._look_up.close()
        self._client.close()

    def _read(self, generation: bytes, source: str) -> tuple[bytes, bytes] | None:
        """Which generation is read, and the copy of one of them; None where Redis is not reached."""
        if self._monotonic() < self._rest_until:
            return None
        try:
            run, (ready, copy) = self._look_up(self._key(generation, source))
        except RedisError:
            self._rest()
            return None
        if ready is None or not ready.startswith(run):
            return b"", b""  # of before the server was started: a snapshot of long ago, perhaps
        return ready, copy or b""

    def _run(self) -> bytes:
        """What names this start of the server."""
        return str(self._client.info("server")["run_id"]).encode()

    def _put(self, generation: bytes, copies: Sequence[HotCopy]) -> set[bytes]:
        """Write them, if this is one of the generations that there are, which are given."""
        found: list[bytes] = []
        for place in range(0, max(len(copies), 1), _AT_ONCE):
            some = copies[place : place + _AT_ONCE]
            keys = [self._ready, self._building, *(self._key(generation, one.source) for one in some)]
            values: list[str | bytes] = []
            for one in some:
                values += [f"{one.version:0{_VERSION}x}", one.hot or b""]
            found = cast(list[bytes], self._script(keys=keys, args=[generation, self._kept_s, *values]))
        return {one for one in found if one}

    def _key(self, generation: bytes, source: str) -> str:
        return f"{self._prefix}{generation.decode()[-8:]}:{source}"

    def _rest(self) -> None:
        self._rest_until = self._monotonic() + self._rest_s
