"""Copies of profiles in a real Redis: one round trip, never older than what was seen, and never the truth."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from plugin.bench.memory import visitor_bytes
from plugin.cli.examining import _copies
from plugin.errors import ServiceUnavailable
from plugin.live.redis_views import DEGRADED, TOMBSTONE_S, RedisViews, dropping
from plugin.live.views import StoredViews
from plugin.ports import HotCopy, Viewed, VisitorRow
from plugin.profiles import fold
from plugin.service.visitors.copying import Copying
from plugin.setting_kinds import Secret
from plugin.settings import Settings
from plugin.store import Store
from plugin.wiring.visiting import copier_of
from tests import servers
from tests.contract.streams.durable_redis import DurableRedis
from tests.unit.profiles.test_view import typical

pytestmark = pytest.mark.server
NOW = 1_795_000_000_000
KEPT_S = 402 * 86_400


class Behind:
    """What is read behind Redis: counted, and away when told so."""

    def __init__(self) -> None:
        self.views: dict[str, bytes] = {}
        self.asked = 0
        self.away = False

    def view(self, source: str) -> Viewed:
        self.asked += 1
        if self.away:
            raise ServiceUnavailable("away")
        return Viewed(self.views.get(source))

    def group(self, _source: str) -> Sequence[VisitorRow]:
        return ()


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.fixture
def server(redis_server: servers.Redis) -> Iterator[Redis]:
    client: Redis = Redis.from_url(redis_server.url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def views(server: Redis, redis_server: servers.Redis, behind: Behind) -> Iterator[RedisViews]:
    made = RedisViews(redis_server.url, behind, kept_s=KEPT_S, monotonic=time.monotonic, rest_s=0.05, timeout_s=2.0)
    yield made
    made.close()


def pages(*copies: HotCopy) -> object:
    return lambda after: [one for one in copies if one.source > after]


def calls(server: Redis) -> int:
    return int(server.info("stats")["total_commands_processed"])


def test_a_copy_is_read_in_one_round_trip(views: RedisViews, server: Redis, behind: Behind) -> None:
    assert views.rebuild(1, pages(HotCopy("a", 5, b"view"))) == 1
    assert views.view("a") == Viewed(b"view"), "the first read learns which generation is whole"
    before = calls(server)
    assert views.view("a") == Viewed(b"view")
    assert behind.asked == 0
    assert [views.view("nobody") for _ in range(3)] == [Viewed(None)] * 3
    assert calls(server) - before - 1 == 4, "one command each, and the question how many there were"
    assert behind.asked == 1, "who has no copy is looked up once"


def test_a_copy_that_the_server_dropped_is_not_read_as_of_nobody(
    views: RedisViews, server: Redis, behind: Behind
) -> None:
    """Else a refusal of consent would be gone with it."""
    behind.views["a"] = b"stored"
    views.rebuild(1, pages(HotCopy("a", 5, b"copied")))
    (key,) = server.keys("tessera:view:*")
    server.delete(key)
    assert views.view("a") == Viewed(b"stored")
    behind.away = True
    with pytest.raises(ServiceUnavailable):
        views.view("a")
    asked = behind.asked
    with pytest.raises(ServiceUnavailable):
        views.view("b")
    assert behind.asked == asked, "what just failed is not waited for again and again"


def test_whoever_is_gone_is_not_looked_up(views: RedisViews, behind: Behind) -> None:
    views.rebuild(1, pages(HotCopy("a", 5, b"copied")))
    views.write([HotCopy("a", 6, None)])
    assert views.view("a") == Viewed(None)
    assert behind.asked == 0


def with_redis(url: str) -> Settings:
    return Settings(public_url="http://127.0.0.1", database_url=Secret("sqlite://"), redis_url=Secret(url))


def test_the_doctor_says_where_redis_does_not_answer() -> None:
    (found,) = _copies(with_redis("redis://:hidden-word@127.0.0.1:1/0"))
    assert (found.level, "hidden" in str(found)) == ("wrong", False)


def test_a_server_that_drops_copies_is_told_apart(server: Redis, redis_server: servers.Redis) -> None:
    assert dropping(redis_server.url) is None
    server.config_set("maxmemory", 100_000_000)
    server.config_set("maxmemory-policy", "volatile-lru")
    try:
        assert dropping(redis_server.url) == "volatile-lru"
        (found,) = _copies(with_redis(redis_server.url))
        assert (found.level, "noeviction" in found.remedy) == ("warning", True)
        server.config_set("maxmemory-policy", "noeviction")
        assert dropping(redis_server.url) is None
        assert [one.level for one in _copies(with_redis(redis_server.url))] == ["ok"]
    finally:
        server.config_set("maxmemory-policy", "noeviction")
        server.config_set("maxmemory", 0)


def test_until_everything_is_there_the_database_answers(views: RedisViews, behind: Behind) -> None:
    behind.views["a"] = b"stored"
    assert views.is_whole() is False
    assert views.view("a") == Viewed(b"stored")
    views.rebuild(1, pages(HotCopy("a", 5, b"copied")))
    assert views.is_whole() is True
    assert views.view("a") == Viewed(b"copied")


def test_an_older_copy_never_takes_the_place_of_a_newer(views: RedisViews) -> None:
    views.rebuild(1, pages(HotCopy("a", 5, b"five")))
    for version, view, wanted in [(4, b"four", b"five"), (5, b"again", b"five"), (6, b"six", b"six")]:
        views.write([HotCopy("a", version, view)])
        assert views.view("a").octets == wanted
    views.write([HotCopy("a", 7, None)])
    assert views.view("a") == Viewed(None)
    views.write([HotCopy("a", 6, b"six")])
    assert views.view("a") == Viewed(None), "a copy that was on its way does not bring back who was erased"
    views.write([HotCopy("a", 8, b"new")])
    assert views.view("a").octets == b"new", "what they do afterwards is theirs again"


def test_what_changes_while_copies_are_built_is_not_lost(views: RedisViews) -> None:
    def changing(after: str) -> Sequence[HotCopy]:
        if after == "":
            return [HotCopy("a", 1, b"old"), HotCopy("b", 1, b"b")]
        if after == "b":
            assert views.write([HotCopy("a", 2, b"new")])
            return [HotCopy("c", 1, b"c")]
        return []

    assert views.rebuild(1, changing) == 3
    assert [views.view(name).octets for name in "abc"] == [b"new", b"b", b"c"]


def test_copies_of_generations_that_are_read_no_more_are_removed(views: RedisViews, server: Redis) -> None:
    """Erasing a visitor does not reach them, and each restart of the server would leave all of them once more."""
    many = [HotCopy(f"v-{number:04}", 1, b"view") for number in range(2_500)]
    views.rebuild(1, pages(HotCopy("erased", 1, b"old"), *many))
    views.sweep()
    assert len(server.keys("tessera:view:*")) == 2_501
    views.rebuild(2, pages(*many))
    server.set("tessera:views:building", b"another is under way")
    views.sweep()
    assert len(server.keys("tessera:view:*")) == 5_001
    server.delete("tessera:views:building")
    views.sweep()
    left = server.keys("tessera:view:*")
    assert (len(left), [one for one in left if b"erased" in one]) == (2_500, [])
    assert views.view("v-0007") == Viewed(b"view")
    before = calls(server)
    views.sweep()
    assert calls(server) - before - 1 == 1, "where there is nothing to remove, that is one question"


def test_of_two_who_build_copies_the_one_who_lost_its_lease_gives_up(views: RedisViews, server: Redis) -> None:
    """What is written after the other began is not in the first one's, which would be read with old views for ever."""

    def stalled(after: str) -> Sequence[HotCopy]:
        if after == "":
            return [HotCopy("a", 1, b"old")]
        if after == "a":
            server.set("tessera:views:building", b"of another")
            return [HotCopy("b", 1, b"b")]
        return []

    def stalled_at_the_end(after: str) -> Sequence[HotCopy]:
        if after == "":
            return [HotCopy("a", 1, b"old")]
        server.set("tessera:views:building", b"of another")
        return []

    for number, one in enumerate((stalled, stalled_at_the_end), 1):
        assert views.rebuild(number, one) is None
        assert views.is_whole() is False
        assert server.get("tessera:views:building") == b"of another", "whoever builds now is not disturbed"


