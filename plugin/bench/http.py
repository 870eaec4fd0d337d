"""Over HTTP: `/v1/personalize` beside a bare Flask route that returns as many bytes, in CPU µs a request.

And GraphQL beside REST: the same decisions, asked of the same process.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from plugin.bench.events import redis_server
from plugin.bench.generator import World, make, visitors
from plugin.bench.http_client import Client, WrongStatusError, client
from plugin.bench.http_sites import Site, floor, lookups
from plugin.bench.processes import Server
from plugin.bench.requests import raw_gets, raw_graphql, raw_graphql_gets, raw_requests

ANONYMOUS = "POST, no visitor id"
STORED = "POST, profile in the database"
APPLYING = "the same, in the process that applies events"
REDIS = "POST, profile in Redis"
GET = "GET, no visitor id"
UNCHANGED = "GET, answered 304"
PERSISTED = "GraphQL by hash, POST"
CACHED = "GraphQL by text, POST"
PERSISTED_PART = "GraphQL by hash, POST, fewer fields"
CACHED_PART = "GraphQL by text, POST, fewer fields"
PERSISTED_GET = "GraphQL by hash, GET"
FLOOR, FLOOR_GET = "bare Flask route, POST", "bare Flask route, GET"
BESIDE: Mapping[str, str] = {
    ANONYMOUS: FLOOR,
    STORED: FLOOR,
    APPLYING: FLOOR,
    REDIS: FLOOR,
    GET: FLOOR_GET,
    UNCHANGED: FLOOR_GET,
    PERSISTED: ANONYMOUS,
    CACHED: ANONYMOUS,
    PERSISTED_PART: ANONYMOUS,
    CACHED_PART: ANONYMOUS,
    PERSISTED_GET: GET,
}
"""What each is compared with."""
_HOST = "127.0.0.1"
_QUERY = "query Page($slots: [SlotInput!]!, $context: JSON) { personalize(slots: $slots, context: $context) { %s } }"
WHOLE = _QUERY % (
    "decisionId ruleset visitor { id segments } slots { id blocks { id type position score fields tags html"
    " reason { kind rule experiment arm model } } presentation fallback audienceKey ttlS decisionToken }"
    " errors { slot pointer detail } degraded"
)
"""All that REST answers."""
PART = _QUERY % (
    "slots { id decisionToken blocks { __typename id ...on HeroBlock { title summary link image } ...on ArticleBlock"
    " { title summary link } ...on ProductBlock { title link image } ...on BannerBlock { title link } } }"
)
"""What a page shows, and sends back."""


@dataclass(frozen=True, slots=True)
class HttpEffort:
    """Rounds, in each of which everything is asked so many times, and how many different visitors ask."""

    rounds: int
    requests: int
    visitors: int


FULL = HttpEffort(rounds=20, requests=600, visitors=500)
QUICK = HttpEffort(rounds=10, requests=200, visitors=200)


@dataclass(frozen=True, slots=True)
class Served:
    """One way of asking: CPU µs a request in each round, and the latencies of all requests in µs, sorted."""

    cpu_us: Sequence[float]
    latencies_us: Sequence[float]

    @property
    def median_cpu_us(self) -> float:
        """The median round."""
        return median(self.cpu_us)

    @property
    def p99_latency_us(self) -> float:
        """Of single requests, as the client saw them, four at a time."""
        return self.latencies_us[min(len(self.latencies_us) - 1, len(self.latencies_us) * 99 // 100)]


@dataclass(frozen=True, slots=True)
class Http:
    """Everything in the same run, and the mean size of an answer."""

    slots: int
    rules: int
    body_bytes: int
    requests: int
    served: Mapping[str, Served]

    def ratio(self, name: str) -> float:
        """How many of what stands beside it a request costs: the median over the rounds, each by itself."""
        pairs = zip(self.served[name].cpu_us, self.served[BESIDE[name]].cpu_us, strict=True)
        return median(one / beside for one, beside in pairs)


def measure(effort: HttpEffort, *, slots: int = 3, size: int = 1_000) -> Http:
    """Serve all, and ask them in turn from this process over kept connections.

    What is measured does not apply events, as beside `tessera worker`, but for the row that says so.

    Raises:
        NotServingError: a server does not come up.
        WrongStatusError: an answer other than 200, or one without blocks; a profile that was not looked up in Redis.
    """
    world = make("equalities", rules=size, slots=slots)
    people = visitors(effort.visitors)
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as named, ExitStack() as running:
        folder = Path(named)
        asking = _contenders(world, people, folder, running)
        for name, one in asking.items():
            one.ask(effort.visitors)
            _check(name, one, world)
        size_of_body = round(asking[ANONYMOUS].bytes / effort.visitors)
        bare = running.enter_context(floor(folder, size_of_body))
        asking[FLOOR] = running.enter_context(client(bare, raw_requests(people, world.slots, _HOST)))
        asking[FLOOR_GET] = running.enter_context(client(bare, raw_gets(people, world.slots, _HOST)))
        cpu: dict[str, list[float]] = {name: [] for name in asking}
        latencies: dict[str, list[float]] = {name: [] for name in asking}
        for _round in range(effort.rounds):
            for name, one in asking.items():
                before = one.server.cpu_us()
                latencies[name] += one.ask(effort.requests)
                cpu[name].append((one.server.cpu_us() - before) / effort.requests)
    served = {name: Served(cpu[name], sorted(latencies[name])) for name in asking}
    return Http(slots, size, size_of_body, effort.rounds * effort.requests, served)


def _contenders(
    world: World, people: Sequence[Mapping[str, object]], folder: Path, running: ExitStack
) -> dict[str, Client]:
    """Clients of all that is measured; those with profiles have been told them."""
    nameless = raw_requests(people, world.slots, _HOST, named=False)
    requests = raw_requests(people, world.slots, _HOST)
    site = Site(world, folder / "stored")
    applying = running.enter_context(site.serving(applies=True))
    site.keep_profiles(applying, people)
    alone = running.enter_context(site.serving(applies=False))
    asked: dict[str, tuple[Server, Sequence[bytes]]] = {
        ANONYMOUS: (alone, nameless),
        STORED: (alone, requests),
        APPLYING: (applying, requests),
        GET: (alone, raw_gets(people, world.slots, _HOST)),
    }
    for document, persisted, cached in ((WHOLE, PERSISTED, CACHED), (PART, PERSISTED_PART, CACHED_PART)):
        _make_known(alone, raw_graphql(people[:1], world.slots, _HOST, document, sends=("text", "hash")))
        asked[persisted] = alone, raw_graphql(people, world.slots, _HOST, document, sends=("hash",))
        asked[cached] = alone, raw_graphql(people, world.slots, _HOST, document, sends=("text",))
    asked[PERSISTED_GET] = alone, raw_graphql_gets(people, world.slots, _HOST, WHOLE)
    asking = {name: running.enter_context(client(server, raw)) for name, (server, raw) in asked.items()}
    asking[UNCHANGED] = running.enter_context(_unchanged(people, world.slots, folder))
    redis = running.enter_context(redis_server(folder / "redis"))
    if redis is not None:
        copied = Site(world, folder / "copied", redis)
        with copied.serving(applies=True) as keeping:
            copied.keep_profiles(keeping, people)
        server = running.enter_context(copied.serving(applies=False))
        asking[REDIS] = running.enter_context(_looking_up(server, requests, redis))
    return asking


def _make_known(server: Server, requests: Sequence[bytes]) -> None:
    with client(server, requests) as found:
        found.ask(1)


@contextmanager
def _looking_up(server: Server, requests: Sequence[bytes], redis: str) -> Iterator[Client]:
    """A client whose every answer takes one look-up in Redis; in the end it is seen whether there were so many."""
    with client(server, requests) as found:
        before = lookups(redis)
        yield found
        if lookups(redis) - before < found.asked:
            raise WrongStatusError(f"of {found.asked} profiles, {lookups(redis) - before} were looked up in Redis")


@contextmanager
def _unchanged(people: Sequence[Mapping[str, object]], slots: Sequence[str], folder: Path) -> Iterator[Client]:
    """A client of a site whose answers are the same for everybody, as an edge asks whether its copy still holds."""
    site = Site(make("equalities", rules=0, slots=len(slots)), folder / "shared")
    with site.serving(applies=False) as server:
        with client(server, raw_gets(people[:1], slots, _HOST, page=False)) as first:
            first.ask(1)
            tag = first.last[0].headers["etag"]
        again = raw_gets(people, slots, _HOST, {"If-None-Match": tag}, page=False)
        with client(server, again, status=304) as found:
            yield found


def _check(name: str, asking: Client, world: World) -> None:
    for one in asking.last if name != UNCHANGED else ():
        found = json.loads(one.body)
        if "data" in found:
            found = found["data"]["personalize"]
            found["slots"] = {slot["id"]: slot for slot in found["slots"]}
        slots = found["slots"]
        if set(slots) != set(world.slots) or not all(slot["blocks"] for slot in slots.values()):
            raise WrongStatusError(f"{name}: not every slot was answered: {one.body[:500]!r}")
        if found.get("degraded"):
            raise WrongStatusError(f"{name}: degraded: {found['degraded']}")
