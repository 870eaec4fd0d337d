"""The ports of published rule sets and of the draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from plugin.ports.pages import JSON, Page

Action: TypeAlias = Literal["publish", "rollback"]


@dataclass(frozen=True, slots=True)
class RulesetSummary:
    """An immutable version; ``digest`` is the SHA-256 of its canonical text, in hex."""

    number: int
    digest: str
    created_at: datetime
    author: str
    note: str


@dataclass(frozen=True, slots=True)
class RulesetVersion(RulesetSummary):
    """A version with its document as canonical JSON text (keys sorted, no spaces)."""

    document: str


@dataclass(frozen=True, slots=True)
class Publication:
    """One row of the history: from ``at`` on, ``number`` was served. ``epoch`` counts them from 1."""

    epoch: int
    number: int
    previous: int | None
    action: Action
    at: datetime
    author: str
    note: str


@dataclass(frozen=True, slots=True)
class Published:
    """What is served now, with the epoch that it belongs to."""

    epoch: int
    version: RulesetVersion


@dataclass(frozen=True, slots=True)
class Differing:
    """The slots of a version to which other rules apply than to those of the version with the number ``previous``."""

    previous: int
    slots: tuple[str, ...]


class RulesetStore(Protocol):
    """Versions that never change, and the pointer to the published one."""

    def save(self, document: Mapping[str, JSON], *, author: str, note: str = "", now: datetime) -> RulesetVersion:
        """Keep a document as the next version: numbers start at 1 and have no gaps.

        Raises: ValidationFailed where the document cannot be written as JSON (NaN, lone surrogates).
        """
        ...

    def get(self, number: int) -> RulesetVersion:
        """Raises: NotFound."""
        ...

    def page(self, *, after: str | None = None, limit: int = 50) -> Page[RulesetSummary]:
        """Newest first; ``limit`` is 1 to 1,000."""
        ...

    def epoch(self) -> int:
        """How many times the pointer moved, 0 at first: one tiny query, for polling."""
        ...

    def published(self) -> Published | None:
        """The pointer and what it points to, as of one instant; None before the first publication."""
        ...

    def publish(
        self,
        number: int,
        *,
        author: str,
        note: str = "",
        now: datetime,
        expected_epoch: int | None = None,
        action: Action = "publish",
        differing: Differing | None = None,
    ) -> Publication:
        """Move the pointer; a new row of the history. ``rollback`` takes only what was published before.

        Args:
            differing: what of it caches need to be told; all of it, where that is None or of another version than the
                one that was published until now.

        Raises: NotFound; PreconditionFailed where the epoch is not ``expected_epoch`` (None: any);
            Conflict for a rollback to a version that was never published.
        """
        ...

    def history(self, *, after: str | None = None, limit: int = 50) -> Page[Publication]:
        """Newest first; ``limit`` is 1 to 1,000."""
        ...


# --- the draft


@dataclass(frozen=True, slots=True)
class Draft:
    """The document that editors work on. Revision 0 is the empty one nobody has written yet."""

    revision: int
    document: Mapping[str, JSON]
    digest: str
    updated_at: datetime | None
    author: str


class DraftStore(Protocol):
    """One working document, changed by compare-and-set."""

    def get(self) -> Draft: ...

    def replace(self, document: Mapping[str, JSON], *, expected: int, author: str, now: datetime) -> Draft:
        """Put ``document`` in place of revision ``expected``; the answer's revision is one higher.

        Raises: PreconditionFailed where somebody was faster; ValidationFailed as for `RulesetStore.save`.
        """
        ...
