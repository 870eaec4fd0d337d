"""What caching each slot costs by a rule document and the content that is published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from rules.footprint.footprints import Footprint, footprints
from rules.footprint.words import addition, sharing, still, versions
from rules.ruleset import Ruleset


class SlotCost(NamedTuple):
    """A slot's footprint, and the same in words."""

    found: Footprint
    versions: str
    sharing: str
    still: str

    @property
    def causes(self) -> list[str]:
        """Why it cannot be shared by more, in sentences."""
        return [one.sentence for one in self.found.causes]

    @property
    def additions(self) -> list[tuple[str, str, str]]:
        """Kind and id of each rule and experiment, with what it adds."""
        return [(one.kind, one.id, addition(one, self.found)) for one in self.found.additions]


def costs(
    ruleset: Ruleset, entries: Iterable[Mapping[str, object]], *, now: datetime, only: str | None = None
) -> list[SlotCost]:
    """What each slot costs; of one rule or experiment (`only`), its slots and what it adds to them."""
    found = footprints(ruleset, ruleset.prepare(entries), now=now, only=only)
    return [SlotCost(one, versions(one), sharing(one), still(one.stillness)) for one in found]
