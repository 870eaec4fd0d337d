"""A rule, a segment or an experiment made by choosing, for those who would rather not begin with YAML.

What was chosen becomes the item's text, which is then edited, checked and saved like any other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from plugin.editor.order import acting_in
from plugin.editor.phrases import many
from plugin.editor.subjects import value
from plugin.editor.vocabulary import Vocabulary
from plugin.service.rulesets.items import Document, Section, items

MADE: tuple[Section, ...] = ("rules", "experiments", "segments")
"""The kinds of items that can be chosen together."""
VISITS = (("", "all visitors"), ("new", "on their first visit"), ("back", "who have been here before"))
LOWEST = ""
_COUNTRY = re.compile(r"[A-Z]{2}")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_LONGEST_ID = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The form.

    Attributes:
        values: what was chosen, by the name of the field.
        problems: what cannot be taken, likewise; empty before anything was sent.
        entries: that may stand in the slot, id to title.
        others: the rules and experiments of the slot, the strongest first, id to words.
    """

    section: Section
    values: Mapping[str, str]
    problems: Mapping[str, str] = field(default_factory=dict)
    slots: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    devices: Sequence[tuple[str, str]] = ()
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def visits(self) -> Sequence[tuple[str, str]]:
        """Kinds of visitors by how often they came."""
        return VISITS


def form(
    section: Section, given: Mapping[str, str], document: Document, words: Vocabulary, entries: Mapping[str, str]
) -> Choices:
    """The form as it was sent.

    Args:
        given: the fields, by their names; those that are missing are open.
        entries: that may stand in the slot of the form, id to title.
    """
    slot, device = given.get("slot", ""), words.attribute("device.type")
    acting = acting_in(document, slot)
    strongest = next((str(item["id"]) for _section, item in acting if not _ends_the_list(item)), LOWEST)
    others = {
        str(item["id"]): f"{item.get('name') or item['id']} (priority {item.get('priority', 0)})"
        for _section, item in acting
    }
    said = {name: text.strip() for name, text in given.items()}
    if said.get("over", LOWEST) not in (LOWEST, *others):  # that of another slot
        said["over"] = strongest
    return Choices(
        section=section,
        values={"over": strongest, "traffic": "100", **said},
        slots=words.names["slots"],
        entries=entries,
        segments=words.names["segments"],
        devices=[(one, value("device.type", one, words)) for one in (device.values if device else None) or ()],
        others=others,
    )


def _ends_the_list(item: Mapping[str, Any]) -> bool:
    """Whether those who wrote a rule want no other to act beside it."""
    return any(isinstance(effect, Mapping) and effect.get("stop") for effect in many(item.get("then") or ()))


def problems(chosen: Choices) -> dict[str, str]:
    """What keeps the choices from being an item, each at its field."""
    said, found = chosen.values.get, {}
    if not said("name"):
        found["name"] = "say in a few words what it is for"
    if said("country") and not _COUNTRY.fullmatch(said("country", "").upper()):
        found["country"] = "two letters, such as FR for France"
    if bool(said("starts")) != bool(said("ends")):
        found["ends"] = "say both hours, or none"
    elif any(text and not _TIME.fullmatch(text) for text in (said("starts"), said("ends"))):
        found["ends"] = "hours are written as 18:30"
    elif said("starts") and said("starts") == said("ends"):
        found["ends"] = "it would be on for this minute alone: choose another hour"
    if chosen.section == "segments":
        if not found and not _conditions(chosen):
            found["visits"] = "say who is in it: choose at least one thing"
        return found
    found |= _wrong_days(said("first", ""), said("last", ""))
    if not said("entry"):
        found["entry"] = "choose what is shown"
    if chosen.section == "experiments":
        if not said("other") or said("other") == said("entry"):
            found["other"] = "choose another entry to compare it with"
        if not re.fullmatch(r"\d{1,3}", said("traffic", "")) or not 1 <= int(said("traffic", "")) <= 100:
            found["traffic"] = "a whole number from 1 to 100"
    return found


def _wrong_days(first: str, last: str) -> dict[str, str]:
    days = {}
    for name, text in (("first", first), ("last", last)):
        try:
            days[name] = date.fromisoformat(text) if text else None
        except ValueError:
            return {name: "days are written as 2026-12-24"}
    begins, ends = days["first"], days["last"]
    if begins and ends and ends < begins:
        return {"last": "it ends before it begins: choose a later day, or an earlier first one"}
    if ends == date.max:  # rules end where the next day begins
        return {"last": "leave it open where it has no end"}
    return {}


def item(chosen: Choices, document: Document) -> dict[str, Any]:
    """What the choices come to. They have no problems."""
    said = chosen.values.get
    made: dict[str, Any] = {"id": _id(said("name", ""), chosen.section, document), "name": said("name")}
    conditions = list(_conditions(chosen).items())
    if conditions:
        made["when"] = dict(conditions)
    if chosen.section == "segments":
        return made
    made |= {"slot": said("slot"), "priority": _priority(document, said("slot", ""), said("over", ""))}
    if said("first"):
        made["from"] = said("first")
    if said("last"):
        made["until"] = (date.fromisoformat(said("last", "")) + timedelta(days=1)).isoformat()
    if chosen.section == "rules":
        return {**made, "then": [_pin(said("entry", ""))]}
    arms = [{"id": id_, "weight": 1, "then": [_pin(id_)]} for id_ in (said("entry", ""), said("other", ""))]
    # Else whoever is not in the experiment would see neither of the two.
    made |= {"traffic": int(said("traffic", "100")), "arms": arms, "shared": True}
    return {**made, "goal": {"event": said("goal"), "within": "1d"}} if said("goal") else made


def _pin(id_: str) -> dict[str, Any]:
    return {"pin": {"id": id_}}


def _conditions(chosen: Choices) -> dict[str, Any]:
    said = chosen.values.get
    found: dict[str, Any] = {}
    if said("visits"):
        found["visitor.new"] = said("visits") == "new"
    if said("segment"):
        found["segment"] = said("segment")
    if said("device"):
        found["device.type"] = said("device")
    if said("country"):
        found["geo.country"] = said("country", "").upper()
    if said("starts"):
        found["time.of_day"] = {"between": [said("starts"), said("ends")]}
    return found


def _priority(document: Document, slot: str, over: str) -> float:
    """One that goes before the item ``over`` of the slot, and behind all that go before that; LOWEST: behind all."""
    held = [(str(item["id"]), float(item.get("priority", 0))) for _section, item in acting_in(document, slot)]
    if not held:
        return 0
    if over not in dict(held):
        return _plain(held[-1][1] - 10)
    beaten = dict(held)[over]
    above = min((priority for _id, priority in held if priority > beaten), default=beaten + 20)
    middle = (beaten + above) / 2
    return _plain(float(round(middle)) if beaten < round(middle) < above else middle)


def _plain(number: float) -> float:
    return int(number) if number.is_integer() else number


def _id(name: str, section: Section, document: Document) -> str:
    """An id that says what the name says, and is not taken."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = "-".join(re.findall(r"[a-z0-9]+", letters))[:_LONGEST_ID].strip("-") or section.removesuffix("s")
    taken = items(document, section)
    return next(one for one in _numbered(stem) if one not in taken)


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1
