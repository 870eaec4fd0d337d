"""`GET /v1/personalize?slots=home.hero&format=html`: one slot as markup, for pages that include it while they are sent.

A wrapper of the route itself: what a fragment shows, who may keep it and for how long is what the JSON of the same slot
says. Only the body is another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec

from plugin.web.personalize import PATH
from plugin.web.wsgi import MOST_PARAMETERS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TYPE = "text/html; charset=utf-8"
_FORMAT = "format=html"
_OWN = frozenset({"content-type", "content-length"})
_Fault = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None


@dataclass(frozen=True, slots=True)
class FragmentRoute:
    """Writes markup where that is asked for; `behind` answers everything, and is told to render blocks.

    A refusal has no body but the same status: it stands in the middle of a page that somebody looks at, where the
    details of a problem would be of no use.
    """

    behind: WSGIApplication

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        query = environ.get("QUERY_STRING", "")
        if _FORMAT not in query or environ.get("PATH_INFO") != PATH or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self.behind(environ, start_response)
        said: list[tuple[str, list[tuple[str, str]]]] = []

        def take(status: str, headers: list[tuple[str, str]], _fault: _Fault = None) -> Callable[[bytes], object]:
            said.append((status, headers))
            return lambda _piece: None

        if not _is_one(query):
            start_response("422 Unprocessable Content", _headers([("Cache-Control", "private, no-store")], b""))
            return [b""]
        # What comes last counts. The rest stays as it is: the answer's ETag follows from the address.
        found = b"".join(self.behind({**environ, "QUERY_STRING": f"{query}&render=html"}, take))
        status, headers = said[-1]
        if status.startswith("304"):
            start_response(status, headers)
            return [b""]
        body = _markup(found) if status.startswith("200") and found else b""
        kept = [pair for pair in headers if pair[0].lower() not in _OWN]
        head = environ["REQUEST_METHOD"] == "HEAD"
        start_response(status, [*kept, ("Content-Type", TYPE)] if head else _headers(kept, body))
        return [body]


def _is_one(query: str) -> bool:
    """Whether it is one slot's markup that is asked for, and nothing is to be explained."""
    try:
        asked = parse_qs(query, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return False
    slots = [name for text in asked.get("slots", ()) for name in text.split(",") if name]
    return asked.get("format", [])[-1:] == ["html"] and len(slots) == 1 and "explain" not in asked


def _headers(kept: list[tuple[str, str]], body: bytes) -> list[tuple[str, str]]:
    return [*kept, ("Content-Type", TYPE), ("Content-Length", str(len(body)))]


def _markup(answer: bytes) -> bytes:
    """A slot as `tessera.js` finds it, so that what is seen of it is counted; blocks without markup are left out."""
    told: dict[str, Any] = msgspec.json.decode(answer)
    [(name, slot)] = told["slots"].items()
    blocks = "".join(
        f'<div data-tessera-block="{escape(block["id"])}">{block["html"]}</div>'
        for block in slot["blocks"]
        if block["html"] is not None
    )
    marks = f'data-tessera-slot="{escape(name)}" data-tessera-token="{escape(slot["decision_token"])}"'
    decision = escape(told.get("decision_id") or "")
    return f'<div {marks} data-tessera-decision="{decision}">{blocks}</div>'.encode()
