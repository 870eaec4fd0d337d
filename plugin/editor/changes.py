"""What differs between two documents, in the words in which items are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from plugin.editor.phrases import Name, Phrase, as_written
from plugin.editor.words import Words
from plugin.service.rulesets.diff import Diff, FieldChange
from plugin.service.rulesets.items import SECTIONS, SINGULAR, Document, Section, items

Kind = Literal["added", "changed", "removed"]
_TOLD_FIELDS = {"name", "description", "id"}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is said of an item: before, after, or both."""

    label: str
    before: Phrase | None = None
    after: Phrase | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One item that differs. ``item`` is None for settings of the whole document."""

    kind: Kind
    what: str
    item: Name | None
    lines: tuple[Line, ...]


def count_of(diff: Diff) -> int:
    """How many items differ; the settings of the document count as one."""
    return sum(len(part.added) + len(part.removed) + len(part.changed) for part in diff.sections.values()) + bool(
        diff.settings
    )


def told(diff: Diff, before: tuple[Document, Words], after: tuple[Document, Words]) -> list[Change]:
    """Every item that differs, by kind: first what is new, then what changed, then what is gone."""
    found = [change for section in SECTIONS for change in _section(section, diff, before, after)]
    if diff.settings:
        lines = tuple(_written(change) for change in diff.settings)
        found.append(Change("changed", "settings of the site", None, lines))
    order = {"added": 0, "changed": 1, "removed": 2}
    return sorted(found, key=lambda change: order[change.kind])


def _section(
    section: Section, diff: Diff, before: tuple[Document, Words], after: tuple[Document, Words]
) -> Iterator[Change]:
    (old, old_words), (new, new_words) = before, after
    old_items, new_items = items(old, section), items(new, section)
    part = diff.sections[section]
    what = SINGULAR[section]
    for id_ in part.added:
        lines = tuple(Line(fact.label, after=fact.phrase) for fact in new_words.facts(section, new_items[id_]))
        yield Change("added", what, new_words.vocabulary.named(section, id_), lines)
    for id_ in part.removed:
        lines = tuple(Line(fact.label, before=fact.phrase) for fact in old_words.facts(section, old_items[id_]))
        yield Change("removed", what, old_words.vocabulary.named(section, id_), lines)
    for changed in part.changed:
        id_ = changed.id
        facts_before = {fact.label: fact.phrase for fact in old_words.facts(section, old_items[id_])}
        facts_after = {fact.label: fact.phrase for fact in new_words.facts(section, new_items[id_])}
        compared = _compared(facts_before, facts_after, changed.changes)
        yield Change("changed", what, new_words.vocabulary.named(section, id_), tuple(compared))


def _compared(
    before: Mapping[str, Phrase], after: Mapping[str, Phrase], changes: tuple[FieldChange, ...]
) -> Iterator[Line]:
    """The facts that differ; where none tells the change, the fields themselves."""
    told_any = False
    for label in dict.fromkeys([*before, *after]):
        if before.get(label) != after.get(label):
            told_any = True
            yield Line(label, before.get(label), after.get(label))
    for change in changes:
        field = change.pointer.split("/")[1] if "/" in change.pointer else ""
        if field in _TOLD_FIELDS or not told_any:
            yield _written(change)


def _written(change: FieldChange) -> Line:
    label = change.pointer.removeprefix("/").replace("/", " › ")
    return Line(
        label[:1].upper() + label[1:],
        None if change.op == "add" else (_shown(change.before),),
        None if change.op == "remove" else (_shown(change.after),),
    )


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else as_written(value)
    return text if len(text) <= 300 else f"{text[:299]}…"
