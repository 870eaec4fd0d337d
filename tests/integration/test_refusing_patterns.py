"""A refusal takes out of segments by patterns too, and of what the patterns look back at, by purpose."""

from __future__ import annotations

import pytest

from plugin.profiles import fold
from plugin.service.preconditions import Precondition
from plugin.service.visitors.changes import Said
from plugin.service.visitors.writes import ProfileWrites, Writing
from plugin.store import Store
from plugin.web.services import VisitorServices
from rules.patterns.windows import Entry, Window
from tests.unit.plugin.service.knowing import knowing
from tests.unit.plugin.service.site_support import Clock, a_site, publish, service
from tests.unit.plugin.service.taking import HASHER

SITE = a_site(
    segments=[
        {"id": name, "pattern": {"event": event, "count": {"gte": 2}, "within": "1d"}, "lasts": "30d"}
        for name, event in (("readers", "view"), ("scrollers", "scroll"))
    ]
)
ANN = HASHER.identity("ann")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(store: Store, clock: Clock) -> VisitorServices:
    publish(store, SITE)
    return knowing(store, service(store).sites, clock)


def did(known: VisitorServices, *types: str) -> None:
    """Two events of each type, as a worker keeps them."""

    def change(writing: Writing) -> None:
        draft, patterns = writing.draft(ANN), writing.stage.patterns
        entries = [
            Entry(writing.now - place, f"{type_}-{place}", patterns.letters({"event.type": type_}, None))
            for type_ in types
            for place in (1, 2)
        ]
        draft.window = draft.window.add(entries, patterns.limits)

    writes: ProfileWrites = known.profiles._writes
    writes.write({ANN.source}, change)


def says(known: VisitorServices, **consent: bool) -> None:
    known.profiles.change("ann", Said(consent=consent), actor="crm", precondition=Precondition())


def kept(store: Store) -> tuple[set[str], set[str], int]:
    """Segments as stored, as decisions read them, and how many events patterns look back at."""
    row = store.visitors.find(ANN.source)
    assert row is not None
    with store.identity.begin() as tx:
        stored = {one.segment for one in tx.held([ANN.source])}
    return stored, set(fold.decode(row.hot).segments), len(Window.decode(row.window).entries)


def test_who_refuses_personalization_leaves_them_all_and_is_not_back_by_a_yes(
    known: VisitorServices, store: Store, clock: Clock
) -> None:
    did(known, "view", "scroll")
    assert kept(store) == ({"readers", "scrollers"}, {"readers", "scrollers"}, 4)
    clock.move(3_600)
    says(known, personalization=False)
    assert kept(store) == (set(), set(), 0)
    says(known, personalization=True)
    assert kept(store) == (set(), set(), 0)


def test_who_refuses_another_purpose_leaves_what_rests_on_it(
    known: VisitorServices, store: Store, clock: Clock
) -> None:
    did(known, "view", "scroll")
    clock.move(3_600)
    says(known, analytics=False)
    assert kept(store) == ({"readers"}, {"readers"}, 2)
