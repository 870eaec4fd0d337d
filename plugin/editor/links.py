"""The form that makes a preview link of a draft in the CMS: what was filled in, and the link or what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from urllib.parse import urlsplit

from plugin.editor.situation import VISITOR, Situation
from plugin.errors import ServiceUnavailable, ValidationFailed
from plugin.flow.types import SlotAsk
from plugin.service.previews.preview import Link, PreviewRequest, Previews
from plugin.service.previews.tokens import DraftRef

SCOPE = "simulate"
LIVES: Mapping[str, tuple[str, timedelta]] = MappingProxyType(
    {
        "1h": ("an hour", timedelta(hours=1)),
        "1d": ("a day", timedelta(days=1)),
        "7d": ("a week", timedelta(days=7)),
    }
)
LONGEST_NAME, LONGEST_PAGE = 255, 2_000
_FIELDS = ("source", "id", "locale", "page", "life")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkForm:
    """The form, and what came of it.

    Attributes:
        sources: names to choose from.
        known: titles of entries by their id, to choose from.
        problems: what is wrong, by field; "" for what concerns none.
        carried: the fields of the visitor's form, to be sent along.
    """

    sources: tuple[str, ...]
    source: str = ""
    id: str = ""
    locale: str = ""
    page: str = ""
    life: str = "1d"
    locales: tuple[str, ...] = ()
    known: Mapping[str, str] = field(default_factory=dict)
    carried: tuple[tuple[str, str], ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    made: Link | None = field(default=None, repr=False)
    until: str = ""

    @property
    def lives(self) -> Mapping[str, tuple[str, timedelta]]:
        """How long a link may be good for."""
        return LIVES


def filled(form: LinkForm, answers: Mapping[str, list[str]]) -> LinkForm:
    """The form with what was sent."""
    said = {name: answers[f"link.{name}"][-1].strip() for name in _FIELDS if answers.get(f"link.{name}")}
    return replace(form, **said)  # type: ignore[arg-type]  # texts by the names of text fields


def sent(form: LinkForm, previews: Previews, slot: str, visitor: Situation, author: str) -> LinkForm:
    """The form with the link that was made, or with its problems."""
    problems = _problems(form)
    if problems:
        return replace(form, problems=problems)
    attributes = {name: held for name, held in visitor.attributes.items() if name != VISITOR}
    who = visitor.attributes.get(VISITOR)
    request = PreviewRequest(
        entries=(DraftRef(form.source, form.id, form.locale or None),),
        slots=(SlotAsk(slot),) if slot else (),
        attributes=attributes,
        segments=visitor.segments,
        visitor_id=who if isinstance(who, str) else None,
        at=visitor.at,
        page=form.page or None,
        life=LIVES[form.life][1],
    )
    try:
        return replace(form, made=previews.create(request, author=author))
    except ValidationFailed as error:
        return replace(form, problems={_FIELD_OF.get(one.pointer, ""): one.detail for one in error.errors})
    except ServiceUnavailable as error:
        return replace(form, problems={"source": str(error)})


_FIELD_OF = {"/entries/0/source": "source", "/entries/0/id": "id", "/entries/0/locale": "locale", "/page": "page"}


def _problems(form: LinkForm) -> dict[str, str]:
    found = {}
    if not form.id:
        found["id"] = "write the id of the entry, as the CMS names it"
    found |= {
        name: f"at most {LONGEST_NAME} characters"
        for name, text in (("id", form.id), ("locale", form.locale))
        if len(text) > LONGEST_NAME
    }
    if form.page and not _is_page(form.page):
        found["page"] = "write a whole address, such as https://shop.example/"
    if form.life not in LIVES:
        found["life"] = "choose one of these"
    return found


def _is_page(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and len(text) <= LONGEST_PAGE
