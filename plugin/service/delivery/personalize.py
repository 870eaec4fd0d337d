"""One request for personalized blocks: context, profile, plan, scores, settle, and what is remembered of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import NamedTuple, Protocol

import msgspec

from plugin.errors import RateLimited, ServiceUnavailable, UnknownSlots
from plugin.flow.context import Context, ContextPolicy, RawRequest, derive
from plugin.flow.plan import plan, plan_written
from plugin.flow.profile import with_profile
from plugin.flow.settle import briefly
from plugin.flow.signals.locales import normal_tag
from plugin.flow.signals.ports import Devices, Geo
from plugin.flow.types import Planned, Profile, Settled, Site, SlotAsk, Visit
from plugin.profiles.events import Event
from plugin.profiles.judging import Judged, Rejected
from plugin.service.delivery.settling import Settling
from plugin.service.delivery.sites import Sites
from plugin.service.events.ingest import Taken
from rules.footprint.causes import ONE_VISITOR
from rules.footprint.inputs import LOCALE
from rules.named_tuples import make

MOST_OTHERS = 4
"""States that are not published, such as those of previews, whose context policies are kept."""
_WRONG_TYPE = ("wrong_type", "malformed")
_FROM_URL = ("request.utm.", "request.query.", "request.path", "request.host", "request.search_terms")


class Profiles(Protocol):
    """What is kept of visitors."""

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
        """The profile of a visitor; an empty one where nothing is kept. See `plugin.service.visitors.known`."""


class Ingests(Protocol):
    """Takes the events of a request."""

    def judge(
        self,
        raw: RawRequest,
        context: Context,
        items: Sequence[object],
        *,
        visitor: str | None = None,
        makes_ids: bool = False,
    ) -> Judged:
        """What is right with them."""

    def keep(self, judged: Judged) -> Taken:
        """Make them durable. Raises RateLimited, ServiceUnavailable."""


class Personalize(msgspec.Struct, frozen=True, kw_only=True):
    """A request, read but not judged.

    Attributes:
        by_cache: whether a shared cache may keep the answer, as far as the way it was asked goes (GET).
        counted: whether what is shown counts for caps (not for prefetches and previews).
        events: what just happened, as JSON: applied to this answer, and, where it counts, taken as `POST /v1/events`
            takes it.
        degraded: what had to be done without already.
        attributes: known beyond the request, such as by a preview; they win over what is derived.
    """

    raw: RawRequest
    asks: tuple[SlotAsk, ...]
    unique: bool = False
    explain: bool = False
    by_cache: bool = False
    counted: bool = True
    attributes: Mapping[str, object] = msgspec.field(default_factory=dict)
    segments: frozenset[str] = frozenset()
    arms: Mapping[str, str] = msgspec.field(default_factory=dict)
    at: datetime | None = None
    events: tuple[object, ...] = ()
    degraded: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """What a request comes to.

    Attributes:
        shared: whether the same answer is right for everyone who asks in this way.
        decision_id: None in shared answers.
        unknown: slots asked for that there are not.
        degraded: what had to be done without.
        rejected: events that are not taken.
    """

    settled: Settled
    shared: bool
    decision_id: str | None
    visitor: str | None
    unknown: tuple[str, ...]
    degraded: tuple[str, ...]
    rejected: tuple[Rejected, ...] = ()

    @property
    def site(self) -> Site:
        """The published state that the answer is of."""
        return self.settled.planned.site


class Personalization:
    """The service behind `/v1/personalize`, the storefront and the simulator."""

    def __init__(
        self,
        *,
        sites: Sites,
        settling: Settling,
        profiles: Profiles,
        ingests: Ingests,
        devices: Devices,
        geo: Geo,
        policy: ContextPolicy,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        deny_unknown: bool,
    ) -> None:
        self.sites = sites
        self._settling = settling
        self._profiles = profiles
        self._ingests = ingests
        self._devices = devices
        self._geo = geo
        self._policy = policy
        self._live: tuple[Site | None, ContextPolicy] = (None, policy)
        self._others: tuple[tuple[Site, ContextPolicy], ...] = ()
        self._clock = clock
        self._new_id = new_id
        self._deny_unknown = deny_unknown
        self._counting = Lock()
        self._mistyped: Counter[str] = Counter()

    @property
    def mistyped(self) -> Mapping[str, int]:
        """In how many requests an attribute that the rules read had a value of a wrong type, by its name."""
        with self._counting:
            return dict(self._mistyped)

    def answer(self, command: Personalize, site: Site | None = None) -> Answer:
        """Decide every slot asked for.

        Args:
            site: another state than the published one, for simulations.
        Raises:
            ServiceUnavailable: nothing is published yet.
            UnknownSlots: there is none of the slots.
        """
        site = site or self.sites.current()
        now = command.at or self._clock()
        met = self.meet(command, site, now)
        visitor, context, profile, brought = met.visitor, met.context, met.profile, met.brought
        segments = profile.segments | command.segments if command.segments else profile.segments
        visit = make(
            Visit,
            (
                met.attributes,
                command.asks,
                now,
                segments,
                command.unique,
                command.explain,
                command.arms,
                self._deny_unknown,
            ),
        )
        planned = plan(visit, site)
        if context.notes:
            planned.facts.mistyped = (*planned.facts.mistyped, *_of_wrong_type(context, site))
        if planned.unknown and not planned.plans and not planned.failed:
            raise UnknownSlots(planned.unknown, site.ruleset.slots)
        settled = self._settling.settle(planned, profile.exposures)
        if planned.facts.mistyped and command.counted:
            self._count(planned.facts.mistyped)
        degraded = settled.degraded
        shared = command.by_cache and not command.explain and not degraded and _is_shared(planned, command, context)
        # Nothing of whoever asks bears on a shared answer, nor does what could not be read of them.
        without = () if shared else profile.degraded
        if "profile" in without:
            settled = briefly(settled)
        return Answer(
            settled,
            shared,
            None if shared else self._new_id(),
            None if shared else visitor,
            planned.unknown,
            (*degraded, *without, *brought.degraded, *command.degraded),
            brought.rejected,
        )

    def answer_written(self, command: Personalize, outcomes: Mapping[str, str], site: Site) -> Answer:
        """Decide every slot asked for by its outcome alone: nothing else of the request is looked at.

        Raises:
            BadOutcomeError, UnknownSlotError: an outcome is none of its slot, or there is no such slot.
        """
        visit = Visit({}, command.asks, command.at or self._clock(), unique=command.unique)
        planned = plan_written(visit, site, outcomes)
        settled = self._settling.settle(planned, {})
        degraded = settled.degraded
        return Answer(settled, not degraded, self._new_id() if degraded else None, None, (), degraded)

    def meet(self, command: Personalize, site: Site, now: datetime) -> Met:
        """Who is there, and what is known of them: the first steps of a decision."""
        policy = self._policy_for(site)
        context = derive(command.raw, policy, self._devices, self._geo)
        visitor = context.attributes.get("visitor.id")
        visitor = visitor if isinstance(visitor, str) else None
        brought = self._brought(command, context, visitor) if command.events else _NOTHING
        profile = _NOBODY
        if visitor is not None:
            profile = self._profiles.find(
                visitor,
                site,
                wanted=policy.wanted,
                consent=context.attributes,
                now_ms=int(now.timestamp() * 1000),
                events=brought.events,
            )
        attributes = with_profile(context.attributes, profile)
        if command.attributes:
            attributes = {**attributes, **command.attributes}
        return make(Met, (visitor, context, profile, attributes, brought))

    def _brought(self, command: Personalize, context: Context, visitor: str | None) -> _Brought:
        """The events that a request brings: those to apply to its answer, made durable first where they count.

        Where they cannot be kept they still bear on the answer, which says so; the sender may send them again.
        """
        judged = self._ingests.judge(command.raw, context, command.events, visitor=visitor, makes_ids=True)
        if not command.counted:
            return _Brought(tuple(judged.events), tuple(judged.rejected))
        try:
            taken = self._ingests.keep(judged)
        except (RateLimited, ServiceUnavailable):
            return _Brought(tuple(judged.events), tuple(judged.rejected), ("events",))
        return _Brought(taken.events, taken.rejected)

    def _count(self, mistyped: Iterable[str]) -> None:
        with self._counting:
            self._mistyped.update(set(mistyped))

    def _policy_for(self, site: Site) -> ContextPolicy:
        """The context policy with a rule set's types and wants; made once for what is published."""
        live = self._live
        return live[1] if live[0] is site else self._policy_of_other(site)

    def _policy_of_other(self, site: Site) -> ContextPolicy:
        """That of another state than the one asked for last among the published; of a few, it is made once."""
        policy = next((policy for one, policy in self._others if one is site), None)
        is_new = policy is None
        if policy is None:
            types = {one.name: one.type for one in site.ruleset.document.catalogue.all()}
            policy = self._policy.wanting(self._wanted(site), types)
        if site is self.sites.site:
            self._live = (site, policy)
        elif is_new:
            self._others = ((site, policy), *self._others[: MOST_OTHERS - 1])
        return policy

    def _wanted(self, site: Site) -> frozenset[str] | None:
        """What the rules and the models read, so that nothing else is derived; None: everything."""
        found = set(site.wanted)
        for model in self._settling.scoring.models.values():
            if "visitor" in model.spec.per:
                if not model.spec.features:
                    return None
                found.update(name for name in model.spec.features if not name.startswith("content."))
        return frozenset(found)