def test_copies_are_written_in_one_round_trip_and_to_no_generation_that_is_gone(
    views: RedisViews, server: Redis
) -> None:
    """Nobody would find such a copy to remove it when its visitor is erased."""
    views.rebuild(1, pages(HotCopy("a", 1, b"one")))
    views.write([HotCopy("a", 2, b"two")])
    before = calls(server)
    views.write([HotCopy("a", 3, b"three")])
    scripts = calls(server) - before - 1
    assert scripts == 5, "one script, in which two commands ask for the generations and two are of the copy"
    assert views.view("a").octets == b"three"
    server.flushall()
    assert views.write([HotCopy("a", 4, b"four")]) is True
    assert server.keys("*") == []
    views.rebuild(2, pages(HotCopy("a", 4, b"four")))
    views.write([HotCopy("a", 5, b"five")])
    assert views.view("a").octets == b"five"


def test_no_script_holds_the_server_for_more_than_some_copies(views: RedisViews, server: Redis) -> None:
    """A batch may change people of a hundred ids each: in one script, who reads would wait longer than they do."""
    views.rebuild(1, pages())
    many = [HotCopy(f"v-{number:04}", 1, b"view") for number in range(1_201)]
    views.write(many[:1])

    def scripts() -> int:
        return int(server.info("commandstats")["cmdstat_evalsha"]["calls"])

    before = scripts()
    assert views.write(many) is True
    assert scripts() - before == 3
    assert views.view("v-1200") == Viewed(b"view")


