"""How documents of several collections are told apart by one text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Ids of entries; `qualified` says that they begin with the collection. A collection's name has no full stop."""

    qualified: bool

    def of(self, collection: str, document_id: str | int) -> str:
        """The entry's id."""
        return f"{collection}.{document_id}" if self.qualified else str(document_id)

    def places(self, entry_id: str, collections: tuple[str, ...], hint: str | None) -> Iterator[tuple[str, str]]:
        """The collections in which the entry may be, with the document's id there; none where it is no such id."""
        if self.qualified:
            collection, _, document_id = entry_id.partition(".")
            if collection in collections and document_id:
                yield collection, document_id
        else:
            yield from ((collection, entry_id) for collection in ((hint,) if hint in collections else collections))