class _Brought(NamedTuple):
    """The events of a request: those to apply, those that are not taken, and whether keeping them failed."""

    events: tuple[Event, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    degraded: tuple[str, ...] = ()


class Met(NamedTuple):
    """A visitor, as far as they are known. Its repr shows nothing of them.

    Attributes:
        visitor: the id.
        attributes: of context and profile together.
    """

    visitor: str | None
    context: Context
    profile: Profile
    attributes: Mapping[str, object]
    brought: _Brought

    def __repr__(self) -> str:
        return "Met()"


_NOTHING = _Brought()
_NOBODY = Profile()


def _of_wrong_type(context: Context, site: Site) -> list[str]:
    """What the rules read and the request has of another type, so that it is no attribute at all."""
    return [one.name for one in context.notes if one.reason in _WRONG_TYPE and one.name in site.wanted]


def _is_shared(planned: Planned, command: Personalize, context: Context) -> bool:
    """Whether nothing but the address of the request bears on its slots."""
    if planned.unknown:
        return False
    for ask, _plan in planned.plans:
        for name in planned.site.reads[ask.id]:
            if name == ONE_VISITOR or not _in_address(name, command.raw, context):
                return False
    return not any(name.startswith("consent.") for name in context.attributes)


def _in_address(name: str, raw: RawRequest, context: Context) -> bool:
    """Whether the address alone says what an attribute is; a word in it that is none leaves that to the headers."""
    if name == LOCALE:
        said = raw.given("locale")
        return isinstance(said, str) and normal_tag(said) is not None
    if name in ("context.timezone", "geo.timezone"):
        return "context.timezone" in context.attributes
    return name.startswith(_FROM_URL) and "url" in raw.query
