"""The site of the benchmark of events: topics to read of, fifty patterns, and a slot that shows what was counted."""

from __future__ import annotations

from typing import Any

from plugin.bench.generator import START
from plugin.ports import JSON, Changes, StoredEntry
from plugin.store import migrate, open_store

FEED = "feed"
MARK = "signup"
"""The event that a slot reacts to at once."""
KINDS = ("view", "view", "view", "click", "impression", "add_to_cart", "dwell")
ENTRIES = 200
PATTERNS = 50


def event(number: int, visitor: str, kind: str = "") -> dict[str, object]:
    """The event of a number, a thirtieth of the events of the site's readers each."""
    kind = kind or KINDS[number % len(KINDS)]
    made: dict[str, object] = {"id": f"b-{number}", "type": kind, "visitor_id": visitor}
    made["content_id"] = f"entry-{number * 7 % ENTRIES}"
    if kind == "dwell":
        made["value"] = number % 90
    return made


def document(patterns: int = PATTERNS) -> dict[str, Any]:
    """Counts, sequences and absences in turn."""
    return {
        "version": 1,
        "attributes": {f"profile.{MARK}_7d": {"type": "number"}, "profile.topics": {"type": "string_list"}},
        "slots": [{"id": FEED, "limit": 3}],
        "segments": [{"id": f"p-{number}", "pattern": _pattern(number)} for number in range(patterns)],
        "rules": [
            {"id": "seen", "slot": FEED, "when": {f"profile.{MARK}_7d": {"gte": 1}}, "then": [_pin("entry-1")]},
            {"id": "p", "slot": FEED, "when": {"segment": "p-0"}, "then": [_pin("entry-2")]},
        ],
    }


def _pin(name: str) -> dict[str, object]:
    return {"pin": {"id": name}}


def _pattern(number: int) -> dict[str, object]:
    kind, other = KINDS[number % 5 + 2], KINDS[(number + 2) % 4 + 3]
    if number % 3 == 0:
        return {"event": kind, "count": {"gte": 2 + number}, "within": f"{1 + number % 14}d"}
    last: dict[str, object] = {"event": other} if number % 3 == 1 else {"absent": "purchase", "for": f"{1 + number}h"}
    return {"sequence": [{"event": kind}, last], "within": f"{2 + number % 5}d"}


def store_site(url: str, patterns: int = PATTERNS) -> None:
    """Migrate a new database, and publish the site in it."""
    store = open_store(url)
    try:
        migrate.upgrade(store.engine)
        version = store.rulesets.save(document(patterns), author="bench", now=START)
        store.rulesets.publish(version.number, author="bench", now=START)
        entries = tuple(
            StoredEntry("bench", f"entry-{number}", None, "card", (), _fields(number), None, None, ())
            for number in range(ENTRIES)
        )
        store.content.apply("bench", Changes(entries=entries, full=True), now=START)
    finally:
        store.close()


def _fields(number: int) -> dict[str, JSON]:
    return {"title": f"Entry {number}", "topics": [f"topic-{number % 20}", f"topic-{number % 7}"]}
