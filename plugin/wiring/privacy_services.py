"""Access, erasure and retention, wired."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack

from plugin.flow.types import Site
from plugin.processes import own_name
from plugin.service.audit import Auditing
from plugin.service.content.follow import Loop
from plugin.service.content.notices import nowhere
from plugin.service.privacy.access import Access
from plugin.service.privacy.audit_reading import AuditReading
from plugin.service.privacy.erase import Erasing
from plugin.service.privacy.retention import Retaining
from plugin.service.privacy.services import PrivacyServices
from plugin.settings import Settings
from plugin.store import Store
from plugin.wiring.visiting import Visiting, copier, keeps_of, now_ms
from rules.attributes import Type

ERASURES_S = 5.0
RETENTION_S = 60.0
_REST_S = 0.02
_STOP_S = 10.0


def privacy_services(
    settings: Settings,
    visiting: Visiting,
    store: Store,
    site: Callable[[], Site | None],
    *,
    forget: Callable[[str], None],
    new_id: Callable[[], str],
    at: Callable[[str], None] = nowhere,
) -> PrivacyServices:
    """The services behind the routes of privacy.

    Args:
        forget: has this process remember nothing of a source.
        at: told of named points in the work; tests end the process there.
    """
    hasher, keeps = visiting.hasher, keeps_of(settings)
    auditing = Auditing(store.audit, hasher.identity, key_version=hasher.version, now_ms=now_ms)

    def declared() -> Mapping[str, Type]:
        found = site()
        catalogue = found.ruleset.document.catalogue.all() if found is not None else ()
        return {one.name: one.type for one in catalogue if one.name.startswith("profile.")}

    return PrivacyServices(
        access=Access(
            visitors=store.visitors,
            privacy=store.privacy,
            identity=store.identity,
            events=store.event_log,
            audit=store.audit,
            stream=visiting.stream,
            auditing=auditing,
            names=hasher.names,
            settings=visiting.settings,
            declared=declared,
            keeps=keeps,
            now_ms=now_ms,
        ),
        erasing=Erasing(
            privacy=store.privacy,
            outbox=store.hot_outbox,
            stream=visiting.stream,
            auditing=auditing,
            names=hasher.names,
            lift=hasher.lift,
            copy=copier(visiting.copies, store),
            forget=forget,
            now_ms=now_ms,
            new_id=new_id,
            in_flight_ms=keeps.in_flight_ms,
            redis=visiting.copies is not None or settings.stream.adapter == "redis",
            at=at,
        ),
        reading=AuditReading(auditing),
    )


def retaining(settings: Settings, store: Store) -> Retaining:
    """What removes what is old."""
    return Retaining(
        store.retention,
        store.leases,
        keeps_of(settings),
        own_name(),
        now_ms=now_ms,
        rest=lambda: time.sleep(_REST_S),
    )


def start_keeping(
    settings: Settings,
    visiting: Visiting,
    store: Store,
    closing: ExitStack,
    at: Callable[[str], None] = nowhere,
) -> None:
    """What workers do beside applying events, in threads of this process until `closing` ends them.

    They finish erasures, and remove what was kept long enough.
    """
    services = privacy_services(
        settings, visiting, store, lambda: None, forget=lambda _source: None, new_id=lambda: "", at=at
    )
    loops = [
        Loop("erasures", services.erasing.step, poll_s=ERASURES_S),
        Loop("retention", retaining(settings, store).step, poll_s=RETENTION_S),
    ]
    for loop in loops:
        loop.start()
        closing.callback(loop.join, _STOP_S)
    for loop in loops:
        closing.callback(loop.ask_to_stop)
