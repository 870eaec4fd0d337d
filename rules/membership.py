"""Which segments a visitor is in."""

from __future__ import annotations

from rules.compiled import RuleTable
from rules.document import Document
from rules.facts import Facts
from rules.index import Index
from rules.schedule import ALWAYS_ON


class Membership:
    """The enabled segments of a document, compiled. Safe to share between threads.

    Attributes:
        enabled: the ids of all of them; held are those alone.
    """

    def __init__(self, document: Document, shared: RuleTable | None) -> None:
        """Compile.

        Args:
            shared: the rules of all slots, where one table has them: it answers for segments that name no others, too.
        """
        enabled = [segment for segment in document.segments if segment.enabled]
        self.enabled = frozenset(segment.id for segment in enabled)
        self._members = [(segment.id, segment.members) for segment in enabled if segment.members]
        self._shared = shared.index if shared is not None else None
        layers = [
            [segment for segment in layer if segment.enabled and (shared is None or segment.names_others)]
            for layer in document.layers
        ]
        self._layers = [
            (
                index := Index([(one.when, ALWAYS_ON) for one in layer], document.catalogue, document.zone),
                index.values([one.id for one in layer]),
            )
            for layer in layers
            if layer
        ]

    def held(self, facts: Facts) -> frozenset[str]:
        """Those that the visitor is in: given, listed in one, or by its condition, each layer after those it names."""
        found = facts.given
        if self._members and (visitor := facts["visitor.id"]) is not None:
            found = found.union([name for name, members in self._members if visitor in members])
        if self._shared is not None:
            first = self._shared.segments(facts)
            found = found | first if found else first
        for index, names_of in self._layers:
            if index.asks_segments:
                facts.hold(found)
            found = found.union(names_of(index.alive(facts)))
        facts.hold(found)
        return found
