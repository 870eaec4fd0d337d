"""What things are called: attributes, segments, slots and entries, by the names that editors gave them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from plugin.editor.phrases import Name, mapping
from plugin.service.rulesets.items import SECTIONS, Document, items

LIST_TYPES = frozenset({"string_list", "number_list"})


class Attribute(Protocol):
    """What the editor reads of an entry in the catalogue of attributes."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def values(self) -> tuple[str, ...] | None: ...
    @property
    def derived(self) -> bool: ...
    @property
    def description(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """An attribute that the document declares."""

    name: str
    type: str = "string"
    unit: str | None = None
    values: tuple[str, ...] | None = None
    derived: bool = False
    description: str = ""
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names of one document.

    Attributes:
        zone: the site's time zone, as the document says it.
        built_in: the attributes that every site has; families answer for their members.
        declared: the document's own.
        names: section to id to name; an item without a name is called by its id.
        title: of an entry by its id; None where there is no such entry.
    """

    zone: str
    built_in: Mapping[str, Attribute]
    declared: Mapping[str, Declared] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    title: Callable[[str], str | None] = lambda _id: None

    def attribute(self, name: str) -> Attribute | None:
        """An attribute, or None where there is none of that name."""
        return self.declared.get(name) or self.built_in.get(name)

    def named(self, section: str, id_: object) -> Name:
        """An item as it is called."""
        return Name(section, str(id_), self.names.get(section, {}).get(str(id_), str(id_)))

    def entry(self, id_: object) -> Name:
        """An entry by its title, and its id where that says something else."""
        title = self.title(str(id_))
        return Name("content", str(id_), f"“{title}” ({id_})" if title else str(id_))


def vocabulary_of(
    document: Document,
    built_in: Mapping[str, Attribute],
    title: Callable[[str], str | None] = lambda _id: None,
) -> Vocabulary:
    """The vocabulary of a document, checked or not."""
    zone = document.get("timezone")
    return Vocabulary(
        zone=zone if isinstance(zone, str) else "UTC",
        built_in=built_in,
        declared={name: _declared(name, spec) for name, spec in items(document, "attributes").items()},
        names={
            section: {id_: str(item.get("name") or id_) for id_, item in items(document, section).items()}
            for section in SECTIONS
        },
        title=title,
    )


def _declared(name: str, spec: Mapping[str, Any]) -> Declared:
    values, unit, label = spec.get("values"), spec.get("unit"), mapping(spec).get("name")
    return Declared(
        name=name,
        type=str(spec.get("type", "string")),
        unit=str(unit) if unit else None,
        values=tuple(map(str, values)) if isinstance(values, list | tuple) and values else None,
        description=str(spec.get("description") or ""),
        label=str(label) if label else None,
    )
