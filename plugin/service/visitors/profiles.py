"""What is kept of a visitor, as rules read it and as people do; and changes of it by the site."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

from plugin.errors import FieldError, NotFound, ValidationFailed
from plugin.flow.types import Site
from plugin.ports import Membership, VisitorReads, VisitorRow
from plugin.profiles import fold, state
from plugin.profiles.fold import NOBODY, View
from plugin.profiles.identity import Identity, is_guessable, visitor_id
from plugin.profiles.preferences import DISLIKED, LIKED
from plugin.profiles.preferences import topics as preferred
from plugin.profiles.readable import instant, readable
from plugin.profiles.settings import Settings
from plugin.profiles.state import EMPTY, SourceState
from plugin.profiles.view import PREFIX, attributes_of
from plugin.service.audit import Auditing
from plugin.service.preconditions import Precondition
from plugin.service.visitors.changes import Changing, NotStored, Said
from plugin.service.visitors.guarding import refusal
from plugin.service.visitors.writes import ProfileWrites, Writing

_CONSENT = "consent."


@dataclass(frozen=True, slots=True)
class ProfileAnswer:
    """A profile as values of JSON; `tag` names the state that is kept, and is empty where nothing is."""

    profile: Mapping[str, object]
    tag: str


class Profiles:
    """The service behind `/v1/visitors/{id}` and `/v1/preferences`."""

    def __init__(
        self,
        *,
        reads: VisitorReads,
        writes: ProfileWrites,
        changing: Changing,
        auditing: Auditing,
        identify: Callable[[str], Identity],
        site: Callable[[], Site],
        settings: Callable[[], Settings],
        deny_unknown: bool,
        now_ms: Callable[[], int],
        guards: bool = True,
    ) -> None:
        """Take what it works with; see `Changing` for ``site`` and ``deny_unknown``.

        ``guards``: whether ids are reserved for the site, so that browsers need a user token to say anything of them.
        """
        self._reads = reads
        self._writes = writes
        self._changing = changing
        self._auditing = auditing
        self._identify = identify
        self._site = site
        self._settings = settings
        self._deny_unknown = deny_unknown
        self._now_ms = now_ms
        self._guards = guards

    def read(self, visitor: str, *, actor: str) -> ProfileAnswer:
        """The profile of whom an id belongs to. Raises: NotFound where nothing is kept; ServiceUnavailable."""
        identity = self.identity(visitor, "")
        self._auditing.note(actor, "read", [identity.source])
        found = self._of(visitor, identity)
        if not found.tag:
            raise NotFound("Nothing is kept of this visitor.")
        return found

    def note(self, visitor: str, *, actor: str, by: str) -> None:
        """Note that somebody reads a profile in another way. Raises: ValidationFailed, ServiceUnavailable."""
        self._auditing.note(actor, "read", [self.identity(visitor, "/visitor_id").source], {"by": by})

    def change(
        self, visitor: str, said: Said, *, actor: str, precondition: Precondition
    ) -> tuple[ProfileAnswer, list[NotStored]]:
        """Put what the site says of a visitor; one of whom nothing is kept yet is made.

        Returns: the profile after it, and what was not kept for want of consent.
        Raises:
            ValidationFailed: with every attribute that may not be set so; nothing is changed then.
            PreconditionFailed: it is not the profile that the client knows.
        """
        identity = self.identity(visitor, "")
        self._changing.check(said, by_client=False)

        def put(writing: Writing) -> list[NotStored]:
            if precondition.match is not None or precondition.only_new:
                known = identity.source in writing.people
                tag = _tag(writing.people.draft(identity).row) if known else None
                precondition.admit(tag, "The profile")
            return self._put(writing, identity, said, actor, reserves=is_guessable(visitor))

        not_stored = self._writes.write([identity.source], put)
        return self._of(visitor, identity), not_stored

    def tell(
        self, visitor: str, said: Said, *, actor: str, by_client: bool, user: str | None = None
    ) -> list[NotStored]:
        """Put what a visitor says of themselves; gives what was not kept.

        Args:
            user: whose user token came along.
        Raises:
            Forbidden: a browser without the token of the visitor, whose id is reserved for the site.
            ValidationFailed, ServiceUnavailable: as `change`.
        """
        identity = self.identity(visitor, "/visitor_id")
        self._changing.check(said, by_client=by_client)
        guarded = by_client and self._guards and user != visitor_id(visitor)
        reserves = not by_client and is_guessable(visitor)

        def put(writing: Writing) -> list[NotStored]:
            if guarded and writing.people.is_reserved(identity.source):
                raise refusal()
            return self._put(writing, identity, said, actor, reserves=reserves)

        return self._writes.write([identity.source], put)

    def declared(self) -> Container[str]:
        """Names of the attributes that may be set, without `profile.`. Raises: ServiceUnavailable."""
        return self._changing.declared()

    def identity(self, visitor: str, pointer: str) -> Identity:
        """What stands for an id. Raises: ValidationFailed where it is none."""
        if visitor_id(visitor) is None:
            detail = "a visitor id has 1 to 128 characters, none of them a control"
            raise ValidationFailed([FieldError(pointer, detail)])
        return self._identify(visitor)

    def _put(self, writing: Writing, identity: Identity, said: Said, actor: str, *, reserves: bool) -> list[NotStored]:
        not_stored = self._changing.put(writing, identity, said)
        if reserves:
            writing.reserve(identity)
        writing.audit(actor, "change", identity, **touched(said))
        return not_stored

    def _of(self, visitor: str, identity: Identity) -> ProfileAnswer:
        rows = self._reads.group(identity.source)
        own = next((row for row in rows if row.source == identity.source), None)
        memberships = self._reads.memberships([row.source for row in rows])
        now, settings = self._now_ms(), self._settings()
        view = fold.decode(own.hot) if own is not None and own.hot else NOBODY
        merged = EMPTY
        for row in rows:
            merged = fold.merge(merged, state.decode(row.state) if row.state else EMPTY)
        told = {
            "id": visitor,
            "known": view.known,
            "linked": max(len(rows) - 1, 0),
            "attributes": self._attributes(view, now, settings),
            "segments": _segments(memberships, now),
            **_kept(merged, now, settings),
        }
        return ProfileAnswer(told, _tag(own) if own is not None else "")

    def _attributes(self, view: View, now: int, settings: Settings) -> dict[str, object]:
        """As rules would read them now, of a request that says nothing of consent."""
        catalogue = self._site().ruleset.document.catalogue
        declared = {one.name: one for one in catalogue.all() if one.name.startswith(PREFIX)}
        types = {name: one.type for name, one in declared.items()}
        found = attributes_of(view, now, None, types, settings, allowed=self._allows(view, settings.purpose))
        readable_ones = {}
        for name, value in sorted(found.items()):
            attribute = declared.get(name)
            purpose = (attribute.purpose if attribute is not None else None) or settings.purpose
            if not name.startswith(_CONSENT) and self._allows(view, purpose):
                readable_ones[name] = value
        return readable_ones

    def _allows(self, view: View, purpose: str) -> bool:
        word = view.state.consent.get(purpose)
        return word.allowed if word is not None else not self._deny_unknown


def touched(said: Said) -> dict[str, object]:
    """What a change was of, for the audit: names and counts, and no value."""
    topics = len(said.topics())
    parts = {"attributes": sorted(said.attributes), "consent": sorted(said.consent), "topics": topics}
    return {name: part for name, part in parts.items() if part}


def _kept(merged: SourceState, now: int, settings: Settings) -> dict[str, object]:
    found = readable(merged, now, settings)
    events: Mapping[str, Mapping[str, object]] = found["events"]  # type: ignore[assignment]
    day = now // 86_400_000
    return {
        "set": found["attributes"],
        "consent": found["consent"],
        "preferences": {
            "likes": preferred(merged.preferences, LIKED),
            "dislikes": preferred(merged.preferences, DISLIKED),
        },
        "interests": found["interests"],
        "visits": found["visits"],
        "counters": {
            name: {
                "purpose": one["purpose"],
                "ever": one["ever"],
                "decayed": one["now_weighs"],
                "7d": merged.days[name].within(day, 7) if name in merged.days else 0,
                "30d": merged.days[name].within(day, 30) if name in merged.days else 0,
            }
            for name, one in events.items()
        },
        "first_seen": found["first_seen"],
        "last_seen": found["last_seen"],
        "schema_version": merged.schema or None,
    }


def _segments(memberships: tuple[Membership, ...], now: int) -> list[dict[str, object]]:
    """Those that hold. Of several sources in one segment each says why it is."""
    return [
        {
            "id": one.segment,
            "kind": one.kind,
            "since": instant(one.since),
            "until": instant(one.until) if one.until is not None else None,
            "score": one.score,
            "reason": json.loads(one.reason),
        }
        for one in memberships
        if one.since <= now and (one.until is None or now < one.until)
    ]


def _tag(row: VisitorRow) -> str:
    return f"{row.version:x}"
