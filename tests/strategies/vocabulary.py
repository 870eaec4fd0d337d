"""The few values from which everything is made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "profile.spend": {"type": "number", "unit": "EUR", "purpose": "personalization"},
    "profile.plan": {
        "type": "string",
        "values": ["free", "pro", "enterprise"],
        "purpose": "personalization",
    },
    "profile.interests": {"type": "string_list", "purpose": "personalization"},
    "profile.sizes": {"type": "number_list"},
    "profile.birthday": {"type": "date"},
    "profile.last_order": {"type": "datetime", "purpose": "analytics"},
    "profile.app_version": {"type": "version"},
    "profile.home": {"type": "location"},
    "profile.gateway": {"type": "ip"},
    "profile.subscribed": {"type": "boolean", "purpose": "personalization"},
    "custom.cart_value": {"type": "number", "unit": "EUR"},
    "custom.label": {"type": "string"},
}

COUNTRIES = ["FR", "US", "DE"]
DEVICES = ["mobile", "desktop", "tablet"]
PLANS = ["free", "pro", "enterprise"]
CITIES = ["Paris", "PARIS", "\u00c9vry", "E\u0301vry", ""]
SOURCES = ["news", "News", "ads"]
PATHS = ["/", "/shop/1", "/shop/2"]
TOPICS = ["ski", "art", "Ski"]
SIZES = [0, 1, 2.5, 40]
AMOUNTS = [0, 1, 100, 499.5, 500]
VISITS = [0, 1, 2, 3]
VERSIONS = ["1.2", "v1.2.0", "1.2.3", "1.2.3.4", "1.2.0-rc.1", "1.2.0-rc.beta", "2"]
ADDRESSES = ["10.1.2.3", "10.1.2.4", "192.0.2.7", "2001:db8::7"]
NETWORKS = ["10.0.0.0/8", "10.1.2.3/32", "2001:db8::/32", "192.0.2.0/24"]
PLACES = [
    {"lat": 48.8566, "lon": 2.3522},
    {"lat": 51.5074, "lon": -0.1278},
    {"lat": -17.0, "lon": 179.9},
    {"lat": -17.0, "lon": -179.9},
]
DATES = ["2026-03-28", "2026-03-29", "2026-11-21", "2026-11-22"]
# Two spellings of one instant, one without an offset, and neighbours of both.
MOMENTS = ["2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00", "2026-03-29T02:30:00", "2026-11-21T23:00:00"]
DURATIONS = ["30s", "15m", "2h", "1d", "2w"]
ZONES = ["Europe/Paris", "America/New_York", "Asia/Tokyo", "UTC"]
LOCALES = ["fr", "en", "fr-CA"]
TAGS_OF_REQUEST = ["fr", "en", "fr-CA", "FR-ca", "fr-CA-x-b", "en-GB", "de"]
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
VISITORS = [f"v-{number}" for number in range(12)]

SEGMENTS = ["vip", "near", "list", "seen"]
SLOTS = ["hero", "feed", "side"]
IDS = list("abcdef")
TYPES = ["card", "hero"]
REGIONS = ["FR", "US", "DE"]
PRICES = [1, 100, 500]
CONTENT_TAGS = ["sale", "new", *(f"audience:{name}" for name in SEGMENTS), "audience:unknown"]
STEPS = [0.5, 1, -0.5, 0.1, 0.2]
SHARES = [1, 0.5, 0.1, 0]


def at(text: str) -> datetime:
    """An instant of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Around each turn: instants of the clock, and ways to write the turn in a schedule. The first is no change of
# the clocks; then the gap and the second hour of Paris, and those of New York.
TURNS: list[tuple[list[datetime], list[str]]] = [
    (
        [
            at("2026-11-21T23:00:00"),
            at("2026-11-21T22:59:59"),
            at("2026-11-22T03:30:00"),
            at("2026-11-22T05:00:00"),
        ],
        ["2026-11-22", "2026-11-22T00:00:00+01:00", "2026-11-21T23:00:00Z", "2026-11-22T04:30:00"],
    ),
    (
        [
            at("2026-03-29T01:00:00"),
            at("2026-03-29T00:59:59"),
            at("2026-03-29T01:30:00"),
            at("2026-03-29T00:30:00"),
        ],
        ["2026-03-29T02:30:00", "2026-03-29T03:00:00", "2026-03-29", "2026-03-29T02:00:00"],
    ),
    (
        [
            at("2026-10-25T00:30:00"),
            at("2026-10-25T00:29:59"),
            at("2026-10-25T01:30:00"),
            at("2026-10-25T01:00:00"),
        ],
        ["2026-10-25T02:30:00", "2026-10-25T03:00:00", "2026-10-25T02:30:00+01:00", "2026-10-25"],
    ),
    (
        [
            at("2026-03-08T07:00:00"),
            at("2026-03-08T06:59:59"),
            at("2026-03-08T07:30:00"),
            at("2026-03-08T06:30:00"),
        ],
        ["2026-03-08T02:30:00", "2026-03-08T03:00:00", "2026-03-08T02:30:00-05:00", "2026-03-08"],
    ),
    (
        [
            at("2026-11-01T05:30:00"),
            at("2026-11-01T05:29:59"),
            at("2026-11-01T06:30:00"),
            at("2026-11-01T06:00:00"),
        ],
        ["2026-11-01T01:30:00", "2026-11-01T02:00:00", "2026-11-01T01:30:00-05:00", "2026-11-01"],
    ),
]
