"""The services of visitors over a store, with a clock and keys of the tests."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from datetime import datetime

from plugin.flow.context import ContextPolicy
from plugin.profiles.settings import Settings
from plugin.service.audit import Auditing
from plugin.service.delivery.sites import Sites
from plugin.service.events.types import LiveTypes, Registering
from plugin.service.visitors.changes import Changing
from plugin.service.visitors.consenting import listener
from plugin.service.visitors.identify import Identifying
from plugin.service.visitors.profiles import Profiles
from plugin.service.visitors.stage import Staging
from plugin.service.visitors.user_tokens import UserTokens
from plugin.service.visitors.writes import ProfileWrites
from plugin.store import Store
from plugin.web.services import VisitorServices
from tests.unit.plugin.service.taking import HASHER

USER_KEY = b"t" * 32


def knowing(
    store: Store, sites: Sites, clock: Callable[[], datetime], *, deny_unknown: bool = False
) -> VisitorServices:
    """Wire them."""

    def now_ms() -> int:
        return round(clock().timestamp() * 1000)

    live = LiveTypes(store.event_types, monotonic=lambda: clock().timestamp())

    def settings() -> Settings:
        return Settings(types=live())

    staging = Staging(sites.current, lambda _patterns: None)
    writes = ProfileWrites(
        begin=store.identity.begin, stage=staging, now_ms=now_ms, keeps_copies=True, copy=lambda: None
    )
    changing = Changing(sites.current, settings, deny_unknown=deny_unknown)
    return VisitorServices(
        profiles=Profiles(
            reads=store.visitors,
            writes=writes,
            changing=changing,
            auditing=Auditing(store.audit, HASHER.identity, key_version=HASHER.version, now_ms=now_ms),
            identify=HASHER.identity,
            site=sites.current,
            settings=settings,
            deny_unknown=deny_unknown,
            now_ms=now_ms,
        ),
        identifying=Identifying(
            writes=writes,
            changing=changing,
            tokens=UserTokens(USER_KEY, now_ms=now_ms),
            identify=HASHER.identity,
        ),
        event_types=Registering(store.event_types, live, used=lambda: staging().patterns.event_types, now_ms=now_ms),
        hear=listener(ContextPolicy(visitor_cookie="visitor")),
    )


def user_token(claims: object, *, key: bytes = USER_KEY, header: object = None) -> str:
    """A compact JWS, as any library makes it."""
    parts = [header if header is not None else {"alg": "HS256", "typ": "JWT"}, claims]
    signed = ".".join(_base64(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{_base64(hmac.digest(key, signed.encode(), 'sha256'))}"


def _base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
