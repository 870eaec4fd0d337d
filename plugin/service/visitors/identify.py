"""Identify: an anonymous visitor is somebody known, until that is undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from plugin.errors import Conflict, FieldError, Forbidden, NotFound, ValidationFailed
from plugin.ports import Link
from plugin.profiles.identity import Identity, visitor_id
from plugin.service.visitors.changes import Changing, NotStored, Said
from plugin.service.visitors.linking import make_room, parents, regroup, root
from plugin.service.visitors.profiles import touched
from plugin.service.visitors.user_tokens import UserTokens
from plugin.service.visitors.writes import ProfileWrites, Writing

_REASON = '{"by":"identify"}'
_BY_BROWSER = '{"by":"identify","key":"delivery"}'


class Identified(NamedTuple):
    """What identifying came to.

    Attributes:
        linked: whether the two are one person now.
        not_stored: what was not kept for want of consent; the link itself may be among it.
    """

    linked: bool
    not_stored: list[NotStored]


class Identifying:
    """The service behind `/v1/identify` and the links of a visitor."""

    def __init__(
        self,
        *,
        writes: ProfileWrites,
        changing: Changing,
        tokens: UserTokens,
        identify: Callable[[str], Identity],
    ) -> None:
        """Take what it works with."""
        self._writes = writes
        self._changing = changing
        self._tokens = tokens
        self._identify = identify

    def user(self, user: str | None, token: str | None, *, by_client: bool) -> str:
        """Who somebody is, by the word of the site's server, or for a browser by its token.

        Raises:
            Forbidden: a browser without a right token, or with one of another.
            ValidationFailed: nobody is named.
        """
        if by_client or token is not None:
            named = self._tokens.user(token)
            if user is not None and visitor_id(user) != named:
                raise Forbidden("The user token is of another user.")
            return named
        if user is None:
            raise ValidationFailed([FieldError("/user_id", "who the visitor is; or send a user_token")])
        return user

    def link(self, visitor: str, user: str, said: Said, *, actor: str, by_client: bool) -> Identified:
        """Note that an anonymous visitor is a known user; what is said besides is said of the user.

        Raises:
            ValidationFailed: an id that is none, or attributes that may not be set so.
            Conflict: a browser says that a user, or somebody else whom the site knows by this id, is another.
            ServiceUnavailable.
        """
        one, known = self._of(visitor, "/visitor_id"), self._of(user, "/user_id")
        self._changing.check(said, by_client=by_client)

        def change(writing: Writing) -> Identified:
            people = writing.people
            if by_client and one != known and people.is_reserved(one.source):
                raise Conflict("The visitor_id is of somebody whom the site knows; only the site joins them to a user.")
            is_new = known.source not in people or not people.draft(known._replace(uid="")).row.uid
            for each in dict.fromkeys((one, known)):
                self._changing.put(writing, each, Said(consent=said.consent, signals=said.signals))
            if not self._changing.may_link(writing, (one, known), said):
                refused = NotStored("/user_id", "the visitor does not allow that it is kept who they are")
                return Identified(False, [refused, *self._put(writing, known, said, actor)])
            self._join(writing, one, known, is_new=is_new, by_client=by_client)
            return Identified(True, self._put(writing, known, said, actor))

        return self._writes.write({one.source, known.source}, change)

    def unlink(self, visitor: str, other: str, *, actor: str) -> None:
        """End the link between two, whichever way it goes. Raises: NotFound, ValidationFailed, ServiceUnavailable."""
        one, two = self._of(visitor, ""), self._of(other, "")

        def change(writing: Writing) -> None:
            above = parents(writing.tx.links([one.source, two.source]))
            for lower, higher in ((one, two), (two, one)):
                if above.get(lower.source) == higher.source:
                    writing.tx.unlink(lower.source, higher.source, at=writing.now)
                    regroup(writing)
                    writing.audit(actor, "unlink", lower)
                    return
            raise NotFound("These two are not linked.")

        self._writes.write({one.source, two.source}, change)

    def _put(self, writing: Writing, known: Identity, said: Said, actor: str) -> list[NotStored]:
        spoken = replace(said, consent={}, signals={**said.signals, **said.consent})
        not_stored = self._changing.put(writing, known, spoken)
        writing.audit(actor, "identify", known, **touched(said))
        return not_stored

    def _join(self, writing: Writing, one: Identity, known: Identity, *, is_new: bool, by_client: bool) -> None:
        people, tx = writing.people, writing.tx
        draft, user = writing.draft(one), writing.draft(known)
        links = tx.links(list(people))
        above = parents(links)
        if one != known and is_new and not any(link.source == one.source for link in links):
            # What the device was given by its arms it keeps, under either id. Not where it is somebody else's.
            user.row = replace(user.row, uid=draft.row.uid)
        freed = not user.row.known and self._freed(writing, known.source, links)
        if freed:
            above.pop(known.source)
        user.row = replace(user.row, known=True, reserved=True)
        beneath = one == known or root(known.source, above, people) == one.source
        before = above.get(one.source)
        if beneath or before == known.source:
            if freed:
                regroup(writing)
            return
        if before is not None:
            tx.unlink(one.source, before, at=writing.now)
        make_room(writing, known.source)
        tx.link(one.source, known.source, at=writing.now, reason=_BY_BROWSER if by_client else _REASON)
        regroup(writing)

    def _freed(self, writing: Writing, user: str, links: Iterable[Link]) -> bool:
        """End what a browser said of this id before anybody knew that it is a user's, as somebody who guessed it could.

        What they would have is what is kept of the user from then on.
        """
        claims = [one for one in links if one.source == user and one.ended is None and one.reason == _BY_BROWSER]
        for one in claims:
            writing.tx.unlink(user, one.known, at=writing.now)
        return bool(claims)

    def _of(self, raw: str, pointer: str) -> Identity:
        if visitor_id(raw) is None:
            raise ValidationFailed(
                [FieldError(pointer, "a visitor id has 1 to 128 characters, none of them a control")]
            )
        return self._identify(raw)
