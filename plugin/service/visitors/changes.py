"""What is said of a visitor from outside: attributes, consent, and what they like; put into a draft of theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import json
from msgspec.structs import replace

from plugin.errors import FieldError, ValidationFailed
from plugin.flow.types import Site
from plugin.ports import Change
from plugin.profiles import attributes, consent, preferences
from plugin.profiles.identity import Identity
from plugin.profiles.preferences import DISLIKED, LIKED, TOPIC
from plugin.profiles.settings import Settings
from plugin.profiles.stamped import Stamped, Values
from plugin.profiles.state import SourceState
from plugin.service.visitors.people import Draft
from plugin.service.visitors.writes import Writing
from rules.attributes import Attribute
from rules.patterns.windows import Window

_WITHDRAWN = '{"because":"the visitor refuses the purpose of what it rests on"}'
_REFUSED = "the visitor refuses the purpose {!r}"
_UNSAID = "the visitor has not allowed the purpose {!r}, and none is allowed here without a word"


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a visitor.

    Attributes:
        attributes: by name without `profile.`; None takes a value back.
        consent: by purpose; it is kept.
        likes, dislikes, neither: topics; the last takes back what was said of them.
        full: where those stand that were named with `profile.`, by where they would stand without.
        signals: what the request itself says of consent, by purpose: it decides on this request and is not kept.
    """

    attributes: Mapping[str, object] = field(default_factory=dict, repr=False)
    consent: Mapping[str, bool] = field(default_factory=dict, repr=False)
    likes: tuple[str, ...] = field(default=(), repr=False)
    dislikes: tuple[str, ...] = field(default=(), repr=False)
    neither: tuple[str, ...] = field(default=(), repr=False)
    full: Mapping[str, str] = field(default_factory=dict, repr=False)
    signals: Mapping[str, bool] = field(default_factory=dict, repr=False)

    def place(self, pointer: str) -> str:
        """Where an attribute stands in what was sent."""
        return self.full.get(pointer, pointer)

    def topics(self) -> dict[str, object]:
        """What is said of topics, as preferences are kept."""
        return {
            **{TOPIC + one: LIKED for one in self.likes},
            **{TOPIC + one: DISLIKED for one in self.dislikes},
            **{TOPIC + one: None for one in self.neither},
        }


class NotStored(NamedTuple):
    """What is not kept for want of consent: where in the body it is, and why."""

    pointer: str
    detail: str


class Changing:
    """Checks what is said, and puts it into drafts."""

    def __init__(self, site: Callable[[], Site], settings: Callable[[], Settings], *, deny_unknown: bool) -> None:
        """Take what it works with.

        Args:
            site: what is published; raises ServiceUnavailable before there is any.
            deny_unknown: whether a purpose without a word on it is refused.
        """
        self._site = site
        self._settings = settings
        self._deny_unknown = deny_unknown

    def declared(self) -> Mapping[str, Attribute]:
        """The profile attributes that are published, by name without `profile.`. Raises: ServiceUnavailable."""
        return attributes.declared(self._site().ruleset.document.catalogue)

    def check(self, said: Said, *, by_client: bool) -> None:
        """Raises: ValidationFailed with every attribute that may not be set so; ServiceUnavailable."""
        known = self.declared()
        wrong = attributes.check(said.attributes, known, by_client=by_client).wrong
        if wrong:
            raise ValidationFailed([FieldError(said.place(one.pointer), one.detail) for one in wrong])

    def put(self, writing: Writing, identity: Identity, said: Said) -> list[NotStored]:
        """Put what is said of a source, checked before, into its draft; gives what was not kept.

        A refusal takes out what is kept for its purpose of all sources of the person; all else is said of this one.
        """
        draft, site, settings = writing.people.draft(identity), self._site(), self._settings()
        known = attributes.declared(site.ruleset.document.catalogue)
        topics, person = said.topics(), draft.row.person
        before = [(one, one.state) for one in writing.people.of(person)]
        merged = writing.people.merged(person)
        at = _at(writing.now, merged, said, topics)
        name = f"api:{writing.now}"
        purposes = {one: attribute.purpose for one, attribute in known.items()}
        for purpose, allowed in said.consent.items():
            word = merged.consent.get(purpose)
            if allowed and word is not None and word.allowed:
                continue  # said already, and kept as of then
            for one in writing.people.of(person) if not allowed else [draft]:
                one.state = consent.record(
                    one.state,
                    purpose,
                    allowed=allowed,
                    time_ms=at,
                    identifier=name,
                    purposes=purposes,
                    settings=settings,
                )
            if not allowed:
                _forget_patterns(writing, person, purpose, settings)
        merged = writing.people.merged(person)
        spoken = {**said.signals, **said.consent}
        kept = consent.values_apply(
            said.attributes,
            purposes,
            spoken,
            merged.consent,
            time_ms=at,
            deny_unknown=self._deny_unknown,
            settings=settings,
        )
        not_stored = [
            _attribute(one, known.get(one), said, spoken, merged, settings) for one in said.attributes.keys() - kept
        ]
        fresh = _fresh(kept, draft.state.attributes, merged.attributes)
        if fresh:
            draft.state = attributes.put(draft.state, fresh, time_ms=at, identifier=name, schema=site.version)
        not_stored += self._topics(draft, topics, merged, spoken, at, name)
        # Of somebody of whom nothing may be kept there is no row either.
        for one, state in before:
            if one.state is not state:
                writing.draft(Identity(one.row.source, one.row.key_version, one.row.uid))
        return sorted(not_stored)

    def may_link(self, writing: Writing, identities: Iterable[Identity], said: Said) -> bool:
        """Whether it may be kept that these are one person, which is of the profile's own purpose."""
        own = self._settings().purpose
        word = {**said.signals, **said.consent}.get(own)
        if word is False:
            return False
        for one in identities:
            stored = writing.people.merged(writing.people.draft(one).row.person).consent.get(own)
            if not (stored.allowed if stored is not None else word or not self._deny_unknown):
                return False
        return True

    def _topics(
        self,
        draft: Draft,
        topics: Mapping[str, object],
        merged: SourceState,
        spoken: Mapping[str, bool],
        at: int,
        name: str,
    ) -> list[NotStored]:
        own = self._settings().purpose
        taken = {key: value for key, value in topics.items() if value is None}
        allowed = consent.applies(at, spoken.get(own), own, merged.consent, deny_unknown=self._deny_unknown)
        fresh = _fresh(topics if allowed else taken, draft.state.preferences, merged.preferences)
        if fresh:
            draft.state = replace(draft.state, preferences=preferences.put(draft.state.preferences, fresh, at, name))
        refused = not allowed and len(taken) < len(topics)
        return [NotStored("/preferences", _why(own, spoken, merged))] if refused else []


