"""What the web layer is given: the services that it calls, and the few settings that it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from prometheus_client import CollectorRegistry

from plugin.flow.context import RawRequest
from plugin.service.commands import SimulateRequest
from plugin.service.content.management import Contents
from plugin.service.content.notices import Accepting
from plugin.service.events.dead_letters import DeadEvents
from plugin.service.events.ingest import Ingesting
from plugin.service.events.types import Registering
from plugin.service.health import Readiness
from plugin.service.previews.preview import Previews
from plugin.service.privacy.services import PrivacyServices
from plugin.service.rulesets.draft import Drafting
from plugin.service.rulesets.publish import Publishing
from plugin.service.segments.services import SegmentServices
from plugin.service.visitors.consenting import Heard
from plugin.service.visitors.identify import Identifying
from plugin.service.visitors.profiles import Profiles


class Hidden(Protocol):
    """Text that is never shown."""

    def matches(self, candidate: str) -> bool:
        """Compare in constant time."""
        ...


class DeliveryKeySetting(Protocol):
    """A public key; no origins: any."""

    @property
    def key(self) -> str: ...
    @property
    def origins(self) -> frozenset[str]: ...


class ManagementKeySetting(Protocol):
    """A secret key, the author in histories, and what it may do."""

    @property
    def name(self) -> str: ...
    @property
    def key(self) -> Hidden: ...
    @property
    def scopes(self) -> frozenset[str]: ...


class ModelSetting(Protocol):
    """A configured model; its options hold secrets and are never read here."""

    @property
    def name(self) -> str: ...
    @property
    def adapter(self) -> str: ...


class WebSettings(Protocol):
    """The settings that the web layer reads; `plugin.settings.Settings` has them."""

    @property
    def delivery_keys(self) -> Sequence[DeliveryKeySetting]: ...
    @property
    def management_keys(self) -> Sequence[ManagementKeySetting]: ...
    @property
    def models(self) -> Mapping[str, ModelSetting]: ...
    @property
    def max_body_bytes(self) -> int: ...
    @property
    def public_url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a second in the long run, and so many at once."""

    per_s: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorServices:
    """What is done with profiles.

    Attributes:
        hear: reads what a request says of consent.
    """

    profiles: Profiles
    identifying: Identifying
    event_types: Registering
    hear: Callable[[RawRequest], Heard]


@dataclass(frozen=True, kw_only=True)
class WebServices:
    """Everything that routes work with.

    Attributes:
        simulate: a decision that is never counted, as the JSON of the answer; raises TesseraErrors.
        registry: of metrics; shown at /metrics.
        clock: aware UTC.
        monotonic: seconds, for measuring spans.
        new_id: of incidents: the log and the answer to the client share it.
        management_rate: for each management key, in this process; None: no limit.
        delivery_rate: for each delivery key, likewise.
        preview_rate: for each preview link, likewise.
        webhook_rate: for each source, likewise; what is beyond makes the whole source be looked at.
    """

    settings: WebSettings = field(repr=False)
    publishing: Publishing
    drafting: Drafting
    contents: Contents
    readiness: Readiness
    accepting: Accepting
    previews: Previews
    ingesting: Ingesting
    visitors: VisitorServices
    segments: SegmentServices
    privacy: PrivacyServices
    dead_events: DeadEvents
    simulate: Callable[[SimulateRequest], Mapping[str, object]]
    registry: CollectorRegistry
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    new_id: Callable[[], str]
    management_rate: Rate | None = Rate(per_s=100, burst=1_000)
    delivery_rate: Rate | None = None
    preview_rate: Rate | None = Rate(per_s=20, burst=100)
    webhook_rate: Rate | None = Rate(per_s=200, burst=2_000)
