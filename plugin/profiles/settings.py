"""What a site decides about profiles."""

from __future__ import annotations

import msgspec

from plugin.profiles.limits import DAY_MS
from plugin.profiles.types import BUILT_IN, OWN_PURPOSE, Types


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How states are made and read.

    Attributes:
        types: the event types there are.
        half_life_ms: after which counters and interests are worth half.
        purpose: of the profile's own parts, which many events make together: interests, visits, exposures,
            preferences, first and last seen. Only events of this purpose touch them.
    """

    types: Types = BUILT_IN
    half_life_ms: int = 7 * DAY_MS
    purpose: str = OWN_PURPOSE


DEFAULT = Settings()
