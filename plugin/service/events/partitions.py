"""Which partitions of the stream a process works on: its share, by leases, and more once their holder is gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from plugin.ports import Lease, Leases

TTL_MS = 5_000
"""After a machine is gone, its partitions rest for so long at most."""
RENEW_MS = 2_000
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
        is_gone: Callable[[str], bool] = lambda _owner: False,
    ) -> None:
        """Hold nothing yet.

        Args:
            count: of partitions.
            owner: a name that no other living process has.
            claim: told of a partition and the owner when it is begun; may raise what the stream raises.
            is_gone: whether the process of that name is known to have ended, so that nobody need wait for its leases.
        """
        self._leases = leases
        self._count = count
        self._owner = owner
        self._now_ms = now_ms
        self._claim = claim
        self._is_gone = is_gone
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

    def tokens(self, partitions: Sequence[int]) -> dict[str, int]:
        """The tokens of these, which are held, by the names of their leases."""
        return {self.name(one): self._held[one] for one in partitions}

    def refresh(self) -> bool:
        """Renew, take and give back leases where it is time; whether anything is held.

        Raises: TesseraError where the store cannot be used, StreamError where the stream cannot: what is held stays.
        """
        now = self._now_ms()
        if not 0 <= now - self._renewed < RENEW_MS:
            self._renew(now)
            live = self._live(now)
            if self._seat is None:
                live += self._sit(live, now)
            self._balance(live, now)
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

    def _live(self, now: int) -> list[Lease]:
        """Those that hold, and what belongs to processes that have ended given back."""
        held = [one for one in self._leases.held() if one.expires > now]
        held = [one for one in held if one.partition.startswith((_PARTITION, _WORKER))]
        gone = {owner for owner in {one.owner for one in held} - {self._owner} if self._is_gone(owner)}
        for one in held:
            if one.owner in gone:
                self._leases.release(one.partition, one.token)
        return [one for one in held if one.owner not in gone]

    def _sit(self, live: Sequence[Lease], now: int) -> list[Lease]:
        """Be seen: a worker without partitions must be counted, or it would never get any. Gives the seat taken."""
        taken = {one.partition for one in live if one.owner != self._owner}
        for number in range(MOST_WORKERS):
            name = f"{_WORKER}{number}"
            if name in taken:
                continue
            token = self._leases.acquire(name, self._owner, now=now, ttl=TTL_MS)
            if token is not None:
                self._seat = (name, token)
                return [Lease(name, self._owner, token, now + TTL_MS)]
        return []

    def _renew(self, now: int) -> None:
        tokens = self.tokens(list(self._held))
        if self._seat is not None:
            tokens |= [self._seat]
        lost = self._leases.renew_all(tokens, now=now, ttl=TTL_MS)
        for partition in [one for one in self._held if self.name(one) in lost]:
            del self._held[partition]
        if self._seat is not None and self._seat[0] in lost:
            self._seat = None

    def _balance(self, live: Sequence[Lease], now: int) -> None:
        workers = len({one.partition for one in live if one.partition.startswith(_WORKER)}) or 1
        share = -(-self._count // workers)
        for partition in list(self._held)[share:]:
            self._leases.release(self.name(partition), self._held.pop(partition))
        # What is ours and not held was lost on the way, as by an outage of the stream: it is taken anew.
        taken = {one.partition for one in live if one.owner != self._owner}
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
