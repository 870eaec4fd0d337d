"""What is done with profiles but by events, wired."""

from __future__ import annotations

from plugin.flow.context import ContextPolicy
from plugin.service.audit import Auditing
from plugin.service.delivery.sites import Sites
from plugin.service.events.types import Registering
from plugin.service.visitors.changes import Changing
from plugin.service.visitors.consenting import listener
from plugin.service.visitors.identify import Identifying
from plugin.service.visitors.profiles import Profiles
from plugin.service.visitors.stage import Staging
from plugin.service.visitors.writes import ProfileWrites
from plugin.settings import Settings
from plugin.store import Store
from plugin.web.services import VisitorServices
from plugin.wiring.visiting import Visiting, copier, now_ms, user_tokens


def profile_writes(visiting: Visiting, store: Store, sites: Sites) -> ProfileWrites:
    """What changes profiles, but for the worker of events; its views are made by the reference, without the engine."""
    return ProfileWrites(
        begin=store.identity.begin,
        stage=Staging(sites.current, lambda _patterns: None),
        now_ms=now_ms,
        keeps_copies=visiting.copies is not None,
        copy=copier(visiting.copies, store),
    )


def visitor_services(
    settings: Settings, visiting: Visiting, store: Store, sites: Sites, policy: ContextPolicy
) -> VisitorServices:
    """The services behind the routes of visitors."""
    writes = profile_writes(visiting, store, sites)
    hasher, deny_unknown = visiting.hasher, settings.deny_consent_by_default
    changing = Changing(sites.current, visiting.settings, deny_unknown=deny_unknown)
    staging = Staging(sites.current, lambda _patterns: None)
    return VisitorServices(
        profiles=Profiles(
            reads=store.visitors,
            writes=writes,
            changing=changing,
            auditing=Auditing(store.audit, visiting.identify, key_version=hasher.version, now_ms=now_ms),
            identify=visiting.identify,
            site=sites.current,
            settings=visiting.settings,
            deny_unknown=deny_unknown,
            now_ms=now_ms,
            guards=settings.known_ids_need_token,
        ),
        identifying=Identifying(
            writes=writes,
            changing=changing,
            tokens=user_tokens(settings),
            identify=visiting.identify,
        ),
        event_types=Registering(
            store.event_types,
            visiting.live_types,
            used=lambda: staging().patterns.event_types if sites.site is not None else frozenset(),
            now_ms=now_ms,
        ),
        hear=listener(policy),
    )
