"""Identify: who is one person, what moves with them and what does not, and how it is undone."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from plugin.errors import Conflict, Forbidden, NotFound, ServiceUnavailable, ValidationFailed
from plugin.profiles import fold
from plugin.service.preconditions import Precondition
from plugin.service.visitors import linking
from plugin.service.visitors.changes import Said
from plugin.service.visitors.identify import Identified, Identifying
from plugin.store import Store
from plugin.web.services import VisitorServices
from tests.unit.plugin.service.knowing import knowing, user_token
from tests.unit.plugin.service.site_support import NOW, Clock, a_site, publish, service
from tests.unit.plugin.service.taking import HASHER

SITE = a_site(
    attributes={
        "profile.tier": {"type": "string"},
        "profile.city": {"type": "string", "client_writable": True},
        "profile.device": {"type": "string", "client_writable": True},
    }
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(store: Store, clock: Clock) -> VisitorServices:
    """Over both databases: locks differ."""
    publish(store, SITE)
    return knowing(store, service(store).sites, clock)


@pytest.fixture
def identifying(known: VisitorServices) -> Identifying:
    return known.identifying


def link(identifying: Identifying, visitor: str, user: str, *, by_client: bool = False, **said: Any) -> Identified:
    return identifying.link(visitor, user, Said(**said), actor="crm", by_client=by_client)


def put(known: VisitorServices, visitor: str, **said: Any) -> None:
    known.profiles.change(visitor, Said(**said), actor="crm", precondition=Precondition())


def view(store: Store, visitor: str) -> fold.View:
    row = store.visitors.find(HASHER.source(visitor))
    assert row is not None
    return fold.decode(row.hot)


def attributes(store: Store, visitor: str) -> dict[str, object]:
    return {name: one.value for name, one in view(store, visitor).state.attributes.items()}


def person(store: Store, visitor: str) -> str | None:
    row = store.visitors.find(HASHER.source(visitor))
    return row.person if row is not None else None


def test_two_are_one_and_each_reads_what_is_of_both(
    known: VisitorServices, identifying: Identifying, store: Store, clock: Clock
) -> None:
    put(known, "phone", attributes={"device": "phone", "city": "Lyon"})
    clock.move(1)
    assert link(identifying, "phone", "ann", attributes={"tier": "gold"}) == Identified(True, [])
    both = {"device": "phone", "city": "Lyon", "tier": "gold"}
    assert (attributes(store, "phone"), attributes(store, "ann")) == (both, both)
    assert view(store, "phone") == view(store, "ann")
    assert (view(store, "ann").known, view(store, "ann").person) == (True, HASHER.source("ann"))
    assert known.profiles.read("phone", actor="crm").profile["linked"] == 1


def test_unlinked_each_has_what_it_had_and_what_came_to_it_since(
    known: VisitorServices, identifying: Identifying, store: Store, clock: Clock
) -> None:
    put(known, "phone", attributes={"device": "phone", "city": "Lyon"})
    put(known, "ann", attributes={"city": "Nice"})
    before = {name: view(store, name) for name in ("phone", "ann")}
    clock.move(1)
    link(identifying, "phone", "ann")
    clock.move(1)
    identifying.unlink("ann", "phone", actor="crm")
    assert view(store, "phone") == before["phone"]
    assert view(store, "ann").state == before["ann"].state
    link(identifying, "phone", "ann")
    put(known, "phone", attributes={"device": "new phone"})
    put(known, "ann", attributes={"tier": "gold"})
    identifying.unlink("phone", "ann", actor="crm")
    assert attributes(store, "phone") == {"device": "new phone", "city": "Lyon"}
    assert attributes(store, "ann") == {"city": "Nice", "tier": "gold"}
    with pytest.raises(NotFound):
        identifying.unlink("phone", "ann", actor="crm")


def test_to_say_it_again_changes_nothing(identifying: Identifying, store: Store) -> None:
    link(identifying, "phone", "ann")
    links = store.identity.links([HASHER.source("phone")])
    assert link(identifying, "phone", "ann").linked
    assert link(identifying, "ann", "ann").linked
    assert store.identity.links([HASHER.source("phone")]) == links


def test_who_is_linked_to_another_moves_to_the_newest(
    known: VisitorServices, identifying: Identifying, store: Store, clock: Clock
) -> None:
    put(known, "tablet", attributes={"device": "tablet"})
    link(identifying, "tablet", "ann", attributes={"tier": "gold"})
    clock.move(1)
    link(identifying, "tablet", "bob", attributes={"tier": "silver"})
    assert attributes(store, "ann") == {"tier": "gold"}
    assert attributes(store, "bob") == attributes(store, "tablet") == {"device": "tablet", "tier": "silver"}
    ended = [one for one in store.identity.links([HASHER.source("tablet")]) if one.ended is not None]
    assert [one.known for one in ended] == [HASHER.source("ann")]


def test_a_new_user_takes_the_uid_of_the_device_and_one_that_is_there_keeps_its_own(
    known: VisitorServices, identifying: Identifying, store: Store
) -> None:
    link(identifying, "phone", "ann")
    assert view(store, "ann").uid == HASHER.uid("phone")
    link(identifying, "laptop", "ann")
    assert view(store, "laptop").uid == HASHER.uid("phone")
    put(known, "bob", attributes={"tier": "gold"})
    link(identifying, "tv", "bob")
    assert view(store, "tv").uid == HASHER.uid("bob")
    rows = {row.source: row.uid for row in store.visitors.group(HASHER.source("bob"))}
    assert rows[HASHER.source("tv")] == HASHER.uid("tv")


def test_a_device_that_was_somebody_elses_gives_its_uid_to_nobody_new(identifying: Identifying, store: Store) -> None:
    link(identifying, "tablet", "ann")
    link(identifying, "tablet", "bob")
    assert (view(store, "ann").uid, view(store, "bob").uid) == (HASHER.uid("tablet"), HASHER.uid("bob"))


def test_a_user_who_was_only_in_a_list_learns_who_they_are_for_good(
    known: VisitorServices, identifying: Identifying, store: Store
) -> None:
    with store.identity.begin() as tx:
        made = known.profiles.identity("ann", "")
        row = _row(made.source, made.key_version)
        tx.save([row])
    link(identifying, "phone", "ann")
    put(known, "ann", attributes={"tier": "gold"})
    assert view(store, "ann").uid == HASHER.uid("phone")


def _row(source: str, key_version: int) -> Any:
    from plugin.ports import VisitorRow

    now = round(NOW.timestamp() * 1000)
    return VisitorRow(source, key_version, "", False, source, 0, b"", b"", b"", now, 0)


def test_the_site_may_say_that_two_users_are_one_and_a_browser_may_not(identifying: Identifying, store: Store) -> None:
    link(identifying, "phone", "ann@old")
    with pytest.raises(Conflict):
        link(identifying, "ann@old", "ann", by_client=True)
    link(identifying, "ann@old", "ann")
    assert person(store, "phone") == person(store, "ann@old") == HASHER.source("ann")
    assert link(identifying, "ann", "ann@old").linked  # they are one already: no circle is made
    assert person(store, "phone") == HASHER.source("ann")
    identifying.unlink("ann@old", "ann", actor="crm")
    assert person(store, "phone") == HASHER.source("ann@old")
    assert person(store, "ann") == HASHER.source("ann")


def test_a_browser_joins_nobody_to_a_user_whom_the_site_knows_by_an_id(
    known: VisitorServices, identifying: Identifying, store: Store
) -> None:
    """Of an id that could be guessed; a random one that a browser made is a secret of its own."""
    put(known, "carl", attributes={"tier": "gold"})
    device = "0f3a9c1e5b7d2846a1c3e5f708192b4d"
    put(known, device, attributes={"tier": "silver"})
    with pytest.raises(Conflict):
        link(identifying, "carl", "mallory", by_client=True, consent={"personalization": False})
    assert (attributes(store, "carl"), person(store, "mallory")) == ({"tier": "gold"}, None)
    assert link(identifying, device, "ann", by_client=True).linked
    assert link(identifying, "carl", "carl", by_client=True).linked


def test_of_a_known_id_a_browser_says_something_only_with_its_token(
    known: VisitorServices, identifying: Identifying, store: Store
) -> None:
    refusal = Said(consent={"personalization": False})
    link(identifying, "phone", "ann", attributes={"tier": "gold"})
    put(known, "carl", attributes={"tier": "gold"})
    for visitor, user in (("ann", None), ("ann", "bob"), ("carl", None)):
        with pytest.raises(Forbidden):
            known.profiles.tell(visitor, refusal, actor="delivery key", by_client=True, user=user)
    assert attributes(store, "ann") == attributes(store, "carl") == {"tier": "gold"}
    known.profiles.tell("phone", Said(attributes={"city": "Lyon"}), actor="delivery key", by_client=True)
    known.profiles.tell("carl", refusal, actor="delivery key", by_client=True, user="carl")
    known.profiles.tell("ann", refusal, actor="crm", by_client=False)
    assert attributes(store, "ann") == attributes(store, "carl") == {}
    assert store.visitors.reserved([HASHER.source(one) for one in ("phone", "ann", "carl")]) == {
        HASHER.source("ann"),
        HASHER.source("carl"),
    }


def test_without_consent_it_is_not_kept_who_somebody_is(
    known: VisitorServices, identifying: Identifying, store: Store, clock: Clock
) -> None:
    found = link(identifying, "phone", "ann", signals={"personalization": False}, attributes={"city": "Lyon"})
    assert (found.linked, [one.pointer for one in found.not_stored]) == (False, ["/user_id", "/attributes/city"])
    assert store.visitors.count() == 0
    put(known, "phone", consent={"personalization": False})
    assert not link(identifying, "phone", "ann").linked
    clock.move(1)
    assert link(identifying, "phone", "ann", consent={"personalization": True}).linked


def test_a_refusal_is_of_all_ids_of_a_person(
    known: VisitorServices, identifying: Identifying, store: Store, clock: Clock
) -> None:
    put(known, "phone", attributes={"device": "phone"})
    link(identifying, "phone", "ann", attributes={"tier": "gold"})
    clock.move(1)
    put(known, "ann", consent={"personalization": False})
    identifying.unlink("phone", "ann", actor="crm")
    assert attributes(store, "phone") == attributes(store, "ann") == {}


def test_the_first_links_end_where_there_are_too_many(
    identifying: Identifying, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "MOST_LINKED", 2)
    for name in ("one", "two", "three"):
        clock.move(1)
        link(identifying, name, "ann")
    assert [person(store, name) == HASHER.source("ann") for name in ("one", "two", "three")] == [False, True, True]


def test_ids_that_are_none_are_named(identifying: Identifying) -> None:
    with pytest.raises(ValidationFailed, match="/visitor_id"):
        link(identifying, "a\0", "ann")
    with pytest.raises(ValidationFailed, match="/user_id"):
        link(identifying, "phone", " ")


def test_who_a_browser_is_only_a_token_says(identifying: Identifying) -> None:
    token = user_token({"sub": "ann", "exp": NOW.timestamp() + 60})
    assert identifying.user(None, token, by_client=True) == "ann"
    assert identifying.user("ann", token, by_client=True) == "ann"
    assert identifying.user("ann", None, by_client=False) == "ann"
    for user, given, by_client in (("bob", token, True), ("ann", None, True), ("bob", token, False)):
        with pytest.raises(Forbidden):
            identifying.user(user, given, by_client=by_client)
    with pytest.raises(ValidationFailed):
        identifying.user(None, None, by_client=False)


def test_at_the_same_time_all_of_them_come_out_as_if_one_after_the_other(
    identifying: Identifying, store: Store
) -> None:
    """Links to one user, links of one device to several users, and links that cross, from eight threads at once."""
    wanted = [("d-1", "ann"), ("d-2", "ann"), ("d-1", "bob"), ("d-3", "bob"), ("d-2", "bob"), ("ann", "bob")] * 4
    start = threading.Barrier(8)
    faults: list[BaseException] = []

    def work(mine: list[tuple[str, str]]) -> None:
        start.wait()
        for visitor, user in mine:
            for _ in range(100):
                try:
                    link(identifying, visitor, user)
                    break
                except (Conflict, ServiceUnavailable):  # come again, it says
                    time.sleep(0.02)
                except BaseException as fault:  # noqa: BLE001 - told by the test
                    faults.append(fault)
                    return
            else:
                faults.append(AssertionError(f"{visitor} was never linked to {user}"))

    threads = [threading.Thread(target=work, args=(wanted[number::8],)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert faults == []
    sources = {name: HASHER.source(name) for name in ("d-1", "d-2", "d-3", "ann", "bob")}
    open_links = linking.parents(store.identity.links(list(sources.values())))
    for name, source in sources.items():
        higher = source
        while higher in open_links:
            higher = open_links[higher]
        assert person(store, name) == higher
    for group in {person(store, name) for name in sources}:
        assert group is not None
        views = {row.hot for row in store.visitors.group(group)}
        assert len(views) == 1


def test_whoever_claims_the_id_of_a_user_who_never_came_has_nothing_of_them(
    known: VisitorServices, identifying: Identifying, store: Store, clock: Clock
) -> None:
    """A browser with a token of its own may name any visitor_id that is no known user's, one that it guessed too."""
    link(identifying, "bob", "mallory", by_client=True)
    clock.move(1)
    assert link(identifying, "phone", "bob", by_client=True, attributes={"city": "Nice"}).linked
    assert (person(store, "bob"), person(store, "phone")) == (HASHER.source("bob"), HASHER.source("bob"))
    assert person(store, "mallory") == HASHER.source("mallory")
    assert (attributes(store, "mallory"), attributes(store, "bob")) == ({}, {"city": "Nice"})
    link(identifying, "carl", "mallory", by_client=True)
    link(identifying, "carl", "carl", by_client=True)
    put(known, "carl", attributes={"tier": "gold"})
    assert (person(store, "carl"), attributes(store, "mallory")) == (HASHER.source("carl"), {})


def test_what_the_site_said_of_two_users_stands_when_one_of_them_comes_first(
    identifying: Identifying, store: Store
) -> None:
    link(identifying, "old-account", "ann")
    link(identifying, "phone", "old-account", by_client=True)
    assert person(store, "phone") == person(store, "old-account") == HASHER.source("ann")
