"""What the page of an item shows, and where it leads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Response, redirect, url_for

from plugin.editor.changes import Line
from plugin.editor.choices import Choices
from plugin.editor.costs import costs_of
from plugin.editor.desk import Desk
from plugin.editor.drafts import DiffLine, Remark, compared
from plugin.editor.parts import MADE
from plugin.editor.people import People, people_of
from plugin.editor.phrases import Name, many
from plugin.editor.problems import doubts
from plugin.editor.situation import Answers, filled
from plugin.editor.vocabulary import Attribute
from plugin.editor.words import Fact
from plugin.editor.yaml_text import written
from plugin.errors import NotFound
from plugin.service.rulesets.draft import Item
from plugin.service.rulesets.items import SINGULAR, Section, items
from plugin.service.rulesets.uses import Use, uses_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A text in a form.

    Attributes:
        tag: of the state that the text is based on.
        remarks: its problems.
    """

    text: str
    tag: str = ""
    remarks: Sequence[Remark] = ()

    @property
    def lines(self) -> int:
        """How many lines the text has."""
        return self.text.count("\n") + 1

    @property
    def marked(self) -> frozenset[int]:
        """The lines that have a problem."""
        return frozenset(remark.line for remark in self.remarks if remark.line is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet(Written):
    """What the page of an item shows.

    Attributes:
        id: None for an item that is not there yet.
        facts: of the item as it is in the draft.
        uses: what names the item.
        blocking: what of it keeps the item from being deleted.
        theirs: what somebody else saved meanwhile, compared with the text; None where nobody did.
        refused: why what was asked for was not done.
        slot: one that the item is for, to preview it in.
        people: of a segment, who is in it, in numbers.
        costs: of a rule or an experiment, what it costs caches, in sentences.
        doubts: what it hardly means, in sentences.
        example: of a rule, a visitor whom it is for, as fields of the preview.
        choices: the form of choices; None: the page has the text alone.
        as_text: whether the text is shown where there is a form, too.
        merging: what saving the form now would change of what somebody else saved meanwhile; None where nobody did.
    """

    section: Section
    id: str | None
    name: str
    description: str | None = None
    enabled: bool = True
    facts: tuple[Fact, ...] = ()
    uses: tuple[Name, ...] = ()
    blocking: tuple[Name, ...] = ()
    theirs: Sequence[DiffLine] | None = None
    refused: str | None = None
    slot: str | None = None
    people: People | None = None
    costs: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    choices: Choices | None = None
    as_text: bool = False
    merging: tuple[Line, ...] | None = None
    example: Answers = field(default_factory=dict)

    @property
    def has_form(self) -> bool:
        """Whether items of this kind can be made and changed by choosing."""
        return self.section in MADE

    @property
    def in_form(self) -> bool:
        """Whether the page shows the form, and not the text."""
        return self.choices is not None and not self.as_text

    @property
    def what(self) -> str:
        """The kind of item, in one word."""
        return SINGULAR[self.section]


def sheet_of(desk: Desk, section: Section, id_: str, *, brief: bool = False) -> Sheet:
    """The item as it is in the draft.

    Args:
        brief: without what is worked out from all other rules, which can take seconds.

    Raises: NotFound.
    """
    document = desk.draft().document
    value = items(document, section).get(id_)
    if value is None:
        raise NotFound(f"There is no {SINGULAR[section]} {id_!r} in the draft.")
    found = desk.services.drafting.get(section, id_)
    told = _told(desk, found, section, document)
    return told if brief else _worked_out(desk, told, document)


def _told(desk: Desk, found: Item, section: Section, document: Mapping[str, Any]) -> Sheet:
    value = found.value
    return Sheet(
        section=section,
        id=found.id,
        name=str(value.get("name") or found.id),
        text=written(value),
        tag=found.tag,
        description=str(value["description"]) if value.get("description") else None,
        enabled=value.get("enabled") is not False,
        facts=desk.words(document).facts(section, value),
        uses=named(desk, _uses(desk, section, found.id, document)),
        slot=_slot(section, value, document),
    )


def _worked_out(desk: Desk, told: Sheet, document: Mapping[str, Any]) -> Sheet:
    section, id_ = told.section, told.id or ""
    return replace(
        told,
        people=people_of(desk, id_) if section == "segments" else None,
        costs=costs_of(desk, section, id_, document),
        doubts=doubts(desk, section, id_, document),
        example=_example(desk, id_, document) if section == "rules" else {},
    )


def _uses(desk: Desk, section: Section, id_: str, document: Mapping[str, Any]) -> Iterator[Use]:
    yield from uses_of(document, section, id_)
    if section == "segments":
        yield from desk.services.drafting.audience_uses(id_)


def _slot(section: Section, value: Mapping[str, Any], document: Mapping[str, Any]) -> str | None:
    if section == "slots":
        return str(value["id"])
    named_first = next(iter(many(value.get("slot"))), None)
    return next(iter(items(document, "slots")), None) if named_first == "*" else named_first


def _example(desk: Desk, id_: str, document: Mapping[str, Any]) -> Answers:
    found = desk.services.publishing.example(document, id_)
    if found is None:
        return {}
    return filled(found.attributes, found.segments, found.at, desk.words(document).vocabulary.zone)


def named(desk: Desk, uses: Iterable[Use]) -> tuple[Name, ...]:
    """The items that use something, each once."""
    words = desk.words(desk.draft().document)
    found: dict[tuple[str, str], Name] = {}
    for use in uses:
        found[use.section, use.id] = _name(use, words.vocabulary.named(use.section, use.id))
    return tuple(found.values())


def _name(use: Use, named: Name) -> Name:
    if use.section == "tests":
        return Name("content", use.id, f"test {int(use.id) + 1} of the document")
    return Name(use.section, use.id, f"{'the entry ' if use.section == 'content' else ''}{named.text}")


def page_of(desk: Desk, sheet: Sheet, status: int = 200) -> Response:
    """The page of an item."""
    tab = "slots" if sheet.section == "rules" else sheet.section
    return desk.page("item", status=status, tab=tab, sheet=sheet, names=_names(desk))


def _names(desk: Desk) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The names that a text may use, each with what it means: nobody should have to remember them."""
    document = desk.draft().document
    vocabulary = desk.words(document).vocabulary
    attributes = {**vocabulary.built_in, **vocabulary.declared}
    return {
        "slots": sorted(vocabulary.names["slots"].items()),
        "segments": sorted(vocabulary.names["segments"].items()),
        "attributes": [
            (name, _about(one)) for name, one in sorted(attributes.items()) if not name.startswith("consent")
        ],
    }


def _about(attribute: Attribute) -> str:
    kind = ", ".join(attribute.values) if attribute.values else attribute.type.replace("_", " ")
    unit = f" in {attribute.unit}" if attribute.unit else ""
    return f"{kind}{unit}. {attribute.description}".rstrip(". ")


def to_item(section: Section, id_: str, done: str) -> Response:
    """Back to the page of an item, after something was done."""
    return redirect(url_for("editor.item", section=section, id_=id_, done=done), code=303)  # type: ignore[return-value]


def conflict(desk: Desk, typed: Sheet) -> Response:
    """Somebody else changed the item: both texts are shown, and nothing is lost of either."""
    try:
        held = sheet_of(desk, typed.section, typed.id or "")
    except NotFound:
        gone = f"Somebody deleted this {typed.what} meanwhile. Your text is below: save it to add it again."
        return page_of(desk, replace(typed, id=None, refused=gone), 412)
    return page_of(desk, replace(held, text=typed.text, theirs=compared(typed.text, held.text)), 412)
