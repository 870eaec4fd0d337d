"""Problems and test results of a document, each with the item that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from plugin.editor.desk import Desk
from plugin.editor.phrases import Name
from plugin.editor.words import Words
from plugin.service.rulesets.items import Document, Section, items, owner_of

MOST_RULES = 1_000
"""Beyond that pages do not look for what is hardly meant: `tessera rules analyse` tells."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One problem; ``item`` is None where it is the whole document's."""

    severity: str
    message: str
    item: Name | None


@dataclass(frozen=True, slots=True)
class Health:
    """How a document stands: whether it may be published, and what stands against it."""

    ok: bool
    troubles: tuple[Trouble, ...]
    passed: tuple[str, ...]
    failed: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def tests(self) -> int:
        """How many tests were run."""
        return len(self.passed) + len(self.failed)


def health_of(desk: Desk, document: Document, words: Words) -> Health:
    """What a check of the draft found, for people; last what it hardly means."""
    checked = desk.services.publishing.check(document)
    problems = dict.fromkeys([*checked.problems, *_warnings(desk, document)])
    return Health(
        ok=checked.ok,
        troubles=tuple(_troubles(problems, document, words)),
        passed=tuple(test.name for test in checked.tests if test.passed),
        failed=tuple((test.name, tuple(test.messages)) for test in checked.tests if not test.passed),
    )


def doubts(desk: Desk, section: Section, id_: str, document: Document) -> tuple[str, ...]:
    """What one item of the draft hardly means, in sentences."""
    found = ((owner_of(document, one.pointer)[0], one.message) for one in _warnings(desk, document))
    return tuple(said[:1].upper() + said[1:] for owner, said in found if (owner.section, owner.id) == (section, id_))


def _warnings(desk: Desk, document: Document) -> Sequence[Any]:
    return desk.services.publishing.warnings(document) if len(items(document, "rules")) <= MOST_RULES else ()


def _troubles(problems: Iterable[Any], document: Document, words: Words) -> Iterable[Trouble]:
    for problem in problems:
        owner, _rest = owner_of(document, problem.pointer)
        item = words.vocabulary.named(owner.section, owner.id) if owner.section is not None else None
        yield Trouble(problem.severity, problem.message, item)
