"""The contract of who serves what, over each database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from plugin.ports.serving import Serving
from plugin.store import Store

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=1)
ONE = Serving("one", 3, 7, 40, NOON, NOON)


def test_a_process_has_one_row_with_what_it_said_last(store: Store) -> None:
    store.serving.report(replace(ONE, content=39))
    store.serving.report(ONE)
    store.serving.report(replace(ONE, process="a"))
    assert store.serving.live(LONG_AGO) == (replace(ONE, process="a"), ONE)


def test_who_leaves_or_is_not_heard_is_not_among_the_living(store: Store) -> None:
    for name in ("left", "silent", "well"):
        store.serving.report(replace(ONE, process=name))
    store.serving.leave("left")
    later = NOON + timedelta(seconds=30)
    store.serving.report(replace(ONE, process="well", seen_at=later))
    assert [one.process for one in store.serving.live(NOON)] == ["well"]
    assert [one.process for one in store.serving.live(LONG_AGO)] == ["silent", "well"]


def test_rows_of_the_dead_are_dropped(store: Store) -> None:
    store.serving.report(ONE)
    store.serving.report(replace(ONE, process="later", seen_at=NOON + timedelta(hours=1)))
    store.serving.forget(NOON + timedelta(minutes=1))
    assert [one.process for one in store.serving.live(LONG_AGO)] == ["later"]
