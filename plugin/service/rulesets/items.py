"""The items of a rule document as single resources: pure functions over its JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from plugin.ports import JSON

Section: TypeAlias = Literal["slots", "segments", "rules", "experiments", "attributes"]
SECTIONS: tuple[Section, ...] = get_args(Section)
Document: TypeAlias = Mapping[str, JSON]

SINGULAR: Mapping[str, str] = {section: section[:-1] for section in SECTIONS}


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a place in a document is: an item's, or the whole document's (section None)."""

    section: Section | None
    id: str

    def __str__(self) -> str:
        return f"{SINGULAR[self.section]} {self.id!r}" if self.section else "the document"


THE_DOCUMENT = Owner(None, "")


def items(document: Document, section: Section) -> dict[str, Document]:
    """The items of a section by id, in the order written. Attributes get their name as `id`."""
    held: Any = document.get(section)
    if section == "attributes":
        return {name: {"id": name, **spec} for name, spec in (held or {}).items()}
    return {item["id"]: item for item in held or ()}


def with_item(document: Document, section: Section, id_: str, value: Document | None) -> dict[str, JSON]:
    """The document with an item put in its place, added at the end, or (None) taken out."""
    held: Any = document.get(section)
    changed: JSON
    if section == "attributes":
        kept = dict(held or {})
        if value is None:
            kept.pop(id_, None)
        else:
            kept[id_] = {key: part for key, part in value.items() if key != "id"}
        changed = kept
    else:
        listed = list(held or ())
        place = next((at for at, item in enumerate(listed) if item["id"] == id_), len(listed))
        listed[place : place + 1] = [] if value is None else [value]
        changed = listed
    return {**document, section: changed}


def owner_of(document: Document, pointer: str) -> tuple[Owner, str]:
    """Whose a JSON pointer into the document is, and the rest of it within the item."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    if len(parts) < 2 or parts[0] not in SECTIONS:
        return THE_DOCUMENT, pointer
    section: Section = parts[0]
    rest = "".join("/" + part for part in pointer.split("/")[3:])
    if section == "attributes":
        return Owner(section, parts[1]), rest
    listed: Any = document.get(section)
    item = listed[int(parts[1])] if isinstance(listed, Sequence) and parts[1].isdecimal() else None
    identifier = item.get("id") if isinstance(item, Mapping) else None
    return (Owner(section, identifier), rest) if isinstance(identifier, str) else (THE_DOCUMENT, pointer)


def members(value: JSON, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str, JSON]]:
    """Every member of every mapping in a value: its path, its key, what it holds.

    What only looks like rules is passed over: presentation hints, lists of visitors, a test's content.
    """
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield (*path, key), key, part
            if key not in {"set", "members", "content", "expect"}:
                yield from members(part, (*path, key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for place, part in enumerate(value):
            yield from members(part, (*path, place))