def test_a_connection_that_the_server_ended_is_replaced_within_the_request(
    views: RedisViews, server: Redis, behind: Behind
) -> None:
    views.rebuild(1, pages(HotCopy("a", 5, b"view")))
    assert views.view("a") == Viewed(b"view")
    server.client_kill_filter(_type="normal", skipme=True)
    assert views.view("a") == Viewed(b"view")
    assert behind.asked == 0


def test_an_answer_longer_than_one_read_is_read_whole(views: RedisViews) -> None:
    long = bytes(range(256)) * 2_000
    views.rebuild(1, pages(HotCopy("a", 5, long), HotCopy("b", 5, b"of b")))
    assert [views.view(one).octets for one in "aba"] == [long, b"of b", long]


def test_a_server_with_a_password_is_asked_with_it(server: Redis, redis_server: servers.Redis, behind: Behind) -> None:
    server.config_set("requirepass", "a-password")
    try:
        url = redis_server.url.replace("://", "://:a-password@")
        views = RedisViews(url, behind, kept_s=KEPT_S, monotonic=time.monotonic, timeout_s=2.0)
        views.rebuild(1, pages(HotCopy("a", 5, b"view")))
        assert views.view("a") == Viewed(b"view")
        views.close()
        without = RedisViews(redis_server.url, behind, kept_s=KEPT_S, monotonic=time.monotonic, timeout_s=2.0)
        assert without.view("a").degraded == (DEGRADED,)
        without.close()
    finally:
        server.config_set("requirepass", "")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"-ERR unknown command\r\n", b"$5\r\nab", b""])
