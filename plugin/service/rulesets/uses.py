"""Who uses a slot, a segment or an attribute: what must be changed before it can go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from plugin.errors import Conflict
from plugin.ports import JSON, ContentStore
from plugin.service.rulesets.items import SECTIONS, SINGULAR, Document, Section, items, members
from rules.report import Path, pointer


@dataclass(frozen=True, slots=True)
class Use:
    """A place that names the thing.

    Attributes:
        section: of the document (`tests`, too), or `content`.
        id: of the item; of a test its place in the list.
        pointer: JSON pointer within the item.
    """

    section: str
    id: str
    pointer: str


class InUse(Conflict):
    """What others use cannot be deleted; `uses` says where."""

    slug, status, title = "in-use", HTTPStatus.CONFLICT, "Others use it"

    def __init__(self, section: Section, id_: str, uses: Sequence[Use]) -> None:
        self.uses = tuple(uses)
        where = ", ".join(dict.fromkeys(f"{_singular(use.section)} {use.id!r}" for use in self.uses[:5]))
        more = f" and {len(self.uses) - 5} more places" if len(self.uses) > 5 else ""
        super().__init__(f"The {SINGULAR[section]} {id_!r} is used by {where}{more}.")

    def members(self) -> dict[str, object]:
        return {"uses": [asdict(use) for use in self.uses]}


def uses_of(document: Document, section: Section, id_: str) -> Iterator[Use]:
    """Where a document names one of its slots, segments or attributes; the other kinds are named nowhere."""
    for kind, name, item in _all_items(document):
        if (kind, name) != (section, id_):
            for path in _naming(kind, item, section, id_):
                yield Use(kind, name, pointer(path))


def audience_uses(content: ContentStore, segment: str) -> Iterator[Use]:
    """The entries that are for a segment alone, by their audience tags."""
    tag = f"audience:{segment}"
    for entry in content.snapshot().entries:
        if tag in entry.tags:
            yield Use("content", entry.id, f"/tags/{entry.tags.index(tag)}")


def model_uses(document: Document) -> Iterator[tuple[str, str]]:
    """Every model that the document names: its JSON pointer, its name."""
    for path, key, part in members(document):
        if key == "model" and isinstance(part, Mapping) and isinstance(part.get("name"), str):
            yield pointer((*path, "name")), str(part["name"])


def _singular(section: str) -> str:
    return {**SINGULAR, "tests": "test", "content": "entry"}[section]


def _all_items(document: Document) -> Iterator[tuple[str, str, JSON]]:
    for section in SECTIONS:
        for name, item in items(document, section).items():
            yield section, name, item
    tests: Any = document.get("tests")
    for place, test in enumerate(tests or ()):
        yield "tests", str(place), test


def _naming(kind: str, item: JSON, section: Section, id_: str) -> Iterator[Path]:
    if section == "slots" and kind in {"rules", "experiments", "tests"}:
        yield from _listed(item, "slot", id_)
    elif section == "segments":
        if kind == "tests":
            yield from _listed(item, "segments", id_)
        for path, key, part in members(item):
            if key == "segment":
                yield from _listed({key: part}, key, id_, path[:-1])
    elif section == "attributes":
        for path, key, part in members(item):
            if key == id_ or (key == "ref" and part == id_):
                yield path


def _listed(item: JSON, key: str, id_: str, above: Path = ()) -> Iterator[Path]:
    """A field that holds one name, or a list of names."""
    held = item.get(key) if isinstance(item, Mapping) else None
    if held == id_:
        yield (*above, key)
    elif isinstance(held, Sequence) and not isinstance(held, str):
        yield from ((*above, key, place) for place, name in enumerate(held) if name == id_)
