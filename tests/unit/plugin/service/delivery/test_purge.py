"""The relay of purges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from adapters.edge.keys import checked
from adapters.edge.port import LONGEST_KEY, EdgeError, State
from plugin.edge.keys import (
    MOST_OF_LOOKUP,
    entry_key,
    field_key,
    keys_of,
    keys_of_lookup,
    lookup_key,
    source_key,
    tag_key,
    type_key,
)
from plugin.errors import NotFound, ServiceUnavailable
from plugin.ports import Changes, Differing, Purge, StoredEntry
from plugin.ports.serving import Serving
from plugin.service.delivery.purge import Relay, Standing, Telling, standing
from plugin.service.delivery.serving import Fleets
from plugin.store import Store
from plugin.web.purge_metrics import PurgesCollector
from tests.unit.plugin.service.site_support import NOW

CHOSEN_FROM = ("id:a", "type:hero", "tag:slot:x", "content")
OF_A = ("entry:cms/a", *CHOSEN_FROM, *(f"among:{key}" for key in CHOSEN_FROM))


class Cache:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[tuple[str, ...], bool]] = []
        self.fails: EdgeError | None = None

    def purge(self, keys: Sequence[str], *, hard: bool) -> None:
        if self.fails is not None:
            raise self.fails
        if keys:
            self.told.append((tuple(keys), hard))

    def close(self) -> None:
        """Nothing to free."""


class Sparing(Cache):
    """Spares what is of a state that holds the change."""

    def __init__(self) -> None:
        super().__init__()
        self.late: list[tuple[tuple[str, ...], bool, State]] = []

    def purge_late(self, keys: Sequence[str], *, hard: bool, state: State) -> None:
        if self.fails is not None:
            raise self.fails
        self.late.append((tuple(keys), hard, state))


class Bench:
    def __init__(self, store: Store, *caches: Cache) -> None:
        self.store = store
        self.now = NOW
        self.points: list[str] = []
        self.start({f"cache-{number}": cache for number, cache in enumerate(caches)})

    def start(self, caches: Mapping[str, Cache]) -> None:
        """A process with these settings."""
        self.telling = {
            name: Telling(
                name,
                cache,
                self.store.purges,
                clock=lambda: self.now,
                random=lambda: 1.0,
                again=timedelta(seconds=15),
                at=self.points.append,
            )
            for name, cache in caches.items()
        }
        self.relay = Relay(
            caches,
            self.store.purges,
            clock=lambda: self.now,
            fleets=Fleets(self.store.serving, clock=lambda: self.now),
            settle=timedelta(seconds=2),
            longest=timedelta(seconds=10),
            tell=lambda name: self.telling[name].step(),
            alone=next(iter(self.telling.values())) if len(caches) == 1 else None,
        )

    def write(self, *names: str, deleted: str | None = None) -> None:
        entries = tuple(StoredEntry("cms", one, None, "hero", ("slot:x",), {}, None, None, ()) for one in names)
        gone = () if deleted is None else ((deleted, None),)
        self.store.content.apply("cms", Changes(entries=entries, deleted=gone), now=self.now)

    def publish(self) -> int:
        """Publish a version; the epoch of the rules after it."""
        made = self.store.rulesets.save({}, author="test", now=self.now)
        return self.store.rulesets.publish(made.number, author="test", now=self.now).epoch

    def serves(self, process: str, content: int, rules: int = 1) -> None:
        self.store.serving.report(Serving(process, 1, rules, content, self.now, self.now))

    def later(self, seconds: float) -> bool:
        self.now += timedelta(seconds=seconds)
        return self.relay.step()


def test_a_purge_waits_until_the_new_content_is_in_place_and_is_sent_twice(sqlite_store: Store) -> None:
    cache = Cache()
    bench = Bench(sqlite_store, cache)
    bench.write("a")
    assert [bench.later(1.9), bench.later(0.2), bench.later(14.9), bench.later(0.2), bench.later(100)] == [
        False,
        True,
        False,
        True,
        False,
    ]
    assert cache.told == [(OF_A, False)] * 2
    assert bench.points == ["before purge"] * 2


def test_a_purge_waits_for_every_process_that_says_what_it_serves_and_no_longer(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, cache := Cache())
    for name in ("one", "two"):
        bench.serves(name, 0)
    bench.write("a")
    bench.serves("one", 1)
    assert [bench.later(0.1), bench.later(5)] == [False, False]
    bench.serves("two", 2)  # newer still
    assert bench.later(0.1)
    assert len(cache.told) == 1


def test_nobody_waits_for_a_process_that_left_or_died(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, cache := Cache())
    bench.serves("died", 0)
    bench.later(30)
    bench.serves("left", 0)
    bench.serves("lives", 1)
    bench.write("a")
    assert not bench.later(0.1)
    sqlite_store.serving.leave("left")
    assert bench.later(0.1)
    assert len(cache.told) == 1


def test_a_process_that_stays_behind_holds_purges_up_for_a_while_and_is_named(
    sqlite_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(sqlite_store, cache := Cache())
    bench.serves("stuck", 0)
    bench.serves("well", 1)
    bench.write("a")
    assert [bench.later(9.9), caplog.text] == [False, ""]
    assert bench.later(0.2)
    assert len(cache.told) == 1
    assert "an older state is still served by stuck" in caplog.text
    assert "well" not in caplog.text


def test_what_is_purged_again_waits_for_nobody(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, cache := Cache())
    bench.serves("one", 1)
    bench.write("a")
    bench.later(0)
    bench.serves("new", 0)
    assert [bench.later(14.9), bench.later(0.1)] == [False, True]
    assert len(cache.told) == 2


def test_what_is_gone_is_purged_hard_and_apart(sqlite_store: Store) -> None:
    cache = Cache()
    bench = Bench(sqlite_store, cache)
    bench.write("a")
    bench.write("b", deleted="a")
    bench.later(3)
    assert (OF_A, True) in cache.told
    assert ((*OF_A, "entry:cms/b", "id:b", "among:id:b"), False) in cache.told


def test_what_changed_is_purged_by_what_it_was_and_what_it_is(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, cache := Cache())
    bench.write("a")
    bench.later(3)
    cache.told.clear()
    changed = StoredEntry("cms", "a", None, "teaser", ("new",), {}, None, None, ())
    sqlite_store.content.apply("cms", Changes(entries=(changed,)), now=bench.now)
    bench.later(3)
    told = {key for keys, _hard in cache.told for key in keys}
    chosen_from = {*CHOSEN_FROM, "type:teaser", "tag:new"}
    assert told == {"entry:cms/a", *chosen_from, *(f"among:{key}" for key in chosen_from)}


def test_very_many_changes_purge_everything(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, cache := Cache())
    bench.write(*(f"e{number}" for number in range(201)))
    bench.later(3)
    assert cache.told == [(("source:cms", "content", "tessera"), False)]


def test_a_publication_is_purged_hard_once_every_process_serves_it_and_once_more(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, cache := Cache())
    for name in ("one", "two"):
        bench.serves(name, 0, rules=0)
    epoch = bench.publish()
    bench.serves("one", 0, rules=epoch)
    assert [bench.later(0.1), bench.later(5)] == [False, False]
    bench.serves("two", 0, rules=epoch)
    assert [bench.later(0.1), bench.later(14.8), bench.later(0.3)] == [True, False, True]
    assert cache.told == [(("audience", "lookup"), True)] * 2


@pytest.mark.parametrize(
    ("differing", "keys"),
    [
        (Differing(1, ("a", "b c")), ("audience", "lookup:a", "lookup:b%20c")),
        (Differing(1, ()), ("audience",)),
        (Differing(2, ("a",)), ("audience", "lookup")),
        (None, ("audience", "lookup")),
    ],
    ids=["two slots", "no slot", "of another version than was published", "nobody can tell"],
)
def test_a_publication_is_purged_by_the_slots_that_are_others(
    sqlite_store: Store, differing: Differing | None, keys: tuple[str, ...]
) -> None:
    bench = Bench(sqlite_store, cache := Cache())
    bench.publish()
    bench.later(3)
    cache.told.clear()
    number = sqlite_store.rulesets.save({}, author="test", now=bench.now).number
    sqlite_store.rulesets.publish(number, author="test", now=bench.now, differing=differing)
    bench.later(3)
    assert cache.told == [(keys, True)]
    later = bench.now + timedelta(days=1)
    (row,) = (one for one in sqlite_store.purges.due_to("cache-0", now=later) if one.rules == 2)
    assert row.slots == (differing.slots if differing is not None and differing.previous == 1 else None)


def test_what_a_lookup_is_kept_under_is_short_or_purged_by_every_publication() -> None:
    assert keys_of_lookup(("a", "b c")) == ("tessera", "lookup", "lookup:a", "lookup:b%20c")
    many = keys_of_lookup(tuple(f"page.slot-{number}" for number in range(40)))
    assert len(many) == 42
    assert len(" ".join(many)) < MOST_OF_LOOKUP
    assert keys_of_lookup(tuple("x" * 255 + str(number) for number in range(4))) == ("tessera", "audience")


def test_a_rollback_is_a_publication(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, cache := Cache())
    bench.publish()
    bench.publish()
    bench.later(3)
    bench.later(100)
    cache.told.clear()
    sqlite_store.rulesets.publish(1, author="test", now=bench.now, action="rollback", differing=Differing(2, ("a",)))
    bench.later(3)
    assert cache.told == [(("audience", "lookup:a"), True)]


def test_a_publication_that_fails_purges_nothing(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, cache := Cache())
    with pytest.raises(NotFound):
        sqlite_store.rulesets.publish(7, author="test", now=bench.now)
    assert not bench.later(100)
    assert not cache.told


def test_who_gets_what_is_purged_once_for_each_state_of_the_content(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, cache := Cache())
    for _ in range(3):
        sqlite_store.purges.regroup(4, now=bench.now)
    bench.serves("one", 3)
    assert not bench.later(0.1)
    bench.serves("one", 4)
    assert bench.later(0.1)
    assert cache.told == [(("audience", "lookup"), True)]
    assert sqlite_store.purges.lags() == {}
    sqlite_store.purges.regroup(4, now=bench.now)
    assert not bench.later(0.1), "it is there already"


def test_a_purge_that_fails_is_repeated_with_growing_pauses(sqlite_store: Store) -> None:
    well, ill = Cache(), Cache()
    bench = Bench(sqlite_store, well, ill)
    ill.fails = EdgeError("503")
    bench.write("a")
    assert [bench.later(2), bench.later(0.4), bench.later(0.2), bench.later(0.6)] == [True, False, True, False]
    ill.fails = None
    assert bench.later(0.5)
    assert (len(ill.told), len(well.told)) == (1, 1)
    bench.later(100)
    assert (len(ill.told), len(well.told)) == (2, 2)
    assert not bench.later(100)


def test_what_a_cache_was_told_is_not_sent_to_it_again_because_another_fails(sqlite_store: Store) -> None:
    well, ill = Cache(), Cache()
    bench = Bench(sqlite_store, well, ill)
    ill.fails = EdgeError("503")
    bench.write("a")
    for _ in range(60):
        bench.later(2)
    assert well.told == [(OF_A, False)] * 2


def test_a_cache_that_asks_for_peace_has_it_from_other_changes_too_and_no_other_cache_waits(
    sqlite_store: Store,
) -> None:
    asks, well = Cache(), Cache()
    bench = Bench(sqlite_store, asks, well)
    asks.fails = EdgeError("429", retry_after=7)
    bench.write("a")
    bench.later(2)
    asks.fails = None
    bench.start({"cache-0": asks, "cache-1": well})  # another process leaves it alone, too
    bench.write("b")
    bench.later(3)
    assert (len(asks.told), len(well.told)) == (0, 2)
    bench.later(3.9)
    assert asks.told == []
    bench.later(1)
    assert [keys[0] for keys, _hard in asks.told] == [entry_key("cms", "b"), entry_key("cms", "a")]


def test_what_a_cache_never_takes_holds_up_no_other_change_for_long(sqlite_store: Store) -> None:
    class Picky(Cache):
        def purge(self, keys: Sequence[str], *, hard: bool) -> None:
            if "entry:cms/a" in keys:
                raise EdgeError("400")
            super().purge(keys, hard=hard)

    bench = Bench(sqlite_store, cache := Picky())
    bench.write("a")
    bench.later(2)
    bench.write("b")
    bench.later(31)
    assert [keys[0] for keys, _hard in cache.told] == ["entry:cms/b"]


class Limited(Cache):
    """Takes so many requests a minute; and one entry never."""

    def __init__(self, now: Callable[[], datetime], most: int, never: str = "") -> None:
        super().__init__()
        self.now = now
        self.most = most
        self.never = never
        self._minutes: Counter[datetime] = Counter()

    def purge(self, keys: Sequence[str], *, hard: bool) -> None:
        minute = self.now().replace(second=0, microsecond=0)
        self._minutes[minute] += 1
        if self._minutes[minute] > self.most or f"entry:cms/{self.never}" in keys:
            raise EdgeError("refused")
        super().purge(keys, hard=hard)

    def entries(self) -> Counter[str]:
        return Counter(key for keys, _hard in self.told for key in keys if key.startswith("entry:"))


def after_an_outage(store: Store, most: int, never: str = "") -> tuple[Bench, Limited]:
    """With 600 changes that a cache was not told of, in twenty minutes."""
    bench = Bench(store)
    cache = Limited(lambda: bench.now, most, never)
    bench.start({"limited": cache, "well": Cache()})
    cache.fails = EdgeError("down")
    for start in range(0, 600, 100):
        bench.write(*(f"e{start + number}" for number in range(100)))
        for _ in range(5):
            bench.later(40)
    cache.fails = None
    return bench, cache


@pytest.mark.parametrize(("most", "minutes"), [(2, 200), (5, 40)])
def test_a_cache_that_takes_few_requests_is_told_of_everything_in_the_end(
    sqlite_store: Store, most: int, minutes: int
) -> None:
    bench, cache = after_an_outage(sqlite_store, most)
    for _ in range(minutes):
        bench.later(61)
    told = cache.entries()
    assert (len(told), min(told.values())) == (600, 2)
    assert not sqlite_store.purges.due_to("limited", now=bench.now + timedelta(days=1))
    assert len(cache.told) < 300, "not one by one"


def test_what_a_cache_never_takes_keeps_nothing_from_it_that_was_refused_with_it(sqlite_store: Store) -> None:
    bench, cache = after_an_outage(sqlite_store, 1_000, never="e7")
    for _ in range(30):
        bench.later(31)
    assert set(cache.entries()) == {f"entry:cms/e{number}" for number in range(600)} - {"entry:cms/e7"}


def test_a_change_is_told_before_what_was_refused_however_much_that_is(sqlite_store: Store) -> None:
    bench, cache = after_an_outage(sqlite_store, 1)
    bench.later(61)
    cache.told.clear()
    bench.write("new")
    bench.later(61)
    assert list(cache.entries()) == ["entry:cms/new"]


def test_a_cache_that_is_configured_no_longer_holds_up_nothing(sqlite_store: Store) -> None:
    well, gone = Cache(), Cache()
    bench = Bench(sqlite_store, well, gone)
    gone.fails = EdgeError("503")
    bench.write("a")
    bench.later(2)
    bench.start({"cache-0": well})
    bench.write("b")
    bench.later(2)
    assert [keys[0] for keys, _hard in well.told] == [entry_key("cms", "a"), entry_key("cms", "b")]
    assert sqlite_store.purges.backlogs(["cache-0"])["cache-0"].waiting == 0
    bench.later(100)
    assert not bench.later(3600 * 24 * 7), "but for what is pruned"
    bench.start({"cache-0": well, "cache-1": gone})
    gone.fails = None
    assert not bench.later(1), "what it was never told was forgotten with the change"


@pytest.mark.parametrize("killed_in", [0, 1])
def test_who_is_killed_while_it_tells_a_cache_leaves_the_rest_to_the_next(sqlite_store: Store, killed_in: int) -> None:
    class Killing(Cache):
        def purge(self, keys: Sequence[str], *, hard: bool) -> None:
            super().purge(keys, hard=hard)
            raise KeyboardInterrupt

    caches: list[Cache] = [Cache(), Cache()]
    caches[killed_in] = Killing()
    bench = Bench(sqlite_store, *caches)
    bench.write("a")
    with pytest.raises(KeyboardInterrupt):
        bench.later(2)
    after = [Cache(), Cache()]
    bench.start({f"cache-{number}": cache for number, cache in enumerate(after)})
    for _ in range(3):
        bench.later(16)
    told = [len(before.told) + len(cache.told) for before, cache in zip(caches, after, strict=True)]
    assert told == [3 if number == killed_in else 2 for number in range(2)], "once more to whom it was telling"


def test_two_processes_hand_a_change_over_once(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, Cache())
    bench.write("a")
    (change,) = sqlite_store.purges.due(now=bench.now)
    for _ in range(2):
        sqlite_store.purges.hand_over([change.number], ["one", "two"], due_at=bench.now)
    assert [len(sqlite_store.purges.due_to(name, now=bench.now)) for name in ("one", "two", "three")] == [1, 1, 0]


def test_a_cache_that_fails_keeps_no_other_from_being_told(sqlite_store: Store) -> None:
    ill, well = Cache(), Cache()
    bench = Bench(sqlite_store, ill, well)
    ill.fails = EdgeError("503")
    bench.write("a")
    bench.write("b", deleted="a")
    bench.later(3)
    assert [hard for _keys, hard in well.told] == [True, False]


def test_what_caches_do_not_take_shows_in_the_metrics(sqlite_store: Store) -> None:
    """And where the database does not answer, the other metrics are there all the same."""
    cache, metrics = Cache(), CollectorRegistry()
    bench = Bench(sqlite_store, cache, Cache())
    metrics.register(PurgesCollector(lambda: standing(sqlite_store.purges, bench.telling, bench.now)))
    names = ("tessera_purges_waiting", "tessera_purges_waiting_seconds", "tessera_purges_failing")

    def shown(number: int = 0) -> list[float | None]:
        return [metrics.get_sample_value(name, {"cache": f"cache-{number}"}) for name in names]

    assert shown() == [0, 0, 0]
    cache.fails = EdgeError("503")
    bench.write("a")
    bench.later(2)
    bench.now += timedelta(seconds=58)
    bench.publish()
    assert (shown(), shown(1)) == ([2, 60, 1], [1, 0, 0]), "of the healthy one nothing fails"
    cache.fails = None
    bench.later(2)
    assert shown() == [0, 0, 0]
    down = CollectorRegistry()
    down.register(PurgesCollector(_refuse))
    assert list(down.collect())
    assert down.get_sample_value(names[0], {"cache": "cache-0"}) is None


def _refuse() -> Mapping[str, Standing]:
    raise ServiceUnavailable("the database is away")


def test_a_cache_that_asks_to_wait_is_given_the_time(sqlite_store: Store) -> None:
    cache = Cache()
    bench = Bench(sqlite_store, cache)
    cache.fails = EdgeError("429", retry_after=30)
    bench.write("a")
    bench.later(2)
    cache.fails = None
    assert [bench.later(29), bench.later(5)] == [False, True]


def test_without_caches_nothing_waits(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store)
    bench.write("a")
    assert bench.later(2)
    assert (bench.later(100), sqlite_store.purges.due(now=bench.now)) == (False, ())


@pytest.mark.parametrize("name", ["a b", "a,b", "été", "a\nb", "100%"])
def test_keys_are_printable_ascii_without_spaces_and_commas(name: str) -> None:
    for key in (entry_key("cms", name), tag_key(name)):
        assert key.isascii()
        assert key.isprintable()
        assert not {" ", ","} & set(key)


def test_different_names_have_different_keys() -> None:
    names = ["a b", "a%20b", "a+b", "A b"]
    assert len({entry_key("cms", name) for name in names}) == len(names)


def test_a_key_that_caches_would_refuse_for_its_length_ends_in_a_digest() -> None:
    """One refused key would keep every purge beside it from being done."""
    long = "雪" * 254
    keys = [
        make(long + end)
        for make in (tag_key, source_key, lookup_key, lambda id_: entry_key("cms", id_))
        for end in "ab"
    ]
    assert checked(keys) == keys, "each a key, and each another"
    assert {len(key) for key in keys} == {LONGEST_KEY}
    fits = "x" * (LONGEST_KEY - len("tag:"))
    assert tag_key(fits) == f"tag:{fits}"


def test_the_second_purge_spares_what_holds_the_change_where_a_cache_can(sqlite_store: Store) -> None:
    plain, sparing = Cache(), Sparing()
    bench = Bench(sqlite_store, plain, sparing)
    bench.write("a")
    bench.later(3)
    assert (sparing.told, sparing.late) == ([(OF_A, False)], [])
    bench.later(16)
    assert (sparing.told, sparing.late) == ([(OF_A, False)], [(OF_A, False, State(0, 1))])
    assert plain.told == [(OF_A, False)] * 2


def test_what_is_sent_together_spares_only_what_holds_all_of_it(sqlite_store: Store) -> None:
    """The first purge of one change and the second of others may fall due together; a first one spares nothing."""
    bench = Bench(sqlite_store, cache := Sparing())
    bench.write("a")
    rules = bench.publish()
    bench.write("b")
    bench.later(3)
    cache.told.clear()
    bench.now += timedelta(seconds=13)
    bench.write("c", deleted="b")
    bench.now += timedelta(seconds=3)
    assert bench.relay.step()
    firsts = {key for keys, _hard in cache.told for key in keys}
    assert entry_key("cms", "c") in firsts
    assert entry_key("cms", "a") not in firsts
    (hard, soft) = cache.late
    assert hard == (("audience", "lookup"), True, State(rules, 0))
    assert {entry_key("cms", "a"), entry_key("cms", "b")} < set(soft[0])
    assert soft[1:] == (False, State(0, 2))


def test_a_second_purge_that_failed_is_repeated_with_the_state_of_its_change(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, cache := Sparing())
    bench.write("a")
    bench.later(3)
    cache.fails = EdgeError("down")
    bench.later(16)
    bench.write("b")
    cache.fails = None
    bench.later(600)
    assert [(keys[0], state) for keys, _hard, state in cache.late] == [(entry_key("cms", "a"), State(0, 1))]
    assert [keys[0] for keys, _hard in cache.told] == [entry_key("cms", "a"), entry_key("cms", "b")]


def test_a_first_purge_that_failed_spares_nothing_when_it_is_repeated(sqlite_store: Store) -> None:
    bench = Bench(sqlite_store, cache := Sparing())
    cache.fails = EdgeError("down")
    bench.write("a")
    bench.later(3)
    cache.fails = None
    bench.later(600)
    assert (cache.told, cache.late) == ([(OF_A, False)], [])


def changed(*fields: str, tags: Sequence[str] = ("slot:x",)) -> Purge:
    return Purge(1, "cms", "a", "", ("hero",), tuple(tags), fields, False, 1, 0, False, None, None, NOW, 0, 0)


def test_a_change_of_fields_is_purged_by_them() -> None:
    """What has a key of the entries alone is purged by any change: a cache may have it from an older release."""
    of_title = [f"field:title/{key}" for key in CHOSEN_FROM]
    assert list(keys_of(changed("title"))) == ["entry:cms/a", *CHOSEN_FROM, *of_title]


def test_a_change_of_very_many_fields_is_one_of_everything() -> None:
    names = [f"field-{number}" for number in range(15)]
    assert len(list(keys_of(changed(*names)))) == 1 + 4 + 60
    assert tuple(keys_of(changed(*names, "one-more"))) == OF_A
    tags = [f"tag-{number}" for number in range(60)]
    assert "among:type:hero" in set(keys_of(changed("title", tags=tags)))


def test_the_key_of_a_field_is_of_no_other_field_and_of_nothing_else() -> None:
    names = ["a", "a/b", "a:b", "a%2Fb", "a b", "A", "é", "", "/", "type:x"]
    keys = [field_key(name, key) for name in names for key in (type_key("x"), type_key("b/type:x"), tag_key("x"))]
    assert len(set(keys)) == len(keys)
    assert checked(keys) == keys
    assert field_key("a.b.c", "content") == field_key("a", "content")
    assert field_key("é" * 400, tag_key("雪" * 255)) in checked([field_key("é" * 400, tag_key("雪" * 255))])
    assert {key.partition(":")[0] for key in keys} == {"field"}
