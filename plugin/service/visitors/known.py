"""What is known of the visitor of a request: one read, and what the request itself brings on top of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple

from plugin.errors import TesseraError
from plugin.flow.types import Profile, Site
from plugin.ports import Views
from plugin.profiles import fold
from plugin.profiles.consent import event_applies
from plugin.profiles.derived import OF_VISITS
from plugin.profiles.events import Event
from plugin.profiles.fold import NOBODY, BadViewError, View
from plugin.profiles.identity import Identity, visitor_id
from plugin.profiles.reduce import reduce
from plugin.profiles.settings import Settings
from plugin.profiles.view import (
    KNOWN,
    PREFIX,
    Readings,
    attributes_of,
    consent_of,
    every_name,
    exposures_of,
    read_attributes,
    readings,
    segments_of,
)
from plugin.service.visitors.stage import Stage
from rules.attributes import Type
from rules.facts import PERSON, UNIT
from rules.footprint.causes import ONE_VISITOR
from rules.named_tuples import make
from rules.patterns.live import evaluate
from rules.patterns.windows import Entry, Window

MOST_REMEMBERED = 10_000
REMEMBERED_MS = 300_000
"""So long after it was read a view stands in for one that cannot be; what was erased meanwhile is gone by then."""
_REMEMBERED_S = REMEMBERED_MS / 1_000
_NOTED_S = 10.0
"""What is read again within so long, and is as it was, is remembered as it is: from when it was noted last."""
_OF_SESSIONS = frozenset({*OF_VISITS, KNOWN})


@dataclass(frozen=True, slots=True)
class _Needs:
    """What a published state asks of profiles.

    Attributes:
        asked: the attributes that rules and models read; None: every one.
        readings: how those of them that the profile can give are read; None: every one.
        declared: the types of the profile attributes that the document declares.
        segments: those that are not decided by conditions of the request.
        nothing: whether a decision is the same whoever the visitor is.
        nobody: what the profile of a visitor gives of whom nothing is kept.
    """

    site: Site
    settings: Settings
    asked: frozenset[str] | None
    readings: Readings | None
    declared: Mapping[str, Type]
    segments: frozenset[str]
    nothing: bool
    nobody: Mapping[str, object]


class Visitors:
    """Finds the profile of a visitor, in one read where rules ask for it, and in none where they do not."""

    def __init__(
        self,
        *,
        reads: Views,
        identify: Callable[[str], Identity],
        settings: Callable[[], Settings],
        stage: Callable[[], Stage],
        deny_unknown: bool,
        monotonic: Callable[[], float],
        most_remembered: int = MOST_REMEMBERED,
    ) -> None:
        """Take what it works with.

        Args:
            identify: what stands for a visitor's id.
            stage: what events of a request are applied with.
            deny_unknown: whether a purpose without a word on it is refused.
            monotonic: seconds, by which views are forgotten: who simulates asks for any instant.
            most_remembered: of the latest views, for when they cannot be read; at least 1.
        """
        self._reads = reads
        self._identify = identify
        self._settings = settings
        self._stage = stage
        self._deny_unknown = deny_unknown
        self._monotonic = monotonic
        self._needs: _Needs | None = None
        self._lock = Lock()
        self._last: OrderedDict[str, _Remembered] = OrderedDict()
        self._most_remembered = most_remembered

    def find(
        self,
        visitor: str,
        site: Site,
        *,
        wanted: frozenset[str] | None,
        consent: Mapping[str, object],
        now_ms: int,
        events: Sequence[Event] = (),
    ) -> Profile:
        """The profile at an instant.

        Args:
            visitor: the id as the request gives it.
            wanted: the attributes that rules and models read; None: every one.
            consent: what the request says, as `consent.PURPOSE`; it is the last word.
            events: what the request brings, applied on top of what is kept.
        """
        if events:  # accepted after the instant of the question, by a moment, and they count in its answer
            now_ms = max(now_ms, *(event.received for event in events))
        settings = self._settings()
        needs = self._needs_of(site, wanted, settings)
        if needs.nothing:
            return _NOTHING
        try:
            identity = self._identify(visitor)
        except ValueError:  # no id that anything could be kept of
            return _NOTHING
        view, degraded = self._view(identity.source)
        if events:
            view, without = self._with_events(view, identity.source, events, settings, now_ms)
            degraded = tuple(dict.fromkeys((*degraded, *without)))
        found = _units(view, identity)
        said = consent_of(view)
        if not self._allowed(view, consent, settings.purpose):
            return Profile(found, degraded=degraded, consent=said)
        if view is NOBODY:
            return Profile({**needs.nobody, **found}, degraded=degraded)
        asked = needs.readings or readings(every_name(view, needs.declared), needs.declared, settings)
        found |= read_attributes(view, now_ms, asked, settings)
        held = needs.segments & segments_of(view, now_ms)
        return make(Profile, (found, held, exposures_of(view), degraded, said))

    def _view(self, source: str) -> tuple[View, tuple[str, ...]]:
        """The view, and what had to be done without: then it is the last that is remembered, or nobody's."""
        before = self._last.get(source, _NEVER)
        try:
            octets, degraded = self._reads.view(source)
            # What is as it was read last is not read again: most of who looks at a page does little on it.
            if before is not _NEVER and octets == before.octets:
                if self._monotonic() - before.at > _NOTED_S:
                    self._remember(source, before._replace(at=self._monotonic()))
                return before.view, degraded
            view = NOBODY if octets is None else fold.decode(octets)
        except (TesseraError, BadViewError):
            before = self._last.get(source, _NEVER)
            is_late = self._monotonic() - before.at > _REMEMBERED_S
            return NOBODY if is_late else before.view, ("profile",)
        if octets is not None:
            self._remember(source, make(_Remembered, (view, self._monotonic(), octets)))
        elif before is not _NEVER:
            self.forget(source)  # erased, perhaps by another process
        return view, degraded

    def _remember(self, source: str, read: _Remembered) -> None:
        with self._lock:
            last = self._last
            last[source] = read
            last.move_to_end(source)
            oldest = next(iter(last.values()))
            while len(last) > self._most_remembered or read.at - oldest.at > _REMEMBERED_S:
                last.popitem(last=False)
                oldest = next(iter(last.values()))

    def units(self, visitor: str) -> Mapping[str, object]:
        """What arms and percentages of a visitor go by, as attributes, and nothing else of them."""
        if visitor_id(visitor) is None:
            return {}
        identity = self._identify(visitor)
        view, _degraded = self._view(identity.source)
        known = {KNOWN: view.known} if self._allowed(view, {}, self._settings().purpose) else {}
        return {**_units(view, identity), **known}

    def forget(self, source: str) -> None:
        """Remember nothing of a source any more."""
        with self._lock:
            self._last.pop(source, None)

    def _with_events(
        self, view: View, source: str, events: Sequence[Event], settings: Settings, now_ms: int
    ) -> tuple[View, tuple[str, ...]]:
        """A view after events, by the reducer that workers use, and what had to be done without.

        Windows are read only where a pattern asks for one.
        """
        stage = self._stage()
        state = view.state
        entries: list[Entry] = []
        degraded: tuple[str, ...] = ()
        for event in events:
            if event.source != source or not event.has_effect:
                continue
            if not event_applies(event, state.consent, deny_unknown=self._deny_unknown):
                continue
            entry = stage.entries.get(event.content_id) if event.content_id is not None else None
            state = reduce(state, event, entry, settings) or state
            letters = stage.letters(event, entry)
            if letters:
                entries.append(Entry(event.time, event.id, letters))
        segments = dict(view.segments)
        if entries:
            try:
                rows = self._reads.group(source)
            except TesseraError:
                rows, degraded = (), ("profile",)
            window = Window().add(entries, stage.patterns.limits)
            for row in rows:
                window = window.merge(Window.decode(row.window), stage.patterns.limits)
            # By the reference: the engine is the workers' alone.
            (verdict,) = evaluate(stage.patterns, [(window, now_ms)])
            for name, one in verdict.memberships.items():
                if one.holds(now_ms):
                    segments[name] = (min(one.at, segments.get(name, (one.at, None))[0]), one.until)
        return View(view.uid, view.known, view.person, state, segments), degraded

    def _allowed(self, view: View, consent: Mapping[str, object], purpose: str) -> bool:
        """Whether the profile's own purpose may be served, by the request, else what is stored, else the settings."""
        said = consent.get(f"consent.{purpose}")
        if said is None:
            word = view.state.consent.get(purpose)
            return word.allowed if word is not None else not self._deny_unknown
        return said is True

    def _needs_of(self, site: Site, wanted: frozenset[str] | None, settings: Settings) -> _Needs:
        needs = self._needs
        if needs is None or needs.site is not site or needs.settings is not settings or needs.asked is not wanted:
            needs = self._needs = _needs(site, wanted, settings)
        return needs


