"""Limits of events and profiles, each written once."""

from __future__ import annotations

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

LATEST_MS = 7 * DAY_MS
"""An event older than this is too late."""
AHEAD_MS = 5 * MINUTE_MS
"""An event may be this far ahead of our clock, for those of browsers are wrong."""
MOST_EVENTS = 1_000
LONGEST_VISITOR_ID = 128
LONGEST_CONTENT_ID = 255
LONGEST_SLOT = 128
LONGEST_DECISION_ID = 64
LONGEST_TOKEN = 65_536
MOST_PROPERTIES = 32
DEEPEST_PROPERTIES = 3
MOST_VALUES = 128
"""Of the properties of one event, those in lists and in properties of properties included."""
LARGEST_PROPERTIES_BYTES = 4_096
LARGEST_VALUE = 1_000_000_000.0

DAYS_KEPT = 31
SESSION_GAP_MS = 30 * MINUTE_MS
SESSIONS_OPEN_MS = LATEST_MS + DAY_MS
MOST_TOPICS = 256
MOST_TOPICS_OF_ENTRY = 16
MOST_TOPICS_SHOWN = 10
LONGEST_TOPIC = 128
MOST_INSTANTS_OF_ENTRY = 50
MOST_INSTANTS = 1_000
MOST_PREFERENCES = 200
MOST_ATTRIBUTES = 200
