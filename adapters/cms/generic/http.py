"""Items over HTTP: a list page by page by any of five ways, and one entry by its address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, quote, urljoin, urlsplit

import requests
from requests.auth import AuthBase
from requests.utils import parse_header_links

from adapters.addresses import same_origin
from adapters.cms.client import Answer, Client
from adapters.cms.generic.origin import Item, Page, read_page
from adapters.cms.generic.paths import Path, Unanswerable
from adapters.cms.port import BadResponse, NotFound

MAX_PAGES = 100_000
PagingKind = Literal["none", "next", "header", "cursor", "page", "offset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How the next page is found; see the options in the package."""

    kind: PagingKind = "none"
    next: Path | None = None
    param: str = "page"
    first: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What is asked; `{locale}` and `{id}` in paths and parameters stand for these.

    Attributes:
        path: of the list, below the site's origin.
        entry_path: of one entry; None where there is no such address.
        entry: where the entry stands in that answer.
        locale_names: how a language is written in requests, where not as in entries.
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    entry_path: str | None = None
    entry_params: Mapping[str, str] = field(default_factory=dict)
    entry: Path
    locale_names: Mapping[str, str] = field(default_factory=dict)


class HttpOrigin:
    """Asks an API through the client that all adapters share."""

    def __init__(
        self, client: Client, asked: Requests, items: Path, total: Path | None, paging: Paging, locale: str | None
    ) -> None:
        """Args: locale: in which the list is read for a ping."""
        self._client = client
        self._asked = asked
        self._items = items
        self._total = total
        self._paging = paging
        self._locale = locale

    def pages(self, locale: str | None, more: Mapping[str, str]) -> Iterator[Page]:
        """Page by page; an answer that leads in a circle is refused. Raises BadResponse."""
        path = self._place(self._asked.path, locale)
        first = {**self._fill(self._asked.params, locale), **more}
        query: dict[str, Any] = {**first, **self._opening()}
        seen, asked = 0, set[str]()
        before: list[object] = []
        for number in range(1, MAX_PAGES + 1):
            where = path if self._paging.kind == "none" else f"{path} page {number}"
            request = repr((path, sorted(query.items())))
            if request in asked:
                raise BadResponse(f"{where}: the pages lead in a circle")
            asked.add(request)
            answer = self._ask(path, query)
            page = read_page(answer.body, self._items, self._total, where)
            raw = [item for item, _place in page.items]
            if raw and raw == before:
                raise BadResponse(f"{where}: the same as the page before; is {self._paging.param!r} its parameter?")
            seen, before = seen + len(raw), raw
            yield page
            following = self._following(path, first, answer, page, number, seen, where)
            if following is None:
                return
            path, query = following
        raise BadResponse(f"{path}: more than {MAX_PAGES} pages")

    def entry(self, entry_id: str, locale: str | None, more: Mapping[str, str]) -> Item | None:
        """One entry by its address. Raises BadResponse, NotFound."""
        if self._asked.entry_path is None:
            return None
        if entry_id in (".", ".."):  # they would lead to another path, whatever is done to them
            raise NotFound(f"{entry_id}: no such entry")
        path = self._place(self._asked.entry_path, locale, entry_id)
        params = self._fill(self._asked.entry_params, locale, entry_id)
        answer = self._client.ask(path, {**params, **more})
        try:
            found = next(iter(self._asked.entry.nodes(answer.body)), None)
        except Unanswerable as fault:
            raise BadResponse(f"{path}: entry: {fault}") from fault
        if found is None or found[0] is None:
            raise NotFound(f"{path}: no such entry")
        return found[0], f"{path}: {found[1]}"

    def ping(self) -> None:
        """Reads the first page."""
        next(iter(self.pages(self._locale, {})))

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()

    def _ask(self, path: str, query: Mapping[str, str]) -> Answer:
        try:
            return self._client.ask(path, query)
        except NotFound as fault:  # of a list, that is no deletion
            raise BadResponse(f"{path}: status 404; is it the list's path?") from fault

    def _opening(self) -> dict[str, str]:
        kind = self._paging.kind
        return {self._paging.param: str(self._paging.first)} if kind in ("page", "offset") else {}

    def _following(
        self, path: str, first: Mapping[str, str], answer: Answer, page: Page, number: int, seen: int, where: str
    ) -> tuple[str, dict[str, Any]] | None:
        paging = self._paging
        if paging.kind in ("page", "offset"):
            # Servers cap page sizes, so that a short page proves nothing: an empty one does, or the number of all.
            if not page.items or (page.total is not None and seen >= page.total):
                return None
            position = paging.first + (number if paging.kind == "page" else seen)
            return path, {**first, paging.param: str(position)}
        said = self._pointer(answer, where)
        if said is None or paging.kind == "none":
            return None
        if paging.kind == "cursor":
            return path, {**first, paging.param: said}
        return self._link(path, said, where)

    def _pointer(self, answer: Answer, where: str) -> str | None:
        """The next page's cursor or link, as the answer has it."""
        if self._paging.kind == "header":
            links = parse_header_links(answer.headers.get("Link", ""))
            return next((link["url"] for link in links if "next" in link.get("rel", "").split()), None)
        if self._paging.next is None:
            return None
        try:
            said = self._paging.next.first(answer.body)
        except Unanswerable as fault:
            raise BadResponse(f"{where}: next: {fault}") from fault
        if said is None or said is False or said == "":
            return None
        if isinstance(said, str) or (isinstance(said, int) and said is not True):
            return str(said)
        raise BadResponse(f"{where}: next: want a text, a number or null")

    def _link(self, path: str, said: str, where: str) -> tuple[str, dict[str, Any]]:
        base = f"{self._client.base}/"
        try:
            target = urlsplit(urljoin(base + path, said))
            query = parse_qs(target.query, keep_blank_values=True, max_num_fields=100)
            same = same_origin(target.geturl(), base)
        except ValueError as fault:
            raise BadResponse(f"{where}: next: no URL") from fault
        if not same:
            raise BadResponse(f"{where}: next: another scheme, host or port, which is not followed")
        return target.path.lstrip("/"), dict(query)

    def _place(self, template: str, locale: str | None, entry_id: str = "") -> str:
        named = self._name(locale)
        return template.replace("{locale}", quote(named, safe="")).replace("{id}", quote(entry_id, safe=""))

    def _fill(self, params: Mapping[str, str], locale: str | None, entry_id: str = "") -> dict[str, str]:
        named = self._name(locale)
        return {name: value.replace("{locale}", named).replace("{id}", entry_id) for name, value in params.items()}

    def _name(self, locale: str | None) -> str:
        return self._asked.locale_names.get(locale, locale) if locale is not None else ""


class Headers(AuthBase):
    """Sends these headers with every request; either way no .netrc file has a say. Its repr hides them."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        return request

    def __repr__(self) -> str:
        return f"Headers({', '.join(sorted(self._headers))})"


def explain(decoded: object) -> str | None:
    """The message in an error body of one of the usual forms."""
    if not isinstance(decoded, dict):
        return None
    error = decoded.get("error")
    said = error.get("message") if isinstance(error, dict) else error
    found = [said, *(decoded.get(name) for name in ("message", "detail", "title"))]
    return next((text for text in found if isinstance(text, str) and text), None)
