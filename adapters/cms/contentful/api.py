"""Contentful's Delivery and Preview API: synchronisation, entries with what they link to, and the space's model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import requests

from adapters.bounded import Bearer
from adapters.cms.client import Client
from adapters.cms.contentful.model import Item, Model, id_of, read_kind, read_locales, sys_of
from adapters.cms.port import AuthError, BadResponse, NotFound

# Ids have at most 64 characters, and a CDN takes no longer request line than about 8,000.
IDS_A_REQUEST = 50
LIST_SIZE = 1000
MAX_PAGES = 100_000
KEPT = ("type", "id", "revision", "contentType", "createdAt", "firstPublishedAt")
RESET = "X-Contentful-RateLimit-Reset"
REFUSED = frozenset((400, 410))  # what an old sync token gets
TOO_BIG = "Response size too big"


class Token(Bearer):
    """The access token, and what each request of ours says and hears besides."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # Where locales are published one by one, drafts of the others would come along without it.
        request.headers["X-Contentful-Locale-Based-Publishing"] = "true"
        request.register_hook("response", _wait_as_asked)  # type: ignore[no-untyped-call]
        return super().__call__(request)


def _wait_as_asked(response: requests.Response, **_: object) -> None:
    """Contentful says in a header of its own how many seconds to wait."""
    if response.status_code == 429 and RESET in response.headers and "Retry-After" not in response.headers:
        response.headers["Retry-After"] = response.headers[RESET]


def explain(decoded: object) -> str | None:
    """The message of an error body."""
    message = decoded.get("message") if isinstance(decoded, dict) else None
    return f"{id_of(decoded)}: {message}" if isinstance(message, str) else id_of(decoded)


class TokenRefused(Exception):  # noqa: N818 - named for what happened
    """The sync token is not, or no longer, understood."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What changed, in order, and the token with which to ask the next time."""

    items: list[Item]
    token: str


