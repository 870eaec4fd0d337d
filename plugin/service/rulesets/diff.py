"""What differs between two rule documents, item by item: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal, TypeGuard

from plugin.ports import JSON
from plugin.service.rulesets.items import SECTIONS, Document, items
from rules.report import Path, pointer

_ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field: `before` and `after` are None where it was not there; `op` tells that from null."""

    pointer: str
    op: Literal["add", "remove", "replace"]
    before: JSON = None
    after: JSON = None


@dataclass(frozen=True, slots=True)
class ItemChange:
    """An item that both documents have, with pointers within the item."""

    id: str
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class SectionDiff:
    """One kind of items, by id; the order of items means nothing and is no change."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[ItemChange, ...]


@dataclass(frozen=True, slots=True)
class Diff:
    """Two documents. ``settings`` is everything beside the items: time zone, locales, holdout, tests, names."""

    sections: Mapping[str, SectionDiff]
    settings: tuple[FieldChange, ...]

    @property
    def same(self) -> bool:
        """Whether the two mean the same."""
        return not self.settings and not any(
            part.added or part.removed or part.changed for part in self.sections.values()
        )


def compare(a: Document, b: Document) -> Diff:
    """What turns ``a`` into ``b``."""
    sections: dict[str, SectionDiff] = {section: _section(items(a, section), items(b, section)) for section in SECTIONS}
    outside = [{key: value for key, value in one.items() if key not in SECTIONS} for one in (a, b)]
    return Diff(sections, tuple(_changes(outside[0], outside[1], ())))


def _section(a: Mapping[str, Document], b: Mapping[str, Document]) -> SectionDiff:
    changed = (ItemChange(name, tuple(_changes(a[name], b[name], ()))) for name in sorted(a.keys() & b.keys()))
    return SectionDiff(
        added=tuple(sorted(b.keys() - a.keys())),
        removed=tuple(sorted(a.keys() - b.keys())),
        changed=tuple(change for change in changed if change.changes),
    )


def _changes(a: JSON, b: JSON, path: Path) -> Iterator[FieldChange]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in sorted(a.keys() | b.keys()):
            yield from _change(a.get(key, _ABSENT), b.get(key, _ABSENT), (*path, key))
    elif _is_list(a) and _is_list(b):
        for place, (one, other) in enumerate(zip_longest(a, b, fillvalue=_ABSENT)):
            yield from _change(one, other, (*path, place))
    elif a != b or isinstance(a, bool) != isinstance(b, bool):  # True equals 1 in Python, and not in JSON
        yield FieldChange(pointer(path), "replace", a, b)


def _change(a: JSON, b: JSON, path: Path) -> Iterator[FieldChange]:
    if a is _ABSENT:
        yield FieldChange(pointer(path), "add", after=b)
    elif b is _ABSENT:
        yield FieldChange(pointer(path), "remove", before=a)
    else:
        yield from _changes(a, b, path)


def _is_list(value: JSON) -> TypeGuard[Sequence[JSON]]:
    return isinstance(value, Sequence) and not isinstance(value, str)