_NOTHING = Profile()


def _units(view: View, identity: Identity) -> dict[str, object]:
    """A user who comes by the id that the site knows them by is as a device of their own."""
    unit = view.uid if view.known and view.person == identity.source else identity.uid
    return {UNIT: unit, PERSON: view.uid or identity.uid}


class _Remembered(NamedTuple):
    """A view, when it was read last, and what it was read of. Its repr shows nothing of it."""

    view: View
    at: float
    octets: bytes

    def __repr__(self) -> str:
        return "_Remembered()"


_NEVER = _Remembered(NOBODY, 0.0, b"")


def _needs(site: Site, wanted: frozenset[str] | None, settings: Settings) -> _Needs:
    document = site.ruleset.document
    segments = frozenset(one.id for one in document.segments if one.enabled and one.kind != "when")
    declared = {one.name: one.type for one in document.catalogue.all() if one.name.startswith(PREFIX)}
    mine = None if wanted is None else [one for one in sorted(wanted) if one.startswith(PREFIX) or one in _OF_SESSIONS]
    reads = frozenset[str]().union(*site.reads.values())
    asks = ONE_VISITOR in reads or any(one.startswith((PREFIX, "consent.")) or one in _OF_SESSIONS for one in reads)
    # The same at every instant: nothing ever happened.
    asked = None if mine is None else readings(mine, declared, settings)
    nobody = attributes_of(NOBODY, 0, None if mine is None else frozenset(mine), declared, settings)
    return _Needs(site, settings, wanted, asked, declared, segments, wanted is not None and not asks, nobody)
