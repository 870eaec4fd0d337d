"""The whole document: from YAML or JSON to typed parts, every problem with its place, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from zoneinfo import ZoneInfo

from rules.attributes import BUILT_IN, CONTENT, EVENT, Catalogue
from rules.clock import known_zones, zone_of
from rules.declared import declared_in
from rules.doctests import DocumentTest, Named, parse_test
from rules.experiments import FIELDS as EXPERIMENT_FIELDS
from rules.experiments import Experiment, Group, Holdout, parse_experiment
from rules.expressions import Scope
from rules.fields import Fields, unique
from rules.report import Path, Report
from rules.rules import FIELDS as RULE_FIELDS
from rules.rules import Rule, RuleReader
from rules.segments import FIELDS as SEGMENT_FIELDS
from rules.segments import ReadFile, Segment, in_order, parse_segment
from rules.slots import FIELDS as SLOT_FIELDS
from rules.slots import Slot, parse_slot

VERSION = 1
SECTIONS = ("attributes", "segments", "slots", "rules", "experiments")
TOP = ("version", "timezone", "locales", *SECTIONS, "holdout", "tests", "name", "description")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A checked document. `data` is what it was read from, all files merged, members of segments written out."""

    zone: ZoneInfo
    locales: tuple[str, ...]
    catalogue: Catalogue
    segments: tuple[Segment, ...]
    layers: tuple[tuple[Segment, ...], ...]
    slots: tuple[Slot, ...]
    rules: tuple[Rule, ...]
    experiments: tuple[Experiment, ...]
    groups: Mapping[str, Group]
    holdout: Holdout | None
    tests: tuple[DocumentTest, ...]
    models: frozenset[str]
    data: Mapping[str, object] = field(repr=False)


def check(
    data: object, report: Report, catalogue: Catalogue | None = None, read_file: ReadFile | None = None
) -> Document:
    """The typed document of parsed data. Problems go to the report; the document is sound only where it has none.

    Args:
        data: the mapping that YAML or JSON gave.
        catalogue: the attributes of the site instead of the built-in ones; the document adds its own.
        read_file: reads a file beside the document by its name; None: files are refused.
    """
    return _Checker(data, report, catalogue if catalogue is not None else BUILT_IN, read_file).document()


