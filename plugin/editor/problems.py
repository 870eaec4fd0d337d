"""Problems and test results of a document, each with the item that it is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from plugin.editor.phrases import Name
from plugin.editor.words import Words
from plugin.service.rulesets.checking import Checked
from plugin.service.rulesets.items import Document, owner_of


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


def health_of(checked: Checked, document: Document, words: Words) -> Health:
    """What a check found, for people."""
    return Health(
        ok=checked.ok,
        troubles=tuple(_troubles(checked.problems, document, words)),
        passed=tuple(test.name for test in checked.tests if test.passed),
        failed=tuple((test.name, tuple(test.messages)) for test in checked.tests if not test.passed),
    )


def _troubles(problems: Iterable[Any], document: Document, words: Words) -> Iterable[Trouble]:
    for problem in problems:
        owner, _rest = owner_of(document, problem.pointer)
        item = words.vocabulary.named(owner.section, owner.id) if owner.section is not None else None
        yield Trouble(problem.severity, problem.message, item)
