"""The very first page: who is new, where there is an id and where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugin.store import open_store
from tests.integration.privacy.site import DOCUMENT, place, running
from tests.unit.plugin.service.site_support import publish

NEW: dict[str, Any] = {"visitor.new": True}
NOT_BEFORE: dict[str, Any] = {"not": {"visitor.new": False}}


@pytest.mark.parametrize(("when", "without_id"), [(NEW, "plain"), (NOT_BEFORE, "gold")])
def test_of_whom_there_is_no_id_it_is_not_said_that_they_are_new(
    tmp_path: Path, when: dict[str, Any], without_id: str
) -> None:
    """As rule authors are told: `visitor.new: true` needs an id, `not: {visitor.new: false}` holds without one too."""
    where = place(tmp_path)
    store = open_store(where.settings.database_url.reveal())
    plain = DOCUMENT["rules"][0]
    first = {"id": "first", "slot": "feed", "priority": 2, "when": when, "then": [{"pin": {"id": "gold"}}]}
    publish(store, {**DOCUMENT, "rules": [plain, first]})
    store.close()
    with running(where) as app:

        def shown(**visitor: str) -> str:
            asked = {"slots": [{"id": "feed"}], **({"visitor": visitor} if visitor else {})}
            answer = app.client.post("/v1/personalize?key=public", json=asked).get_json()
            return str(answer["slots"]["feed"]["blocks"][0]["id"])

        assert shown(id="0f3a9c1e5b7d2846a1c3e5f708192b4d") == "gold"
        assert shown() == without_id
