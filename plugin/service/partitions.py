"""Which partitions of the stream a process works on: its share, by leases, and more once their holder is gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from plugin.ports import Leases

TTL_MS = 5_000
"""After a process is killed, its partitions rest for so long at most."""
RENEW_MS = 1_500
MOST_WORKERS = 64
_PARTITION, _WORKER = "events:", "events-worker:"


class Partitions:
    """Holds leases. Processes that come and go share the partitions evenly; a token fences what comes too late."""

    def __init__(
        self,
        leases: Leases,
        count: int,
        owner: str,
        *,
        now_ms: Callable[[], int],
        claim: Callable[[int, str], None],
    ) -> None:
        """Hold nothing yet.

        Args:
            count: of partitions.
            owner: a name that no other living process has.
            claim: told of a partition and the owner when it is begun; may raise what the stream raises.
        """
        self._leases = leases
        self._count = count
        self._owner = owner
        self._now_ms = now_ms
        self._claim = claim
        self._held: dict[int, int] = {}
        self._seat: tuple[str, int] | None = None
        self._renewed = 0

    @property
    def held(self) -> Mapping[int, int]:
        """The token of each partition that is held."""
        return self._held

    @staticmethod
    def name(partition: int) -> str:
        """A partition, as its lease is called."""
        return f"{_PARTITION}{partition}"

    def refresh(self) -> bool:
        """Renew, take and give back leases where it is time; whether anything is held.

        Raises: TesseraError where the store cannot be used, StreamError where the stream cannot: what is held stays.
        """
        now = self._now_ms()
        if not 0 <= now - self._renewed < RENEW_MS:
            self._sit(now)
            self._renew(now)
            self._balance(now)
            self._renewed = now
        return bool(self._held)

    def lose(self, partition: int) -> None:
        """It is another's by now, or has to be claimed anew."""
        self._held.pop(partition, None)
        self._renewed = 0

    def release(self) -> None:
        """Give everything back, so that others need not wait."""
        for partition, token in self._held.items():
            self._leases.release(self.name(partition), token)
        self._held.clear()
        if self._seat is not None:
            self._leases.release(*self._seat)
            self._seat = None

    def _sit(self, now: int) -> None:
        """Be seen: a worker without partitions must be counted, or it would never get any."""
        if self._seat is not None and self._leases.renew(*self._seat, now=now, ttl=TTL_MS):
            return
        self._seat = None
        for number in range(MOST_WORKERS):
            name = f"{_WORKER}{number}"
            token = self._leases.acquire(name, self._owner, now=now, ttl=TTL_MS)
            if token is not None:
                self._seat = (name, token)
                return

    def _renew(self, now: int) -> None:
        for partition, token in list(self._held.items()):
            if not self._leases.renew(self.name(partition), token, now=now, ttl=TTL_MS):
                del self._held[partition]

    def _balance(self, now: int) -> None:
        live = [one for one in self._leases.held() if one.expires > now]
        workers = sum(one.partition.startswith(_WORKER) for one in live) or 1
        share = -(-self._count // workers)
        for partition in list(self._held)[share:]:
            self._leases.release(self.name(partition), self._held.pop(partition))
        taken = {one.partition for one in live}
        for partition in range(self._count):
            if len(self._held) >= share:
                return
            name = self.name(partition)
            if partition in self._held or name in taken:
                continue
            token = self._leases.acquire(name, self._owner, now=now, ttl=TTL_MS)
            if token is not None:
                self._claim(partition, self._owner)
                self._held[partition] = token
