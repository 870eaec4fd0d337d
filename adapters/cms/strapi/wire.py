"""How Strapi's REST API is asked, and its answers as flat documents: version 5 here, version 4 in `wire4`.

A flat document has `documentId` (the identity that entries get), `locale`, `createdAt`, `updatedAt`, `publishedAt`
and its attributes beside one another, relations and media as such documents or lists of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from adapters.cms.client import Client
from adapters.cms.port import BadResponse, Json, NotFound

_DOCUMENT_ID = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing.

    Attributes:
        documents: flat.
        total: the number of all that match.
        number, size: as the server counts, which may allow smaller pages than asked for.
        served: the server's clock when it answered; None where it does not say.
    """

    documents: list[object]
    total: int
    number: int
    size: int
    served: datetime | None = None


class Wire(Protocol):
    """One version's way to ask.

    Attributes:
        order: the attribute that numbers rows for good, by which pages go on one after the other.
        stamp: the attribute that becomes the newest whenever the published content changes.
        keys: the attributes that an entry's key is made of; none: ask for all.
        every_locale: what `locale` is to be for all of them at once.
        shape: what else the form of documents depends on; a cursor is void where it differs.
        regroups: whether an entry's identity can change when another of its localizations is deleted.
    """

    order: str
    stamp: str
    keys: tuple[str, ...]
    every_locale: str
    shape: str
    regroups: bool

    def published(self, locale: str | None) -> dict[str, str]:
        """The query for published rows; None: of Strapi's default locale."""
        ...

    def after(self, document: Mapping[str, object], where: str) -> int | str:
        """The place of a row in the order of pages."""
        ...

    def page(self, api_id: str, query: Mapping[str, str]) -> Page:
        """One page of a listing."""
        ...

    def one(
        self, api_id: str, entry_id: str, locale: str | None, query: Mapping[str, str], *, draft: bool
    ) -> Mapping[str, Json]:
        """One variant.

        Raises:
            NotFound: no such variant of this type, or it is not published and `draft` is false.
        """
        ...

    def close(self) -> None:
        """Closes the connection."""
        ...


class Wire5:
    """Strapi 5: `documentId` is the identity of all locales; a draft and what is published are two rows."""

    order = "documentId"
    # Not `updatedAt`: publishing a draft that was saved yesterday (in bulk, or as a release) leaves that as it was.
    stamp = "publishedAt"
    keys: tuple[str, ...] = ("documentId", "locale", "updatedAt", "publishedAt")
    every_locale = "*"
    shape = "5"
    regroups = False

    def __init__(self, client: Client) -> None:
        self._client = client

    def published(self, locale: str | None) -> dict[str, str]:
        """See the protocol."""
        return {"status": "published", **({"locale": locale} if locale else {})}

    def after(self, document: Mapping[str, object], where: str) -> str:
        """See the protocol."""
        place = document.get(self.order)
        if not isinstance(place, str):
            raise BadResponse(f"{where}.{self.order}: want a text")
        return place

    def page(self, api_id: str, query: Mapping[str, str]) -> Page:
        """See the protocol."""
        return read_page(self._client, api_id, query)

    def one(
        self, api_id: str, entry_id: str, locale: str | None, query: Mapping[str, str], *, draft: bool
    ) -> Mapping[str, Json]:
        """See the protocol."""
        if not _DOCUMENT_ID.fullmatch(entry_id):  # it becomes part of a path
            raise NotFound(f"{entry_id!r} is no documentId")
        status = {**self.published(locale), "status": "draft" if draft else "published"}
        answer = self._client.get(f"{api_id}/{entry_id}", {**query, **status})
        return as_document(answer.get("data"), f"{api_id}/{entry_id}: data")

    def close(self) -> None:
        """See the protocol."""
        self._client.close()


def read_page(client: Client, api_id: str, query: Mapping[str, str]) -> Page:
    """A listing's page as it came. Raises BadResponse."""
    try:
        asked = client.ask(api_id, query)
    except NotFound as fault:
        raise BadResponse(f"{api_id}: status 404; is it the plural API id of a collection type?") from fault
    answer = asked.body
    if not isinstance(answer, dict):
        raise BadResponse(f"{api_id}: not a JSON object")
    data, meta = answer.get("data"), answer.get("meta")
    if not isinstance(data, list):
        raise BadResponse(f"{api_id}: data: want a list")
    paging = meta.get("pagination") if isinstance(meta, dict) else None
    total, number, size = (paging.get(name) if isinstance(paging, dict) else None for name in _PAGING)
    if not (isinstance(total, int) and isinstance(number, int) and isinstance(size, int)):
        raise BadResponse(f"{api_id}: meta.pagination: want total, page and pageSize")
    return Page(data, total, number, size, asked.served)


_PAGING = ("total", "page", "pageSize")


def as_document(raw: object, where: str) -> Mapping[str, Json]:
    """The answer's item as a mapping. Raises BadResponse."""
    if isinstance(raw, dict):
        return raw
    raise BadResponse(f"{where}: want an object")
