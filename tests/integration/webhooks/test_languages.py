"""A worker that is told of languages in the CMS's own words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plugin.cli.worker import following
from plugin.ports import Mark
from plugin.setting_kinds import Plugged, Secret
from plugin.settings import Settings
from plugin.store import migrate, open_store
from tests.integration.webhooks.test_convergence import soon

FEED = {"items": "$", "id": "$.id", "locale": "$.lang", "content_type": "hero"}
"""Languages as the feed says them, read as tags by the adapter."""
BY_FIELD = {"items": "$", "id": "$.id", "content_type": "hero"}
"""An adapter that knows of no languages."""


@pytest.mark.parametrize(
    ("feed", "mapping", "ours"),
    [
        (FEED, {}, "en-GB"),
        (FEED, {"locales": {"en-GB": "en"}}, "en"),
        (BY_FIELD, {"locale": "lang", "locales": {"en_GB": "en"}}, "en"),
    ],
    ids=["read by the adapter", "renamed by the mapping", "given by a field"],
)
def test_what_is_deleted_in_the_cms_goes_whatever_the_notice_calls_its_language(
    tmp_path: Path, feed: dict[str, Any], mapping: dict[str, Any], ours: str
) -> None:
    """No sweep, and nothing but notices: otherwise this would pass without them."""
    file, by_field = tmp_path / "feed.json", feed is BY_FIELD
    items = [
        {"id": "hero", "lang": "en_GB", "title": "Hello"},
        {"id": "other" if by_field else "hero", "lang": "fr", "title": "Bonjour"},
    ]
    file.write_text(json.dumps(items))
    database = f"sqlite:///{tmp_path / 'tessera.db'}"
    source = Plugged("feed", "generic", {"file": str(file), **feed, "mapping": mapping})
    settings = Settings(
        public_url="http://localhost",
        data_dir=tmp_path,
        database_url=Secret(database),
        sources={"feed": source},
        sweep_s=0,
    )
    store = open_store(database)
    try:
        migrate.upgrade(store.engine)

        def notice(*named: tuple[str, str]) -> None:
            store.notices.mark("feed", [Mark(*one) for one in named], now=datetime.now(UTC))

        def held() -> set[tuple[str, str | None]]:
            return {(one.id, one.locale) for one in store.content.snapshot().entries}

        french = (items[1]["id"], "fr")
        with following(settings, catch_up=False, rereads_s=()):
            notice(("hero", "en_GB"), french)
            soon(lambda: held() == {("hero", ours), french}, 40)
            file.write_text(json.dumps(items[1:]))
            notice(("hero", "en_GB"))
            soon(lambda: held() == {french}, 40)
    finally:
        store.close()
