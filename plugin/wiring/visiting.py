"""What is kept of visitors, wired: the stream of events, who takes them in, the profiles that come of them."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters import registry
from adapters.runtime import Runtime
from adapters.streams.port import Stream, StreamError
from plugin.errors import SettingsError, TesseraError
from plugin.flow.context import ContextPolicy
from plugin.flow.signals.ports import Devices, Geo
from plugin.flow.types import Site
from plugin.live.rested import RestedViews
from plugin.live.views import StoredViews
from plugin.ports import HotCopy
from plugin.processes import own_name
from plugin.profiles.identity import Hasher, Identity
from plugin.profiles.settings import Settings as ProfileSettings
from plugin.profiles.types import Types
from plugin.service.audit import Auditing
from plugin.service.content.notices import nowhere
from plugin.service.events.conflicts import Conflicts
from plugin.service.events.dead_letters import DeadEvents
from plugin.service.events.ids import EventIds
from plugin.service.events.ingest import Ingesting
from plugin.service.events.types import LiveTypes
from plugin.service.privacy.rekey import Rekeyer
from plugin.service.privacy.rekey_online import MovingIdentities
from plugin.service.privacy.retention import Keeps
from plugin.service.visitors.copying import Copying
from plugin.service.visitors.guarding import Guard
from plugin.service.visitors.known import Visitors
from plugin.service.visitors.stage import Staging
from plugin.service.visitors.user_tokens import UserTokens
from plugin.settings import Settings
from plugin.store import Store

if TYPE_CHECKING:
    from plugin.live.redis_views import RedisViews

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Visiting:
    """The parts that requests and workers share; `copies` where profiles are copied to Redis.

    `identify` is the hasher's, and moves what is kept under older keys to the newest before it answers.
    """

    stream: Stream
    hasher: Hasher
    identify: Callable[[str], Identity]
    ids: EventIds
    copies: RedisViews | None
    settings: Callable[[], ProfileSettings]
    types: Callable[[], Types]
    live_types: LiveTypes


def now_ms() -> int:
    """The wall clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def hasher_of(settings: Settings, signing_key: str) -> Hasher:
    """What hashes visitors' ids. The first key also makes the ids that arms hash on, and so is never taken away."""
    keys = [one.reveal().encode() for one in settings.visitor_keys]
    if not keys:
        keys = [hmac.digest(signing_key.encode(), b"tessera visitor ids", "sha256")]
    uid_key = hmac.digest(keys[0], b"tessera uids", "sha256")
    return Hasher(list(enumerate(keys, 1)), uid_key)


def open_stream(settings: Settings, closing: ExitStack) -> Stream:
    """Open the stream of events alone. Raises SettingsError with every option that is wrong."""
    plugged = settings.stream
    options: dict[str, object] = dict(plugged.options)
    if plugged.adapter == "local":
        options.setdefault("file", str(settings.data_dir / "events.db"))
    elif plugged.adapter == "redis":
        options.setdefault("spool", str(settings.data_dir / "spool.db"))
        if settings.redis_url is not None:
            options.setdefault("url", settings.redis_url.reveal())
    try:
        stream = registry.stream(plugged.adapter)(options, Runtime.system())
    except (StreamError, registry.RegistryError) as fault:
        problems = getattr(fault, "problems", (str(fault),))
        raise SettingsError([f"stream: {one}" for one in problems]) from fault
    closing.callback(stream.close)
    return stream