class Api:
    """One environment of one space, by one token. Raises what `Client` raises."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def ping(self) -> None:
        """Reads the smallest list of entries; an answer of another shape is none."""
        _items(self._list("entries", {"limit": "1", "select": "sys.id"}), "entries")

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()

    def sync(self, token: str | None, page_size: int) -> Synced:
        """Everything (None), or what changed since the token was given.

        Raises:
            TokenRefused: and nothing was read.
        """
        query = {"sync_token": token} if token is not None else {"initial": "true", "limit": str(page_size)}
        items: list[Item] = []
        asked = {token}
        for page in range(MAX_PAGES):
            try:
                answer = self._list("sync", query)
            except BadResponse as fault:
                if page == 0 and token is not None and fault.status in REFUSED:
                    raise TokenRefused(str(fault)) from fault
                raise
            items.extend(_slim(item) for item in _items(answer, "sync"))
            following = answer.get("nextPageUrl")
            given = _token(following if following is not None else answer.get("nextSyncUrl"))
            if following is None:
                return Synced(items, given)
            if given in asked:
                raise BadResponse("sync: nextPageUrl leads in a circle")
            asked.add(given)
            query = {"sync_token": given}  # and nothing else, or it is refused
        raise BadResponse(f"sync: more than {MAX_PAGES} pages")

    def entries(self, ids: Sequence[str], include: int) -> list[Item]:
        """Those of the entries that are there, and behind them what they link to within `include` levels."""
        found: list[Item] = []
        included: list[Item] = []
        for start in range(0, len(ids), IDS_A_REQUEST):
            self._entries(ids[start : start + IDS_A_REQUEST], include, found, included)
        return found + included

    def _entries(self, ids: Sequence[str], include: int, found: list[Item], included: list[Item]) -> None:
        query = {"sys.id[in]": ",".join(ids), "include": str(include), "locale": "*", "limit": str(len(ids))}
        try:
            answer = self._list("entries", query)
        except BadResponse as fault:
            if TOO_BIG not in str(fault) or len(ids) == 1:
                raise
            half = len(ids) // 2
            self._entries(ids[:half], include, found, included)
            self._entries(ids[half:], include, found, included)
            return
        found.extend(_items(answer, "entries"))
        includes = answer.get("includes")
        for listed in includes.values() if isinstance(includes, Mapping) else ():
            if isinstance(listed, list):
                included.extend(one for one in listed if isinstance(one, Mapping))

    def model(self, *, tags: bool, concepts: bool) -> Model:
        """The space's model; names of tags and labels of concepts where asked for."""
        default, fallbacks = read_locales(self._all("locales"))
        kinds = {one: read_kind(item) for item in self._all("content_types") if (one := id_of(item))}
        names: dict[str, str] = {}
        for item in self._all("tags") if tags else ():
            one, name = id_of(item), item.get("name")
            if one and isinstance(name, str):
                names[one] = name
        return Model(default, fallbacks, kinds, names, self._concepts(default) if concepts else {})

    def _concepts(self, default: str) -> dict[str, str]:
        """Labels by id; none where the organisation has no taxonomy that this token may read."""
        labels: dict[str, str] = {}
        query = {"limit": str(LIST_SIZE)}
        for _ in range(MAX_PAGES):
            try:
                answer = self._client.get("taxonomy/concepts", query)
            except (NotFound, AuthError):
                return labels  # the same token has just read other lists: it is not wrong
            for item in _items(answer, "taxonomy/concepts"):
                one, label = id_of(item), item.get("prefLabel")
                if isinstance(label, Mapping):
                    label = label.get(default) or next(iter(label.values()), None)
                if one and isinstance(label, str):
                    labels[one] = label
            pages = answer.get("pages")
            after = pages.get("next") if isinstance(pages, Mapping) else None
            given = _parameter(after, "pageNext")
            if given is None or given == query.get("pageNext"):
                return labels
            query = {"limit": str(LIST_SIZE), "pageNext": given}
        raise BadResponse(f"taxonomy/concepts: more than {MAX_PAGES} pages")

    def _all(self, path: str) -> list[Item]:
        """Every item of a list that is read by skipping."""
        found: list[Item] = []
        while True:
            answer = self._list(path, {"limit": str(LIST_SIZE), "skip": str(len(found))})
            items = _items(answer, path)
            found.extend(items)
            total = answer.get("total")
            if not isinstance(total, int):
                raise BadResponse(f"{path}: total: want a number")
            if len(found) >= total:
                return found
            if not items:  # what is missing would make another model, and other entries
                raise BadResponse(f"{path}: empty at {len(found)}, but {total} are announced")

    def _list(self, path: str, query: Mapping[str, str]) -> dict[str, object]:
        try:
            return self._client.get(path, query)
        except NotFound as fault:
            # Lists are always there: it is the space or the environment that is not, for this token.
            reason = "no such space or environment, or this token may not read it"
            raise AuthError(f"{path}: status 404: {reason}") from fault


def _items(answer: Mapping[str, object], path: str) -> list[Item]:
    listed = answer.get("items")
    if not isinstance(listed, list):
        raise BadResponse(f"{path}: items: want a list")
    for place, item in enumerate(listed):
        if not isinstance(item, Mapping) or id_of(item) is None:
            raise BadResponse(f"{path}: items[{place}].sys.id: want a text")
    return listed


def _slim(item: Item) -> Item:
    """Without what nobody reads: a whole space is in memory at once, and half of a short entry is its `sys`."""
    sys = sys_of(item)
    contents = {name: item[name] for name in ("fields", "metadata") if name in item}
    return {"sys": {name: sys[name] for name in KEPT if name in sys}, **contents}


def _token(url: object) -> str:
    """The token in an address of the next page or the next sync; the address itself is not followed."""
    if given := _parameter(url, "sync_token"):
        return given
    raise BadResponse("sync: neither nextPageUrl nor nextSyncUrl has a sync_token")


def _parameter(url: object, name: str) -> str | None:
    """A parameter of an address's query; None where there is none."""
    try:
        given = parse_qs(urlsplit(url).query).get(name) if isinstance(url, str) else None
    except ValueError:
        return None
    return given[0] if given else None
