"""What a browser would send of a form of a page, if nobody touched it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_FORMS = {
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "time": re.compile(r"[0-9]{2}:[0-9]{2}"),
    "number": re.compile(r"-?[0-9]+(\.[0-9]+)?"),
}
"""What fields of some types hold: anything else a browser takes out of them."""


class _Controls(HTMLParser):
    """The successful controls of one form (HTML, 4.10.21.4), its buttons left out."""

    def __init__(self, id_: str) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self._id = id_
        self._inside = False
        self._select: tuple[str, list[tuple[str, bool]]] | None = None
        self._area: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        if tag == "form":
            self._inside = held.get("id") == self._id
        name = held.get("name")
        if self._inside and tag == "option" and self._select is not None:
            self._select[1].append((held.get("value") or "", "selected" in held))
        if not self._inside or not name:
            return
        if tag == "input" and held.get("type") == "checkbox":
            if "checked" in held:  # those of one name as a test client sends them, which has each name once
                self.sent[name] = "\n".join(filter(None, [self.sent.get(name), held.get("value") or "on"]))
        elif tag == "input":
            value, form = held.get("value") or "", _FORMS.get(held.get("type") or "")
            self.sent[name] = value if form is None or form.fullmatch(value) else ""
        elif tag == "select":
            self._select = (name, [])
        elif tag == "textarea":
            self._area = (name, [])

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select" and self._select is not None:
            name, options = self._select
            chosen = [value for value, selected in options if selected] or [value for value, _selected in options]
            self.sent[name] = chosen[0]
            self._select = None
        elif tag == "textarea" and self._area is not None:
            name, pieces = self._area
            self.sent[name] = "".join(pieces).removeprefix("\n").replace("\n", "\r\n")
            self._area = None


def controls(page: str, id_: str = "make") -> dict[str, str]:
    """Names and values; empty where the page has no such form."""
    found = _Controls(id_)
    found.feed(page)
    return found.sent
