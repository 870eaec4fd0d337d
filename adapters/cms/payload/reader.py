"""Questions to Payload's REST API, and what its answers mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import requests
from requests.auth import AuthBase

from adapters.cms.client import Client
from adapters.cms.port import AuthError, BadResponse, Json, NotFound

MAX_PAGES = 100_000
ID_PAGE = 1000
TRUST_S = 60.0
Document = Mapping[str, Json]
_NO_STATUS = "cannot be queried: _status"


class ApiKey(AuthBase):
    """Sends an API key of the collection of those who may use one, or nothing. Its repr hides the key."""

    def __init__(self, collection: str, key: str | None) -> None:
        self._collection = collection
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key:
            request.headers["Authorization"] = f"{self._collection} API-Key {self._key}"
        return request

    def __repr__(self) -> str:
        return f"ApiKey({'***' if self._key else None})"


def explain(decoded: object) -> str | None:
    """The first message in an error of Payload's; of a route that is not there, the only one."""
    if not isinstance(decoded, dict):
        return None
    errors = decoded.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else decoded
    message = first.get("message") if isinstance(first, dict) else None
    return message if isinstance(message, str) else None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of documents with the place of each.

    Attributes:
        total: how many there are on all pages.
        served: when the site answered, by its own clock; None where it does not say.
    """

    items: Sequence[tuple[Document, str]]
    total: int
    last: bool
    served: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What all questions have in common; see the options in the package."""

    key_collection: str = "users"
    has_key: bool = False
    every_locale: bool = False
    link_depth: int = 2
    page_size: int = 100


class Reader:
    """Reads documents of one site. `without_drafts` are the collections known to have no drafts."""

    def __init__(self, client: Client, asking: Asking, monotonic: Callable[[], float]) -> None:
        self._client = client
        self._asking = asking
        self._monotonic = monotonic
        self._trusted_until = -math.inf
        self.without_drafts: set[str] = set()

    def check_key(self, *, now: bool = True) -> None:
        """Returns if the API key is good, or there is none.

        Args:
            now: False: it is enough that it was good within the last `TRUST_S` seconds.
        Raises:
            AuthError: Payload takes whoever bears it for a stranger, and says so nowhere else.
        """
        if not self._asking.has_key or (not now and self._monotonic() < self._trusted_until):
            return
        path = f"{self._asking.key_collection}/me"
        try:
            user = self._client.get(path, {"depth": "0"}).get("user")
        except NotFound as fault:
            raise BadResponse(f"{path}: status 404; is key_collection a collection with `auth`?") from fault
        if not isinstance(user, dict):
            self._trusted_until = -math.inf
            raise AuthError(f"{path}: the API key is not that of any user")
        self._trusted_until = self._monotonic() + TRUST_S

    def newest_first(self, collection: str, number: int) -> Page:
        """One page of what is published, the last changed first."""
        query = {**self._whole(), **self._sized(self._asking.page_size, number), "sort": "-updatedAt,id"}
        return self._published(collection, query, number)

    def by_id(self, collection: str, *, ids_only: bool = False) -> Iterator[Page]:
        """Every published document, each page beginning after the last id of the one before. Raises BadResponse."""
        if ids_only:
            size, shape = ID_PAGE, {"depth": "0", "select[updatedAt]": "true", "select[_status]": "true"}
        else:
            size, shape = self._asking.page_size, self._whole()
        after: str | None = None
        seen: set[str] = set()
        for number in range(1, MAX_PAGES):
            begin = {} if after is None else {"where[id][greater_than]": after}
            page = self._published(collection, {**shape, **self._sized(size, 1), **begin, "sort": "id"}, number)
            yield page
            if page.last:
                return
            after = str(page.items[-1][0].get("id"))
            if after in seen:
                raise BadResponse(f"{collection}: page {number} does not go on after {after}: sort or filter ignored")
            seen.add(after)
        raise BadResponse(f"{collection}: more than {MAX_PAGES} pages")

    def some(self, collection: str, ids: Sequence[str]) -> Iterator[tuple[Document, str]]:
        """Those of the documents that are published."""
        size = self._asking.page_size
        for start in range(0, len(ids), size):
            part = ids[start : start + size]
            query = {**self._whole(), **self._sized(size, 1), "where[id][in]": ",".join(part)}
            yield from self._published(collection, query, 1).items

    def one(self, collection: str, document_id: str, *, draft: bool = False) -> Document | None:
        """One document: as published, or its latest version; None where there is none.

        It is looked for with a filter. An id that its database cannot take makes Payload fail otherwise, and a 404
        of whatever stands before it would look like a deletion.
        """
        query = {**self._whole(), **self._sized(1, 1), "where[id][equals]": document_id}
        ask, more = (self._page, {"draft": "true"}) if draft else (self._published, {})
        page = ask(collection, {**query, **more}, 1)
        return next((document for document, _ in page.items if str(document.get("id")) == document_id), None)

    def stamp(self, collection: str) -> str:
        """Changes whenever a document of the collection is changed, added or removed."""
        page = self._page(collection, {"depth": "0", "sort": "-updatedAt", **self._sized(1, 1)}, 1)
        return f"{page.total} {page.items[0][0].get('updatedAt') if page.items else ''}"

    def _whole(self) -> dict[str, str]:
        locale = {"locale": "all"} if self._asking.every_locale else {}
        return {"depth": str(self._asking.link_depth), **locale}

    @staticmethod
    def _sized(size: int, number: int) -> dict[str, str]:
        return {"limit": str(size), "page": str(number)}

    def _published(self, collection: str, query: Mapping[str, str], number: int) -> Page:
        if collection in self.without_drafts:
            page = self._page(collection, query, number)
            if not any("_status" in document for document, _ in page.items):
                return page
            self.without_drafts.discard(collection)  # the site's configuration has changed
        try:
            return self._page(collection, {**query, "where[_status][equals]": "published"}, number)
        except BadResponse as fault:
            if _NO_STATUS not in str(fault):
                raise
        page = self._page(collection, query, number)
        self.without_drafts.add(collection)
        return page

    def _page(self, collection: str, query: Mapping[str, str], number: int) -> Page:
        try:
            asked = self._client.ask(collection, query)
        except NotFound as fault:
            raise BadResponse(f"{collection}: status 404; is it the slug of a collection?") from fault
        where = f"{collection} page {number}"
        answer = asked.body
        if not isinstance(answer, dict):
            raise BadResponse(f"{where}: not a JSON object")
        documents, total, more = answer.get("docs"), answer.get("totalDocs"), answer.get("hasNextPage")
        if not isinstance(documents, list):
            raise BadResponse(f"{where}: docs: want a list")
        if not isinstance(total, int) or not isinstance(more, bool):
            raise BadResponse(f"{where}: want totalDocs and hasNextPage")
        if more and not documents:
            raise BadResponse(f"{where}: empty, but more is announced")
        items: list[tuple[Document, str]] = []
        for place, document in enumerate(documents):
            if not isinstance(document, dict):
                raise BadResponse(f"{where}: docs[{place}]: want an object")
            items.append((document, f"{where}: docs[{place}]"))
        return Page(items, total, not more, asked.served)