def test_what_is_no_answer_of_redis_is_told_as_one_that_failed(behind: Behind, answer: bytes) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _saying(answer)) as other:
        other.daemon_threads = True
        thread = threading.Thread(target=other.serve_forever, args=(0.01,))
        thread.start()
        url = f"redis://127.0.0.1:{other.server_address[1]}"
        views = RedisViews(url, behind, kept_s=KEPT_S, monotonic=time.monotonic, timeout_s=0.3)
        try:
            assert views.view("a").degraded == (DEGRADED,)
        finally:
            views.close()
            other.shutdown()
            thread.join()


def _saying(answer: bytes) -> type[socketserver.BaseRequestHandler]:
    class Saying(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4_096)
            self.request.sendall(answer)

    return Saying


def test_an_answer_that_comes_too_late_is_nobody_elses(
    server: Redis, redis_server: servers.Redis, behind: Behind
) -> None:
    views = RedisViews(redis_server.url, behind, kept_s=KEPT_S, monotonic=time.monotonic, rest_s=0.0, timeout_s=0.2)
    views.rebuild(1, pages(HotCopy("a", 5, b"of a"), HotCopy("b", 5, b"of b")))
    assert views.view("a") == Viewed(b"of a")
    server.client_pause(600)
    assert views.view("a").degraded == (DEGRADED,)
    server.client_unpause()
    assert [views.view(one).octets for one in "bab"] == [b"of b", b"of a", b"of b"]
    views.close()


def test_a_copy_of_the_generation_before_is_not_taken_for_one_of_the_next(
    views: RedisViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though another thread sees the next one meanwhile."""
    views.rebuild(1, pages(HotCopy("a", 5, b"before")))
    assert views.view("a") == Viewed(b"before")
    views.rebuild(2, pages(HotCopy("a", 6, b"after")))
    look_up = views._look_up

    def meanwhile(key: str) -> tuple[bytes, list[bytes | None]]:
        found = look_up(key)
        views._generation = found[1][0] or b""
        return found

    monkeypatch.setattr(views, "_look_up", meanwhile)
    assert views.view("a") == Viewed(b"after")


def test_who_is_answered_while_connections_are_closed_has_the_answer(
    views: RedisViews, behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that ends closes them while requests are under way."""
    views.rebuild(1, pages(HotCopy("ann", 1, b"ann")))  # type: ignore[arg-type]
    assert views.view("ann") == Viewed(b"ann")
    ask = views._look_up._ask

    def closing(*asked: Any) -> object:
        found = ask(*asked)
        views._look_up.close()
        return found

    monkeypatch.setattr(views._look_up, "_ask", closing)
    assert (views.view("ann"), behind.asked) == (Viewed(b"ann"), 0)


def test_each_thread_has_a_connection_of_its_own(views: RedisViews) -> None:
    views.rebuild(1, pages(*(HotCopy(one, 5, one.encode()) for one in "abcd")))
    views.view("a")  # which generation is whole
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda one: views.view(one).octets, "abcd" * 200))
    assert found == [one.encode() for one in "abcd" * 200]


def test_without_redis_the_database_answers_and_says_so(views: RedisViews, behind: Behind) -> None:
    away = RedisViews("redis://127.0.0.1:1/0", behind, kept_s=KEPT_S, monotonic=time.monotonic, rest_s=60)
    behind.views["a"] = b"stored"
    assert away.view("a") == Viewed(b"stored", (DEGRADED,))
    assert away.write([HotCopy("a", 1, b"x")]) is False
    assert (away.is_whole(), away.rebuild(1, pages())) == (None, None)
    behind.away = True
    with pytest.raises(ServiceUnavailable):
        away.view("a")
    away.close()


def test_a_failure_is_not_waited_for_again_at_once(server: Redis, behind: Behind) -> None:
    clock = [0.0]
    hung = RedisViews(
        "redis://10.255.255.1:6379/0", behind, kept_s=KEPT_S, monotonic=lambda: clock[0], timeout_s=0.05, rest_s=1
    )
    hung.view("a")
    began = time.perf_counter()
    for _ in range(100):
        assert hung.view("a").degraded == (DEGRADED,)
    assert time.perf_counter() - began < 0.05, "within the rest nobody asks"
    hung.close()


