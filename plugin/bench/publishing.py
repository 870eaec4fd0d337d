"""Publishing: from YAML text to a compiled rule set, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import process_time

import yaml

from plugin.bench.clock import frozen_garbage
from plugin.bench.generator import make
from rules import Ruleset
from rules.document import check
from rules.report import Report
from rules.source import parse

STEPS = ("parse", "check", "compile")


@dataclass(frozen=True, slots=True)
class Publishing:
    """Medians of CPU seconds for each step, over so many runs, for a text of so many bytes."""

    rules: int
    slots: int
    bytes: int
    runs: int
    seconds: Mapping[str, float]

    @property
    def total(self) -> float:
        """CPU seconds of all steps together."""
        return sum(self.seconds.values())


def as_yaml(document: Mapping[str, object]) -> str:
    """The document as an editor's tool would write it: block style, in the order given."""
    text: str = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
    return text


def publish(*, size: int, slots: int = 1, runs: int = 3) -> Publishing:
    """Time what a check at publishing does: parsing with the place of every value, checking, compiling."""
    text = as_yaml(make("equalities", rules=size, slots=slots).document)
    times: Sequence[Mapping[str, float]] = []
    with frozen_garbage():
        times = [_once(text) for _run in range(runs)]
    medians = {step: median(one[step] for one in times) for step in STEPS}
    return Publishing(size, slots, len(text.encode()), runs, medians)


def _once(text: str) -> dict[str, float]:
    started = process_time()
    source = parse(text, "rules.yaml")
    parsed = process_time()
    report = Report(source.place)
    document = check(source.data, report)
    report.raise_if_failed()
    checked = process_time()
    Ruleset(document)
    return {"parse": parsed - started, "check": checked - parsed, "compile": process_time() - checked}
