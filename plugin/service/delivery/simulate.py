"""A decision for an invented visitor, moment and draft; by the same code as real ones, and never counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from itertools import count
from typing import Any, Protocol

from plugin.errors import FieldError, UnknownSlots, ValidationFailed
from plugin.flow.plan import plan
from plugin.flow.types import Profile, Site, SlotAsk, Visit
from plugin.service.commands import SimulateRequest
from plugin.service.delivery.personalize import Answer
from plugin.service.delivery.settling import Settling
from plugin.service.delivery.sites import Sites, site_of
from plugin.service.delivery.writer import AnswerWriter
from plugin.service.rulesets.checking import compiled
from plugin.service.rulesets.publish import Publishing
from rules import Content, Ruleset
from rules.pool import candidate
from rules.report import pointer
from rules.suggest import nearest

# Zones and durations lead a few years away from the clock, and the calendar ends in 9999.
_YEARS = range(1900, 9000)
_NOBODY = Profile()
_MOST_TOLD = 100


class People(Protocol):
    """What is kept of visitors; see `plugin.service.visitors.known`."""

    def units(self, visitor: str) -> Mapping[str, object]:
        """What arms and percentages of a visitor go by, as attributes."""
        ...

    def find(
        self,
        visitor: str,
        site: Site,
        *,
        wanted: frozenset[str] | None,
        consent: Mapping[str, object],
        now_ms: int,
    ) -> Profile:
        """All of the profile, where nothing less is wanted."""
        ...


class Simulator:
    """The service behind `/v1/simulate` and the editor."""

    def __init__(
        self,
        *,
        sites: Sites,
        publishing: Publishing,
        settling: Settling,
        writer: AnswerWriter,
        entries: Callable[[], list[dict[str, object]]],
        clock: Callable[[], datetime],
        people: People,
        deny_unknown: bool,
    ) -> None:
        """Take what it works with.

        Args:
            deny_unknown: whether a purpose without a word on it is refused, to visitors that are not invented.
        """
        self._people = people
        self._deny_unknown = deny_unknown
        self._sites = sites
        self._publishing = publishing
        self._settling = settling
        self._writer = writer
        self._entries = entries
        self._clock = clock
        self._numbers = count(1)

    def simulate(self, request: SimulateRequest) -> Mapping[str, Any]:
        """The JSON of an answer; `ruleset` is null for a draft, and `errors` has what the rules know nothing of.

        Raises:
            RulesRejected: the draft does not check.
            UnknownSlots: there is none of the slots.
            ValidationFailed: an entry that is none, or a moment that no clock will show.
        """
        if request.at is not None and request.at.year not in _YEARS:
            detail = f"a moment of the years {_YEARS.start} to {_YEARS.stop - 1}"
            raise ValidationFailed([FieldError("/at", detail)])
        site, published = self._site(request)
        now = request.at or self._clock()
        attributes, profile = self._visitor(request, site, int(now.timestamp() * 1000))
        visit = Visit(
            attributes=attributes,
            asks=tuple(SlotAsk(one.id, one.limit, one.exclude) for one in request.slots),
            now=now,
            segments=profile.segments | frozenset(request.segments),
            unique=request.unique,
            explain=request.explain,
            arms=request.arms,
            deny_unknown=self._deny_unknown and request.as_visitor,
        )
        planned = plan(visit, site)
        if planned.unknown and not planned.plans and not planned.failed:
            raise UnknownSlots(planned.unknown, site.ruleset.slots)
        settled = self._settling.settle(planned, request.exposures or profile.exposures)
        without = (*settled.degraded, *profile.degraded)
        answer = Answer(settled, False, None, request.visitor_id, planned.unknown, without)
        told = _unheeded(request, site.ruleset)
        found: dict[str, Any] = json.loads(self._writer.write(answer, render="both", all_segments=True, told=told))
        if not published:
            found["ruleset"] = None
        return found

    def _visitor(self, request: SimulateRequest, site: Site, now_ms: int) -> tuple[Mapping[str, object], Profile]:
        """Attributes, and the profile: that of nobody, but for a visitor who is there."""
        visitor = request.visitor_id
        if visitor is None:
            return request.attributes, _NOBODY
        said = {**request.attributes, "visitor.id": visitor}
        if not request.as_visitor:
            return {**self._people.units(visitor), **said}, _NOBODY
        profile = self._people.find(visitor, site, wanted=None, consent=said, now_ms=now_ms)
        return {**profile.consent, **profile.attributes, **said}, profile

    def _site(self, request: SimulateRequest) -> tuple[Site, bool]:
        """The state to decide on, and whether its rules have a number."""
        if request.draft == "published" and request.content is None:
            return self._sites.current(), True
        ruleset, number = self._rules(request)
        # A revision of its own: no scores that a model gave for other content may be taken for this.
        revision = f"simulated-{next(self._numbers)}"
        return site_of(ruleset, self._content(ruleset, request), number or 0, revision), bool(number)

    def _rules(self, request: SimulateRequest) -> tuple[Ruleset, int | None]:
        if request.draft == "published":
            current = self._sites.current()
            return current.ruleset, current.version
        if request.draft == "draft":
            return compiled(self._publishing.draft(), name="the draft"), None
        if isinstance(request.draft, int):
            version = self._publishing.get(request.draft)
            return compiled(version.document, name=f"version {version.number}"), version.number
        return compiled(request.draft), None

    def _content(self, ruleset: Ruleset, request: SimulateRequest) -> Content:
        entries = self._entries() if request.content is None else request.content
        errors = []
        for place, entry in enumerate(entries):
            try:
                candidate(entry, ruleset.document.zone)
            except ValueError as error:
                errors.append(FieldError(f"/content/{place}", str(error)))
        if errors:
            raise ValidationFailed(errors)
        return ruleset.prepare(entries)


def _unheeded(request: SimulateRequest, ruleset: Ruleset) -> list[FieldError]:
    """Attributes and arms that were invented by names that there are not, of many the first."""
    catalogue = ruleset.document.catalogue
    experiments = {one.id: [arm.id for arm in one.arms] for one in ruleset.document.experiments}
    unknown: list[tuple[tuple[str, str], str, str, Collection[str]]] = [
        (("attributes", name), "there is no attribute", name, catalogue)
        for name in request.attributes
        if catalogue.resolve(name) is None
    ]
    for name, arm in request.arms.items():
        if name not in experiments:
            unknown.append((("arms", name), "there is no experiment", name, experiments))
        elif arm not in experiments[name]:
            unknown.append((("arms", name), f"the experiment {name!r} has no arm", arm, experiments[name]))
    found = []
    for path, said, word, known in unknown[:_MOST_TOLD]:
        near = nearest(word, known)
        hint = f"; did you mean {near!r}?" if near else ""
        found.append(FieldError(pointer(path), f"{said} {word[:80]!r}{hint}"))
    return found
