"""What the system gives: the time, identifiers, and a signing key where none is configured."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime

from plugin import settings as settings_
from plugin.identifiers import RandomBits, ulid
from plugin.settings import Settings


def now() -> datetime:
    """The wall clock, UTC."""
    return datetime.now(UTC)


def new_ids() -> Callable[[], str]:
    """Gives identifiers of decisions and incidents, which sort by time."""
    bits = RandomBits()
    return lambda: ulid(time.time_ns() // 1_000_000, bits)


def signing_key_of(settings: Settings) -> str:
    """What signs tokens, and hashes visitors where no keys for that are set."""
    return settings_.signing_key(settings, lambda: secrets.token_urlsafe(32)).reveal()
