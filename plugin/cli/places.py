"""Where in which file the parts of a document stand that came from several files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from rules import Problem
from rules.api import SUFFIXES
from rules.report import Place
from rules.source import Source, parse
from rules.testing import TestResult


class RuleFiles:
    """Rule files that were loaded well already; read again only when a place is asked for."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """`paths` as `rules.load_files` took them: files, and folders of files."""
        self._files = list(dict.fromkeys(_expanded(paths)))
        self._parsed: list[Source] = []

    def problem_of(self, test: TestResult, message: str) -> Problem:
        """The failure of a test, at the place of the test."""
        return self.placed(Problem(f"the test {test.name!r} fails: {message}", test.pointer))

    def placed(self, problem: Problem) -> Problem:
        """A problem of a test or an attribute with its place; any other as it is."""
        if problem.file is not None:
            return problem
        place: Place | None = None
        if found := re.fullmatch(r"/tests(?:/(\d+)(?:/.*)?)?", problem.pointer):
            place = next(islice((place for place, _item in self._items("tests")), int(found[1] or 0), None), None)
        elif found := re.fullmatch(r"/attributes/([^/]+)", problem.pointer):
            place = self._place_of_attribute(found[1])
        return replace(problem, file=place.file, line=place.line, column=place.column) if place else problem

    def _place_of_attribute(self, name: str) -> Place | None:
        for source in self._sources():
            declared = source.data.get("attributes") if isinstance(source.data, Mapping) else None
            if isinstance(declared, Mapping) and name in declared:
                return source.place(("attributes", name), at_key=True)
        return None

    def place_of_rule(self, identifier: str) -> Place:
        """Where a rule stands."""
        for place, item in self._items("rules"):
            if isinstance(item, Mapping) and item.get("id") == identifier:
                return place
        return Place()

    def _items(self, section: str) -> Iterator[tuple[Place, object]]:
        """The items of a list of the whole document: lists of several files are joined in the order of the files."""
        for source in self._sources():
            items = source.data.get(section) if isinstance(source.data, Mapping) else None
            for index, item in enumerate(items if isinstance(items, list) else []):
                yield source.place((section, index)), item

    def _sources(self) -> Sequence[Source]:
        if not self._parsed:
            self._parsed = [parse(path.read_text("utf-8"), str(path)) for path in self._files]
        return self._parsed

    def beside(self, name: str) -> Path:
        """A file in the folder of one of the rule files. Raises ValueError, FileNotFoundError."""
        relative = Path(name)
        if relative.is_absolute() or ".." in relative.parts:
            raise ValueError(f"{name!r}: only files beside the rules, or in a folder there, are read")
        for folder in dict.fromkeys(path.parent for path in self._files):
            target = folder / relative
            if target.is_file() and target.resolve().is_relative_to(folder.resolve()):
                return target
        raise FileNotFoundError(f"there is no file {name!r} beside the rules")


def _expanded(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.suffix in SUFFIXES and one.is_file())
        else:
            yield path
