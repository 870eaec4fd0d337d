"""What is asked of a WordPress site: routes under either kind of permalink, pages with their totals, credentials."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase

from adapters.cms.client import Answer, Client
from adapters.cms.port import BadResponse, Json, NotFound

Row = Mapping[str, Json]
Permalinks = Literal["auto", "pretty", "plain"]

NAMESPACE = "wp/v2"
_WITH_NAMESPACE = re.compile(r"[^/]+/v[0-9]+/")
LARGEST_PAGE = 100  # WordPress refuses more
MAX_PAGES = 100_000
# So often a walk looks back because what lay before its place has gone.
MAX_STEPS_BACK = 1_000


class ApplicationPassword(AuthBase):
    """Basic authentication with a user's application password. Its repr hides it."""

    def __init__(self, username: str, password: str) -> None:
        self._value = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Basic {self._value}"
        return request

    def __repr__(self) -> str:
        return "ApplicationPassword(***)"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    Attributes:
        rows: the objects in it.
        total: how many match in all.
        at: the site's clock when it answered; None where it does not say.
    """

    rows: Sequence[Row]
    total: int
    at: datetime | None


class Site:
    """Reads routes of a site's REST API."""

    def __init__(self, client: Client, permalinks: Permalinks = "auto") -> None:
        self._client = client
        self._permalinks = permalinks

    @property
    def base(self) -> str:
        """The site's URL without a slash at its end."""
        return self._client.base

    def ask(self, route: str, query: Mapping[str, str]) -> Answer:
        """The answer of a route: "posts" of WordPress' own namespace, or whole, as in "shop/v1/products".

        Under plain permalinks the API answers at `?rest_route=` only. Which kind the site has is found out by the first
        answer that comes.

        Raises:
            CmsError: see `Client.ask`.
        """
        whole = full_route(route)
        pretty, plain = f"wp-json/{whole}", f"?rest_route=/{whole}"
        if self._permalinks != "auto":
            return self._client.ask(pretty if self._permalinks == "pretty" else plain, query)
        try:
            answer = self._client.ask(pretty, query)
        except (NotFound, BadResponse) as first:
            try:
                answer = self._client.ask(plain, query)
            except (NotFound, BadResponse):
                raise first from None  # the route is bad under both; the usual one is said
            self._permalinks = "plain"
            return answer
        self._permalinks = "pretty"
        return answer

    def item(self, route: str, query: Mapping[str, str]) -> Row:
        """One object. Raises NotFound and the other errors of `ask`."""
        body = self.ask(route, query).body
        if not isinstance(body, dict):
            raise BadResponse(f"{route}: want an object")
        return body

    def page(self, route: str, query: Mapping[str, str]) -> Page:
        """One page of a list. A route that does not exist is BadResponse here, never an empty list."""
        try:
            answer = self.ask(route, query)
        except NotFound as fault:
            hint = "is it the rest_base of a type that is shown in REST, and is the REST API open?"
            raise BadResponse(f"{route}: status 404; {hint}") from fault
        total = answer.headers.get("X-WP-Total", "")
        if not (total.isascii() and total.isdigit()):
            raise BadResponse(f"{route}: no X-WP-Total in the answer; something between strips its headers")
        if not isinstance(answer.body, list):
            raise BadResponse(f"{route}: want a list")
        return Page([_row(item, f"{route}[{n}]") for n, item in enumerate(answer.body)], int(total), answer.served)

    def walk(self, route: str, query: Mapping[str, str], size: int) -> Iterator[Page]:
        """Every object in the order of ids, also while others come and go; `rows` holds each once.

        WordPress cannot list what comes after an id, so each page begins with the last object of the one before. Where
        it does not, something before it has gone, and the walk looks further back.
        """
        ordered = {**query, "orderby": "id", "order": "asc", "per_page": str(size)}
        last, offset, back = 0, 0, 0
        for _ in range(MAX_PAGES):
            page = self.page(route, {**ordered, "offset": str(offset)})
            ids = [id_of(row, route) for row in page.rows]
            if ids != sorted(set(ids)):
                raise BadResponse(f"{route}: the page at {offset} is not in the order of ids")
            if offset and (not ids or ids[0] > last):
                back += 1
                if back > MAX_STEPS_BACK:
                    raise BadResponse(f"{route}: the list kept changing while it was read")
                offset = max(0, offset - size + 1)
                continue
            new = [row for row, number in zip(page.rows, ids, strict=True) if number > last]
            yield Page(new, page.total, page.at)
            if offset + len(ids) >= page.total:
                return
            if len(ids) < 2:
                raise BadResponse(f"{route}: {page.total} entries are announced, and none comes after {last}")
            last, offset = max(last, ids[-1]), offset + len(ids) - 1
        raise BadResponse(f"{route}: more than {MAX_PAGES} pages")

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()


def full_route(route: str) -> str:
    """A route with its namespace: that of WordPress itself where it has none."""
    return route if _WITH_NAMESPACE.match(route) else f"{NAMESPACE}/{route}"


def linked_parts(href: str) -> list[str]:
    """The parts of the path in a link, whatever the permalinks; the route is at its end. Empty for what is no URL."""
    try:
        parts = urlsplit(href)
    except ValueError:
        return []
    plain = parse_qs(parts.query).get("rest_route")
    return (plain[0] if plain else parts.path).strip("/").split("/")


def said(decoded: object) -> str | None:
    """The code and the message of an error's body, such as "rest_forbidden: Sorry, …"."""
    if not isinstance(decoded, Mapping):
        return None
    texts = [text for name in ("code", "message") if isinstance(text := decoded.get(name), str)]
    return ": ".join(texts) or None


def id_of(row: Row, where: str) -> int:
    """The row's own number. Raises BadResponse."""
    value = row.get("id")
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise BadResponse(f"{where}.id: want a number above 0")


def _row(item: object, where: str) -> Row:
    if isinstance(item, dict):
        return item
    raise BadResponse(f"{where}: want an object")
