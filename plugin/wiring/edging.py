"""What edges are given, wired: keys, answers by key, and the class cookie."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from plugin.edge.audience_keys import AudienceKeys
from plugin.flow.context import ContextPolicy, Devices
from plugin.service.delivery.audience import Audiences
from plugin.service.delivery.personalize import Personalization
from plugin.settings import Settings


def audiences(
    settings: Settings,
    personalization: Personalization,
    signing_key: str,
    policy: ContextPolicy,
    devices: Devices,
    clock: Callable[[], datetime],
) -> Audiences:
    """The service behind `/v1/audience`, `/v1/class`, and `/v1/personalize` with a key."""
    return Audiences(
        sites=personalization.sites,
        personalization=personalization,
        keys=AudienceKeys(signing_key),
        policy=policy,
        devices=devices,
        clock=clock,
        deny_unknown=settings.deny_consent_by_default,
        longest_s=settings.edge_key_ttl_s,
    )
