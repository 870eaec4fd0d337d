"""A rule, a segment or an experiment in a form of choices, for those who would rather not write YAML.

A new item is made of what was chosen. Of one that is there, the form shows what it can say, and changes that alone:
what it cannot say is told beside it, and stays as it is.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from plugin.editor import acting, kept, moments, more, tree, tree_fields
from plugin.editor.acting import Effects
from plugin.editor.moments import duration
from plugin.editor.order import acting_in
from plugin.editor.parts import KINDS, Item, Options, Values
from plugin.editor.parts_what import EVERYWHERE, SEVERAL, SPANS, slots_in, wrong_days
from plugin.editor.parts_when import WEEK
from plugin.editor.phrases import Phrase, many, mapping
from plugin.editor.readable import parts_of, readable, unread
from plugin.editor.subjects import value
from plugin.editor.subjects_asked import Subjects, fields_named
from plugin.editor.tree import Group
from plugin.editor.vocabulary import Vocabulary
from plugin.editor.words import Fact, Words
from plugin.service.rulesets.items import Document, Section, items

VISITS = (("", "all visitors"), ("new", "on their first visit"), ("back", "who have been here before"))
LOWEST, STAYS = "", "stays"
_LONGEST_ID = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The form.

    Attributes:
        base: the item that it changes; None where it makes a new one.
        asked: the names of its parts.
        values: what was chosen, by the name of the field.
        problems: what cannot be taken, likewise; empty before anything was sent.
        general: what else cannot be.
        kept: what the item says beside it.
        sent: whether it holds what was chosen and not yet saved.
        entries: that may stand in the slot, id to title.
        others: the rules and experiments of the slot, the strongest first, id to words.
        capped: whether one of the slots bounds how often a visitor sees an entry.
        subjects: what conditions about a visitor can be about.
        of_entries: likewise, about an entry.
        conditions: those that the simple fields do not say; None where the form asks none.
        effects: what a rule does; None where the form asks nothing of it.
        focus: the field at which work goes on after a button was pressed.
        said: what the choices come to, in one sentence; None where something is still to be chosen.
    """

    section: Section
    base: Item | None = None
    asked: frozenset[str]
    values: Values
    problems: Mapping[str, str] = field(default_factory=dict)
    general: Sequence[str] = ()
    kept: Sequence[Fact] = ()
    sent: bool = False
    slots: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    devices: Sequence[tuple[str, str]] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    capped: bool = False
    subjects: Subjects
    of_entries: Subjects
    conditions: Group | None = None
    effects: Effects | None = None
    focus: str | None = None
    said: Phrase | None = None

    def asks(self, *parts: str) -> bool:
        """Whether it has one of these parts."""
        return not self.asked.isdisjoint(parts)

    def keeps(self, label: str) -> bool:
        """Whether something of this kind is said beside it."""
        return any(fact.label == label for fact in self.kept)

    @property
    def drawn(self) -> tree_fields.Drawn | None:
        """The conditions that the simple fields do not say, as the page draws them."""
        return None if self.conditions is None else tree_fields.drawn(more.ROOT, self.conditions, self.subjects)

    @property
    def base_text(self) -> str:
        """The item that it changes as JSON, its keys in their order."""
        return json.dumps(self.base, default=dict)

    @property
    def visits(self) -> Sequence[tuple[str, str]]:
        """Kinds of visitors by how often they came."""
        return VISITS

    @property
    def places(self) -> Sequence[tuple[str, str]]:
        """What can be chosen as the slot."""
        more_than_one = ((SEVERAL, "in several places…"), (EVERYWHERE, "everywhere, in every place"))
        return (*self.slots.items(), *more_than_one)

    @property
    def spans(self) -> Sequence[tuple[str, str]]:
        """The units of a span of time."""
        return tuple(SPANS.items())

    @property
    def zone(self) -> str:
        """The time zone of the site."""
        return self.subjects.vocabulary.zone

    @property
    def days(self) -> Sequence[tuple[str, str]]:
        """The days of the week."""
        return [(one, moments.WEEKDAYS[one]) for one in WEEK]

    @property
    def acts(self) -> tuple[acting.Shown, ...]:
        """The effects, as the page draws them."""
        return tuple(acting.shown(self.effects or (), self.of_entries))

    @property
    def is_capped(self) -> bool:
        """Whether there is a bound to how often one visitor sees an entry."""
        return self.capped or "cap" in mapping(self.base) or bool(self.values.get("times"))

    @property
    def effect_kinds(self) -> Sequence[tuple[str, str]]:
        """What may become of an entry."""
        return acting.KINDS

    @property
    def priority(self) -> object:
        """The priority that the item has."""
        return mapping(self.base).get("priority", 0)

    @property
    def goal_within(self) -> str | None:
        """Within what time a success counts; None: whenever it comes."""
        goal = mapping(self.base).get("goal")
        return duration("1d" if goal is None else goal.get("within")) if goal is None or "within" in goal else None


class Flaw(Protocol):
    """A problem of an item, as the rules report it."""

    @property
    def message(self) -> str: ...
    @property
    def pointer(self) -> str: ...
    @property
    def severity(self) -> str: ...


