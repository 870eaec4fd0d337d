"""Events are not applied before what is published is built: without patterns people would leave their segments."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from plugin import visiting
from plugin.errors import ServiceUnavailable
from plugin.flow.types import Site
from plugin.service.sites import Sites
from plugin.store import open_store
from tests.integration.privacy.site import place, running


def test_events_wait_for_what_is_published(tmp_path: Path) -> None:
    where = place(tmp_path, apply_events=False)
    with running(where) as app:
        app.events("ann", {"type": "view"}, {"type": "view"}, wait=False)
    with ExitStack() as closing:
        store = open_store(where.settings.database_url.reveal())
        closing.callback(store.close)
        kept = visiting.open_visiting(replace(where.settings), store, "k" * 32, closing)
        sites = Sites(store.rulesets, store.content, poll_s=60)
        built: list[Site] = []
        applying = visiting.Applying(
            kept,
            store,
            lambda: built[0] if built else None,
            deny_unknown=False,
            in_flight_ms=86_400_000,
            count=lambda _outcome, _number: None,
        )
        closing.callback(applying.stop)
        with pytest.raises(ServiceUnavailable):
            applying._worker.step()
        assert kept.stream.backlog().count == 2
        built.append(sites.current())
        while kept.stream.backlog().count:
            applying._worker.step()
        (row,) = store.visitors.group(kept.hasher.source("ann"))
        assert row.window, "both are in the window of the pattern"
        with store.identity.begin() as tx:
            assert [one.segment for one in tx.held([row.source])] == ["readers"]