def test_a_redis_that_comes_back_with_old_data_is_not_believed(tmp_path: Path, behind: Behind) -> None:
    """Its snapshot may hold visitors that were erased since."""
    server = DurableRedis(tmp_path)
    try:
        views = RedisViews(server.url, behind, kept_s=KEPT_S, monotonic=time.monotonic, rest_s=0.0, timeout_s=2.0)
        views.rebuild(1, pages(HotCopy("erased", 1, b"old"), HotCopy("b", 1, b"b1")))
        assert views.view("erased").octets == b"old"
        server.kill()
        server.start()
        behind.views["erased"] = b"of the database"
        assert views.view("erased").octets == b"of the database", "at once, whether anybody looks after it or not"
        assert views.is_whole() is False
        assert views.view("erased").octets == b"of the database", "until it is built anew, nothing old is read"
        views.rebuild(2, pages(HotCopy("b", 2, b"b2")))
        del behind.views["erased"]
        assert (views.view("erased"), views.view("b")) == (Viewed(None), Viewed(b"b2"))
        views.close()
    finally:
        server.stop()


def test_a_copy_is_kept_as_long_as_the_profile(views: RedisViews, server: Redis) -> None:
    """One that is missing is read as of nobody: who comes back after weeks would have lost all, a refusal too."""
    views.rebuild(1, pages(HotCopy("a", 5, b"view")))
    views.write([HotCopy("a", 6, b"newer"), HotCopy("gone", 7, None)])
    left = {name.decode().rpartition(":")[2]: int(server.ttl(name) or 0) for name in server.keys("*:view:*")}
    assert KEPT_S - 60 <= left["a"] <= KEPT_S
    assert 0 < left["gone"] <= TOMBSTONE_S


def test_a_visitor_takes_two_kilobytes_at_most(views: RedisViews, server: Redis) -> None:
    """Hot, with 20 attributes and 10 counters."""
    source = "0" * 32
    view = fold.fold([(source, typical())], uid="u" * 32, known=True, person=source, segments={"a": (NOW, None)})
    views.rebuild(1, pages(HotCopy(source, NOW, fold.encode(view))))
    (key,) = [name for name in server.keys("*") if source.encode() in name]
    assert server.memory_usage(key) <= 2_048


@pytest.mark.usefixtures("views")
def test_the_benchmark_finds_as_much(redis_server: servers.Redis) -> None:
    """Of many together, with the server's own part of it."""
    assert 1_000 < visitor_bytes(redis_server.url) <= 2_048


def test_copies_follow_what_is_stored(sqlite_store: Store, views: RedisViews) -> None:
    """The outbox is drained, and everything is built anew where the copies were lost."""
    copying = Copying(sqlite_store.hot_outbox, views, sqlite_store.leases, "me", now_ms=lambda: NOW)
    with sqlite_store.identity.begin() as tx:
        rows = [
            VisitorRow(name * 32, 1, "", False, name * 32, 0, b"", b"", f"v-{name}".encode(), NOW, NOW) for name in "ab"
        ]
        tx.outbox(tx.save(rows))
    copying.step()
    assert views.view("a" * 32).octets == b"v-a"
    assert sqlite_store.hot_outbox.waiting() == 0
    views._client.flushall()
    assert views.view("b" * 32).octets is None, "the database behind has nobody here"
    copying.step()
    assert views.view("b" * 32).octets == b"v-b"


def test_what_another_built_meanwhile_is_not_built_once_more(
    sqlite_store: Store, views: RedisViews, server: Redis
) -> None:
    """Whoever ended amid that would leave a generation behind that is written for ever, and keep others from going."""
    leases, line = sqlite_store.leases, sqlite_store.hot_outbox
    first = Copying(line, views, leases, "first", now_ms=lambda: NOW)

    class Slower:
        write, rebuild, sweep = views.write, views.rebuild, views.sweep

        def is_whole(self) -> bool | None:
            found = views.is_whole()
            first.step()
            return found

    Copying(line, Slower(), leases, "second", now_ms=lambda: NOW).step()
    assert server.getrange("tessera:views:ready", -8, -1) == b"00000001", "the first that was built"