class _Checker:
    def __init__(self, data: object, report: Report, catalogue: Catalogue, read_file: ReadFile | None) -> None:
        self.report = report
        self.fields = Fields(data, (), report, TOP, "a document")
        self.read_file = read_file
        self.models: set[str] = set()
        zone_name = self.fields.text("timezone") or "UTC"
        zone = zone_of(zone_name)
        if zone is None:
            self.fields.note("timezone", f"there is no time zone {zone_name!r}", zone_name, known_zones())
        self.zone = zone or ZoneInfo("UTC")
        self.catalogue = catalogue.extended(declared_in(self.fields))
        self.segment_places = self._ids("segments")
        self.slot_ids = self._ids("slots")
        names = frozenset(self.segment_places)
        self.visitor = Scope(report, self.catalogue, "visitor", self.zone, names)
        self.content = Scope(
            report, self.catalogue.extended([*CONTENT.all(), *EVENT.all()]), "content", self.zone, names
        )
        self.events = Scope(report, self.content.catalogue, "event", self.zone, names)
        self.rule_reader = RuleReader(self.visitor, self.content, self.models)

    def document(self) -> Document:
        fields = self.fields
        fields.text("name")
        fields.text("description")
        if "version" in fields and (fields["version"] != VERSION or isinstance(fields["version"], bool)):
            fields.note("version", f"'version' is {VERSION}", fields["version"])
        segments = self._section("segments", "segment", SEGMENT_FIELDS, self._segment)
        slots = self._section("slots", "slot", SLOT_FIELDS, self._slot)
        rules = self._section("rules", "rule", RULE_FIELDS, self._rule)
        experiments = self._section("experiments", "experiment", EXPERIMENT_FIELDS, self._experiment)
        arms = {one.id: [arm.id for arm in one.arms] for one in experiments}
        named = Named(self.slot_ids, self._ids("rules"), arms)
        layers = in_order(segments, self.segment_places, self.report)
        tests = tuple(
            test
            for item, path in fields.items("tests")
            if (test := parse_test(item, path, self.visitor, named)) is not None
        )
        return Document(
            zone=self.zone,
            locales=self._locales(),
            catalogue=self.catalogue,
            segments=tuple(segments),
            layers=tuple(tuple(layer) for layer in layers),
            slots=tuple(slots),
            rules=tuple(rules),
            experiments=tuple(experiments),
            groups=_groups(experiments),
            holdout=self._holdout(),
            tests=tests,
            models=frozenset(self.models),
            data=self._merged(segments),
        )

    def _ids(self, section: str) -> dict[str, Path]:
        """Every id of a section, before its items are read, for what may name them."""
        items = self.fields.data.get(section, [])
        found: dict[str, Path] = {}
        if isinstance(items, list | tuple):
            for index, item in enumerate(items):
                identifier = item.get("id") if isinstance(item, Mapping) else None
                if isinstance(identifier, str):
                    found.setdefault(identifier, (section, index))
        return found

    def _section(self, section: str, what: str, allowed: Sequence[str], parse: Callable[[Fields], T | None]) -> list[T]:
        seen: dict[str, Path] = {}
        found = []
        known = dict.fromkeys(allowed)  # is asked of each key of each item
        described = f"an {what}" if what[0] in "aeiou" else f"a {what}"
        for item, path in self.fields.items(section):
            fields = Fields(item, path, self.report, known, described)
            parsed = parse(fields)
            if parsed is not None and unique(seen, getattr(parsed, "id", None), path, self.report, what):
                found.append(parsed)
        return found

    def _segment(self, fields: Fields) -> Segment | None:
        fields.text("description")
        return parse_segment(fields, self.visitor, self.events, self.read_file)

    def _slot(self, fields: Fields) -> Slot | None:
        fields.text("description")
        return parse_slot(fields, self.content, self.models)

    def _rule(self, fields: Fields) -> Rule | None:
        return self.rule_reader.read(fields, self._slots(fields))

    def _experiment(self, fields: Fields) -> Experiment | None:
        fields.text("description")
        return parse_experiment(fields, self._slots(fields), self.visitor, self.content, self.models)

    def _slots(self, fields: Fields) -> tuple[str, ...] | None:
        """The slots an item is for: one, a list, or "*"."""
        if "slot" not in fields:
            fields.needs("slot", ', the id of a slot, a list of them, or "*"')
            return ()
        value = fields["slot"]
        if type(value) is str and value in self.slot_ids and value != "*":
            return (value,)
        if value == "*" or (isinstance(value, list | tuple) and "*" in value):
            return None
        names = value if isinstance(value, list | tuple) else [value]
        if not names:
            fields.note("slot", "a list of slots names at least one")
        for index, name in enumerate(names):
            path = fields.at("slot", index) if isinstance(value, list | tuple) else fields.at("slot")
            if not isinstance(name, str) or name not in self.slot_ids:
                self.report.add(path, f"there is no slot {name!r}", word=str(name), known=self.slot_ids)
        return tuple(dict.fromkeys(name for name in names if isinstance(name, str)))

    def _locales(self) -> tuple[str, ...]:
        value = self.fields.data.get("locales", [])
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
            self.fields.note("locales", "'locales' is a list of language tags, the default first, such as [fr, en]")
            return ()
        if len({item.lower() for item in value}) < len(value):
            self.fields.note("locales", "'locales' names a language twice")
        return tuple(value)

    def _holdout(self) -> Holdout | None:
        if "holdout" not in self.fields:
            return None
        fields = Fields(self.fields["holdout"], ("holdout",), self.report, ("percent", "salt"), "'holdout'")
        fields.needs("percent")
        salt = fields.text("salt") or "holdout"
        return Holdout(float(fields.number("percent", 0, 0, 100)), salt)

    def _merged(self, segments: list[Segment]) -> Mapping[str, object]:
        """The data with files of members written out, so that a stored version never depends on a file."""
        members = {segment.id: sorted(segment.members) for segment in segments if segment.kind == "members"}
        if not members:
            return self.fields.data
        items = [
            {**item, "members": members[identifier]}
            if isinstance(identifier := item.get("id"), str) and identifier in members
            else item
            for item in self.fields.data.get("segments", [])  # type: ignore[attr-defined]
            if isinstance(item, Mapping)
        ]
        return {**self.fields.data, "segments": items}


def _groups(experiments: Sequence[Experiment]) -> dict[str, Group]:
    names: dict[str, list[str]] = {}
    for experiment in experiments:
        if experiment.group is not None:
            names.setdefault(experiment.group, []).append(experiment.id)
    return {name: Group(name, tuple(sorted(ids))) for name, ids in names.items()}
