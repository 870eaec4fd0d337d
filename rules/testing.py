"""Running the tests inside a document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rules.conditions import Ago, Condition, Test, walk
from rules.content import Content
from rules.doctests import DocumentTest, differences
from rules.experiments import Experiment
from rules.report import Path, pointer
from rules.rules import Rule
from rules.ruleset import Ruleset

ReadContent = Callable[[str], Sequence[Mapping[str, object]]]


@dataclass(frozen=True, slots=True)
class TestResult:
    """How one test went.

    Attributes:
        messages: what was not met; empty where it passed.
        path: where the test stands in the document; `pointer` is the same as a JSON pointer.
    """

    name: str
    passed: bool
    messages: tuple[str, ...]
    path: Path

    @property
    def pointer(self) -> str:
        """The JSON pointer of the test."""
        return pointer(self.path)


def run_tests(
    ruleset: Ruleset,
    content: Sequence[Mapping[str, object]] | Content = (),
    *,
    now: datetime,
    read_content: ReadContent | None = None,
) -> list[TestResult]:
    """Run every enabled test of a document.

    Args:
        content: for tests that bring none.
        now: the clock of tests without `at`, which is allowed only where no clock can matter.
        read_content: the entries of `content: {file: NAME}`; None: such tests fail with a sentence that says so.
    """
    prepared = content if isinstance(content, Content) else ruleset.prepare(content)
    return [_run(ruleset, test, prepared, now, read_content) for test in ruleset.document.tests]


def _run(
    ruleset: Ruleset, test: DocumentTest, content: Content, now: datetime, read_content: ReadContent | None
) -> TestResult:
    try:
        messages = _differences(ruleset, test, content, now, read_content)
    except (ValueError, LookupError, OSError) as error:
        messages = [str(error)]
    return TestResult(test.name, not messages, tuple(messages), test.path)


def _differences(
    ruleset: Ruleset, test: DocumentTest, content: Content, now: datetime, read_content: ReadContent | None
) -> list[str]:
    if test.at is None and _clock_matters(ruleset, test):
        return ["needs 'at', for a clock or a schedule can matter to its slot"]
    if isinstance(test.content, str):
        if read_content is None:
            return [f"content from the file {test.content!r} cannot be read here"]
        content = ruleset.prepare(read_content(test.content))
    elif test.content is not None:
        content = ruleset.prepare(test.content)
    facts = ruleset.facts(test.given, segments=test.segments, now=test.at or now)
    plan = ruleset.plan(test.slot, facts, content, arms=test.arms)
    return differences(test.expect, ruleset.settle(plan, scores={}, exposures={}))


def _clock_matters(ruleset: Ruleset, test: DocumentTest) -> bool:
    """Whether a schedule, a `time.*` that the test does not give, or {ago: ...} can bear on the slot."""
    compiled = ruleset.compiled(test.slot)
    if compiled.ages:
        return True
    scheduled: tuple[Rule | Experiment, ...] = (*compiled.rules, *compiled.experiments)
    if any(one.schedule.start or one.schedule.until or one.schedule.recurs for one in scheduled):
        return True
    conditions: list[Condition] = [one.when for one in scheduled]
    conditions.extend(segment.when for segment in ruleset.document.segments)
    leaves = [leaf for condition in conditions for leaf in walk(condition) if isinstance(leaf, Test)]
    return any(
        isinstance(leaf.operand, Ago) or (leaf.attribute.startswith("time.") and leaf.attribute not in test.given)
        for leaf in leaves
    )
