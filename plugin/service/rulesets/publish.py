"""Versions of the rules: checked, kept for good, published, taken back, compared."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Literal, TypeAlias

from plugin.errors import NotFound, PreconditionFailed, RulesRejected
from plugin.ports import (
    JSON,
    ContentStore,
    Differing,
    DraftStore,
    Page,
    Publication,
    Published,
    RulesetStore,
    RulesetSummary,
    RulesetVersion,
)
from plugin.service.content.entries import as_content
from plugin.service.rulesets.checking import Checked, Entries, Source, check, compiled
from plugin.service.rulesets.cost import SlotCost, costs
from plugin.service.rulesets.diff import Diff, compare
from plugin.service.rulesets.example import Example, example
from plugin.service.rulesets.findings import findings
from plugin.service.rulesets.items import Document
from rules.errors import Problem
from rules.export import export
from rules.slot_versions import versions_of
from rules.suggest import nearest

_log = logging.getLogger(__name__)

Reference: TypeAlias = 'int | Literal["draft", "published"]'
MOST_DIFFERING = 60
"""Slots; a publication to which more are another is told of as one of all."""


def differing(before: Published | None, version: RulesetVersion) -> Differing | None:
    """The slots whose rules are others in a version than in what is published; None: all, or nobody can tell.

    Goes by the numbers that keys of visitors carry: which of them caches keep follows from nothing else in a document.
    """
    if before is None:
        return None
    try:
        old, new = (versions_of(json.loads(one.document)) for one in (before.version, version))
    except (LookupError, TypeError, AttributeError):  # what is published does not check any more
        return None
    every = old.keys() | new.keys()
    slots = tuple(sorted(slot for slot in every if old.get(slot) != new.get(slot)))
    if len(slots) > MOST_DIFFERING or len(slots) == len(every):
        return None
    return Differing(before.version.number, slots)


class Publishing:
    """What is published goes on serving whenever a call here fails."""

    def __init__(
        self,
        rulesets: RulesetStore,
        drafts: DraftStore,
        content: ContentStore,
        *,
        models: Collection[str],
        clock: Callable[[], datetime],
    ) -> None:
        """``models`` are the names of those configured, to warn of others."""
        self._rulesets = rulesets
        self._drafts = drafts
        self._content = content
        self._models = models
        self._clock = clock

    def check(self, source: Source | None, *, content: Entries | None = None, name: str | None = None) -> Checked:
        """Check a document (None: the draft) and run its tests; nothing is kept.

        Args:
            content: for tests that bring none; None: the published content.
            name: of the document's text, for messages.

        Raises:
            ValidationFailed: an entry of ``content`` is none.
        """
        return check(
            self.draft() if source is None else source,
            self._published_content if content is None else lambda: content,
            models=self._models,
            now=self._clock(),
            name=name,
        )

    def warnings(self, source: Source | None) -> list[Problem]:
        """What a document (None: the draft) hardly means, by the published content; none where it does not check."""
        try:
            ruleset = compiled(self.draft() if source is None else source)
        except RulesRejected:
            return []
        return [*ruleset.warnings, *findings(ruleset, self._published_content(), now=self._clock())]

    def example(self, source: Source | None, rule: str) -> Example | None:
        """A visitor whom a rule of a document (None: the draft) is for; None where none is found."""
        try:
            ruleset = compiled(self.draft() if source is None else source)
        except RulesRejected:
            return None
        return example(ruleset, rule, now=self._clock())

    def entries_for(self, source: Source | None, slot: str) -> list[str]:
        """The ids of the published entries that may stand in a slot of a document (None: the draft), each once.

        None where the document does not check or has no such slot.
        """
        try:
            ruleset = compiled(self.draft() if source is None else source)
        except RulesRejected:
            return []
        if slot not in ruleset.slots:
            return []
        return list(dict.fromkeys(one.id for one in ruleset.prepare(self._published_content()).pool(slot).entries))

    def save(self, source: Source | None, *, author: str, note: str = "", name: str | None = None) -> RulesetVersion:
        """Keep a document (None: the draft) as the next version, without publishing it.

        Its tests may still fail: they are run when it is published.

        Raises:
            RulesRejected: with every problem, where it does not check.
        """
        ruleset = compiled(self.draft() if source is None else source, name=name)
        return self._rulesets.save(json.loads(ruleset.canonical), author=author, note=note, now=self._clock())

    def release(
        self,
        source: Source | None,
        *,
        author: str,
        note: str = "",
        expected_epoch: int | None = None,
        name: str | None = None,
    ) -> tuple[RulesetVersion, Publication]:
        """Check, keep and publish in one go; nothing is kept where the check fails.

        Raises:
            RulesRejected: it does not check, or one of its tests fails.
            PreconditionFailed: something else was published since ``expected_epoch``.
        """
        ruleset = compiled(self.draft() if source is None else source, name=name)
        self.check(ruleset).raise_if_not_ok()
        if expected_epoch is not None and self._rulesets.epoch() != expected_epoch:
            raise PreconditionFailed(f"The pointer is at epoch {self._rulesets.epoch()}, not {expected_epoch}.")
        version = self.save(ruleset, author=author, note=note)
        return version, self._move(version, author, note, expected_epoch, "publish")

    def publish(self, number: int, *, author: str, note: str = "", expected_epoch: int | None = None) -> Publication:
        """Serve a version from now on.

        Raises:
            NotFound: there is no such version.
            RulesRejected: it does not check any more, or one of its tests fails with the published content.
            PreconditionFailed: something else was published since ``expected_epoch``.
        """
        version = self._rulesets.get(number)
        self.check(version.document, name=f"version {number}").raise_if_not_ok()
        return self._move(version, author, note, expected_epoch, "publish")

    def rollback(self, number: int, *, author: str, note: str = "", expected_epoch: int | None = None) -> Publication:
        """Serve a version that was served before. Its tests are not run: the way out of trouble is never barred.

        Raises:
            NotFound: there is no such version.
            Conflict: it was never published.
            RulesRejected: it does not check any more.
            PreconditionFailed: something else was published since ``expected_epoch``.
        """
        version = self._rulesets.get(number)
        compiled(version.document, name=f"version {number}")
        return self._move(version, author, note, expected_epoch, "rollback")

    def page(self, *, after: str | None = None, limit: int = 50) -> Page[RulesetSummary]:
        """Versions, newest first."""
        return self._rulesets.page(after=after, limit=limit)

    def get(self, number: int) -> RulesetVersion:
        """Raises: NotFound."""
        return self._rulesets.get(number)

    def published(self) -> Published | None:
        """What is served now; None before the first publication."""
        return self._rulesets.published()

    def history(self, *, after: str | None = None, limit: int = 50) -> Page[Publication]:
        """What was served from when on, newest first."""
        return self._rulesets.history(after=after, limit=limit)

    def diff(self, a: Reference, b: Reference) -> Diff:
        """What turns ``a`` into ``b``. Raises: NotFound."""
        return compare(self._document(a), self._document(b))

    def cost(self, reference: Reference, *, only: str | None = None) -> list[SlotCost]:
        """What caching each slot costs, with the published content, from now on.

        Args:
            only: the id of a rule or an experiment, to see its slots and what it adds to them, alone.

        Raises:
            NotFound: there is no such version, rule or experiment.
            RulesRejected: the document does not check.
        """
        ruleset = compiled(self._document(reference))
        if only is not None:
            known = {one.id for one in ruleset.document.rules} | {one.id for one in ruleset.document.experiments}
            if only not in known:
                near = nearest(only, known)
                hint = f"; did you mean {near!r}?" if near else ""
                raise NotFound(f"there is no rule or experiment {only!r}{hint}")
        return costs(ruleset, self._published_content(), now=self._clock(), only=only)

    def export(self, reference: Reference) -> JSON:
        """The compiled form, for edges that evaluate by themselves, with what the published content tells apart.

        Raises:
            NotFound: there is no such version.
            RulesRejected: the document does not check.
        """
        number = reference if isinstance(reference, int) else None
        if reference == "published":
            published = self._rulesets.published()
            number = published.version.number if published is not None else None
        ruleset = compiled(self._document(reference if number is None else number))
        return export(ruleset, number=number, content=ruleset.prepare(self._published_content()))

    def draft(self) -> Document:
        """The working document: what is published, as long as nobody has edited it."""
        draft = self._drafts.get()
        published = self._rulesets.published() if draft.revision == 0 else None
        return draft.document if published is None else json.loads(published.version.document)

    def _document(self, reference: Reference) -> Document:
        if reference == "draft":
            return self.draft()
        if reference == "published":
            published = self._rulesets.published()
            if published is None:
                raise NotFound("Nothing is published yet.")
            return json.loads(published.version.document)  # type: ignore[no-any-return]
        return json.loads(self._rulesets.get(reference).document)  # type: ignore[no-any-return]

    def _published_content(self) -> Entries:
        return [as_content(entry) for entry in self._content.snapshot().entries]

    def _move(
        self,
        version: RulesetVersion,
        author: str,
        note: str,
        expected_epoch: int | None,
        action: Literal["publish", "rollback"],
    ) -> Publication:
        before = self._rulesets.published()
        moved = self._rulesets.publish(
            version.number,
            author=author,
            note=note,
            now=self._clock(),
            expected_epoch=expected_epoch,
            action=action,
            differing=differing(before, version),
        )
        self._take_draft_along(before, version, author)
        return moved

    def _take_draft_along(self, before: Published | None, version: RulesetVersion, author: str) -> None:
        """Let the draft follow what is published, unless somebody has unpublished edits in it.

        Else a document published from files would be undone by the next small edit in the draft.
        """
        draft = self._drafts.get()
        unedited = before is not None and draft.digest == before.version.digest
        if draft.revision == 0 or not unedited or draft.digest == version.digest:
            return
        try:
            self._drafts.replace(
                json.loads(version.document), expected=draft.revision, author=author, now=self._clock()
            )
        except PreconditionFailed:
            _log.info("the draft was edited while version %d was published; it stays as edited", version.number)
