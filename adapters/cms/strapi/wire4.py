"""Strapi 4: `{id, attributes: {…}}`, and relations as `{data: …}`, made as flat as Strapi 5's.

Each localization is a row with an `id` of its own, numbered within its type. The identity that all of them share is
`<plural api id>:<smallest id among them>`. The smallest, because a later translation always has a larger one and
because it does not need the default locale to be known, to be translated, or to stay the default. It is asked for
among drafts too: an unpublished original would otherwise change the identity of its translations. (Deleting the
original does change it: what is left are other rows.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, TypeGuard

from adapters.cms.client import Client
from adapters.cms.port import BadResponse, Json, NotFound
from adapters.cms.strapi.wire import Page, read_page

# More in one list, and Strapi's query parser reads it as a mapping.
MOST_IDS = 100
MAX_DEPTH = 40
FILES = "files"
_IDENTITY = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*):([0-9]{1,18})")
_RELATION = frozenset(("data", "meta"))

Group: TypeAlias = frozenset[int]
"""The rows of one entry."""


def plural(word: str) -> str:
    """The regular English plural, as Strapi proposes it for API ids; a word that ends in "s" is one already."""
    if word.endswith("s"):
        return word
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("x", "z", "ch", "sh")) else "s")


class Wire4:
    """Asks a Strapi 4."""

    order = "id"
    stamp = "updatedAt"
    keys: tuple[str, ...] = ()  # a type that is not localized refuses to be asked for `locale`
    every_locale = "all"
    regroups = True

    def __init__(self, client: Client, relations: Mapping[str, str]) -> None:
        """`relations`: the plural API ids of what relations hold, by the names of their attributes."""
        self._client = client
        self._relations = relations
        self.shape = f"4 {sorted(relations.items())}"

    def published(self, locale: str | None) -> dict[str, str]:
        """See the protocol."""
        return {"publicationState": "live", **({"locale": locale} if locale else {})}

    def after(self, document: Mapping[str, object], where: str) -> int:
        """See the protocol."""
        return _row(document, where)

    def page(self, api_id: str, query: Mapping[str, str]) -> Page:
        """See the protocol; where rows are localized, a further request tells which belong together."""
        page = read_page(self._client, api_id, query)
        localized = [_row(item, api_id) for item in page.documents if _locale(item) is not None]
        groups = self._groups(api_id, localized, {"fields[0]": "locale"})
        flat: list[object] = [self._flat(item, api_id, groups) for item in page.documents]
        return replace(page, documents=flat)

    def one(
        self, api_id: str, entry_id: str, locale: str | None, query: Mapping[str, str], *, draft: bool
    ) -> Mapping[str, Json]:
        """See the protocol; two requests: which rows belong together, and the one that is wanted."""
        form = _IDENTITY.fullmatch(entry_id)
        if form is None or form[1] != api_id:
            raise NotFound(f"{entry_id!r} is no entry of {api_id}")
        first = int(form[2])
        group = self._groups(api_id, [first], {}).get(first)
        if group is None or min(group) != first:
            raise NotFound(f"{entry_id}: no such entry")
        # By a list, for `GET /<type>/<id>` shows drafts whatever `publicationState` says.
        state = {**self.published(locale), **({"publicationState": "preview"} if draft else {})}
        rows = {f"filters[id][$in][{place}]": str(row) for place, row in enumerate(group)}
        found = read_page(self._client, api_id, {**query, **state, **rows}).documents
        if not found:
            raise NotFound(f"{entry_id} ({locale or 'default locale'}): not there, or not published")
        return self._flat(found[0], api_id, dict.fromkeys(group, group))

    def close(self) -> None:
        """See the protocol."""
        self._client.close()

    def _groups(self, api_id: str, rows: Sequence[int], fields: Mapping[str, str]) -> dict[int, Group]:
        """The rows that belong to each of `rows`, itself and drafts among them; rows that are gone are left out."""
        found: dict[int, Group] = {}
        for begin in range(0, len(rows), MOST_IDS):
            asked = rows[begin : begin + MOST_IDS]
            query = {
                "publicationState": "preview",
                "locale": self.every_locale,
                **fields,
                "populate[localizations][fields][0]": "locale",
                "sort[0]": "id:asc",
                "pagination[pageSize]": str(MOST_IDS),
                **{f"filters[id][$in][{place}]": str(row) for place, row in enumerate(asked)},
            }
            for number in range(1, MOST_IDS + 1):  # the server may allow smaller pages than asked for
                page = read_page(self._client, api_id, {**query, "pagination[page]": str(number)})
                found |= {_row(item, api_id): frozenset(_members(item, api_id)) for item in page.documents}
                if not page.documents or (page.number - 1) * page.size + len(page.documents) >= page.total:
                    break
        return found

    def _flat(self, item: object, api_id: str, groups: Mapping[int, Group]) -> dict[str, Json]:
        if not _is_item(item):
            raise BadResponse(f"{api_id}: want rows of a number as id, and attributes; is this Strapi 4?")
        row = _row(item, api_id)
        attributes = item["attributes"]
        made = self._attributes({name: attributes[name] for name in attributes if name != "localizations"}, 0)
        # A type without drafts has no such attribute: all of it is published, as soon as it is made.
        made.setdefault("publishedAt", attributes.get("createdAt"))
        return {**made, "id": row, "documentId": f"{api_id}:{min(groups.get(row) or (row,))}"}

    def _attributes(self, attributes: Mapping[str, Json], depth: int) -> dict[str, Json]:
        return {name: self._value(name, value, depth + 1) for name, value in attributes.items()}

    def _value(self, name: str, value: Json, depth: int) -> Json:
        if depth > MAX_DEPTH:
            raise BadResponse(f"{name[:60]}: nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, list):
            return [self._value(name, item, depth + 1) for item in value]
        if not isinstance(value, dict):
            return value
        if "data" in value and value.keys() <= _RELATION:
            held = value["data"]
            if held is None:
                return None
            if _is_item(held):
                return self._related(name, held, depth)
            if isinstance(held, list):
                return [self._related(name, item, depth) if _is_item(item) else item for item in held]
        return self._attributes(value, depth)

    def _related(self, name: str, item: dict[str, Any], depth: int) -> Json:
        made = self._attributes(item["attributes"], depth)
        kind = FILES if isinstance(made.get("mime"), str) else self._relations.get(name) or plural(name)
        return {**made, "id": item["id"], "documentId": f"{kind}:{item['id']}"}


def _members(item: object, where: str) -> Iterator[int]:
    yield _row(item, where)
    attributes = item.get("attributes") if isinstance(item, dict) else None
    others = attributes.get("localizations") if isinstance(attributes, dict) else None
    held = others.get("data") if isinstance(others, dict) else None
    for other in held if isinstance(held, list) else ():
        yield _row(other, where)


def _is_item(value: object) -> TypeGuard[dict[str, Any]]:
    return (
        isinstance(value, dict)
        and isinstance(value.get("id"), int)
        and isinstance(value.get("attributes"), dict)
        and value.keys() <= {"id", "attributes", "meta"}
    )


def _row(item: object, where: str) -> int:
    row = item.get("id") if isinstance(item, dict) else None
    if isinstance(row, int) and not isinstance(row, bool):
        return row
    raise BadResponse(f"{where}: want a row with a number as its id; is this Strapi 4?")


def _locale(item: object) -> str | None:
    attributes = item.get("attributes") if isinstance(item, dict) else None
    locale = attributes.get("locale") if isinstance(attributes, dict) else None
    return locale if isinstance(locale, str) else None
