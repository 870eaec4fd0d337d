"""Whether a rule document can be published: its problems, and how its own tests go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import rules
from plugin.errors import FieldError, RulesRejected, ValidationFailed
from plugin.service.rulesets.items import Document
from plugin.service.rulesets.uses import model_uses
from rules.document import check as check_document
from rules.errors import Problem, RuleError
from rules.report import Report
from rules.ruleset import Ruleset
from rules.suggest import nearest
from rules.testing import TestResult, run_tests

Source: TypeAlias = str | Mapping[str, object] | Ruleset
Entries: TypeAlias = Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Attributes:
        digest: of the document's canonical form; None where it does not compile.
        problems: errors and warnings, each with its place.
        tests: how the tests in the document went; none are run where it does not compile.
    """

    digest: str | None
    problems: tuple[Problem, ...]
    tests: tuple[TestResult, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it may be published; warnings never stop that."""
        return all(one.severity != "error" for one in self.problems) and all(test.passed for test in self.tests)

    def raise_if_not_ok(self) -> None:
        """Raises: RulesRejected with every error, failed tests among them, and the warnings after these."""
        if not self.ok:
            errors = [one for one in self.problems if one.severity == "error"]
            warnings = [one for one in self.problems if one.severity != "error"]
            raise RulesRejected([*errors, *_failures(self.tests), *warnings])


def compiled(source: Source, *, name: str | None = None) -> Ruleset:
    """The rule set of a document, in whatever form that is.

    Raises:
        RulesRejected: with every problem at once.
    """
    if isinstance(source, Ruleset):
        return source
    try:
        return rules.load(source, name=name)
    except RuleError as error:
        raise RulesRejected(error.problems) from error


def check(
    source: Source,
    content: Callable[[], Entries],
    *,
    models: Collection[str],
    now: datetime,
    name: str | None = None,
) -> Checked:
    """Check a document and run its tests. A document that does not check is an answer, not an error.

    Args:
        content: asked for the entries of tests that bring none, where there are such tests.
        models: the names of those configured.
        now: the clock of tests that need none of their own.
        name: of the document, for messages.

    Raises:
        ValidationFailed: the content has an entry that is none.
    """
    try:
        ruleset = compiled(source, name=name)
    except RulesRejected as error:
        return Checked(None, error.problems)
    named = ruleset.document.data
    warnings = [*ruleset.warnings, *without_purpose(ruleset), *_unknown_models(named, models)]  # type: ignore[arg-type]  # JSON, once checked
    needed = any(test.content is None for test in ruleset.document.tests)
    try:
        prepared = ruleset.prepare(content() if needed else ())
    except ValueError as error:
        raise ValidationFailed([FieldError("/content", str(error))]) from error
    return Checked(ruleset.digest, tuple(warnings), tuple(run_tests(ruleset, prepared, now=now)))


def problems_of(document: Document) -> list[Problem]:
    """Every problem of a document, without compiling it."""
    report = Report()
    check_document(document, report)
    return report.problems


def without_purpose(ruleset: Ruleset) -> list[Problem]:
    """What is kept of visitors is kept for something: where a document does not say, it counts as said."""
    return [
        Problem(
            f"{one.name!r} declares no purpose, so it is kept for personalization; say what it is for",
            f"/attributes/{one.name}",
            word=one.name,
            severity="warning",
        )
        for one in ruleset.document.catalogue.all()
        if one.name.startswith("profile.") and one.purpose is None
    ]


def _failures(tests: Sequence[TestResult]) -> list[Problem]:
    return [
        Problem(f"the test {test.name!r} fails: {message}", test.pointer) for test in tests for message in test.messages
    ]


def _unknown_models(document: Document, models: Collection[str]) -> list[Problem]:
    found = []
    for place, name in model_uses(document):
        if name not in models:
            near = nearest(name, models)
            hint = f"; did you mean {near!r}?" if near else ""
            message = f"no model {name!r} is configured, so its score counts as 0{hint}"
            found.append(Problem(message, place, word=name, suggestion=near, severity="warning"))
    return found
