"""What Tessera knows of the real visitor, put into words for the panel of the storefront, and what its pages record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from plugin.demo.known import Known, because
from plugin.demo.words import Words
from plugin.flow.context import RawRequest
from plugin.flow.signals.consent import derive_consent
from plugin.flow.signals.notes import Draft
from plugin.flow.signals.policy import ContextPolicy
from plugin.ports import EventRow, Membership

OPEN_COOKIE = "veilleuse_live"
"""Whether the panel stands open; the page's own script writes it."""
PURPOSES = ("personalization", "analytics")
_TOLD_ONCE = frozenset({"impression", "scroll"})
"""Of these there are so many that they are counted, not listed."""
_MOST_LINES = 6
_MOST_SHOWN = 4
_MOST_CHIPS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What the storefront needs to record its visitors.

    Attributes:
        key: the delivery key that its pages carry.
        script: the address of `tessera.js`, by its content.
        cookie: in which the script keeps the visitor's id.
        token: makes the decision token of a slot: of version, slot, audience key and arms.
        known: what is kept of a visitor by their id; raises ServiceUnavailable.
        forget: erases a visitor by their id, and gives the receipt's id; None where that cannot be done.
    """

    key: str
    script: str
    integrity: str
    cookie: str
    token: Callable[[int, str, str, Mapping[str, str]], str]
    known: Callable[[str | None], Known]
    forget: Callable[[str], str] | None = None

    def visitor(self, raw: RawRequest) -> str | None:
        """The id that the browser keeps, if it does."""
        return raw.cookies.get(self.cookie)


def said_of(raw: RawRequest) -> Mapping[str, bool]:
    """What a request says of each purpose, by its cookie and by Global Privacy Control."""
    draft, policy = Draft(), ContextPolicy()
    cookie = raw.cookies.get(policy.consent_cookie)
    derive_consent(raw.headers, cookie, {}, None, gpc_purposes=policy.gpc_purposes, draft=draft)
    return {name.removeprefix("consent."): value is True for name, value in draft.attributes.items()}


def told(
    known: Known,
    said: Mapping[str, bool],
    words: Words,
    zone: ZoneInfo,
    titles: Mapping[str, str],
    segments: Mapping[str, str],
) -> dict[str, object]:
    """`live.known` of the pages.

    Args:
        said: of purposes, by the request; it stands over what is kept.
        titles: of entries, by id.
        segments: names of segments, by id.
    """
    lines = [one for one in known.events if one.type not in _TOLD_ONCE]
    by_id = {one.id: one for one in known.events}
    topics = [(titles.get(f"topic-{name}", name), weight) for name, weight in known.topics]
    groups = [_group(one, by_id, words, zone, titles, segments) for one in known.groups]
    strongest = max((weight for _name, weight in topics), default=1.0)
    seen = sorted(known.shown.items(), key=lambda pair: (-pair[1], pair[0]))
    total = sum(known.total.values())
    return {
        "chips": [
            *[str(one["name"]) for one in groups],
            *[name for name, _weight in topics[:1]],
            *([words.count("live_events_count", total)] if total else []),
        ][:_MOST_CHIPS],
        "refused": {**known.consent, **said}.get("personalization") is False,
        "total": words.count("live_events_count", total),
        "visits": words.count("live_visits_count", known.visits),
        "events": [_line(one, words, zone, titles) for one in lines[:_MOST_LINES]],
        "topics": [
            {"name": name, "share": f"{weight / strongest:.2f}", "weight": f"{weight:.1f}"} for name, weight in topics
        ],
        "groups": groups,
        "shown": [{"title": titles.get(name, name), "times": times} for name, times in seen[:_MOST_SHOWN]],
    }


def _line(event: EventRow, words: Words, zone: ZoneInfo, titles: Mapping[str, str]) -> dict[str, object]:
    value = None
    if event.value is not None and event.type == "dwell":
        value = f"{words.value(round(event.value))}\u00a0s"
    return {
        "what": words.event(event.type),
        "title": None if event.content_id is None else titles.get(event.content_id, event.content_id),
        "value": value,
        "at": _clock(event.time, zone),
    }


def _group(
    membership: Membership,
    events: Mapping[str, EventRow],
    words: Words,
    zone: ZoneInfo,
    titles: Mapping[str, str],
    segments: Mapping[str, str],
) -> dict[str, object]:
    found = [events[one] for one in because(membership) if one in events]
    until = membership.until
    return {
        "id": membership.segment,
        "name": segments.get(membership.segment, membership.segment),
        "since": _clock(membership.since, zone),
        "until": None if until is None else words.moment(_at(until, zone)),
        "because": _reasons(found, words, titles),
    }


def _reasons(events: Sequence[EventRow], words: Words, titles: Mapping[str, str]) -> list[str]:
    """Each event in a few words, the same ones once."""
    named = [(words.event(one.type), titles.get(one.content_id or "", one.content_id or "")) for one in events]
    return list(dict.fromkeys(f"{what} {title}".strip() for what, title in named))


def _clock(at_ms: int, zone: ZoneInfo) -> str:
    return f"{_at(at_ms, zone):%H:%M:%S}"


def _at(at_ms: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
