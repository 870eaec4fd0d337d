"""Keys for edges: what a request's slots come to, as text that a cache can tell visitors apart by."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from plugin.edge.audience_keys import AudienceKeys, BadKeyError, Key, split
from plugin.errors import ServiceUnavailable, UnknownKey, UnknownSlots
from plugin.flow.context import ContextPolicy, RawRequest
from plugin.flow.settle import DEGRADED_TTL_S
from plugin.flow.signals.address import client_address
from plugin.flow.signals.edge import CLASS, PROTOCOL, VALUES, VERSION, from_edge, header_of
from plugin.flow.signals.notes import Draft
from plugin.flow.signals.ports import Devices
from plugin.flow.signals.text import header
from plugin.flow.types import Site, SlotAsk
from plugin.profiles.types import OWN_PURPOSE
from plugin.service.delivery.alike import NOTHING, AlikeValues
from plugin.service.delivery.personalize import Answer, Personalization, Personalize
from plugin.service.delivery.sites import Sites
from rules import Facts, Plan
from rules.facts import consent_to
from rules.horizon import outcome_until, still_until
from rules.outcome_text import BadOutcomeError
from rules.visitor_class import NOBODY, BadClassError, VisitorClass

_log = logging.getLogger(__name__)

MARGIN_S = 2.0
"""A key is asked for again so long before something flips: as long as an edge may wait for one, and a bit."""
UNSURE_S = 5.0
"""So long a key is kept of a state that may be the published one no more, for the database cannot be asked."""
OUTDATED_S = 10.0
"""So long after the flip that it was made before, a key is still answered: longer than edges wait for an answer."""
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AGENT = 1_024
LARGE = VisitorClass({}, (), {"": 0})
"""Stands for the class of a visitor that is too long for a cookie: slots that differ by class are theirs alone."""
_LARGE = "!"


class KeysFound(NamedTuple):
    """What a key lookup comes to.

    Attributes:
        version: of the rule set.
        keys: by slot, in the order asked; None where the slot is one visitor's alone.
        sharing: by slot, who may share it.
        unknown: slots that there are not.
        vary: names of the request headers that can change the answer.
        ttl_s: how long it can stay as it is.
        shared: whether a cache may keep it.
        refused: a word for why the edge was not believed; None where it was, or where none spoke.
        state: that is published, of which the keys are: `Site.revision`.
        alike: the values of inputs that are alike, for an edge that does not know them; None: nothing new.
        there: the slots that there are.
    """

    version: int
    keys: Mapping[str, str | None]
    sharing: Mapping[str, str]
    unknown: tuple[str, ...]
    vary: tuple[str, ...]
    ttl_s: int
    shared: bool
    refused: str | None
    state: str
    alike: str | None = None
    there: Collection[str] = ()

    @property
    def complete(self) -> bool:
        """Whether every slot asked for has a key."""
        return not self.unknown and None not in self.keys.values()


class Audiences:
    """Gives keys, answers by them, and gives visitors their classes."""

    def __init__(
        self,
        *,
        sites: Sites,
        personalization: Personalization,
        keys: AudienceKeys,
        policy: ContextPolicy,
        devices: Devices,
        clock: Callable[[], datetime],
        deny_unknown: bool,
        longest_s: int,
    ) -> None:
        """``longest_s``: so many seconds a cache may keep a key at most, where nothing tells it sooner."""
        self._sites = sites
        self._personalization = personalization
        self._keys = keys
        self._policy = policy
        self._devices = devices
        self._clock = clock
        self._deny_unknown = deny_unknown
        self._longest_s = longest_s
        self._alike = AlikeValues()

    def find(self, raw: RawRequest, slots: Sequence[str]) -> KeysFound:
        """The keys of slots for a request.

        Raises:
            ServiceUnavailable: nothing is published yet.
            UnknownSlots: there is none of the slots.
        """
        site = self._sites.current()
        now = self._clock()
        shared = site.shared.slots
        known = tuple([name for name in slots if name in shared])
        unknown = () if len(known) == len(slots) else tuple(name for name in slots if name not in shared)
        if not known:
            raise UnknownSlots(slots, site.ruleset.slots)
        inputs = site.shared.inputs(known)
        spoken = header(raw.headers, PROTOCOL) is not None
        refused = self._refusal(raw) if spoken else None
        by_edge = spoken and refused is None
        of_class = NOBODY
        said: str | None = None
        if by_edge:
            alike, went_by = self._alike.of(site.ruleset, site.shared, known), header(raw.headers, VALUES)
            said = alike.text if (went_by or NOTHING.digest) != alike.digest else None
            if went_by is not None and said is not None:  # by its own values, which it did not say, it may get another
                return _asked_by_others(site, known, unknown, said)
            attributes = from_edge(
                raw.headers, [name for name in inputs if name != "class"], gpc_purposes=self._policy.gpc_purposes
            )
            if "class" in inputs and attributes.get(consent_to(OWN_PURPOSE)) is not False:
                of_class, refused = self._class_of(raw, site)
            facts = site.ruleset.facts(
                {**of_class.attributes, **attributes},
                segments=of_class.segments,
                now=now,
                deny_unknown=self._deny_unknown,
            )
            facts.buckets = of_class.buckets
        else:
            facts = self._facts(raw, site, now)
        keys: dict[str, str | None] = {}
        versions = site.shared.versions
        soonest = now + timedelta(seconds=self._longest_s + MARGIN_S)
        for name in known:
            one = shared[name]
            keys[name] = None
            is_own = one.sharing == "class" and of_class is LARGE
            if one.sharing == "private" or is_own or (one.first_views and by_edge and of_class is NOBODY):
                continue
            try:
                plan = site.ruleset.plan(name, facts, site.content)
                text = site.ruleset.outcome_text(plan, site.content)
                until = still_until(plan.compiled, plan.pool, plan.default, now)
                keys[name] = self._keys.make(versions[name], name, text, _said_until(plan, until))
            except Exception:  # noqa: BLE001 - one slot must not take the others: for this one, the origin is asked
                _log.exception("the slot %s has no key, for its rules cannot be evaluated", name)
                keys[name], until = None, now + timedelta(seconds=DEGRADED_TTL_S)
            soonest = min(soonest, until)
        left_s = (soonest - now).total_seconds() - MARGIN_S
        if unknown or not self._sites.is_sure:
            left_s = min(left_s, UNSURE_S)  # names can be made up, too
        return KeysFound(
            site.version,
            keys,
            {name: shared[name].sharing for name in known},
            unknown,
            tuple(map(header_of, inputs)),
            max(0, int(left_s)),
            by_edge and refused is None,
            refused,
            site.revision,
            said,
            site.ruleset.slots,
        )

    def answer(self, asks: Sequence[SlotAsk], header_: str, *, unique: bool) -> Answer:
        """The answer for the keys that the request header `T-Key` carries.

        Raises:
            UnknownKey: a slot has none there, or one that is not of what is published.
            ServiceUnavailable: nothing is published yet.
        """
        try:
            carried = split(header_)
            read = {ask.id: self._keys.read(ask.id, carried[ask.id]) for ask in asks}
        except (BadKeyError, KeyError) as fault:
            raise UnknownKey("The header T-Key carries no key that was made here for each of the slots.") from fault
        site = self._sites.current()
        if not _are_of(site, read):
            self._sites.refresh()  # another process may have been told of a publication before this one
            site = self._sites.current()
        if not _are_of(site, read):
            raise UnknownKey("The key is of other rules than those that are published; ask for it again.")
        at = self._moment_of(read.values())
        command = Personalize(raw=RawRequest(), asks=tuple(asks), unique=unique, at=at)
        try:
            return self._personalization.answer_written(
                command, {slot: key.outcome for slot, key in read.items()}, site
            )
        except BadOutcomeError as fault:
            raise UnknownKey("The key is not one of the published rules; ask for it again.") from fault

    def _moment_of(self, keys: Iterable[Key]) -> datetime:
        """Now; or the last moment at which all keys were right, where rules flipped between them and this."""
        now = self._clock()
        ends = [_EPOCH + timedelta(microseconds=key.until) for key in keys if key.until is not None]
        if not ends or now < min(ends):
            return now
        if (now - min(ends)).total_seconds() > OUTDATED_S:
            raise UnknownKey("The key is of before the rules came to something else by the clock; ask for it again.")
        return min(ends) - _MICROSECOND

    def cookie(self, raw: RawRequest) -> str | None:
        """The value of the class cookie for a visitor; None: none is due, and one that is there shall go.

        Raises:
            ServiceUnavailable: what is kept of the visitor cannot be read now; a cookie that is there may stay.
        """
        site = self._sites.site
        agent = header(raw.headers, "user-agent") or ""
        if site is None or (len(agent) <= _AGENT and self._devices.identify(agent).type == "bot"):
            return None
        facts = self._facts(raw, site, self._clock(), strictly=True)
        if not facts.allows(OWN_PURPOSE):
            return None
        classes = site.shared.classes
        text = classes.write(classes.of(facts))
        if not text:
            return None
        hour = self._hour()
        return self._keys.cookie(classes.digest, text, hour) or self._keys.cookie(classes.digest, _LARGE, hour)

    def _hour(self) -> int:
        return int(self._clock().timestamp() // 3600)

    def _refusal(self, raw: RawRequest) -> str | None:
        """Why an edge is not believed."""
        if header(raw.headers, PROTOCOL) != VERSION:
            return "version"
        policy = self._policy
        _address, trusted = client_address(raw.remote_addr, raw.headers, policy.forwarded, policy.networks, Draft())
        return None if trusted else "untrusted"

    def _class_of(self, raw: RawRequest, site: Site) -> tuple[VisitorClass, str | None]:
        cookie = header(raw.headers, CLASS)
        if not cookie:
            return NOBODY, None
        try:
            text = self._keys.class_of(cookie, site.shared.classes.digest, self._hour())
            return (LARGE if text == _LARGE else site.shared.classes.read(text)), None
        except (BadKeyError, BadClassError):
            return NOBODY, "class"

    def _facts(self, raw: RawRequest, site: Site, now: datetime, *, strictly: bool = False) -> Facts:
        """Everything that is known of whoever asks, as for a decision; ``strictly``: or nothing, where that fails."""
        met = self._personalization.meet(Personalize(raw=raw, asks=()), site, now)
        if strictly and "profile" in met.profile.degraded:
            raise ServiceUnavailable("What is kept of the visitor cannot be read now.", 1)
        return site.ruleset.facts(
            met.attributes, segments=met.profile.segments, now=now, deny_unknown=self._deny_unknown
        )


def _are_of(site: Site, keys: Mapping[str, Key]) -> bool:
    """Whether the rules of all these slots are those that the keys were made by."""
    versions = site.shared.versions
    return all(versions.get(slot) == key.version for slot, key in keys.items())


def _said_until(plan: Plan, until: datetime) -> int | None:
    """What a key says of when the rules come to something else, in microseconds; None where that is not near.

    Args:
        until: when anything of the slot flips.
    """
    near = plan.now + timedelta(seconds=MARGIN_S)
    if until > near:
        return None
    until = outcome_until(plan.compiled, plan.now)
    return (until - _EPOCH) // _MICROSECOND if plan.now < until <= near else None


def _asked_by_others(site: Site, slots: Sequence[str], unknown: tuple[str, ...], said: str) -> KeysFound:
    """No keys: the edge asked by what was alike to the slots under other rules, and is told what is now."""
    sharing = dict.fromkeys(slots, "private")
    keys = dict.fromkeys(slots)
    there = site.ruleset.slots
    return KeysFound(site.version, keys, sharing, unknown, (), 0, False, "values", site.revision, said, there)
