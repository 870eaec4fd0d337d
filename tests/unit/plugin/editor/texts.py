"""A small document, for tests of the editors' pages."""

from __future__ import annotations

from typing import Any

DOCUMENT: dict[str, Any] = {
    "version": 1,
    "timezone": "Europe/Paris",
    "locales": ["fr", "en"],
    "attributes": {
        "profile.spend": {"type": "number", "unit": "EUR"},
        "profile.interests": {"type": "string_list"},
        "profile.since": {"type": "datetime"},
        "profile.home": {"type": "string"},
        "custom.topics": {"type": "string_list", "name": "Topics of the page"},
        "custom.gift": {"type": "boolean"},
    },
    "segments": [
        {"id": "big", "name": "Big spenders", "when": {"profile.spend": {"gte": 500}}},
        {"id": "new", "when": {"visitor.new": True}},
        {"id": "friends", "members": ["v-odile"]},
    ],
    "slots": [
        {"id": "home.hero", "name": "The opening", "select": {"content.type": "hero"}, "default": {"id": "welcome"}},
        {"id": "home.feed", "limit": 3, "select": {"content.type": "article"}},
    ],
    "rules": [
        {
            "id": "hero-vip",
            "name": "The best for the best",
            "slot": "home.hero",
            "priority": 50,
            "when": {"segment": "big"},
            "then": [{"pin": {"content.tags": "vip"}}],
        },
        {"id": "everywhere", "slot": "*", "then": [{"set": {"presentation.images": "small"}}]},
        {
            "id": "hero-local",
            "slot": ["home.hero"],
            "priority": 90,
            "when": {"geo.country": ["FR", "BE"]},
            "then": [{"boost": {"content.region": {"ref": "geo.region"}}, "by": 1}],
        },
    ],
    "experiments": [
        {
            "id": "bold",
            "slot": "home.hero",
            "priority": 50,
            "arms": [{"id": "control"}, {"id": "bold", "then": [{"pin": {"id": "hero-bold"}}]}],
        }
    ],
}
