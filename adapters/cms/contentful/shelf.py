"""What answers brought, by id, before anything is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adapters.cms.contentful.model import Item, id_of, sys_of, sys_text


class Shelf:
    """Entries and assets by id, whatever answer they came with; the newest revision of each."""

    def __init__(self, items: Iterable[Item], gone: Iterable[tuple[str, str]] = ()) -> None:
        """`gone`: kind ("Entry", "Asset") and id of what is deleted, though an answer of a cache may still bring it."""
        self.entries: dict[str, Item] = {}
        self.assets: dict[str, Item] = {}
        self._gone = frozenset(gone)
        self.add(items)

    def add(self, items: Iterable[Item]) -> None:
        """Puts them there; nothing older takes the place of something newer."""
        for item in items:
            one, kind = id_of(item), sys_text(item, "type") or ""
            where = {"Entry": self.entries, "Asset": self.assets}.get(kind)
            if one is None or where is None or (kind, one) in self._gone:
                continue
            if one not in where or _revision(item) >= _revision(where[one]):
                where[one] = item


def _revision(item: Item) -> int:
    value = sys_of(item).get("revision")
    return value if isinstance(value, int) else 0


def targets(value: object) -> Iterator[str]:
    """The ids of everything that a raw value links to."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, list):
            todo.extend(one)
        elif isinstance(one, dict):
            link = sys_of(one)
            if link.get("type") == "Link" and isinstance(link.get("id"), str):
                yield str(link["id"])
            else:
                todo.extend(one.values())
