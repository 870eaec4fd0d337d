"""Everything that decisions over one document need."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from pprint import pformat
from typing import Any

from hypothesis import strategies as st

from .choices import Choices, made_from
from .contents import CONTENT_BYTES, content, exposures, scores
from .documents import DOCUMENT_BYTES, document
from .visitors import PERSON_BYTES, Person, crowd
from .vocabulary import IDS, LOCALES, TURNS


@dataclass(frozen=True, repr=False)
class World:
    """A document, content, a clock, and several visitors to decide for."""

    document: dict[str, Any]
    content: list[dict[str, Any]]
    now: datetime
    people: list[Person]
    scores: dict[str, float] | None
    exposures: dict[str, list[datetime]] | None
    limit: int | None
    exclude: list[str]

    @property
    def slots(self) -> list[str]:
        """The ids of the document's slots."""
        return [slot["id"] for slot in self.document["slots"]]

    def __repr__(self) -> str:
        """All of it but the constant catalogue, to paste into a report."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        told["document"] = {key: value for key, value in self.document.items() if key != "attributes"}
        return "World(**" + pformat(told, width=110, sort_dicts=False) + ")"


HEAD_BYTES = 64


def world(pick: Choices, visitors: int, *, foreign_locales: bool) -> World:
    """A world with so many visitors."""
    head = pick.part(HEAD_BYTES)
    clocks, turn = head.one(TURNS)
    now = head.one(clocks)
    made = document(pick.part(DOCUMENT_BYTES), turn)
    locales = LOCALES if foreign_locales else made.get("locales", LOCALES)
    return World(
        document=made,
        content=content(pick.part(CONTENT_BYTES), now, locales),
        now=now,
        people=crowd(pick.part(visitors * PERSON_BYTES), visitors),
        scores=scores(head),
        exposures=exposures(head, now),
        limit=head.one([None, 1, 3, 9]) if head.percent(30) else None,
        exclude=head.some(IDS, most=2) if head.percent(20) else [],
    )


def worlds(visitors: int = 4, *, foreign_locales: bool = True) -> st.SearchStrategy[World]:
    """A world with so many visitors; content may be in locales that the document does not name."""
    size = HEAD_BYTES + DOCUMENT_BYTES + CONTENT_BYTES + visitors * PERSON_BYTES
    return made_from(size, lambda pick: world(pick, visitors, foreign_locales=foreign_locales))
