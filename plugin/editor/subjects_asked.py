"""What conditions can be about: attributes of a visitor, or fields of an entry, in the groups of a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from plugin.editor.askable import Kind, kind_of, segments_kind
from plugin.editor.subjects import label, noun, spaced, value
from plugin.editor.vocabulary import Vocabulary

SEGMENT = "segment"
FAMILIES: Mapping[str, str] = {
    "request.utm.": "A word of the link (utm)…",
    "request.query.": "A parameter of the address…",
    "request.cookie.": "A cookie…",
    "request.header.": "A header…",
    "consent.": "Consent to…",
}
"""What has a name of its own to be filled in: the beginning of such attributes, and what they are called."""
_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Their visits", ("visitor.", "session.")),
    ("What is known of them", ("profile.", "custom.")),
    ("Where they are", ("geo.",)),
    ("When it is for them", ("time.",)),
    ("How they came", ("request.",)),
    ("Their device", ("device.", "network.", "context.")),
    ("What they agreed to", ("consent.",)),
)
_FIRST = ("visitor.new", "visitor.visits", "geo.country", "geo.region", "geo.city", "time.of_day", "time.weekday",
          "request.referrer_kind", "request.utm.campaign", "device.type")  # fmt: skip
_UTM = ("campaign", "source", "medium")
_CONTENT: Mapping[str, tuple[str, str]] = {
    "content.tags": ("string_list", "Its tags"),
    "content.type": ("string", "Its type"),
    "content.id": ("string", "Its id in the CMS"),
    "content.locale": ("string", "Its language"),
    "content.published_at": ("datetime", "When it was published"),
    "content.expires_at": ("datetime", "When it ends"),
}
_COMPARABLE: tuple[frozenset[str], ...] = (
    frozenset({"string", "version", "ip", "string_list"}),
    frozenset({"number", "number_list"}),
    frozenset({"boolean"}),
    frozenset({"date", "datetime"}),
)
Offered = tuple[str, tuple[tuple[str, str], ...]]
"""A group of a list to choose from: its name, and each value with its words."""


@dataclass(frozen=True)
class Subjects:
    """What the conditions of one document can be about.

    Attributes:
        entries: whether they are about an entry, and not about a visitor.
        named: fields of entries that the document or its content has.
    """

    vocabulary: Vocabulary
    entries: bool = False
    named: tuple[str, ...] = ()
    _kinds: dict[str, Kind | None] = field(default_factory=dict, compare=False, repr=False)

    def kind(self, name: str) -> Kind | None:
        """What can be asked of an attribute; None where the form asks nothing of it."""
        if name not in self._kinds:
            self._kinds[name] = self._kind(name)
        return self._kinds[name]

    def _kind(self, name: str) -> Kind | None:
        if self.entries:
            if not name.startswith("content.") or name == "content.":
                return None
            type_ = _CONTENT.get(name, ("field", ""))[0]
            return kind_of(name, type_, {}, _comparable(self.vocabulary, type_, ""))
        if name == SEGMENT:
            return segments_kind(self.vocabulary.names["segments"])
        found = self.vocabulary.attribute(name)
        if found is None or name.endswith("*"):
            return None
        values = {one: value(name, one, self.vocabulary) for one in found.values or ()}
        return kind_of(name, found.type, values, _comparable(self.vocabulary, found.type, name), found.unit)

    def label(self, name: str) -> str:
        """What an attribute is called in a list."""
        if self.entries:
            found = _CONTENT.get(name)
            return found[1] if found else f"Its {spaced(name.removeprefix('content.'))}"
        if name == SEGMENT:
            return "Segment"
        return label(name, self.vocabulary)

    def family(self, name: str) -> str | None:
        """The family of an attribute that is not in the list by itself."""
        if self.entries:
            return "content." if name not in self._listed else None
        return next((one for one in FAMILIES if name.startswith(one) and name not in self._listed), None)

    @cached_property
    def _listed(self) -> frozenset[str]:
        return frozenset(name for _group, rows in self.offered for name, _words in rows)

    @cached_property
    def offered(self) -> tuple[Offered, ...]:
        """Everything that can be asked, by groups."""
        return _offered(self)


def _visitor(vocabulary: Vocabulary) -> Iterator[str]:
    """Names of attributes: those that are asked most often first, families left out."""
    yield from _FIRST
    yield from (f"request.utm.{name}" for name in _UTM)
    yield from vocabulary.declared
    yield from (name for name in vocabulary.built_in if not name.endswith("*"))


def _comparable(vocabulary: Vocabulary, type_: str, name: str) -> dict[str, str]:
    """The attributes with which one of this type can be compared."""
    group = next((one for one in _COMPARABLE if type_ in one), frozenset[str]())
    found = {}
    for other in dict.fromkeys(_visitor(vocabulary)):
        held = vocabulary.attribute(other)
        if held is not None and other != name and (held.type in group or type_ == "field"):
            found[other] = noun(other, vocabulary)
    return found


def _offered(subjects: Subjects) -> tuple[Offered, ...]:
    if subjects.entries:
        fields = [(name, subjects.label(name)) for name in dict.fromkeys((*_CONTENT, *subjects.named))]
        return (("The entry", (*fields, ("content.*", "Another field of it…"))),)
    vocabulary = subjects.vocabulary
    names = [name for name in dict.fromkeys(_visitor(vocabulary)) if name not in ("time.hour", "context.timezone")]
    found: list[Offered] = [("Segments", ((SEGMENT, subjects.label(SEGMENT)),))] if vocabulary.names["segments"] else []
    for group, prefixes in _GROUPS:
        rows = [(name, subjects.label(name)) for name in names if name.startswith(prefixes)]
        rows += [(f"{one}*", words) for one, words in FAMILIES.items() if one.startswith(prefixes)]
        if rows:
            found.append((group, tuple(rows)))
    return tuple(found)


def fields_named(data: Iterable[object]) -> tuple[str, ...]:
    """The fields of entries that selectors name, wherever they stand in what is given."""
    found: dict[str, None] = {}
    waiting = list(data)
    while waiting:
        held = waiting.pop()
        if isinstance(held, Mapping):
            found |= {key: None for key in held if isinstance(key, str) and key.startswith("content.")}
            waiting.extend(held.values())
        elif isinstance(held, list | tuple):
            waiting.extend(held)
    return tuple(sorted(name for name in found if name not in _CONTENT and name != "content."))
