"""What caching costs, in sentences for editors: beside a rule, and where all is published."""

from __future__ import annotations

from plugin.editor.desk import Desk
from plugin.errors import RulesRejected
from plugin.service.rulesets.cost import SlotCost
from plugin.service.rulesets.items import Document, Section, items

MOST_RULES = 1_000
"""Beyond that pages do not wait for it: `tessera rules check --cost` and the API tell."""


def costs_of(desk: Desk, section: Section, id_: str, document: Document) -> tuple[str, ...]:
    """What one rule or experiment of the draft costs, a sentence for each slot; none for other items."""
    if section not in ("rules", "experiments") or _is_large(document):
        return ()
    found = _read(desk, only=id_)
    return tuple(
        f"{sentence[0].upper()}{sentence[1:]}; the slot is {one.sharing}."
        for one in found
        for kind, _id, sentence in one.additions
        if section.startswith(kind)
    )


def costs_in_all(desk: Desk, document: Document) -> tuple[tuple[str, str], ...]:
    """Each slot of the draft with what caching it costs; none where the draft does not check, or is large."""
    if _is_large(document):
        return ()
    return tuple((one.found.slot, f"{one.versions}, {one.sharing}; {one.still}") for one in _read(desk))


def _read(desk: Desk, *, only: str | None = None) -> list[SlotCost]:
    try:
        return desk.services.publishing.cost("draft", only=only)
    except RulesRejected:  # the page says so where it matters
        return []


def _is_large(document: Document) -> bool:
    return len(items(document, "rules")) > MOST_RULES
