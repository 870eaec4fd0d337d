"""The services of privacy over a store and a stream, with a clock and keys of the tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count

from plugin.live.views import StoredViews
from plugin.profiles.settings import Settings
from plugin.service.audit import Auditing
from plugin.service.content.notices import nowhere
from plugin.service.privacy.access import Access
from plugin.service.privacy.audit_reading import AuditReading
from plugin.service.privacy.erase import Erasing
from plugin.service.privacy.retention import Keeps
from plugin.service.privacy.services import PrivacyServices
from plugin.service.visitors.copying import Copying
from plugin.store import Store
from tests.unit.plugin.service.taking import HASHER, HeldStream

KEEPS = Keeps(events=90, profiles=400, audit=730, dead_letters=30)


def keeping(
    store: Store,
    stream: HeldStream,
    clock: Callable[[], datetime],
    *,
    forget: Callable[[str], None] = lambda _source: None,
    at: Callable[[str], None] = nowhere,
    redis: bool = False,
) -> PrivacyServices:
    """Wire them."""

    def now_ms() -> int:
        return round(clock().timestamp() * 1000)

    numbers = count(1)
    auditing = Auditing(store.audit, HASHER.identity, key_version=HASHER.version, now_ms=now_ms)
    copying = Copying(store.hot_outbox, StoredViews(store.visitors), store.leases, "tests", now_ms=now_ms)
    return PrivacyServices(
        access=Access(
            visitors=store.visitors,
            privacy=store.privacy,
            identity=store.identity,
            events=store.event_log,
            audit=store.audit,
            stream=stream,  # type: ignore[arg-type]  # the part of a stream that privacy needs
            auditing=auditing,
            names=HASHER.names,
            settings=Settings,
            declared=lambda: {"profile.topics": "string_list", "profile.view_7d": "number"},
            keeps=KEEPS,
            now_ms=now_ms,
        ),
        erasing=Erasing(
            privacy=store.privacy,
            outbox=store.hot_outbox,
            stream=stream,  # type: ignore[arg-type]
            auditing=auditing,
            names=HASHER.names,
            lift=HASHER.lift,
            copy=copying.drain,
            forget=forget,
            now_ms=now_ms,
            new_id=lambda: f"receipt-{next(numbers)}",
            in_flight_ms=KEEPS.in_flight_ms,
            redis=redis,
            at=at,
        ),
        reading=AuditReading(auditing),
    )
