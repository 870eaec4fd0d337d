"""What every page shares: who is logged in, what they may do, the frame around a page, and the names of things."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Response, g, request, url_for
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from plugin.editor.changes import count_of
from plugin.editor.moments import moment
from plugin.editor.phrases import Name, many, plain
from plugin.editor.services import EditorServices
from plugin.editor.sessions import Session, Sessions
from plugin.editor.tries import Tries
from plugin.editor.vocabulary import vocabulary_of
from plugin.editor.words import Words
from plugin.errors import NotFound, TesseraError
from plugin.service.rulesets.draft import WholeDraft
from plugin.service.rulesets.items import Document

STATIC = Path(__file__).parent / "static"
STYLE, SCRIPT, BLOCKS = "editor.css", "editor.js", "blocks.css"
RIGHTS: Mapping[str, str] = {
    "read": "look at rules and preview them",
    "write": "edit the draft",
    "publish": "publish and roll back",
    "simulate": "make links that show drafts",
}
TITLE_FIELDS = ("title", "name", "headline", "label")


class MissingRightError(TesseraError):
    """The session's key has not the right that a page needs."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"Your key cannot {RIGHTS[scope]}: that needs the right “{scope}”.")


class Desk:
    """The services, and the page frame."""

    def __init__(self, services: EditorServices) -> None:
        self.services = services
        self.sessions = Sessions(services.signing_key, services.clock, services.new_nonce)
        self.tries = Tries(services.clock)
        self._templates = Environment(
            loader=FileSystemLoader(services.templates),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._hashes = {name: sha256((STATIC / name).read_bytes()).hexdigest()[:12] for name in (STYLE, SCRIPT, BLOCKS)}
        self._templates.globals |= {
            "url": url_for,
            "static": self.static,
            "href": _href,
            "is_name": lambda piece: isinstance(piece, Name),
            "plain": plain,
        }

    # --- who asks

    @property
    def session(self) -> Session | None:
        """The session of the present request; None where nobody is logged in."""
        found: Session | None = g.get("editor_session")
        return found

    @property
    def author(self) -> str:
        """The name that histories bear."""
        return self.session.name if self.session is not None else ""

    def may(self, scope: str) -> bool:
        """Whether the present session has a right."""
        return self.session is not None and self.session.may(scope)

    def require(self, scope: str) -> None:
        """Raises: MissingRightError where the present session has not this right."""
        if not self.may(scope):
            raise MissingRightError(scope)

    def form_token(self) -> str:
        """What each form of the present session brings back."""
        return self.sessions.form_token(self.session.nonce) if self.session is not None else ""

    # --- what there is

    def draft(self) -> WholeDraft:
        """The working document."""
        return self.services.drafting.document()

    def words(self, document: Document) -> Words:
        """The words for a document; titles of entries are looked up once for each page."""
        locales = [str(one) for one in many(document.get("locales") or ())]
        title = lru_cache(maxsize=2_000)(lambda id_: self._title(id_, locales))
        return Words(vocabulary_of(document, self.services.attributes, title))

    def _title(self, id_: str, locales: list[str]) -> str | None:
        """The title of an entry, in the site's first language that it has one in; None where there is none."""
        try:
            entry = self.services.contents.get(id_)
        except NotFound:
            return None
        order = {locale: place for place, locale in enumerate(locales)}
        variants = sorted(entry.variants, key=lambda one: order.get(one.entry.locale or "", len(order)))
        return next((found for one in variants if (found := title_in(one.entry.fields))), None)

    # --- pages

    def page(self, template: str, *, status: int = 200, tab: str = "", **values: object) -> Response:
        """A page of the given template.

        Args:
            tab: the entry of the navigation that it belongs to.
        """
        frame: dict[str, object] = {
            "session": self.session,
            "may": self.may,
            "csrf": self.form_token(),
            "tab": tab,
            "said": _said(),
            "state": None,
        }
        if self.session is not None and "state" not in values:
            frame["state"] = self._state() if self.may("read") else None
        text = self._templates.get_template(f"editor/{template}.html").render({**frame, **values})
        return Response(text, status, content_type="text/html; charset=utf-8")

    def static(self, name: str) -> str:
        """The address of a static file, which changes with the file."""
        return url_for("editor.static_file", name=name, v=self._hashes[name])

    def is_current(self, name: str, digest: str | None) -> bool:
        """Whether an address of a static file is the present one, so that it may be kept for long."""
        return digest is not None and self._hashes.get(name) == digest

    def moment(self, when: Any, document: Document) -> str:  # noqa: ANN401  # a datetime, or None
        """An instant on the site's clock."""
        zone = document.get("timezone")
        return moment(when, zone if isinstance(zone, str) else "UTC") if when is not None else "never"

    def _state(self) -> Mapping[str, object]:
        """What the frame says of every page: which version is published, and whether the draft differs."""
        published = self.services.publishing.published()
        if published is None:
            return {"version": None, "changes": None}
        return {
            "version": published.version.number,
            "changes": count_of(self.services.publishing.diff("published", "draft")),
        }


def title_in(fields: Mapping[str, Any]) -> str | None:
    """What an entry is called, by the fields that usually say so."""
    return next((found for name in TITLE_FIELDS if isinstance(found := fields.get(name), str) and found), None)


_SAID = {
    "saved": "Saved in the draft. Visitors do not see it until you publish.",
    "created": "Added to the draft. Visitors do not see it until you publish.",
    "deleted": "Taken out of the draft. Visitors are not affected until you publish.",
    "on": "Switched on in the draft. Visitors do not see it until you publish.",
    "off": "Switched off in the draft. Visitors are not affected until you publish.",
    "moved": "Its priority is changed in the draft. Visitors are not affected until you publish.",
    "published": "Published. Visitors get it within a second or so.",
    "rolled-back": "Rolled back. Visitors get this version within a second or so.",
    "unchanged": "Nothing was changed.",
}


def _said() -> str | None:
    """What was just done, as the address says it: one of a few sentences, never a text from the address."""
    return _SAID.get(request.args.get("done", ""))


def _href(piece: Name) -> str | None:
    """Where the name of an item leads; None for entries, which are looked at in the CMS."""
    if piece.section == "content":
        return None
    if piece.section == "slots":
        return url_for("editor.slot", id_=piece.id)
    return url_for("editor.item", section=piece.section, id_=piece.id)