def options_of(document: Document, vocabulary: Vocabulary) -> Options:
    """What there is to choose from in a document."""
    device = vocabulary.attribute("device.type")
    return Options(
        slots=tuple(items(document, "slots")),
        segments=frozenset(items(document, "segments")),
        devices=frozenset((device.values if device else None) or ()),
    )


def read(section: Section, item: Item, document: Document, vocabulary: Vocabulary) -> dict[str, Values]:
    """What the form can say of an item: the parts by name, with what their fields hold."""
    found = readable(section, item, options_of(document, vocabulary))
    priority, slot = item.get("priority", 0), item.get("slot")
    if "slot" in found and slot and isinstance(priority, int | float) and not isinstance(priority, bool):
        found["over"] = {"over": STAYS}
    return found


def form(
    section: Section,
    given: Mapping[str, str],
    document: Document,
    words: Words,
    base: Item | None = None,
) -> Choices:
    """The form as it was sent.

    Args:
        given: the fields, by their names; those that are missing are as the item ``base`` says, or open.
    """
    vocabulary = words.vocabulary
    if base is None:
        asked = {part.name: dict.fromkeys(part.fields, "") for part in parts_of(section)}
        held: dict[str, str] = {"traffic": "100", "clock": "visitor", "unit": "d"}
    else:
        asked = {name: dict(said) for name, said in read(section, base, document, vocabulary).items()}
        held = {}
    fields = {name: text for said in asked.values() for name, text in said.items()} | held
    sent = {name: text.replace("\r\n", "\n").strip() for name, text in given.items()}
    values = {**fields, **{name: text for name, text in sent.items() if base is None or name in fields}}
    rivals = [
        one for one in acting_in(document, *slots_in(values, document)) if base is None or one[1]["id"] != base["id"]
    ]
    others = {
        str(item["id"]): f"{item.get('name') or item['id']} (priority {item.get('priority', 0)})"
        for _section, item in rivals
    }
    if base is None:
        strongest = next((str(item["id"]) for _section, item in rivals if not _ends_the_list(item)), LOWEST)
        values.setdefault("over", strongest)
    if values.get("over", LOWEST) not in (LOWEST, STAYS, *others):  # that of another slot
        values["over"] = strongest if base is None else STAYS
    device = vocabulary.attribute("device.type")
    subjects = Subjects(vocabulary)
    selectors = [document.get(name) for name in ("slots", "rules", "experiments", "segments")]
    of_entries = Subjects(vocabulary, entries=True, named=fields_named(selectors))
    effects = _effects(section, sent, base, of_entries)
    focus = tree_fields.focus(more.ROOT, sent, subjects) or acting.focus(sent, effects or (), of_entries)
    return Choices(
        section=section,
        base=base,
        asked=frozenset(asked) | ({"over"} if base is None else set()),
        values=values,
        sent=bool(set(given) - {"slot"}),
        kept=kept.told(section, base, _untold(section, base, asked, effects), words) if base is not None else (),
        slots=vocabulary.names["slots"],
        segments=vocabulary.names["segments"],
        devices=[(one, value("device.type", one, vocabulary)) for one in (device.values if device else None) or ()],
        others=others,
        capped=any("cap" in items(document, "slots").get(one, {}) for one in slots_in(values, document)),
        subjects=subjects,
        conditions=_conditions(section, sent, base, asked, subjects),
        of_entries=of_entries,
        effects=effects,
        focus=focus,
    )


def _untold(
    section: Section, base: Item, asked: Mapping[str, object], effects: Effects | None
) -> list[tuple[str, ...]]:
    """Where in an item something stands that the form does not show."""
    return [path for path in unread(section, base, asked) if effects is None or path != ("then",)]


def _effects(section: Section, sent: Values, base: Item | None, subjects: Subjects) -> Effects | None:
    held = acting.draw((base or {"then": []}).get("then"), subjects) if section == "rules" else None
    if held is None:
        return None
    return acting.read(sent, subjects, new=base is None) if base is None or acting.SENT in sent else held


def _conditions(
    section: Section, sent: Values, base: Item | None, asked: Mapping[str, object], subjects: Subjects
) -> Group | None:
    rest = more.rest_of(section, base or {}, asked)
    if rest is None:
        return None
    if tree_fields.given_in(more.ROOT, sent):
        return tree_fields.read(more.ROOT, sent, subjects)
    return tree.draw(rest, subjects)[0]


def _ends_the_list(item: Mapping[str, Any]) -> bool:
    """Whether those who wrote a rule want no other to act beside it."""
    return any(isinstance(effect, Mapping) and effect.get("stop") for effect in many(item.get("then") or ()))


