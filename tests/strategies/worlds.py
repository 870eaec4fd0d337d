"""Everything that decisions over one document need."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pprint import pformat
from typing import Any

from hypothesis import strategies as st

from .choices import Choices
from .contents import content, exposures, scores
from .documents import document
from .visitors import Person, kin, person
from .vocabulary import IDS, LOCALES, TURNS


@dataclass(frozen=True)
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

    def told(self) -> str:
        """All of it but the constant catalogue, to paste into a report."""
        document = {key: value for key, value in self.document.items() if key != "attributes"}
        return pformat(replace(self, document=document), width=110)


def crowd(pick: Choices, size: int) -> list[Person]:
    """Visitors of whom many are alike, so that they often share an audience key."""
    found = [person(pick)]
    while len(found) < size:
        found.append(person(pick) if pick.percent(40) else kin(pick, pick.one(found)))
    return found


@st.composite
def worlds(draw: st.DrawFn, visitors: int = 4, *, foreign_locales: bool = True) -> World:
    """A world with so many visitors; content may be in locales that the document does not name."""
    pick = Choices(draw)
    clocks, turn = pick.one(TURNS)
    now = pick.one(clocks)
    made = document(pick, turn)
    locales = LOCALES if foreign_locales else made.get("locales", LOCALES)
    return World(
        document=made,
        content=content(pick, now, locales),
        now=now,
        people=crowd(pick, visitors),
        scores=scores(pick),
        exposures=exposures(pick, now),
        limit=pick.one([None, 1, 3, 9]) if pick.percent(30) else None,
        exclude=pick.some(IDS, most=2) if pick.percent(20) else [],
    )
