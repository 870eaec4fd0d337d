"""What a space is made of, besides its content: locales, content types, names of tags and labels of concepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from adapters.cms.locales import parse_locale
from adapters.cms.port import BadResponse

Item: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Kind:
    """A content type.

    Attributes:
        fields: by name, whether they are translated; the others have one value for all locales.
        texts: long texts, which Contentful's editors write as Markdown.
        display: the field that names an entry in the editor.
    """

    fields: Mapping[str, bool] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()
    display: str | None = None

    def localized(self, name: str) -> bool:
        """Whether a field is translated; one that nobody announced may be."""
        return self.fields.get(name, True)


@dataclass(frozen=True, slots=True)
class Model:
    """One reading of it.

    Attributes:
        default: code of the default locale, under which what is not localized stands.
        fallbacks: the locale that fills a missing translation, by locale; None where there is none.
        kinds: content types by id.
        tags: names of the public tags by id.
        concepts: labels of taxonomy concepts by id, in the default locale.
    """

    default: str
    fallbacks: Mapping[str, str | None]
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    concepts: Mapping[str, str] = field(default_factory=dict)

    def chain(self, code: str) -> tuple[str, ...]:
        """The locales that may fill a localized field, best first."""
        found: list[str] = []
        at: str | None = code
        while at is not None and at not in found:
            found.append(at)
            at = self.fallbacks.get(at)
        return tuple(found)

    def tag_of(self, code: str) -> str:
        """The language tag of a locale; a code that is none stays as it is."""
        return parse_locale(code) or code

    def agrees(self, later: Model) -> bool:
        """Whether what was made with this one is still right with a later one, which may know more."""
        return (
            (self.default, dict(self.fallbacks)) == (later.default, dict(later.fallbacks))
            and self.kinds.items() <= later.kinds.items()
            and self.tags.items() <= later.tags.items()
            and self.concepts.items() <= later.concepts.items()
        )


def to_json(model: Model) -> dict[str, object]:
    """For a cursor."""
    return {
        "default": model.default,
        "fallbacks": dict(model.fallbacks),
        "kinds": {one: [dict(kind.fields), sorted(kind.texts), kind.display] for one, kind in model.kinds.items()},
        "tags": dict(model.tags),
        "concepts": dict(model.concepts),
    }


def from_json(raw: Mapping[str, object]) -> Model:
    """The inverse. Raises KeyError, TypeError or ValueError where it is no such thing."""
    default, fallbacks, kinds, tags, concepts = (
        raw[name] for name in ("default", "fallbacks", "kinds", "tags", "concepts")
    )
    parts = (fallbacks, kinds, tags, concepts)
    if not isinstance(default, str) or not all(isinstance(part, dict) for part in parts):
        raise TypeError("model")
    made = {}
    for name, (fields, texts, display) in kinds.items():  # type: ignore[attr-defined]
        made[name] = Kind(dict(fields), frozenset(texts), display)
    return Model(default, fallbacks, made, tags, concepts)  # type: ignore[arg-type]


def read_locales(items: list[Item]) -> tuple[str, dict[str, str | None]]:
    """The default locale's code, and the fallback of each.

    Raises:
        BadResponse: there is no default locale.
    """
    fallbacks: dict[str, str | None] = {}
    default = None
    for item in items:
        code, fallback = item.get("code"), item.get("fallbackCode")
        if not isinstance(code, str):
            continue
        fallbacks[code] = fallback if isinstance(fallback, str) else None
        if item.get("default") is True:
            default = code
    if default is None:
        raise BadResponse("locales: none of them is the default")
    return default, fallbacks


def read_kind(item: Item) -> Kind:
    """A content type from its definition; fields of unknown types count as short texts."""
    listed, display = item.get("fields"), item.get("displayField")
    fields = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    named = [(one.get("id"), one) for one in fields]
    return Kind(
        {name: one.get("localized") is True for name, one in named if isinstance(name, str)},
        frozenset(name for name, one in named if isinstance(name, str) and one.get("type") == "Text"),
        display if isinstance(display, str) else None,
    )


def id_of(item: object) -> str | None:
    """`sys.id`; None where it has none."""
    return sys_text(item, "id")


def sys_text(item: object, name: str) -> str | None:
    """A text in `sys`; None where there is none."""
    value = sys_of(item).get(name)
    return value if isinstance(value, str) and value else None


def sys_of(item: object) -> Mapping[str, object]:
    """`sys`, empty where there is none."""
    found = item.get("sys") if isinstance(item, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def linked(item: object, name: str) -> tuple[str, ...]:
    """The ids that `metadata.<name>` links to, in order, without repeats."""
    metadata = item.get("metadata") if isinstance(item, Mapping) else None
    listed = metadata.get(name) if isinstance(metadata, Mapping) else None
    found = (id_of(one) for one in listed) if isinstance(listed, list) else ()
    return tuple(dict.fromkeys(one for one in found if one))


def kind_of(item: object) -> str | None:
    """The id of an entry's content type."""
    return id_of(sys_of(item).get("contentType"))
