"""How late content is, as the process that serves it sees it."""

from __future__ import annotations

from datetime import timedelta

from plugin.ports import Changes, Mark, Outcome, StoredEntry
from plugin.service.content.lag import Lags
from plugin.store import Store
from tests.unit.plugin.service.site_support import NOW


def test_the_time_from_notice_and_publish_to_served_is_told_once(sqlite_store: Store) -> None:
    seen: list[tuple[str, str, float]] = []
    lags = Lags(
        sqlite_store.purges,
        clock=lambda: NOW + timedelta(seconds=3),
        observe=lambda source, since, seconds: seen.append((source, since, seconds)),
    )
    lags.served("1.0")
    sqlite_store.notices.mark("cms", [Mark("a")], now=NOW + timedelta(seconds=1))
    job = sqlite_store.notices.claim("cms", whole=False, lease="x", now=NOW + timedelta(seconds=1), until=NOW)
    assert job is not None
    entry = StoredEntry("cms", "a", None, "hero", (), {}, None, NOW.isoformat(), ())
    sqlite_store.notices.finish(job, Outcome(Changes(entries=(entry,))), now=NOW + timedelta(seconds=2))
    lags.served("1.1")
    lags.served("2.1")
    assert seen == [("cms", "notice", 2.0), ("cms", "publish", 3.0)]


def test_what_a_sync_found_and_what_was_there_at_the_start_is_not_late(sqlite_store: Store) -> None:
    seen: list[object] = []
    lags = Lags(sqlite_store.purges, clock=lambda: NOW, observe=lambda *told: seen.append(told))
    for number, name in enumerate("ab"):
        entry = StoredEntry("cms", name, None, "hero", (), {}, None, "7", ())
        sqlite_store.content.apply("cms", Changes(entries=(entry,)), now=NOW)
        lags.served(f"1.{number + 1}")
    assert seen == []
