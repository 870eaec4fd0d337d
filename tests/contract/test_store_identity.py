"""The contract of links, over each database: a change, its audit, and what a source learns of itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from plugin.ports import AuditEntry
from plugin.store import Store
from tests.contract.visitors import NOW, keep, source, visitor


def entry(action: str) -> AuditEntry:
    return AuditEntry(NOW, "crm", action, source("ann"), 1, "{}")


def test_an_audit_entry_is_kept_and_undone_with_its_change(store: Store) -> None:
    with store.identity.begin() as linking:
        linking.link(source("phone"), source("ann"), at=NOW, reason="identify")
        linking.audit([entry("visitor.identify")])
    with suppress(ZeroDivisionError), store.identity.begin() as linking:
        linking.audit([entry("visitor.change")])
        raise ZeroDivisionError
    assert [one.action for one in store.audit.page().items] == ["visitor.identify"]


def test_which_sources_are_reserved_is_found_for_few_and_for_many(store: Store) -> None:
    names = [f"n-{number}" for number in range(300)]
    keep(store, *(visitor(name, reserved=number % 2 == 0) for number, name in enumerate(names)))
    mine = {source(name) for name in names[::2]}
    assert store.visitors.reserved([source(name) for name in names]) == mine
    assert store.visitors.reserved([source(names[0]), source(names[1]), source("nobody")]) == {source(names[0])}
    assert store.visitors.reserved([]) == frozenset()


def test_a_source_that_only_a_list_named_learns_its_uid_for_good(store: Store) -> None:
    keep(store, visitor("ann", uid=""))
    with store.identity.begin() as linking:
        (row,) = linking.groups([source("ann")])
        linking.save([replace(row, uid="u-1")])
    found = store.visitors.find(source("ann"))
    assert found is not None
    assert found.uid == "u-1"
