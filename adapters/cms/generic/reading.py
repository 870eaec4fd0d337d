"""Reading the lists of a source once, whole or only what changed: whose item each is, and which are turned away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from adapters.cms.generic.mapping import ItemMapping, Variant
from adapters.cms.generic.origin import Origin
from adapters.cms.generic.paths import Path
from adapters.cms.generic.values import ItemFault
from adapters.cms.locales import target_key
from adapters.cms.port import BadResponse, Key, Problem

# A list that changes under each of so many readings is read again at the next sync.
RESTARTS = 3
LONGEST_PLACE = 200


@dataclass
class Reading:
    """What one reading brought.

    Attributes:
        broken: variants that cannot be taken as they are, though it is known whose they are.
        dropped: variants that `keep` turns away.
        newest: the latest `updated_at`.
        nameless: whether there was an item of which it cannot be said whose it is.
        steady: whether no list changed while it was read, as far as it was counted.
        sure: whether that could be told: each list was one page, or its items are counted.
    """

    variants: dict[Key, Variant] = field(default_factory=dict)
    broken: set[Key] = field(default_factory=set)
    dropped: set[Key] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    newest: datetime | None = None
    nameless: bool = False
    steady: bool = True
    sure: bool = True
    _languages: dict[str, list[str | None]] = field(default_factory=dict)

    @property
    def present(self) -> frozenset[Key]:
        """Every variant that there is."""
        return frozenset(self.variants) | self.broken

    def complain(self, place: str, reason: str, key: Key | None = None, *, blocking: bool = True) -> None:
        """Adds a problem."""
        self.problems.append(Problem(place[:LONGEST_PLACE], reason, key, blocking))

    def add(self, variant: Variant) -> Variant:
        """Takes a variant, unless there is one of that key; gives the one that is taken."""
        if variant.key not in self.variants:
            self.variants[variant.key] = variant
            self._languages.setdefault(variant.key.id, []).append(variant.key.locale)
        return self.variants[variant.key]

    def languages(self, entry_id: str) -> tuple[str, ...]:
        """Those in which there is a variant of an id, by their tags."""
        return tuple(sorted(filter(None, self._languages.get(entry_id, []))))

    def find(self, entry_id: str, locale: str | None, chain: tuple[str, ...]) -> Variant | None:
        """The variant that is meant where an entry is named in a language; see `target_key`."""
        key = target_key(entry_id, locale, self._languages.get(entry_id, []), chain)
        return self.variants[key] if key is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads lists.

    Attributes:
        listed_in: languages with a list of their own; (None,) where one list has all.
        updated_at: of each item; None where nobody asks.
    """

    origin: Origin
    mapping: ItemMapping
    listed_in: tuple[str | None, ...]
    updated_at: Path | None
    max_items: int

    def everything(self, known: Iterable[Key]) -> Reading:
        """All lists, read again where they changed meanwhile, so that nothing is taken for gone that only moved.

        Args:
            known: what was there before.
        """
        known = frozenset(known)
        missed_before: frozenset[Key] | None = None
        for _ in range(RESTARTS):
            reading = self.once({})
            missed = known - reading.present - reading.dropped
            if reading.steady and (reading.sure or not missed or missed == missed_before):
                return reading
            missed_before = missed
        raise BadResponse("the list kept changing while it was read")

    def once(self, more: Mapping[str, str], *, drafts: bool = False) -> Reading:
        """Every list once, to its end.

        Args:
            more: query parameters beside the usual ones.
            drafts: whether to take what `keep` would turn away.
        """
        reading = Reading()
        items = 0
        for locale in self.listed_in:
            pages, count, total = 0, 0, None
            for page in self.origin.pages(locale, more):
                reading.steady &= pages == 0 or page.total == total
                pages, count, total = pages + 1, count + len(page.items), page.total
                items += len(page.items)
                if items > self.max_items:
                    raise BadResponse(f"more than {self.max_items} items")
                for item, place in page.items:
                    self.look(item, place, locale, reading, drafts=drafts)
            reading.steady &= total is None or count == total
            reading.sure &= total is not None or pages == 1
        return reading

    def look(self, item: object, place: str, listed_in: str | None, reading: Reading, *, drafts: bool) -> None:
        """Adds one item to a reading, as what it is."""
        try:
            variants = self.mapping.variants(item, place, listed_in)
        except ItemFault as fault:
            reading.nameless = True
            reading.complain(place, str(fault))
            return
        for variant in variants:
            try:
                kept = drafts or self.mapping.kept(variant.raw)
                if self.updated_at is not None:
                    moment = self.mapping.updated(self.updated_at, variant.raw)
                    reading.newest = max(filter(None, (reading.newest, moment)), default=None)
            except ItemFault as fault:
                reading.broken.add(variant.key)
                reading.complain(place, str(fault), variant.key)
                continue
            if not kept:
                reading.dropped.add(variant.key)
                continue
            first = reading.add(variant)
            if first is not variant and first.raw != variant.raw:
                reason = f"the same id and language as {first.place[:LONGEST_PLACE]}, which is taken"
                reading.complain(place, reason, variant.key, blocking=False)