def test_what_is_copied_at_once_leaves_the_line_a_little_later(sqlite_store: Store, views: RedisViews) -> None:
    """Taking it out is a commit, for which the events behind would wait. Whoever dies before leaves it in line."""
    clock = [NOW]
    line = sqlite_store.hot_outbox
    copying = Copying(line, views, sqlite_store.leases, "me", now_ms=lambda: clock[0])
    copying.step()

    def stored(name: str, view: bytes) -> list[HotCopy]:
        row = VisitorRow(name * 32, 1, "", False, name * 32, 0, b"", b"", view, NOW, NOW)
        with sqlite_store.identity.begin() as tx:
            versions = tx.save([row])
            tx.outbox(versions)
        return [HotCopy(source, version, view) for source, version in versions.items()]

    copying.put(stored("a", b"v-a"))
    clock[0] += 60
    copying.put(stored("b", b"v-b"))
    copying.settle(idle=False)
    assert [views.view(name * 32).octets for name in "ab"] == [b"v-a", b"v-b"]
    assert (line.waiting(), copying.is_settled) == (2, False)
    clock[0] += 60
    copying.settle(idle=False)
    assert (line.waiting(), copying.is_settled) == (0, True)
    copying.put(stored("c", b"v-c"))
    copying.settle(idle=True)
    assert line.waiting() == 0
    copying.put(stored("e", b"v-e"))
    assert list(copying.copied) == ["e" * 32], "the next transaction takes it out"
    copying.taken_out()
    copying.settle(idle=True)
    assert (line.waiting(), copying.is_settled) == (1, True)
    copying.drain()
    clock[0] -= 3_600_000
    copying.put(stored("d", b"v-d"))
    clock[0] -= 1
    copying.settle(idle=False)
    assert line.waiting() == 0, "a clock that was set back does not keep it there"


def test_who_waits_for_events_copies_their_own_and_leaves_the_line_alone(
    sqlite_store: Store, redis_server: servers.Redis, server: Redis
) -> None:
    """Taking out of the line what others have just put there is a commit for each request that waits."""
    stored = StoredViews(sqlite_store.visitors)
    views = RedisViews(redis_server.url, stored, kept_s=KEPT_S, monotonic=time.monotonic)
    views.rebuild(1, lambda _after: ())
    ann, device, bob = (name * 32 for name in "adb")
    people = ((ann, ann), (device, ann), (bob, bob))
    rows = [VisitorRow(one, 1, "", False, person, 0, b"", b"", b"v", NOW, NOW) for one, person in people]
    with sqlite_store.identity.begin() as tx:
        tx.outbox(tx.save(rows))
    copier_of(views)({device})
    held = sorted(one.decode().rpartition(":")[2] for one in server.keys("tessera:view:*"))
    assert held == [ann, device]
    assert views.view(ann) == Viewed(b"v")
    assert sqlite_store.hot_outbox.waiting() == 3
    views.close()


def test_what_could_not_be_copied_stays_in_line(sqlite_store: Store, behind: Behind) -> None:
    away = RedisViews("redis://127.0.0.1:1/0", behind, kept_s=KEPT_S, monotonic=time.monotonic)
    copying = Copying(sqlite_store.hot_outbox, away, sqlite_store.leases, "me", now_ms=lambda: NOW)
    with sqlite_store.identity.begin() as tx:
        tx.outbox({"a" * 32: 5})
    copying.put([HotCopy("a" * 32, 5, b"view")])
    copying.settle(idle=True)
    assert sqlite_store.hot_outbox.waiting() == 1
    away.close()
