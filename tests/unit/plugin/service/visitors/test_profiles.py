"""Profiles as the site and visitors change them: what is kept, what is not for want of consent, and who did it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugin.errors import NotFound, PreconditionFailed, ServiceUnavailable, ValidationFailed
from plugin.ports import ErasureFence
from plugin.service.preconditions import ANY, Precondition
from plugin.service.visitors.changes import Said
from plugin.service.visitors.profiles import Profiles
from plugin.store import Store
from tests.unit.plugin.service.knowing import knowing
from tests.unit.plugin.service.site_support import Clock, a_site, publish, service
from tests.unit.plugin.service.taking import HASHER

DECLARED = {
    "profile.tier": {"type": "string", "values": ["gold", "silver"]},
    "profile.city": {"type": "string", "client_writable": True},
    "profile.letters": {"type": "boolean", "purpose": "marketing", "client_writable": True},
    "profile.likes": {"type": "string_list"},
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


def profiles_of(store: Store, clock: Clock, *, deny_unknown: bool = False) -> Profiles:
    publish(store, a_site(attributes=DECLARED))
    return knowing(store, service(store).sites, clock, deny_unknown=deny_unknown).profiles


@pytest.fixture
def profiles(sqlite_store: Store, clock: Clock) -> Profiles:
    return profiles_of(sqlite_store, clock)


def put(profiles: Profiles, precondition: Precondition = Precondition(), **said: Any) -> Any:  # noqa: B008  # frozen
    found, not_stored = profiles.change("v-1", Said(**said), actor="crm", precondition=precondition)
    return found.profile, [one.pointer for one in not_stored]


def test_attributes_and_preferences_are_as_rules_read_them(profiles: Profiles) -> None:
    found, not_stored = put(profiles, attributes={"tier": "gold"}, likes=("sci-fi",), dislikes=("sport",))
    assert not_stored == []
    assert found["attributes"].items() >= {"profile.tier": "gold", "profile.likes": ["sci-fi"]}.items()
    assert found["preferences"] == {"likes": ["sci-fi"], "dislikes": ["sport"]}
    assert (found["linked"], found["known"], found["schema_version"]) == (0, False, 1)
    found, _ = put(profiles, attributes={"tier": None}, neither=("sport",))
    assert "profile.tier" not in found["attributes"]
    assert found["preferences"] == {"likes": ["sci-fi"], "dislikes": []}


def test_what_may_not_be_set_is_named_and_nothing_is_changed(profiles: Profiles) -> None:
    with pytest.raises(ValidationFailed) as caught:
        put(profiles, attributes={"tier": 7, "teir": "gold", "city": "Lyon"})
    assert {one.pointer for one in caught.value.errors} == {"/attributes/tier", "/attributes/teir"}
    with pytest.raises(NotFound):
        profiles.read("v-1", actor="crm")


def test_a_browser_sets_only_what_is_its_own(profiles: Profiles) -> None:
    with pytest.raises(ValidationFailed, match="client_writable"):
        profiles.tell("v-1", Said(attributes={"tier": "gold"}), actor="delivery key", by_client=True)
    assert profiles.tell("v-1", Said(attributes={"city": "Lyon"}), actor="delivery key", by_client=True) == []


def test_a_change_in_the_same_millisecond_is_the_later_one(profiles: Profiles) -> None:
    put(profiles, attributes={"tier": "silver"})
    found, _ = put(profiles, attributes={"tier": "gold"})
    assert found["attributes"]["profile.tier"] == "gold"
    found, _ = put(profiles, attributes={"tier": "silver"})
    assert found["attributes"]["profile.tier"] == "silver"


def test_to_say_the_same_again_writes_nothing(profiles: Profiles, sqlite_store: Store) -> None:
    said: dict[str, Any] = {"attributes": {"tier": "gold"}, "likes": ("sci-fi",), "consent": {"marketing": True}}
    put(profiles, **said)
    before = sqlite_store.visitors.find(HASHER.source("v-1"))
    put(profiles, **said)
    assert sqlite_store.visitors.find(HASHER.source("v-1")) == before


def test_a_refusal_takes_out_what_was_kept_and_keeps_it_out(profiles: Profiles, clock: Clock) -> None:
    put(profiles, attributes={"letters": True, "tier": "gold"}, likes=("sci-fi",))
    clock.move(1)
    found, _ = put(profiles, consent={"marketing": False})
    assert (set(found["set"]), found["consent"]["marketing"]["allowed"]) == ({"tier"}, False)
    found, not_stored = put(profiles, attributes={"letters": True, "tier": "silver"})
    assert (set(found["set"]), not_stored) == ({"tier"}, ["/attributes/letters"])
    found, not_stored = put(profiles, attributes={"letters": True}, consent={"marketing": True})
    assert (set(found["set"]), not_stored) == ({"tier", "letters"}, [])
    found, not_stored = put(profiles, consent={"personalization": False}, likes=("jazz",), attributes={"tier": "gold"})
    assert (set(found["set"]), found["preferences"]["likes"]) == ({"letters"}, [])
    assert not_stored == ["/attributes/tier", "/preferences"]


def test_what_a_request_refuses_is_not_kept_though_it_is_allowed_else(profiles: Profiles) -> None:
    put(profiles, consent={"personalization": True})
    found, not_stored = put(profiles, attributes={"tier": "gold"}, signals={"personalization": False})
    assert (found["set"], not_stored) == ({}, ["/attributes/tier"])
    assert found["consent"]["personalization"]["allowed"] is True


def test_where_a_word_is_needed_nothing_is_kept_without_not_even_a_row(sqlite_store: Store, clock: Clock) -> None:
    profiles = profiles_of(sqlite_store, clock, deny_unknown=True)
    found, not_stored = put(profiles, attributes={"tier": "gold"}, likes=("sci-fi",))
    assert (found["set"], not_stored) == ({}, ["/attributes/tier", "/preferences"])
    assert sqlite_store.visitors.count() == 0
    found, not_stored = put(profiles, attributes={"tier": "gold"}, consent={"personalization": True})
    assert (found["attributes"]["profile.tier"], not_stored) == ("gold", [])


def test_rules_read_nothing_of_a_refused_purpose(profiles: Profiles) -> None:
    put(profiles, attributes={"tier": "gold"})
    assert "visitor.visits" in profiles.read("v-1", actor="crm").profile["attributes"]  # type: ignore[operator]
    put(profiles, consent={"personalization": False})
    assert profiles.read("v-1", actor="crm").profile["attributes"] == {}


def test_only_the_state_that_was_read_is_changed(profiles: Profiles) -> None:
    with pytest.raises(PreconditionFailed):
        put(profiles, ANY, attributes={"tier": "gold"})
    put(profiles, attributes={"tier": "gold"})
    tag = profiles.read("v-1", actor="crm").tag
    known = Precondition(match=frozenset({tag}))
    put(profiles, known, attributes={"tier": "silver"})
    with pytest.raises(PreconditionFailed):
        put(profiles, known, attributes={"tier": "gold"})


def test_every_read_and_change_is_audited_without_values(profiles: Profiles, sqlite_store: Store) -> None:
    put(profiles, attributes={"tier": "gold"}, likes=("sci-fi",), consent={"marketing": True})
    profiles.read("v-1", actor="rea")
    with pytest.raises(NotFound):
        profiles.read("nobody", actor="rea")
    entries = sqlite_store.audit.page().items
    assert [(one.actor, one.action) for one in entries] == [("rea", "read"), ("rea", "read"), ("crm", "change")]
    assert entries[-1].source == HASHER.source("v-1")
    assert json.loads(entries[-1].detail) == {"attributes": ["tier"], "consent": ["marketing"], "topics": 1}


def test_ids_that_are_none_are_refused_without_being_repeated(profiles: Profiles) -> None:
    with pytest.raises(ValidationFailed) as caught:
        profiles.read("a\nb", actor="crm")
    assert "a\nb" not in str(caught.value)


def test_who_is_being_erased_is_not_written(profiles: Profiles, sqlite_store: Store, clock: Clock) -> None:
    at = round(clock().timestamp() * 1000)
    sqlite_store.privacy.fence([ErasureFence(HASHER.source("v-1"), 1, at, "r-1", at + 1_000)])
    with pytest.raises(ServiceUnavailable):
        put(profiles, attributes={"tier": "gold"})
    clock.move(0.001)
    put(profiles, attributes={"tier": "gold"})


def test_copies_are_put_in_line_with_the_change(profiles: Profiles, sqlite_store: Store) -> None:
    put(profiles, attributes={"tier": "gold"})
    (copy,) = sqlite_store.hot_outbox.pending()
    row = sqlite_store.visitors.find(HASHER.source("v-1"))
    assert row is not None
    assert (copy.source, copy.version, copy.hot) == (row.source, row.version, row.hot)


def test_of_whom_something_is_said_is_not_taken_for_somebody_long_gone(
    profiles: Profiles, sqlite_store: Store, clock: Clock
) -> None:
    """Retention goes by when somebody was seen; a profile that the site fills may never have an event."""
    for at in (0, 86_400):
        clock.move(at)
        put(profiles, attributes={"tier": f"{'gold' if at else 'silver'}"})
        now = round(clock().timestamp() * 1000)
        while sqlite_store.retention.prune("visitors", before=now - 3_600_000):
            pass
        row = sqlite_store.visitors.find(HASHER.source("v-1"))
        assert row is not None
        assert row.seen == now
