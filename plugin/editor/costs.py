"""What caching costs, in sentences for editors: beside a rule, and where all is published."""

from __future__ import annotations

from dataclasses import dataclass

from plugin.editor.desk import Desk
from plugin.editor.phrases import Name
from plugin.editor.vocabulary import Vocabulary
from plugin.errors import NotFound, RulesRejected
from plugin.service.rulesets.cost import SlotCost
from plugin.service.rulesets.items import Document, Section, items

_WHO = {
    "everyone": "the same for everyone",
    "inputs": "shared by visitors who are alike in country, device, language and what else a request tells",
    "class": "shared by visitors of whom the site knows the same",
    "private": "made anew for each visitor, and kept by no shared cache",
}
MOST_RULES = 1_000
"""Beyond that pages do not wait for it: `tessera rules check --cost` and the API tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotCosts:
    """A slot with what caching it costs.

    Attributes:
        who: may share what is kept of it.
        private: why nobody may, and what to do, a sentence for each cause.
        most: the rule or experiment that adds the most versions, and what it does; None: none adds any, or the slot
            is private.
    """

    slot: Name
    versions: str
    who: str
    still: str
    private: tuple[str, ...]
    most: tuple[Name, str] | None


def costs_of(desk: Desk, section: Section, id_: str, document: Document) -> tuple[str, ...]:
    """What one rule or experiment of the draft costs, a sentence or two for each slot; none for other items."""
    if section not in ("rules", "experiments") or _is_large(document):
        return ()
    kind = section.removesuffix("s")
    found = []
    for one in _read(desk, only=id_):
        slot = one.found.slot
        said = [sentence for its, _id, sentence in one.additions if its == kind]
        found += [f"{sentence[0].upper()}{sentence[1:]}; it is {_WHO[one.found.sharing]}." for sentence in said]
        mine = [cause for cause in one.found.causes if cause.remedy and f"the {kind} {id_!r}" in cause.rules]
        found += [f"This {kind} makes {slot} private: it {one.what}. To share it, {one.remedy}." for one in mine]
        if not mine and one.found.sharing == "private":
            found.append(f"Without this {kind}, too, {slot} is private; the page Publish tells why, and what to do.")
    return tuple(found)


def costs_in_all(desk: Desk, document: Document) -> tuple[SlotCosts, ...]:
    """Each slot of the draft with what caching it costs; none where the draft does not check, or is large."""
    if _is_large(document):
        return ()
    vocabulary = desk.words(document).vocabulary
    return tuple(
        SlotCosts(
            slot=vocabulary.named("slots", one.found.slot),
            versions=one.versions,
            who=_WHO[one.found.sharing],
            still=one.still,
            private=tuple(
                f"{cause.sentence}. To share it, {cause.remedy}." for cause in one.found.causes if cause.remedy
            ),
            most=_most(one, vocabulary),
        )
        for one in _read(desk)
    )


def _most(one: SlotCost, vocabulary: Vocabulary) -> tuple[Name, str] | None:
    added = [each for each in one.found.additions if each.without < each.versions]
    if not added or one.found.sharing == "private":
        return None
    most = min(added, key=lambda each: each.without)
    said = next(said for kind, id_, said in one.additions if (kind, id_) == (most.kind, most.id))
    return vocabulary.named(f"{most.kind}s", most.id), said.removeprefix(f"this {most.kind} ")


def _read(desk: Desk, *, only: str | None = None) -> list[SlotCost]:
    try:
        return desk.services.publishing.cost("draft", only=only)
    except (RulesRejected, NotFound):  # the page says so where it matters; what is new may not be in the draft yet
        return []


def _is_large(document: Document) -> bool:
    return len(items(document, "rules")) > MOST_RULES
