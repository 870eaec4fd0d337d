"""The correctness run through a real Varnish: no visitor is ever shown what is not theirs, and faults are found.

`make test-edge` makes the run in full; otherwise it is short.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from tests.edge import site, tampering, worlds
from tests.edge.management import KINDS
from tests.edge.people import Facts
from tests.edge.run import CHANGING, FULL, SHORT, Part, Run
from tests.edge.tampering import Fault
from tests.edge.traffic import class_of
from tests.edge.wire import Connection

pytestmark = pytest.mark.server
PLAN = FULL if os.environ.get("TESSERA_TEST_EDGE") == "full" else SHORT
SEED = os.environ.get("TESSERA_TEST_EDGE_SEED", "1")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with site.edge(tmp_path_factory.mktemp("edge")) as edge:
        made = Run(edge, PLAN, SEED)
        try:
            made.begin()
            yield made
        finally:
            made.close()


@pytest.fixture
def faulty(running: Run) -> Iterator[Run]:
    """The same, for a run that shall find what is wrong; afterwards nothing of it is stored any more."""
    management, persons = running.management, running.persons
    running.persons = persons[: SHORT.persons]  # so that many meet what was stored for others
    running.explains, management.spread_s = False, 3_600.0
    yield running
    running.plan, running.explains, management.spread_s, management.kinds = PLAN, True, PLAN.spread_s, KINDS
    running.persons = persons
    running.forget()


def check(part: Part, said: list[str]) -> None:
    """Nothing is wrong; and the run was one: some visitors met what was stored for others, each kind of them."""
    assert (part.wrong, part.failed) == ([], []), "\n".join([str(part.figures), *said])
    stored = {kind for kind in part.how if kind.endswith("stored")}
    assert {f"{kind}: {who}, stored" for kind in ("page", "personalize") for who in ("by class", "anonymous")} <= stored
    assert any(kind.endswith("personal") for kind in part.how)


def test_every_kind_of_sharing_is_in_the_run(running: Run) -> None:
    assert running.management.cost() == worlds.SHARING


def test_what_is_kept_of_a_visitor_is_logged_when_decisions_see_it(running: Run) -> None:
    """Else what was right when it was asked for is judged by a state that had not begun."""
    log = running.management
    one = next(one for one in running.persons if one.may_have_a_class and not log.states.facts[one.id].last.segments)
    before = log.states.facts[one.id].last
    with Connection(running.edge.port) as connection:
        rest = class_of(connection, one).cookie
        for _turn in range(3):
            log.remember(one, Facts(before.profile, frozenset({"hot"})))
            assert class_of(connection, one).cookie != rest
            log.remember(one, before)
            assert class_of(connection, one).cookie == rest


def test_no_answer_is_wrong_while_everything_changes(running: Run) -> None:
    check(running.changing(), running.said)


def test_no_answer_is_wrong_or_stale_while_nothing_changes_but_the_clock(running: Run) -> None:
    check(running.frozen(), running.said)


def test_no_answer_is_wrong_or_stale_where_publications_change_one_slot_each(running: Run) -> None:
    check(running.slot_by_slot(), running.said)


@pytest.mark.parametrize(
    ("fault", "kinds", "lasts_s", "slot"),
    [
        pytest.param(tampering.input_left_out("T-Country"), KINDS, 5.0, None, id="an input left out of Vary"),
        pytest.param(tampering.purge_lost("audience"), {"profile": 1}, 7.0, None, id="the purge of a publication lost"),
        pytest.param(tampering.key_lost("lookup:"), {"profile": 1}, 7.0, "s.open", id="the purge of a slot lost"),
        pytest.param(tampering.purge_lost("entry:"), {"content": 1}, 9.0, None, id="the purges of entries lost"),
        pytest.param(tampering.cookies_swapped(), KINDS, 4.0, None, id="class cookies swapped"),
    ],
)
def test_a_fault_that_is_made_is_found(
    faulty: Run, fault: Fault, kinds: Mapping[str, int], lasts_s: float, slot: str | None
) -> None:
    """What is stored is right for an hour here, unless something changes: nothing else mends it meanwhile."""
    faulty.management.kinds = kinds
    faulty.plan = replace(PLAN, requests=int(60 * lasts_s), lasts_s=lasts_s)
    for _attempt in range(3):  # chance may have nobody ask for what is wrong, for these runs are short
        found = faulty.changing(CHANGING, fault, slot=slot)
        if found.wrong:
            break
    assert fault.made > 0
    assert len(found.wrong) > 0, found.figures
