"""The fields of one entry: markup made safe, and entries in the place of what names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from adapters.cms.generic.mapping import ItemMapping, Variant
from adapters.cms.generic.paths import Unanswerable
from adapters.cms.generic.values import ItemFault, name_of
from adapters.cms.markup import HTML_SUFFIX, markdown, sanitize_all, sanitize_fields
from adapters.cms.pointers import escaped
from adapters.cms.port import Entry, Json, Key, Link

REF = "$ref"
# Depth alone does not bound the size: ten links a level make a thousand entries in three.
MAX_EMBEDDED = 200

Find = Callable[[str, str | None], Variant | None]
"""The variant of an id that an entry in some language refers to; None where there is none."""


@dataclass(frozen=True, slots=True)
class Made:
    """An entry, ids that it met on its way (directly or through others), and remarks on it."""

    entry: Entry
    met: tuple[str, ...]
    remarks: tuple[str, ...]


Rendered = dict[tuple[Key, str], Json]
"""Fields as markup, made once however many entries embed them; for one pass, in which items do not change."""


def make(mapping: ItemMapping, variant: Variant, find: Find, rendered: Rendered) -> Made:
    """The entry of an item. Raises ItemFault."""
    embedding = _Embedding(mapping, find, rendered)
    fields = embedding.fields(variant)
    entry = mapping.entry(variant, fields, tuple(embedding.links))
    return Made(entry, tuple(sorted(embedding.met)), tuple(embedding.remarks))


@dataclass
class _Embedding:
    """Makes the fields of one entry, with what it links to inside."""

    mapping: ItemMapping
    find: Find
    rendered: Rendered
    links: list[Link] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    _embedded: int = 0

    def fields(self, variant: Variant, pointer: str = "", trail: tuple[str, ...] = ()) -> dict[str, Json]:
        trail = (*trail, variant.key.id)
        made: dict[str, Json] = {}
        for name, value in self.mapping.own_fields(variant).items():
            place = f"{pointer}/{escaped(name)}"
            if name.endswith(HTML_SUFFIX):
                made.setdefault(name, sanitize_all(value, self.mapping.absolute))
            elif name in self.mapping.link_fields:
                made[name] = self._linked(value, place, variant, trail)
            else:
                made[name] = sanitize_fields(value, self.mapping.absolute)
                markup = self._markup(variant.key, name, value)
                if markup is not None:
                    made[name + HTML_SUFFIX] = markup
        return made

    def _markup(self, key: Key, name: str, value: Json) -> Json:
        is_markdown = name in self.mapping.markdown_fields and isinstance(value, str)
        if not is_markdown and name not in self.mapping.html_fields:
            return None
        if (key, name) not in self.rendered:
            made = markdown(value, self.mapping.absolute) if is_markdown and isinstance(value, str) else None
            self.rendered[key, name] = sanitize_all(value, self.mapping.absolute) if made is None else made
        return self.rendered[key, name]

    def _linked(self, value: Json, place: str, variant: Variant, trail: tuple[str, ...]) -> Json:
        """The value of a link field: ids become the entries they name, embedded objects stay."""
        if isinstance(value, list):
            return [self._linked(item, f"{place}/{n}", variant, trail) for n, item in enumerate(value)]
        if value is None:
            return None
        if isinstance(value, dict):
            target = self._id_within(value)
            self._link(place, target, trail, resolved=True)
            return sanitize_fields(value, self.mapping.absolute)
        target = name_of(value, place)
        self.met.add(target)
        found = self.find(target, variant.key.locale)
        self._link(place, target, trail, resolved=found is not None)
        if found is None and len(trail) == 1:  # of what is embedded, its own entry says it
            self.remarks.append(f"{place}: no entry {target[:80]!r}")
        if found is None or target in trail or len(trail) > self.mapping.link_depth:
            return {REF: target}
        if self._embedded >= MAX_EMBEDDED:
            self.remarks.append(f"{place}: more than {MAX_EMBEDDED} entries embedded; the rest stay links")
            return {REF: target}
        self._embedded += 1
        try:
            tags: list[Json] = list(self.mapping.tags_of(found.raw))
            return {
                "id": target,
                "type": self.mapping.type_of(found.raw),
                "locale": found.key.locale,
                "tags": tags,
                "fields": self.fields(found, f"{place}/fields", trail),
            }
        except ItemFault as fault:  # the other one's fault is told where that one is made
            self.remarks.append(f"{place}: {target[:80]} cannot be embedded: {fault}")
            return {REF: target}

    def _id_within(self, value: Mapping[str, Json]) -> str:
        try:
            return name_of(self.mapping.id.first(value), "id")
        except (ItemFault, Unanswerable):
            return ""

    def _link(self, place: str, target: str, trail: tuple[str, ...], *, resolved: bool) -> None:
        if target and len(trail) == 1:
            self.links.append(Link(place, "entry", target, resolved=resolved))