def problems(chosen: Choices) -> dict[str, str]:
    """What keeps the choices from being an item, each at its field."""
    said = chosen.values
    found: dict[str, str] = {}
    if chosen.base is None and not said["name"]:
        found["name"] = "say in a few words what it is for"
    for part in parts_of(chosen.section):
        if part.name in chosen.asked:
            found |= part.problems(said)
    if {"first", "last"} <= chosen.asked and not {"first", "last"} & set(found):
        found |= wrong_days(said["first"], said["last"])
    if chosen.conditions is not None:
        found |= tree_fields.problems(more.ROOT, chosen.conditions, chosen.subjects)
    if chosen.effects is not None:
        found |= acting.problems(chosen.effects, chosen.of_entries)
        if not chosen.effects and mapping(chosen.base).get("then") != []:
            found[acting.SENT] = "say what happens"
    if chosen.section == "segments" and not found and not _says_who(item(chosen, {})):
        found["visits"] = "say who is in it: choose at least one thing"
    return found


def sentence(chosen: Choices, document: Document, words: Words) -> Phrase | None:
    """What the choices come to; None where something is still to be chosen."""
    if set(problems(chosen)) - {"name"}:
        return None
    return words.sentence(chosen.section, item(chosen, document))


def _says_who(made: Item) -> bool:
    return bool(made.get("when")) or any(kind in made for kind in KINDS)


def item(chosen: Choices, document: Document) -> dict[str, Any]:
    """What the choices come to. They have no problems."""
    said = chosen.values
    made: Item = chosen.base or {"id": _id(said["name"], chosen.section, document)}
    for part in parts_of(chosen.section):
        if part.name in chosen.asked:
            made = part.write(made, said)
    if chosen.effects is not None:
        held = (chosen.base or {}).get("then", ())
        if acting.draw(held, chosen.of_entries) != chosen.effects:
            made = {**made, "then": acting.write(chosen.effects, held, chosen.of_entries)}
    rest = more.rest_of(chosen.section, chosen.base or {}, chosen.asked)
    if chosen.conditions is not None and rest is not None:
        made = more.put_rest(made, rest, chosen.conditions, chosen.subjects)
    if chosen.section != "segments" and "over" in chosen.asked and said["over"] != STAYS:
        made = {
            **made,
            "priority": _priority(acting_in(document, *slots_in(said, document)), said["over"], str(made["id"])),
        }
    return dict(made)


def merged(chosen: Choices, theirs: Item, document: Document, words: Words) -> dict[str, str] | None:
    """What the form for ``theirs`` holds once all that was changed in this one is put upon it.

    None where that form does not ask all that was changed.
    """
    before = read(chosen.section, chosen.base or {}, document, words.vocabulary)
    now = read(chosen.section, theirs, document, words.vocabulary)
    mine = {name for name, held in before.items() if any(chosen.values[key] != text for key, text in held.items())}
    rests = [more.rest_of(chosen.section, one, asked) for one, asked in ((chosen.base or {}, before), (theirs, now))]
    drawn_before = tree.draw(rests[0], chosen.subjects)[0] if rests[0] is not None else None
    nested = chosen.drawn if chosen.conditions != drawn_before else None
    effects = chosen.effects if chosen.effects != _effects(chosen.section, {}, chosen.base, chosen.of_entries) else None
    if not mine <= set(now) or (nested is not None and rests[1] is None):
        return None
    if effects is not None and acting.draw(theirs.get("then"), chosen.of_entries) is None:
        return None
    values = {key: text for held in now.values() for key, text in held.items()}
    if nested is not None:
        values |= tree_fields.written(nested.top)
    if effects is not None:
        values |= acting.written(effects, chosen.of_entries)
    return values | {key: chosen.values[key] for name in mine for key in before[name]}


def placed(chosen: Choices, flaws: Iterable[Flaw]) -> tuple[dict[str, str], list[str]]:
    """Problems of the item that the choices come to: those of a field by its name, and the others."""
    found: dict[str, str] = {}
    general: list[str] = []
    made = item(chosen, {})
    for flaw in flaws:
        if flaw.severity != "error":
            continue
        field_ = _field_of(chosen, tuple(flaw.pointer.split("/")[1:]), made)
        if field_ is None:
            general.append(flaw.message)
        else:
            found.setdefault(field_, flaw.message)
    return found, general


def _field_of(chosen: Choices, path: tuple[str, ...], made: Item) -> str | None:
    for part in parts_of(chosen.section):
        if part.name in chosen.asked and any(path[: len(one)] == one for one in part.paths):
            return "other" if path[:2] == ("arms", "1") else "ends" if part.name == "starts" else part.name
    if path[:1] == ("then",) and chosen.effects is not None:
        return acting.field_of(chosen.effects, path[1:], made.get("then"), chosen.of_entries)
    if path[:1] == ("when",) and chosen.conditions is not None:
        line = more.line_of(chosen.conditions, path[1:], made.get("when"), chosen.subjects)
        return f"{tree_fields.name_of(more.ROOT, line[0])}.v" if line is not None else None
    return None


def _priority(acting: Iterable[tuple[Section, Item]], over: str, id_: str) -> float:
    """One that goes before the item ``over`` of those, and behind all that go before that; LOWEST: behind all."""
    held = [(str(item["id"]), float(item.get("priority", 0))) for _section, item in acting if item["id"] != id_]
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