def open_visiting(settings: Settings, store: Store, signing_key: str, closing: ExitStack) -> Visiting:
    """Open the stream and what goes with it.

    Raises:
        SettingsError: with every option of the stream that is wrong.
    """
    stream = open_stream(settings, closing)
    hasher = hasher_of(settings, signing_key)
    ids = EventIds(
        hmac.digest(signing_key.encode(), b"tessera event ids", "sha256"),
        lambda wanted: store.applying.known_ids(wanted, day=now_ms() // _DAY_MS),
        monotonic=time.monotonic,
        sleep=time.sleep,
    )
    types = LiveTypes(store.event_types, monotonic=time.monotonic)
    copies = _copies(settings, store, closing)
    identify = _identities(hasher, store, copies)
    return Visiting(stream, hasher, identify, ids, copies, _profile_settings(settings, types), types.sure, types)


def _profile_settings(settings: Settings, types: Callable[[], Types]) -> Callable[[], ProfileSettings]:
    """Made anew where the types changed."""
    made: ProfileSettings | None = None

    def current() -> ProfileSettings:
        nonlocal made
        now, held = types(), made
        if held is None or held.types is not now:
            held = made = ProfileSettings(types=now, half_life_ms=settings.half_life_days * _DAY_MS)
        return held

    return current


def _identities(hasher: Hasher, store: Store, copies: RedisViews | None) -> Callable[[str], Identity]:
    if hasher.version == 1:
        return hasher.identity
    moving = MovingIdentities(hasher, rekeyer(hasher, store, copies), store.visitors.find, monotonic=time.monotonic)
    return moving.identity


def rekeyer(hasher: Hasher, store: Store, copies: RedisViews | None) -> Rekeyer:
    """What brings in a new key."""
    return Rekeyer(
        store.rekeying,
        store.leases,
        lift=hasher.lift,
        key_version=hasher.version,
        copy=copier(copies, store),
        now_ms=now_ms,
    )


def copier(copies: RedisViews | None, store: Store) -> Callable[[], None]:
    """Writes what is in line for copies, and never raises; where there is no store of them it is only taken out."""
    copying = Copying(store.hot_outbox, copies or StoredViews(store.visitors), store.leases, own_name(), now_ms=now_ms)

    def copy() -> None:
        with suppress(TesseraError):  # what is in line stays there
            copying.drain()

    return copy


def copier_of(copies: RedisViews) -> Callable[[Collection[str]], None]:
    """Writes the copies of some sources and their groups, and never raises; the line is left to those who apply."""

    def copy(sources: Collection[str]) -> None:
        with suppress(TesseraError):  # what is in line stays there
            rows = [row for source in sources for row in copies.group(source)]
            copies.write([HotCopy(row.source, row.version, row.hot) for row in rows])

    return copy


def keeps_of(settings: Settings) -> Keeps:
    """For how long what is kept."""
    return Keeps(
        events=settings.keep_events_days,
        profiles=settings.keep_profiles_days,
        audit=settings.keep_audit_days,
        dead_letters=settings.keep_dead_letters_days,
        types=settings.keep_types_days,
    )


def _copies(settings: Settings, store: Store, closing: ExitStack) -> RedisViews | None:
    if settings.redis_url is None:
        return None
    from plugin.live.redis_views import RedisViews  # noqa: PLC0415 - heavy, so only where it is used

    copies = RedisViews(
        settings.redis_url.reveal(),
        RestedViews(StoredViews(store.visitors), monotonic=time.monotonic),
        kept_s=(settings.keep_profiles_days + 2)
        * _DAY_MS
        // 1_000,  # no shorter than the rows, which retention removes
        monotonic=time.monotonic,
    )
    closing.callback(copies.close)
    return copies


def ingesting(
    visiting: Visiting,
    store: Store,
    *,
    tokens: Callable[[str], Mapping[str, object]],
    devices: Devices,
    geo: Geo,
    policy: ContextPolicy,
    new_id: Callable[[], str],
    headless_counts: bool,
    tokens_of_users: UserTokens | None,
    count: Callable[[str, int], None],
    at: Callable[[str], None] = nowhere,
) -> Ingesting:
    """The service that takes events. ``tokens_of_users``: None where browsers may write under any id."""
    return Ingesting(
        stream=visiting.stream,
        ids=visiting.ids,
        types=visiting.types,
        identify=visiting.identify,
        tokens=tokens,
        devices=devices,
        geo=geo,
        policy=policy,
        now_ms=now_ms,
        new_id=new_id,
        headless_counts=headless_counts,
        count=count,
        conflicts=Conflicts(monotonic=time.monotonic),
        guard=Guard(store.visitors.reserved, tokens_of_users.user) if tokens_of_users is not None else None,
        copy=copier_of(visiting.copies) if visiting.copies is not None else None,
        at=at,
    )


def user_tokens(settings: Settings) -> UserTokens:
    """What reads the tokens by which browsers prove who is logged in."""
    key = settings.user_token_key
    return UserTokens(key.reveal().encode() if key is not None else None, now_ms=now_ms)


def visitors(visiting: Visiting, store: Store, site: Callable[[], Site | None], *, deny_unknown: bool) -> Visitors:
    """The service that finds profiles."""
    return Visitors(
        reads=visiting.copies or RestedViews(StoredViews(store.visitors), monotonic=time.monotonic),
        identify=visiting.identify,
        settings=visiting.settings,
        stage=Staging(site, lambda _patterns: None),
        deny_unknown=deny_unknown,
        monotonic=time.monotonic,
    )


def dead_events(visiting: Visiting, store: Store) -> DeadEvents:
    """The service for events that could not be applied."""
    hasher = visiting.hasher
    auditing = Auditing(store.audit, hasher.identity, key_version=hasher.version, now_ms=now_ms)
    return DeadEvents(store.dead_letters, visiting.stream, lift=hasher.lift, note=auditing.note, now_ms=now_ms)
