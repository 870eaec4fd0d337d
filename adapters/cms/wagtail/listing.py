"""Lists of API v2, read to their end although they change meanwhile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from adapters.cms.client import Client
from adapters.cms.port import BadResponse, Json, NotFound
from adapters.cms.wagtail.cursor import Records
from adapters.cms.wagtail.entries import item_of, meta_of, number_of

_LIMIT = re.compile(r"limit cannot be higher than ([1-9][0-9]{0,5})")
MAX_PAGES = 100_000
# A list that slips under each of so many readings is read again at the next sync.
RESTARTS = 10
# After an import thousands of items can have been published within the overlap: it ends after so many in a row that
# did not change.
ENOUGH = 200

Item: TypeAlias = tuple[Mapping[str, Json], str]
"""An item and its place in words."""
Items: TypeAlias = dict[int, Item]
"""Items by their numbers."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed.

    Attributes:
        name: unique among a source's listings.
        path: below the API's root, with a slash at its end.
        query: what selects the items.
        type: of pages: only these are taken; None for snippets.
        newest_first: whether the API tells when an item was last published, and orders by it.
    """

    name: str
    path: str
    query: Mapping[str, str]
    type: str | None
    newest_first: bool


class Lister:
    """Reads listings; learns the longest page that the site allows."""

    def __init__(self, client: Client, page_size: int) -> None:
        self._client = client
        self._limit = page_size

    def walk(self, listing: Listing, query: Mapping[str, str]) -> Items:
        """Everything there is, in the order of numbers.

        API v2 has offsets only. Each answer therefore begins with the last item of the one before: where it does
        not, items before it came or went, and the reading steps back by a page.
        """
        found: Items = {}
        offset, slips, last = 0, 0, None
        for _ in range(MAX_PAGES):
            items, total = self.page(listing, {**query, "order": "id", "offset": str(offset)})
            numbers = list(items)
            if numbers != sorted(numbers):
                raise BadResponse(f"{listing.name}: not in the order of numbers")
            if last is not None and (not numbers or numbers[0] != last):
                slips += 1
                if slips > RESTARTS:
                    raise BadResponse(f"{listing.name}: pages of the list do not join; is the offset ignored?")
                offset, last = max(0, offset - self._limit), None
                continue
            found.update(items)
            if offset + len(items) >= total:
                return found
            if not items:
                raise BadResponse(f"{listing.name}: an empty page at {offset}, but {total} items are announced")
            joins = len(items) > 1  # where a page has one item, two of them cannot share it
            last = numbers[-1] if joins else None
            offset += len(items) - joins
        raise BadResponse(f"{listing.name}: more than {MAX_PAGES} pages")

    def newest_first(
        self, listing: Listing, query: Mapping[str, str], old: Records, overlap: timedelta
    ) -> tuple[Items, int]:
        """What differs from its record among what was published last; and how many items there are in all.

        Reads on until something unchanged that is older, by `overlap`, than all that was known: a page can become
        visible after one that was published later.
        """
        newest = max((record.stamp for record in old.values()), key=_order, default="")
        floor = datetime.fromisoformat(newest) - overlap if newest else None
        for _ in range(RESTARTS):
            read = self._down_to(floor, listing, {**query, "order": "-last_published_at,-id"}, old)
            if read is not None:
                return read
        raise BadResponse(f"{listing.name}: the number of pages kept changing between answers")

    def _down_to(
        self, floor: datetime | None, listing: Listing, query: Mapping[str, str], old: Records
    ) -> tuple[Items, int] | None:
        """Those of one reading, which ends at something unchanged before `floor`.

        None: something came or went between two pages, or there are too many; another may have slipped through.
        """
        found: Items = {}
        offset, expected, unchanged, reached = 0, -1, 0, False
        for _ in range(MAX_PAGES):
            items, total = self.page(listing, {**query, "offset": str(offset)})
            if expected not in (-1, total):
                return None
            expected = total
            for number, (item, where) in items.items():
                stamp, known = stamp_of(item, where), old.get(number)
                if known is None or known.stamp != stamp:
                    found[number] = (item, where)
                    unchanged = 0
                elif stamp:
                    unchanged += 1
                    older = floor is not None and datetime.fromisoformat(stamp) < floor
                    if reached := older or unchanged >= ENOUGH:
                        break
            offset += len(items)
            if reached or offset >= total or not items:
                return found, total
        return None

    def one(self, path: str, query: Mapping[str, str]) -> object:
        """One item's own answer. Raises NotFound."""
        return self._client.get(path, query)

    def has(self, listing: Listing, name: str) -> bool:
        """Whether the items have a field; Wagtail refuses to be asked for one that it does not know."""
        try:
            self.page(listing, {"fields": name, "limit": "1"})
        except BadResponse as fault:
            if f"unknown fields: {name}" in str(fault):
                return False
            raise
        return True

    def page(self, listing: Listing, query: Mapping[str, str]) -> tuple[Items, int]:
        """One answer's items, and the number of all that match. Raises BadResponse."""
        asked = {**listing.query, **query}
        while True:
            try:
                answer = self._client.get(listing.path, {"limit": str(self._limit), **asked})
                break
            except NotFound as fault:
                raise BadResponse(f"{listing.path}: status 404; does the site's router have this endpoint?") from fault
            except BadResponse as fault:
                allowed = _LIMIT.search(str(fault))
                if allowed is None or int(allowed[1]) >= self._limit:
                    raise
                self._limit = int(allowed[1])
        items, meta = answer.get("items"), answer.get("meta")
        total = meta.get("total_count") if isinstance(meta, dict) else None
        if not isinstance(items, list):
            raise BadResponse(f"{listing.path}: items: want a list")
        if not isinstance(total, int):
            raise BadResponse(f"{listing.path}: meta.total_count: want a number")
        made: Items = {}
        for place, raw in enumerate(items):
            where = f"{listing.name}: items[{place}]"
            item = item_of(raw, where)
            made[number_of(item, where)] = (item, where)
        return made, total


def stamp_of(item: Mapping[str, Json], where: str) -> str:
    """When it was last published, as Wagtail wrote it; "" where it never was, such as a page made by a program."""
    stamp = meta_of(item, where).get("last_published_at")
    if stamp is None:
        return ""
    try:
        moment = datetime.fromisoformat(str(stamp))
    except ValueError as fault:
        raise BadResponse(f"{where}.meta.last_published_at: want an ISO 8601 date-time") from fault
    if moment.tzinfo is None:
        raise BadResponse(f"{where}.meta.last_published_at: want a time zone")
    return str(stamp)


def _order(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp() if stamp else float("-inf")
