"""Whether an answer is right: whether the naive oracle gives it too, under something that was live at the time.

Neither keys nor headers count here, nor anything else of the engine: what was shown is compared, and nothing else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests import oracle
from tests.edge.history import History, Span
from tests.edge.people import PERSONALIZATION, Facts, Person
from tests.edge.worlds import DEFAULTS, Entry, pool_of

Document = dict[str, Any]
Content = Mapping[str, Sequence[Entry]]
Shown = dict[str, Any]
"""What of a slot a visitor sees: blocks, presentation, fallback."""
_OWN = ("id", "type", "tags", "locale", "published_at")
_ALWAYS = frozenset({"request.locale", "context.timezone", PERSONALIZATION})
MINUTE_S = 60


@dataclass(frozen=True)
class Issue:
    """A class cookie that a visitor asked for at some moment between two; None where the origin gave none."""

    began: float
    ended: float
    cookie: str | None


@dataclass(frozen=True)
class Told:
    """A question and its answer.

    Attributes:
        issue: of the class that the visitor has; None: never asked for.
        slots: as the answer gives them, by name.
        personal: the slots that the origin decided for this visitor alone, from what they sent.
        of_page: whether these were asked for by a page, whose address and referrer tell of a campaign.
        note: what was asked and answered, for reports.
    """

    person: Person
    slots: Mapping[str, Shown]
    began: float
    ended: float
    issue: Issue | None = None
    personal: frozenset[str] = frozenset()
    of_page: bool = True
    note: str = ""


@dataclass(frozen=True)
class Staleness:
    """How old what is shown may be, in seconds: the rules that chose it, its content, and the moment."""

    rules: float = 0.0
    content: float = 0.0
    clock: float = 0.0


@dataclass
class States:
    """Everything that was ever live. The facts are by visitor."""

    rules: History[Document]
    content: History[Content]
    facts: dict[str, History[Facts]] = field(default_factory=dict)


View = tuple[str, Mapping[str, Any], frozenset[str]]
"""A visitor as somebody may see them: in words, the attributes, and the segments that are held."""


class Judge:
    """Judges answers, and keeps what the oracle said."""

    def __init__(self, states: States, staleness: Staleness) -> None:
        self.states = states
        self.staleness = staleness
        self._said: dict[tuple[Any, ...], Shown] = {}
        self._flips: dict[tuple[str, int], list[float]] = {}
        self._documents: dict[tuple[str, int, bool], tuple[Document, str]] = {}
        self._dates: dict[tuple[str, int], list[float]] = {}
        self._entries: dict[tuple[str, int], list[Entry]] = {}

    def wrong(self, told: Told) -> list[str]:
        """The slots whose answer nothing that was live makes right."""
        return [slot for slot, shown in told.slots.items() if not self._is_right(told, slot, shown)]

    def _is_right(self, told: Told, slot: str, shown: Shown) -> bool:
        return any(self.said(slot, *state) == shown for state in self.candidates(told, slot, self.staleness))

    def candidates(
        self, told: Told, slot: str, allowed: Staleness
    ) -> Iterator[tuple[View, Span[Document], Span[Content], float]]:
        """Everything under which an answer may have been made, what is likeliest first."""
        for rules in self.states.rules.live(told.began, told.ended, allowed.rules):
            for content in self.states.content.live(told.began, told.ended, allowed.content):
                for view in self.views(told, slot, allowed.rules):
                    for at in self._clocks(slot, rules, content, told.began - allowed.clock, told.ended):
                        yield view, rules, content, at

    def views(self, told: Told, slot: str, staleness: float) -> Iterator[View]:
        """How the visitor may be seen, by what they sent and by what is known of them."""
        person = told.person if told.of_page else replace(told.person, campaign=None, source=None)
        if slot in told.personal:
            seen = person.seen_by_edge() if told.of_page else person.seen_by_origin()
            for span in self.states.facts[person.id].live(told.began, told.ended, 0):
                kept, segments = person.kept(span.value)
                yield "as themselves", {**seen, **kept}, segments
            return
        anonymous = "anonymous", person.seen_by_edge(), frozenset[str]()
        if told.issue is None or not person.may_have_a_class:
            yield anonymous
            return
        # Of what was kept of them then; several where it changed meanwhile, which may be logged after the cookie came.
        for span in self.states.facts[person.id].live(told.issue.began, told.issue.ended, 0):
            kept, segments = person.kept(span.value)
            yield "by class", {**person.seen_by_edge(), **kept}, segments
        if any(span.since > told.issue.began - staleness for span in self.states.rules if span.since <= told.ended):
            yield anonymous  # a publication outdates what was issued before it

    def said(self, slot: str, view: View, rules: Span[Document], content: Span[Content], at: float) -> Shown:
        """What the oracle says of one state at one moment."""
        _words, attributes, segments = view
        entries = self._entries_for(slot, content)
        document, text = self._document_for(slot, rules, any("audience:" in str(entry["tags"]) for entry in entries))
        # What a document never names says nothing; so visitors who differ in nothing else are asked about once.
        named = tuple(sorted((name, str(v)) for name, v in attributes.items() if name in text or name in _ALWAYS))
        key = (slot, rules.number, content.number, at, named, segments if "segments" in document else None)
        found = self._said.get(key)
        if found is None:
            now = datetime.fromtimestamp(at, UTC)
            answer = oracle.decide(document, slot, attributes, entries, segments=segments, now=now)
            found = self._said[key] = {
                "blocks": [shown_of(entry) for entry in answer.entries],
                "presentation": answer.presentation,
                "fallback": answer.fallback,
            }
        return found

    def _document_for(self, slot: str, rules: Span[Document], has_audiences: bool) -> tuple[Document, str]:
        """What of a document can bear on a slot, and its text; what is for other slots alone is left out."""
        kept = self._documents.get((slot, rules.number, has_audiences))
        if kept is None:
            whole = rules.value
            ours = {name: [one for one in whole[name] if one["slot"] == slot] for name in ("rules", "experiments")}
            document = {**whole, **ours, "attributes": whole["attributes"]}
            if not has_audiences and "segment" not in str(ours):
                del document["segments"]
            acts = {name: value for name, value in document.items() if name not in ("attributes", "slots")}
            text = str(acts) + (" visitor.id" if ours["experiments"] or "holdout" in document else "")
            kept = self._documents[slot, rules.number, has_audiences] = document, text
        return kept

    def _entries_for(self, slot: str, content: Span[Content]) -> list[Entry]:
        """What a slot selects from, and its default: the slots of these runs all select by one tag."""
        kept = self._entries.get((slot, content.number))
        if kept is None:
            tag = pool_of(slot)
            found = [entry for variants in content.value.values() for entry in variants]
            kept = [entry for entry in found if tag in entry["tags"] or entry["id"] in DEFAULTS]
            self._entries[slot, content.number] = kept
        return kept

    def _clocks(
        self, slot: str, rules: Span[Document], content: Span[Content], since: float, until: float
    ) -> list[float]:
        """One moment of each stretch in which nothing flips, the latest first."""
        flips = {since // MINUTE_S * MINUTE_S}
        flips.update(range(int(since // MINUTE_S * MINUTE_S), int(until) + 1, MINUTE_S))
        for instants in (self._flips_of_rules(slot, rules), self._flips_of_content(slot, content)):
            place = bisect_right(instants, since)
            flips.update(instants[max(place - 1, 0) : bisect_right(instants, until)])
        before = max((one for one in flips if one <= since), default=since)
        return sorted((one for one in flips if before <= one <= until), reverse=True)

    def _flips_of_rules(self, slot: str, rules: Span[Document]) -> list[float]:
        kept = self._flips.get((slot, rules.number))
        if kept is None:
            items = [*rules.value.get("rules", []), *rules.value.get("experiments", [])]
            found = [one[word] for one in items if one["slot"] == slot for word in ("from", "until") if word in one]
            kept = self._flips[slot, rules.number] = sorted(map(instant, found))
        return kept

    def _flips_of_content(self, slot: str, content: Span[Content]) -> list[float]:
        kept = self._dates.get((slot, content.number))
        if kept is None:
            found = [entry["published_at"] for entry in self._entries_for(slot, content) if entry.get("published_at")]
            kept = self._dates[slot, content.number] = sorted({*map(instant, found)})
        return kept


def shown_of(entry: Entry) -> dict[str, Any]:
    """An entry as a block shows it."""
    fields = {name: value for name, value in entry.items() if name not in _OWN}
    return {"id": entry["id"], "type": entry["type"], "fields": fields, "tags": entry["tags"]}


def seen(slot: Mapping[str, Any]) -> Shown:
    """What of a slot's answer a visitor sees."""
    blocks = [{name: block[name] for name in ("id", "type", "fields", "tags")} for block in slot["blocks"]]
    return {"blocks": blocks, "presentation": slot["presentation"], "fallback": slot["fallback"]}


def instant(text: str) -> float:
    """Seconds since the epoch of a text with an offset."""
    return datetime.fromisoformat(text).timestamp()


def moment(at: float) -> str:
    """An instant as a person reads it."""
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=at)).strftime("%H:%M:%S.%f")[:-3]