def _forget_patterns(writing: Writing, person: str, purpose: str, settings: Settings) -> None:
    """Take out what patterns look back at of a purpose, and the segments that rest on it."""
    patterns, drafts = writing.stage.patterns, writing.people.of(person)
    own = purpose == settings.purpose  # all that patterns look back at is of that purpose too
    letters = patterns.letters_of([one for one in patterns.event_types if settings.types.purpose_of(one) == purpose])
    for one in drafts:
        one.window = Window() if own else one.window.without(letters)
    resting, versions = patterns.reading(letters), {one.row.source: one.row.key_version for one in drafts}
    writing.tx.memberships(
        [
            Change(one.segment, one.source, versions[one.source], "pattern", "left", writing.now, reason=_WITHDRAWN)
            for one in writing.tx.held([each.row.source for each in drafts])
            if one.kind == "pattern" and (own or one.segment in resting)
        ]
    )


def _at(now: int, merged: SourceState, said: Said, topics: Iterable[str]) -> int:
    """The instant of what is said: after all that it replaces, whatever the clocks of other machines say."""
    before = [now - 1, *(time for word in merged.consent.values() for time in (word.time, word.refused))]
    before += [merged.attributes[one].time for one in said.attributes if one in merged.attributes]
    before += [merged.preferences[one].time for one in topics if one in merged.preferences]
    return max(before) + 1


def _fresh(values: Mapping[str, object], own: Values, merged: Values) -> dict[str, object]:
    """Those that are not what is kept already; so that to say the same again changes nothing."""
    return {
        name: value
        for name, value in values.items()
        if not (_same(own.get(name), value) and _same(merged.get(name), value))
    }


def _same(there: Stamped | None, value: object) -> bool:
    if there is None:
        return value is None
    return json.encode(there.value) == json.encode(value)  # 1 is not true


def _attribute(
    name: str,
    attribute: Attribute | None,
    said: Said,
    spoken: Mapping[str, bool],
    merged: SourceState,
    settings: Settings,
) -> NotStored:
    purpose = (attribute.purpose if attribute is not None else None) or settings.purpose
    escaped = name.replace("~", "~0").replace("/", "~1")
    return NotStored(said.place(f"/attributes/{escaped}"), _why(purpose, spoken, merged))


def _why(purpose: str, spoken: Mapping[str, bool], merged: SourceState) -> str:
    refused = spoken.get(purpose) is False or purpose in merged.consent
    return (_REFUSED if refused else _UNSAID).format(purpose)
