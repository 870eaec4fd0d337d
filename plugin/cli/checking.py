"""`tessera rules check` and `analyse`: files in, problems with their places out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import click

from plugin.cli.entries import Entries, entries_of_file, read_entries
from plugin.cli.output import ProblemsFound, counted, plain, show_json, show_problems
from plugin.cli.places import RuleFiles
from plugin.service.rulesets.checking import without_purpose
from rules import Content, Problem, RuleError, Ruleset, load_files
from rules.footprint.causes import reads_of
from rules.footprint.footprints import Footprint, footprints
from rules.footprint.words import lines
from rules.portable import beyond_the_edge
from rules.testing import TestResult, run_tests


@dataclass(frozen=True, slots=True)
class CheckedFiles:
    """What a check of files found; `ruleset` is None where they are no document."""

    problems: Sequence[Problem]
    ruleset: Ruleset | None = None
    tests: Sequence[TestResult] = ()
    private: Mapping[str, Sequence[str]] | None = None
    origin: Mapping[str, Sequence[str]] | None = None
    content: Content | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is worse than a warning."""
        return all(problem.severity == "warning" for problem in self.problems)


def check_paths(
    paths: Sequence[Path], content_path: Path | None, *, as_json: bool, now: datetime, cost: bool = False
) -> None:
    """Check and print. Raises ProblemsFound where something is worse than a warning.

    Args:
        cost: whether what caching each slot costs is printed too.
    """
    found = _check(paths, content_path, now)
    slots = _costs(found, content_path, now) if cost else []
    if as_json:
        show_json(_as_json(found) | ({"cost": [asdict(one) for one in slots]} if cost else {}))
    else:
        show_problems(found.problems)
        for slot, reasons in (found.private or {}).items():
            click.echo(f"slot {slot} is private to each visitor, so no shared cache keeps it: {'; '.join(reasons)}")
        for slot, reasons in (found.origin or {}).items():
            click.echo(f"slot {slot} is decided at the origin, never at an edge: {'; '.join(reasons)}")
        for one in slots:
            for line in lines(one):
                click.echo(line)
        click.echo(_summary(found))
    if not found.ok:
        raise ProblemsFound


def _check(paths: Sequence[Path], content_path: Path | None, now: datetime) -> CheckedFiles:
    try:
        ruleset = load_files(paths)
    except RuleError as error:
        return CheckedFiles(error.problems)
    files = RuleFiles(paths)
    problems = [*ruleset.warnings, *map(files.placed, without_purpose(ruleset))]
    try:
        entries = read_entries(content_path) if content_path is not None else _published(ruleset, problems, files)
        content = ruleset.prepare(entries)
    except RuleError as error:
        return CheckedFiles(error.problems, ruleset)
    except ValueError as error:
        return CheckedFiles([Problem(str(error), "", str(content_path))], ruleset)
    problems += [
        Problem(
            f"the tag audience:{name} of {', '.join(ids[:3])} names no segment, so that nobody sees what has it",
            file=str(content_path) if content_path is not None else None,
            word=name,
            severity="warning",
        )
        for name, ids in content.unknown_audiences.items()
    ]
    tests = run_tests(ruleset, content, now=now, read_content=lambda name: _entries_beside(files, name))
    problems += [files.problem_of(test, message) for test in tests for message in test.messages]
    origin = {slot: reasons for slot in ruleset.slots if (reasons := beyond_the_edge(ruleset, slot))}
    private = {slot: found for slot in ruleset.slots if (found := _private(ruleset, content, slot))}
    return CheckedFiles(problems, ruleset, tests, private, origin, content)


def _private(ruleset: Ruleset, content: Content, slot: str) -> list[str]:
    """What makes a slot one visitor's alone, one reason each."""
    return [
        f"{cause.sentence} ({cause.remedy})"
        for cause in reads_of(ruleset, content, slot).causes
        if cause.makes == "private"
    ]


def _costs(found: CheckedFiles, content_path: Path | None, now: datetime) -> list[Footprint]:
    """What the slots cost, with the content that is given; what is published belongs to no files."""
    if found.ruleset is None or found.content is None:
        return []
    return footprints(found.ruleset, found.content if content_path is not None else None, now=now)


def _entries_beside(files: RuleFiles, name: str) -> Entries:
    try:
        return entries_of_file(files.beside(name))
    except RuleError as error:  # that test fails, and the others go on
        raise ValueError("; ".join(map(str, error.problems))) from error


def _published(ruleset: Ruleset, problems: list[Problem], files: RuleFiles) -> Entries:
    """The published content, where there are tests that need content and none was given."""
    if all(test.content is not None for test in ruleset.document.tests):
        return ()
    from plugin.cli.wiring import load_settings, opened_store  # noqa: PLC0415 - only where it is needed
    from plugin.service.content.entries import as_content  # noqa: PLC0415

    settings = load_settings()
    url = settings.database_url.reveal()
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        said = "tests without content of their own ran with none, for nothing is published here; give --content"
        problems.append(files.placed(Problem(said, "/tests", severity="warning")))
        return ()
    with opened_store(settings) as store:
        return [as_content(entry) for entry in store.content.snapshot().entries]


def _summary(found: CheckedFiles) -> str:
    errors = sum(problem.severity == "error" for problem in found.problems)
    warnings = len(found.problems) - errors
    said = [counted(errors, "problem")] if errors else ["ok"]
    if warnings:
        said.append(counted(warnings, "warning"))
    if found.ruleset is not None:
        document = found.ruleset.document
        said += [
            counted(len(document.slots), "slot"),
            counted(len(document.segments), "segment"),
            counted(len(document.rules), "rule"),
            counted(len(document.experiments), "experiment"),
            f"{sum(test.passed for test in found.tests)} of {counted(len(found.tests), 'test')} passed",
        ]
    return ", ".join(said)


def _as_json(found: CheckedFiles) -> dict[str, object]:
    return {
        "ok": found.ok,
        "digest": found.ruleset.digest if found.ruleset is not None else None,
        "problems": [problem_json(problem) for problem in found.problems],
        "tests": [{"name": test.name, "passed": test.passed, "messages": list(test.messages)} for test in found.tests],
        "private_slots": {slot: list(reasons) for slot, reasons in (found.private or {}).items()},
        "origin_slots": {slot: list(reasons) for slot, reasons in (found.origin or {}).items()},
    }


def problem_json(problem: Problem) -> dict[str, object]:
    """A problem for scripts; what is not known is left out."""
    return plain(
        {
            "severity": problem.severity,
            "message": problem.message,
            "pointer": problem.pointer,
            "file": problem.file,
            "line": problem.line,
            "column": problem.column,
            "word": problem.word,
            "suggestion": problem.suggestion,
        }
    )


def analyse_paths(paths: Sequence[Path], *, as_json: bool) -> None:
    """Print what the analysis finds. Raises ProblemsFound where it finds something."""
    findings = load_files(paths).analyse()
    files = RuleFiles(paths)
    if as_json:
        show_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            place = files.place_of_rule(finding.rules[0])
            click.echo(f"{place.file}:{place.line}:{place.column}: {finding.kind}: {finding.message}")
            if finding.witness is not None:
                click.echo(f"    seen with {json.dumps(finding.witness, ensure_ascii=False)}")
        click.echo(counted(len(findings), "finding"))
    if findings:
        raise ProblemsFound
