"""Items of a rule document told in plain words: facts for lists and comparisons, one sentence where that is enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plugin.editor import moments
from plugin.editor.conditions import ALWAYS, condition
from plugin.editor.effects import cap, effects
from plugin.editor.patterns import pattern
from plugin.editor.phrases import Phrase, first_upper, listed, many, mapping, of
from plugin.editor.selections import entries
from plugin.editor.subjects import number, quoted
from plugin.editor.vocabulary import Vocabulary
from plugin.service.rulesets.items import Section

_EVERYWHERE: Phrase = ("every slot",)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to know of an item."""

    label: str
    phrase: Phrase


class Words:
    """Tells the items of one document. Nothing that a document may hold makes it fail."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def facts(self, section: Section, item: Mapping[str, Any]) -> tuple[Fact, ...]:
        """Everything worth knowing of an item, its name and description left out."""
        tellers = {
            "rules": self._rule,
            "segments": self._segment,
            "slots": self._slot,
            "experiments": self._experiment,
            "attributes": self._attribute,
        }
        state = () if item.get("enabled") is not False else (Fact("State", ("switched off",)),)
        return (*state, *tellers[section](item))

    def sentence(self, section: Section, item: Mapping[str, Any]) -> Phrase:
        """The item in one sentence."""
        match section:
            case "rules":
                return of(self.rule(item), self._limits(item))
            case "segments":
                return of("A visitor is in it ", self._members(item))
        told = [of(fact.label.lower(), " ", fact.phrase) for fact in self.facts(section, item)]
        return first_upper(listed(told, "and")) if told else ("Nothing is said of it.",)

    def rule(self, item: Mapping[str, Any]) -> Phrase:
        """`When … → pin … and hide …`, without its schedule and its priority."""
        when = condition(item.get("when", {}), self.vocabulary)
        lead: Phrase = ("Always",) if when == ALWAYS else of("When ", when)
        return of(lead, " → ", listed(effects(item.get("then"), self.vocabulary)))

    def slots_of(self, item: Mapping[str, Any]) -> Phrase:
        """The slots that a rule or an experiment is for."""
        slot = item.get("slot")
        if slot == "*":
            return _EVERYWHERE
        return listed([(self.vocabulary.named("slots", one),) for one in many(slot)])

    def schedule(self, item: Mapping[str, Any]) -> str | None:
        """When it is on; None: always."""
        return moments.schedule(item, self.vocabulary.zone)

    def _limits(self, item: Mapping[str, Any]) -> Phrase:
        schedule = self.schedule(item)
        parts = [schedule] if schedule else []
        if item.get("cap") is not None:
            parts.append(cap(item["cap"]))
        parts.append(f"priority {_number(item.get('priority', 0))}")
        return ("; " + "; ".join(parts),)

    def _rule(self, item: Mapping[str, Any]) -> Iterator[Fact]:
        yield Fact("When", condition(item.get("when", {}), self.vocabulary))
        yield Fact("Then", listed(effects(item.get("then"), self.vocabulary)))
        yield Fact("In", self.slots_of(item))
        yield from self._common(item)
        if item.get("cap") is not None:
            yield Fact("Shows an entry", (cap(item["cap"]),))
        if item.get("strict") is True:
            yield Fact("Strict", ("never answered out of date",))

    def _common(self, item: Mapping[str, Any]) -> Iterator[Fact]:
        schedule = self.schedule(item)
        if schedule:
            yield Fact("On", (schedule,))
        yield Fact("Priority", (_number(item.get("priority", 0)),))

    def _members(self, item: Mapping[str, Any]) -> Phrase:
        if "when" in item:
            return of("when ", condition(item["when"], self.vocabulary))
        if "pattern" in item:
            lasts = f"; remembered for {moments.duration(item['lasts'])}" if item.get("lasts") else ""
            return of("after ", pattern(item["pattern"], self.vocabulary), lasts)
        if "members" in item:
            return (_members(item["members"]),)
        return ("when a model or another system says so",)

    def _segment(self, item: Mapping[str, Any]) -> Iterator[Fact]:
        yield Fact("A visitor is in it", self._members(item))
        if item.get("public") is True:
            yield Fact("Public", ("a visitor’s browser may learn of it",))

    def _slot(self, item: Mapping[str, Any]) -> Iterator[Fact]:
        yield Fact("Takes", entries(item.get("select", {}), self.vocabulary))
        limit = item.get("limit", 1)
        yield Fact("Shows", (f"at most {limit} {'entry' if limit == 1 else 'entries'}",))
        if "default" in item:
            yield Fact("Otherwise", entries(item["default"], self.vocabulary))
        blend = mapping(item.get("blend"))
        model = mapping(blend.get("model"))
        if model.get("name"):
            weight = f", weight {_number(model['weight'])}" if "weight" in model else ""
            per = ", for each visitor" if model.get("per") == "visitor" else ""
            yield Fact("Ranked with", (f"the model {quoted(str(model['name']))}{weight}{per}",))
            if "deadline_ms" in item:
                yield Fact("Waits for it", (f"{_number(item['deadline_ms'])} ms at most",))
        if blend.get("rules", 1) != 1:
            yield Fact("Rules weigh", (_number(blend["rules"]),))
        diversify = mapping(item.get("diversify"))
        if diversify:
            field = str(diversify.get("by", "")).removeprefix("content.")
            yield Fact("Mixed by", (f"{field} ({_number(diversify.get('trade_off', 0.7))})",))
        if item.get("cap") is not None:
            yield Fact("Shows an entry", (cap(item["cap"]),))

    def _experiment(self, item: Mapping[str, Any]) -> Iterator[Fact]:
        yield Fact("When", condition(item.get("when", {}), self.vocabulary))
        yield Fact("In", self.slots_of(item))
        yield Fact("Takes part", (f"{_number(item.get('traffic', 100))} % of them",))
        for arm in many(item.get("arms", [])):
            found = mapping(arm)
            told = listed(effects(found.get("then"), self.vocabulary))
            yield Fact(f"Arm {found.get('id')}", of(f"weight {_number(found.get('weight', 1))}: ", told))
        goal = mapping(item.get("goal"))
        if goal:
            within = f" within {moments.duration(goal['within'])}" if goal.get("within") else ""
            yield Fact("Goal", (f"“{goal.get('event')}”{within}",))
        if item.get("group"):
            yield Fact("Excludes", (f"the other experiments of the group {quoted(str(item['group']))}",))
        yield from self._common(item)

    def _attribute(self, item: Mapping[str, Any]) -> Iterator[Fact]:
        type_ = str(item.get("type", "")).replace("_", " ")
        yield Fact("Type", (f"{type_}, in {item['unit']}" if item.get("unit") else type_,))
        if item.get("values"):
            yield Fact("One of", (", ".join(quoted(str(one)) for one in many(item["values"])),))
        if item.get("purpose"):
            yield Fact("Needs", (f"consent for {quoted(str(item['purpose']))}",))
        if item.get("client_writable") is True:
            yield Fact("Written", ("by the visitor’s browser, too",))


def _number(held: object) -> str:
    return number(held) if isinstance(held, int | float) and not isinstance(held, bool) else str(held)


def _members(held: object) -> str:
    if isinstance(held, Mapping):
        return f"if listed in the file {held.get('file')}"
    ids = many(held)
    shown = ", ".join(map(str, ids[:6]))
    more = f" and {len(ids) - 6} more" if len(ids) > 6 else ""
    return f"if listed: {shown}{more}" if ids else "if listed, and nobody is yet"
