"""The contract of leases, over each database."""

from __future__ import annotations

import threading

import pytest

from plugin.errors import ServiceUnavailable
from plugin.ports import LONGEST_LEASE, Fenced, Lease
from plugin.store import Store, engine, open_store
from tests.contract.visitors import MINUTE, NOW, TODAY, event_id


def test_a_lease_has_one_owner_until_it_is_over(store: Store) -> None:
    assert store.leases.acquire("p", "a", now=NOW, ttl=MINUTE) == 1
    assert store.leases.acquire("p", "b", now=NOW + MINUTE - 1, ttl=MINUTE) is None
    assert store.leases.acquire("q", "b", now=NOW, ttl=MINUTE) == 1
    assert store.leases.acquire("p", "b", now=NOW + MINUTE, ttl=MINUTE) == 2
    assert store.leases.held() == (Lease("p", "b", 2, NOW + 2 * MINUTE), Lease("q", "b", 1, NOW + MINUTE))


def test_tokens_only_grow_also_for_the_owner_itself_and_after_it_was_given_back(store: Store) -> None:
    assert store.leases.acquire("p", "a", now=NOW, ttl=MINUTE) == 1
    assert store.leases.acquire("p", "a", now=NOW, ttl=MINUTE) == 2
    store.leases.release("p", 1)
    assert store.leases.acquire("p", "b", now=NOW, ttl=MINUTE) is None, "an old token gives nothing back"
    store.leases.release("p", 2)
    assert store.leases.acquire("p", "b", now=NOW, ttl=MINUTE) == 3


def test_only_the_holder_renews_and_also_one_that_ran_out(store: Store) -> None:
    store.leases.acquire("p", "a", now=NOW, ttl=MINUTE)
    assert store.leases.renew("p", 1, now=NOW + 3 * MINUTE, ttl=MINUTE)
    assert store.leases.acquire("p", "b", now=NOW + 3 * MINUTE, ttl=MINUTE) is None
    assert store.leases.acquire("p", "b", now=NOW + 4 * MINUTE, ttl=MINUTE) == 2
    assert not store.leases.renew("p", 1, now=NOW + 4 * MINUTE, ttl=MINUTE)
    assert not store.leases.renew("none", 1, now=NOW, ttl=MINUTE)


def test_a_lease_of_a_clock_that_was_put_back_does_not_last_for_ever(store: Store) -> None:
    store.leases.acquire("p", "a", now=NOW, ttl=LONGEST_LEASE)
    assert store.leases.acquire("p", "b", now=NOW - 1, ttl=MINUTE) == 2
    with pytest.raises(ValueError, match="lease"):
        store.leases.acquire("p", "b", now=NOW, ttl=LONGEST_LEASE + 1)


def test_who_lost_the_lease_writes_nothing(store: Store) -> None:
    store.leases.acquire("p", "a", now=NOW, ttl=MINUTE)
    store.leases.acquire("p", "b", now=NOW + MINUTE, ttl=MINUTE)
    for partition, token in (("p", 1), ("p", 3), ("none", 1)):
        with pytest.raises(Fenced, match=partition), store.applying.begin({partition: token}):
            pytest.fail("it was let in")
    with store.applying.begin({"p": 2}) as batch:
        batch.add_ids({event_id("e"): b"d"}, day=TODAY)


def test_one_of_several_leases_that_was_lost_is_named_and_keeps_the_others_from_writing(store: Store) -> None:
    for name in ("p", "q", "r"):
        store.leases.acquire(name, "a", now=NOW, ttl=MINUTE)
    store.leases.acquire("q", "b", now=NOW + MINUTE, ttl=MINUTE)
    tokens = {"p": 1, "q": 1, "r": 1}
    with pytest.raises(Fenced) as fault, store.applying.begin(tokens):
        pytest.fail("it was let in")
    assert fault.value.partitions == {"q"}
    assert store.leases.renew_all(tokens, now=NOW + 2 * MINUTE, ttl=MINUTE) == {"q"}
    assert [one.expires - NOW for one in store.leases.held()] == [3 * MINUTE, 2 * MINUTE, 3 * MINUTE]
    assert store.leases.renew_all({}, now=NOW, ttl=MINUTE) == frozenset()
    with store.applying.begin({"p": 1, "r": 1}) as batch:
        batch.add_ids({event_id("e"): b"d"}, day=TODAY)


def test_a_lease_stays_while_its_holder_writes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "LOCK_TIMEOUT", engine.LOCK_TIMEOUT / 20)
    other = open_store(store.engine.url.render_as_string(hide_password=False))
    store.leases.acquire("p", "a", now=NOW, ttl=MINUTE)
    with store.applying.begin({"p": 1}) as batch:
        with pytest.raises(ServiceUnavailable):
            other.leases.acquire("p", "b", now=NOW + MINUTE, ttl=MINUTE)
        assert other.leases.acquire("p", "b", now=NOW, ttl=MINUTE) is None, "asking for it disturbs nobody"
        batch.add_ids({event_id("e"): b"d"}, day=TODAY)
    assert other.leases.acquire("p", "b", now=NOW + MINUTE, ttl=MINUTE) == 2
    other.close()


def test_of_many_that_ask_at_once_one_is_given_it(store: Store) -> None:
    given: list[int | None] = []
    start = threading.Barrier(6)

    def ask(owner: str) -> None:
        start.wait(90)
        given.append(store.leases.acquire("p", owner, now=NOW, ttl=MINUTE))

    threads = [threading.Thread(target=ask, args=(f"w-{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert sorted(given, key=str) == [1, None, None, None, None, None]
