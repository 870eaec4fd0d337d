"""The working document, item by item: each change is checked with the whole, and none is lost."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from plugin.errors import Conflict, FieldError, NotFound, PreconditionFailed, RulesRejected, ValidationFailed
from plugin.ports import JSON, ContentStore, DraftStore, RulesetStore
from plugin.service.preconditions import Precondition, tag_of
from plugin.service.rulesets.checking import problems_of
from plugin.service.rulesets.items import SINGULAR, THE_DOCUMENT, Document, Owner, Section, items, owner_of, with_item
from plugin.service.rulesets.uses import InUse, Use, audience_uses, uses_of
from rules.errors import Problem

_ATTEMPTS = 8
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the draft. ``tag`` changes exactly when ``value`` does."""

    id: str
    value: Document
    tag: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Items in the order of their ids; ``next`` is the last id where there are more. ``tag`` is of all items."""

    items: tuple[Item, ...]
    next: str | None
    tag: str


@dataclass(frozen=True, slots=True)
class WholeDraft:
    """The document. Revision 0: nobody has edited it, and it is what is published."""

    revision: int
    document: Document
    tag: str
    updated_at: datetime | None
    author: str


class Drafting:
    """Edits the draft that `plugin.service.rulesets.publish.Publishing` publishes."""

    def __init__(
        self,
        drafts: DraftStore,
        rulesets: RulesetStore,
        content: ContentStore,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._drafts = drafts
        self._rulesets = rulesets
        self._content = content
        self._clock = clock

    def document(self) -> WholeDraft:
        """The whole draft."""
        draft = self._drafts.get()
        document = draft.document
        published = self._rulesets.published() if draft.revision == 0 else None
        if published is not None:
            document = json.loads(published.version.document)
        return WholeDraft(draft.revision, document, tag_of(document), draft.updated_at, draft.author)

    def replace(self, document: Document, *, precondition: Precondition, author: str) -> WholeDraft:
        """Put a whole document in the draft's place.

        Raises:
            RulesRejected: with every problem of the document, where it has errors.
            PreconditionFailed, PreconditionRequired: see `Precondition`.
        """

        def edit(before: Document) -> tuple[Document, None]:
            precondition.admit(tag_of(before), "The draft")
            problems = problems_of(document)
            if any(problem.severity == "error" for problem in problems):
                raise RulesRejected(problems)
            return document, None

        self._change(edit, author)
        return self.document()

    def page(self, section: Section, *, after: str | None = None, limit: int = 50) -> Listing:
        """A page of a section's items, those with an id above ``after``."""
        held = items(self.document().document, section)
        ids = sorted(held)
        start = 0 if after is None else bisect_right(ids, after)
        page = ids[start : start + limit]
        more = start + limit < len(ids)
        return Listing(tuple(_item(held[name]) for name in page), page[-1] if more else None, tag_of(held))

    def get(self, section: Section, id_: str) -> Item:
        """Raises: NotFound."""
        return _item(_found(self.document().document, section, id_))

    def create(self, section: Section, value: Document, *, author: str) -> Item:
        """Add an item under its own ``id``.

        Raises:
            Conflict: there is one of that id.
            ValidationFailed: it has no ``id``.
            RulesRejected: with every problem that it makes, where there is an error among them.
        """
        id_ = value.get("id")
        if not isinstance(id_, str) or not id_:
            raise ValidationFailed([FieldError("/id", "a text that is not empty is needed")])

        def edit(before: Document) -> tuple[Document, Item]:
            if id_ in items(before, section):
                raise Conflict(f"There is a {SINGULAR[section]} {id_!r} already; use PUT to change it.")
            return self._with(before, section, id_, value), _item(value)

        return self._change(edit, author)

    def put(
        self, section: Section, id_: str, value: Document, *, precondition: Precondition, author: str
    ) -> tuple[Item, bool]:
        """Put an item in place; whether it is new. Its ``id`` may be left out.

        Raises:
            ValidationFailed: it says another ``id``.
            RulesRejected: with every problem that it makes, where there is an error among them.
            PreconditionFailed, PreconditionRequired: see `Precondition`.
        """
        if value.get("id", id_) != id_:
            raise ValidationFailed([FieldError("/id", f"{id_!r}, as in the address; ids do not change")])
        named = {"id": id_, **value}

        def edit(before: Document) -> tuple[Document, tuple[Item, bool]]:
            held = items(before, section).get(id_)
            precondition.admit(None if held is None else tag_of(held), f"The {SINGULAR[section]} {id_!r}")
            return self._with(before, section, id_, named), (_item(named), held is None)

        return self._change(edit, author)

    def delete(self, section: Section, id_: str, *, precondition: Precondition, author: str) -> None:
        """Take an item out.

        Raises:
            NotFound: there is none of that id.
            InUse: something in the draft, or an entry's audience tag, names it.
            PreconditionFailed, PreconditionRequired: see `Precondition`.
        """

        def edit(before: Document) -> tuple[Document, None]:
            held = _found(before, section, id_)
            precondition.admit(tag_of(held), f"The {SINGULAR[section]} {id_!r}")
            tags = audience_uses(self._content, id_) if section == "segments" else ()
            uses = [*uses_of(before, section, id_), *tags]
            if uses:
                raise InUse(section, id_, uses)
            return self._with(before, section, id_, None), None

        self._change(edit, author)

    def audience_uses(self, segment: str) -> list[Use]:
        """The entries that a segment's audience tag is on."""
        return list(audience_uses(self._content, segment))

    def _with(self, before: Document, section: Section, id_: str, value: Document | None) -> Document:
        after = with_item(before, section, id_, value)
        problems = _made_by(before, after, Owner(section, id_))
        if any(problem.severity == "error" for problem in problems):
            raise RulesRejected(problems)
        return after

    def _change(self, edit: Callable[[Document], tuple[Document, T]], author: str) -> T:
        """Repeat the edit upon what others wrote meanwhile: only its own precondition may refuse it."""
        for _ in range(_ATTEMPTS):
            draft = self.document()
            after, result = edit(draft.document)
            if tag_of(after) == draft.tag:
                return result
            try:
                self._drafts.replace(after, expected=draft.revision, author=author, now=self._clock())
            except PreconditionFailed:
                continue
            return result
        raise Conflict("Others change the draft at this moment; try again.")


def _item(value: Document) -> Item:
    return Item(str(value["id"]), value, tag_of(value))


def _found(document: Document, section: Section, id_: str) -> Mapping[str, JSON]:
    held = items(document, section).get(id_)
    if held is None:
        raise NotFound(f"There is no {SINGULAR[section]} {id_!r}.")
    return held


def _made_by(before: Document, after: Document, changed: Owner) -> list[Problem]:
    """The problems that a change makes, its own first, with pointers into the item that was sent.

    A problem that was there before, in another item, is not held against the change: else a draft that a newer
    release finds fault with could be mended by nobody.
    """
    found = [(*owner_of(after, problem.pointer), problem) for problem in problems_of(after)]
    if not any(problem.severity == "error" for _, _, problem in found):
        return []
    old = {(*owner_of(before, problem.pointer), problem.message) for problem in problems_of(before)}
    fresh = [
        (owner, problem)
        for owner, rest, problem in found
        if (owner, rest, problem.message) not in old and owner != changed
    ]
    own = [replace(problem, pointer=rest) for owner, rest, problem in found if owner == changed]
    others = [
        replace(
            problem,
            pointer="",
            message=problem.message if owner == THE_DOCUMENT else f"in {owner}: {problem.message}",
        )
        for owner, problem in fresh
    ]
    return [*own, *others]
