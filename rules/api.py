"""The calls that a CI job, a notebook or another program makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path as FilePath
from zoneinfo import ZoneInfo

from rules.attributes import BUILT_IN, TYPES, Attribute, Catalogue, Type
from rules.clock import as_instant, within_calendar
from rules.conditions import Ago, Test, compile_condition, walk
from rules.document import SECTIONS, check
from rules.errors import Problem, RuleError
from rules.expressions import Scope, parse_condition
from rules.facts import Facts
from rules.report import Path, Place, Report
from rules.ruleset import Ruleset
from rules.source import LONGEST_TEXT, Source, from_data, from_data_on, parse_on

_UTC = ZoneInfo("UTC")
SUFFIXES = (".yaml", ".yml", ".json")


def matches(
    condition: Mapping[str, object],
    attributes: Mapping[str, object],
    segments: Iterable[str] = (),
    now: datetime | str | None = None,
    *,
    catalogue: Catalogue | Mapping[str, object] | None = None,
) -> bool:
    """Whether one condition holds over flat attributes.

    Args:
        condition: such as {"all": [{"device.type": "mobile"}, {"geo.eu": True}]}.
        attributes: such as {"geo.country": "FR"}.
        segments: the segments held.
        now: the clock; `time.*` derive from it where not given.
        catalogue: checks names, types and values; a mapping {name: {type: ...}} adds to the built-in catalogue.
            None checks only the form of the condition.
    Raises:
        RuleError: the condition does not check, or compares with {ago: ...} and there is no `now`.
    """
    report = Report()
    known = _catalogue(catalogue) if catalogue is not None else None
    parsed = parse_condition(from_data(condition).data, (), Scope(report, known, "visitor", _UTC))
    report.raise_if_failed()
    instant = as_instant(now, _UTC)
    if instant is None and now is not None:
        raise RuleError(f"now={now!r} is no instant; give an aware datetime or an ISO 8601 text")
    if instant is None and _reads_clock(parsed):
        raise RuleError("the condition compares with the clock; give now=, an aware datetime or an ISO 8601 text")
    if instant is not None:
        try:
            within_calendar(instant)
        except ValueError as error:
            raise RuleError(f"now: {error}") from error
    facts = Facts(attributes, now=instant, zone=_UTC, catalogue=known, given=segments)
    return compile_condition(parsed, _UTC)(facts)


def _reads_clock(condition: object) -> bool:
    return any(isinstance(leaf, Test) and isinstance(leaf.operand, Ago) for leaf in walk(condition))  # type: ignore[arg-type]


def _catalogue(given: Catalogue | Mapping[str, object]) -> Catalogue:
    if isinstance(given, Catalogue):
        return given
    declared = []
    for name, value in given.items():
        if isinstance(value, Attribute):
            declared.append(value)
            continue
        fields: Mapping[str, object] = value if isinstance(value, Mapping) else {"type": value}
        type_: Type = fields.get("type")  # type: ignore[assignment]
        if type_ not in TYPES:
            raise RuleError(f"catalogue: {name!r} has the type {type_!r}, which is none of {', '.join(TYPES)}")
        values = fields.get("values")
        purpose = fields.get("purpose")
        declared.append(
            Attribute(
                name=name,
                type=type_,
                values=tuple(values) if isinstance(values, list | tuple) else None,
                purpose=purpose if isinstance(purpose, str) else None,
            )
        )
    return BUILT_IN.extended(declared)


def load(
    document: Mapping[str, object] | str,
    catalogue: Catalogue | Mapping[str, object] | None = None,
    *,
    name: str | None = None,
    stored: bool = False,
) -> Ruleset:
    """Check and compile a document.

    Args:
        document: a mapping, or YAML or JSON text.
        catalogue: the site's attributes instead of the built-in ones; the document adds its own.
        name: of the text, for messages.
        stored: the mapping is a canonical form that was checked when it was stored: plain data, not looked at for
            what JSON cannot carry.
    Raises:
        RuleError: with every problem at once in `problems`.
    """
    if isinstance(document, str):
        source = parse_on(document, name)
    else:
        source = Source(document, name, None) if stored else from_data_on(document, name)
    report = Report(source.place)
    known = _catalogue(catalogue) if catalogue is not None else None
    checked = check(source.data, report, known)
    report = _with_those_of_texts(report, source.problems)
    report.raise_if_failed()
    return Ruleset(checked, [problem for problem in report.problems if problem.severity == "warning"])


def load_files(paths: Sequence[str | FilePath], catalogue: Catalogue | Mapping[str, object] | None = None) -> Ruleset:
    """Check and compile files, and folders of .yaml, .yml and .json files, that together are one document.

    Raises:
        RuleError: with every problem of all files, each with its file, line and column.
    """
    problems: list[Problem] = []
    sources: list[tuple[Source, FilePath]] = []
    for path in _expand(paths, problems):
        try:
            if path.stat().st_size > LONGEST_TEXT:
                raise RuleError([Problem("the file is too large; split it", "", str(path))])
            source = parse_on(path.read_text("utf-8"), str(path))
            if not isinstance(source.data, Mapping):
                at = source.place(())
                raise RuleError([Problem("a document is a mapping", "", at.file, at.line, at.column)])
            sources.append((source, path))
        except RuleError as error:
            problems.extend(error.problems)
        except UnicodeDecodeError as error:
            problems.append(Problem(f"not UTF-8 text: {error.reason} at byte {error.start}", "", str(path)))
        except OSError as error:
            problems.append(Problem(f"cannot be read: {error.strerror or error}", "", str(path)))
    if not sources and not problems:
        names = ", ".join(map(str, paths))
        problems.append(Problem(f"no file ending in {', '.join(SUFFIXES)} there", "", names or None))
    if not sources:
        raise RuleError(problems)
    merged = _Merged(sources)
    report = Report(merged.place)
    for path_in_file, message, word in merged.conflicts:
        report.add(path_in_file, message, word=word)
    checked = check(merged.data, report, _catalogue(catalogue) if catalogue is not None else None, merged.read)
    if problems:  # what a file that does not parse would have defined is not known to the others
        report = report.without_unknown_names()
    report = _with_those_of_texts(report, [problem for source, _ in sources for problem in source.problems])
    report.problems[:0] = problems
    report.raise_if_failed()
    return Ruleset(checked, [problem for problem in report.problems if problem.severity == "warning"])


def _with_those_of_texts(report: Report, problems: Sequence[Problem]) -> Report:
    """The problems of texts before those of the document, of which the former may be the cause."""
    if not problems:
        return report
    if any(problem.word in (*SECTIONS, "attributes") for problem in problems):  # given twice: one of them is lost
        report = report.without_unknown_names()
    places = {_place_of(problem) for problem in problems}
    report.problems[:] = [*problems, *(problem for problem in report.problems if _place_of(problem) not in places)]
    return report


def _place_of(problem: Problem) -> tuple[object, ...]:
    found = (problem.file, problem.line, problem.column)
    return found if problem.line is not None else (*found, problem.pointer)


def _expand(paths: Sequence[str | FilePath], problems: list[Problem]) -> list[FilePath]:
    found: list[FilePath] = []
    for given in paths:
        path = FilePath(given)
        if path.is_dir():
            found.extend(sorted(one for one in path.rglob("*") if one.suffix in SUFFIXES and one.is_file()))
        elif path.exists():
            found.append(path)
        else:
            problems.append(Problem("there is no such file", "", str(path)))
    return list(dict.fromkeys(found))


class _Merged:
    """Several files as one document: lists and attributes are joined, other settings stand in one file only."""

    def __init__(self, sources: Sequence[tuple[Source, FilePath]]) -> None:
        self.data: dict[str, object] = {}
        self.conflicts: list[tuple[Path, str, str]] = []
        self._sources = sources
        self._first: dict[str, int] = {}
        self._origins: dict[tuple[str | int, str | int], tuple[int, str | int]] = {}
        for number, (source, _path) in enumerate(sources):
            for key, value in source.data.items():
                self._take(number, key, value)

    def _take(self, number: int, key: str, value: object) -> None:
        if key in (*SECTIONS, "tests") and isinstance(value, list):
            there = self.data.setdefault(key, [])
            if isinstance(there, list):
                for index, item in enumerate(value):
                    self._origins[key, len(there)] = (number, index)
                    there.append(item)
                return
        elif key == "attributes" and isinstance(value, Mapping):
            declared = self.data.setdefault(key, {})
            if isinstance(declared, dict):
                for name, item in value.items():
                    if name in declared:
                        self._origins[key, name] = (number, name)
                        self.conflicts.append(((key, name), f"{name!r} is declared in two files", name))
                    self._origins[key, name] = (number, name)
                    declared[name] = item
                return
        elif key in self.data:
            if key in (*SECTIONS, "tests"):  # the other file has a list of its own, or a mapping for attributes
                wanted = "a mapping" if key == "attributes" else "a list"
                self.conflicts.append(((key,), f"{key!r} is {wanted}", key))
            elif self.data[key] != value:
                other = self._sources[self._first[key]][0].name
                self.conflicts.append(((key,), f"{key!r} says another thing in {other}", key))
            else:
                return
            self._first[key] = number
            return
        self._first.setdefault(key, number)
        self.data.setdefault(key, value)

    def place(self, path: Path, at_key: bool) -> Place:
        """Where a path of the whole stands in its file."""
        if len(path) >= 2 and (path[0], path[1]) in self._origins:
            number, inner = self._origins[path[0], path[1]]
            own: Path = (path[0], inner, *path[2:])
            return self._sources[number][0].place(own, at_key)
        number = self._first.get(str(path[0]), 0) if path else 0
        return self._sources[number][0].place(path, at_key)

    def read(self, name: str) -> str:
        """A file beside one of the document's files. Raises OSError, or ValueError for a path that leads elsewhere."""
        relative = FilePath(name)
        if relative.is_absolute() or ".." in relative.parts:
            raise ValueError("only files beside the document, or in a folder there, are read")
        for _source, path in self._sources:
            target = path.parent / relative
            if target.is_file():
                if not target.resolve().is_relative_to(path.parent.resolve()):
                    raise ValueError("the file is a link that leads elsewhere")
                if target.stat().st_size > LONGEST_TEXT:
                    raise ValueError("the file is too large")
                return target.read_text("utf-8")
        raise FileNotFoundError("there is no such file beside the document")
