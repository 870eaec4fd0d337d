"""Access: a file of everything that is kept of somebody, under all linked ids, made in pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec import msgpack

from adapters.streams.port import Stream, StreamError
from plugin.errors import FieldError, ValidationFailed
from plugin.ports import (
    Audit,
    AuditEntry,
    EventLog,
    EventRow,
    Identity,
    Link,
    Membership,
    Page,
    Passage,
    Personal,
    Privacy,
    VisitorReads,
    VisitorRow,
)
from plugin.profiles import fold, state
from plugin.profiles.events import BadEventError, Decided, Event, decode
from plugin.profiles.identity import visitor_id
from plugin.profiles.readable import instant, readable, readable_event
from plugin.profiles.settings import Settings
from plugin.profiles.view import attributes_of
from plugin.service.audit import Auditing
from plugin.service.events.dead_letters import told
from plugin.service.privacy.access_words import IDS, parts
from plugin.service.privacy.retention import Keeps
from rules.attributes import Type
from rules.patterns.windows import Window

PAGE = 500
T = TypeVar("T")


class Access:
    """The service behind `GET /v1/visitors/{id}/export`."""

    def __init__(
        self,
        *,
        visitors: VisitorReads,
        privacy: Privacy,
        identity: Identity,
        events: EventLog,
        audit: Audit,
        stream: Stream,
        auditing: Auditing,
        names: Callable[[str], Sequence[tuple[str, int]]],
        settings: Callable[[], Settings],
        declared: Callable[[], Mapping[str, Type]],
        keeps: Keeps,
        now_ms: Callable[[], int],
    ) -> None:
        """Take what it works with.

        Args:
            names: the sources of an id by every key, the newest first.
            declared: the types of the profile attributes that the published rules declare, by full name.
        """
        self._visitors = visitors
        self._privacy = privacy
        self._identity = identity
        self._events = events
        self._audit = audit
        self._stream = stream
        self._auditing = auditing
        self._names = names
        self._settings = settings
        self._declared = declared
        self._keeps = keeps
        self._now_ms = now_ms

    def export(self, visitor: str, *, actor: str) -> Iterator[str]:
        """A JSON text in pieces, of what is kept now; the first one is made when this returns.

        Where something fails in the midst of it the text ends there, and is no JSON.

        Raises:
            ValidationFailed: it is no visitor id.
            ServiceUnavailable.
        """
        if visitor_id(visitor) is None:
            raise ValidationFailed([FieldError("", "a visitor id has 1 to 128 characters, none of them a control")])
        names = self._names(visitor)
        self._auditing.note(actor, "export", [names[0][0]])
        sources = self._everybody([source for source, _version in names])
        personal = self._privacy.personal(sources)
        return _object(self._members(visitor, sources, personal))

    def _everybody(self, sources: Iterable[str]) -> list[str]:
        """These and all who are linked to them."""
        found, looked = set(sources), set[str]()
        while missing := found - looked:
            looked |= missing
            for source in missing:
                found |= {row.source for row in self._visitors.group(source)}
            for link in self._identity.links(missing):
                if link.ended is None:
                    found |= {link.source, link.known}
        return sorted(found)

    def _members(self, visitor: str, sources: Sequence[str], personal: Personal) -> Iterator[tuple[str, object]]:
        now, settings = self._now_ms(), self._settings()
        yield "made", instant(now)
        yield "visitor_id", visitor
        yield "ids", IDS
        yield "parts", iter(parts(self._keeps, settings))
        yield "profiles", (_profile(row, now, settings) for row in personal.visitors)
        yield "read_by_rules", self._derived(personal.visitors, now, settings)
        yield "links", map(_link, personal.links)
        yield "segments", map(_membership, personal.memberships)
        yield "segment_history", map(_passage, _all(lambda after: self._history(sources, after)))
        yield "to_be_looked_at", [{"source": one, "at": instant(due)} for one, due in sorted(personal.ticks.items())]
        yield "events", (_event(row, settings) for row in _all(lambda after: self._log(sources, after)))
        seen = _Flag()
        yield "events_not_applied_yet", self._waiting(sources, seen)
        yield "events_not_applied_yet_complete", seen.value
        yield "events_that_failed", map(told, personal.dead_letters)
        yield (
            "who_read_or_changed_it",
            (
                _entry(entry)
                for source in sources
                for entry in _all(lambda after, of=source: self._entries(of, after))  # type: ignore[misc]
            ),
        )

    def _history(self, sources: Collection[str], after: str | None) -> Page[Passage]:
        return self._visitors.history(sources, after=after, limit=PAGE)

    def _log(self, sources: Collection[str], after: str | None) -> Page[EventRow]:
        return self._events.of(sources, after=after, limit=PAGE)

    def _entries(self, source: str, after: str | None) -> Page[AuditEntry]:
        return self._audit.page(source=source, after=after, limit=PAGE)

    def _derived(self, rows: Sequence[VisitorRow], now: int, settings: Settings) -> Mapping[str, object]:
        found: dict[str, object] = {}
        for hot in {row.hot for row in rows if row.hot}:
            found |= attributes_of(fold.decode(hot), now, None, self._declared(), settings)
        return {name: _plain(value) for name, value in sorted(found.items())}

    def _waiting(self, sources: Collection[str], seen: _Flag) -> Iterator[object]:
        try:
            for record in self._stream.scan(sources):
                try:
                    yield {"source": record.key, **readable_event(decode(record.payload))}
                except BadEventError:
                    yield {"source": record.key, "unreadable_bytes": len(record.payload)}
        except StreamError:
            seen.value = False


class _Flag:
    value = True


def _all(page: Callable[[str | None], Page[T]]) -> Iterator[T]:
    after: str | None = None
    while True:
        found = page(after)
        yield from found.items
        if found.next is None:
            return
        after = found.next


def _profile(row: VisitorRow, now: int, settings: Settings) -> Mapping[str, object]:
    window = Window.decode(row.window)
    return {
        "source": row.source,
        "kind": "known" if row.known else "anonymous",
        "person": row.person,
        "for_experiments": row.uid,
        **(readable(state.decode(row.state), now, settings) if row.state else {}),
        "patterns_look_back_at": [{"time": instant(one.time), "event": one.id} for one in window.entries],
    }


def _event(row: EventRow, settings: Settings) -> Mapping[str, object]:
    event = Event(
        row.id,
        row.type,
        row.source,
        row.key_version,
        "",
        row.time,
        row.received,
        b"",
        settings.types.purpose_of(row.type),
        row.content_id,
        row.slot,
        row.value,
        msgpack.decode(row.properties) if row.properties is not None else None,
        row.decision_id,
        msgpack.decode(row.facts, type=Decided) if row.facts is not None else None,
        row.flags,
    )
    return {"source": row.source, **readable_event(event)}


def _link(link: Link) -> Mapping[str, object]:
    return {
        "source": link.source,
        "known": link.known,
        "since": instant(link.since),
        "ended": instant(link.ended) if link.ended is not None else None,
        "why": _said(link.reason),
    }


def _membership(one: Membership) -> Mapping[str, object]:
    return {
        "segment": one.segment,
        "source": one.source,
        "kind": one.kind,
        "since": instant(one.since),
        "until": instant(one.until) if one.until is not None else None,
        "score": one.score,
        "why": _said(one.reason),
    }


def _passage(one: Passage) -> Mapping[str, object]:
    return {
        "segment": one.segment,
        "source": one.source,
        "at": instant(one.at),
        "way": one.way,
        "why": _said(one.reason),
    }


def _entry(entry: AuditEntry) -> Mapping[str, object]:
    return {
        "at": instant(entry.at),
        "by": entry.actor,
        "did": entry.action,
        "source": entry.source,
        "more": _said(entry.detail),
    }


def _said(text: str) -> object:
    """What is kept as JSON, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | list) else str(value)


def _object(members: Iterable[tuple[str, object]]) -> Iterator[str]:
    """JSON in pieces: a member a line, of a sequence that is made as it goes an item a line."""
    between = "{\n"
    for name, value in members:
        yield f"{between}{_json(name)}: "
        if isinstance(value, Iterator):
            yield from _array(value)
        else:
            yield _json(value)
        between = ",\n"
    yield "\n}\n"


def _array(items: Iterator[object]) -> Iterator[str]:
    between = "[\n  "
    for item in items:
        yield between + _json(item)
        between = ",\n  "
    yield "[]" if between[0] == "[" else "\n]"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
