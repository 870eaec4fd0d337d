"""The entries of the published state, found by id: for pages that are about one entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from plugin.flow.types import Site
from rules import Block, Reason
from rules.locales import preference
from rules.pool import Candidate


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks, as far as whole pages depend on it."""

    now: datetime
    held: frozenset[str]

    def may_see(self, entry: Candidate) -> bool:
        """Whether an entry is out, and not for a group that the reader is not in."""
        out = entry.published_at is None or entry.published_at <= self.now
        return out and (not entry.audiences or not entry.audiences.isdisjoint(self.held))


class Shelf:
    """Every variant of every entry of one state, in the order in which a language prefers them."""

    def __init__(self, site: Site, lang: str) -> None:
        self.site = site
        self.lang = lang
        order = preference(lang, site.ruleset.document.locales)
        ranks = {name: rank for rank, name in enumerate(order)}
        found: dict[str, list[tuple[int, Candidate]]] = {}
        for one in site.content.candidates:
            # Without a locale it is for everyone; in one that the site does not name it is for nobody.
            rank = len(order) if one.locale is None else ranks.get(one.locale.lower())
            if rank is not None:
                found.setdefault(one.id, []).append((rank, one))
        self._variants = {
            entry: [one for _rank, one in sorted(held, key=lambda pair: pair[0])] for entry, held in found.items()
        }
        self.titles: Mapping[str, str] = {
            entry: text(held[0].entry, "title") or entry for entry, held in self._variants.items()
        }

    def variants(self, entry: str, kind: str) -> Sequence[Candidate]:
        """The variants of an entry of a type, the preferred one first."""
        return [one for one in self._variants.get(entry, ()) if one.entry.get("type") == kind]

    def visible(self, entry: str, kind: str, reader: Reader) -> Candidate | None:
        """The variant that a reader gets."""
        return next((one for one in self.variants(entry, kind) if reader.may_see(one)), None)

    def all_visible(self, kind: str, reader: Reader) -> list[Candidate]:
        """One variant of each entry of a type that a reader may see, in the order of titles."""
        found = (self.visible(entry, kind, reader) for entry in self._variants)
        return sorted((one for one in found if one is not None), key=lambda one: self.titles[one.id].casefold())


def text(entry: Mapping[str, object], name: str) -> str | None:
    """A field, where it is text."""
    value = entry.get(name)
    return value if isinstance(value, str) else None


def texts(entries: Iterable[Candidate], name: str) -> list[str]:
    """The texts of a list field, of the first entry."""
    value = next((one.entry.get(name) for one in entries), None)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []


def as_block(entry: Mapping[str, object]) -> Block:
    """An entry as a block that no rule put anywhere."""
    return Block(str(entry["id"]), 1, 0.0, Reason("default"), entry)


def embedded(value: object) -> Block | None:
    """A linked entry that stands in a field, as a block; None where the link led nowhere."""
    if not isinstance(value, Mapping) or not isinstance(value.get("fields"), Mapping):
        return None
    own = {name: value.get(name) for name in ("id", "type", "tags", "locale")}
    return as_block({**value["fields"], **own})
