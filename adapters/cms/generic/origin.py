"""Where items come from: pages of a list, one entry, and the same from a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from adapters.cms.generic.paths import Path, Unanswerable
from adapters.cms.generic.values import ItemFault, kind, whole
from adapters.cms.port import BadResponse

Item = tuple[object, str]
"""An item and its place, for complaints."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list.

    Attributes:
        total: how many items the whole list has, where the source says.
    """

    items: list[Item]
    total: int | None = None


class Origin(Protocol):
    """Items of one source. All methods raise only `CmsError`."""

    def pages(self, locale: str | None, more: Mapping[str, str]) -> Iterator[Page]:
        """The list in a language, page by page, to its end; at least one page.

        Args:
            more: query parameters beside the usual ones, to ask for changes only, or for drafts.
        """
        ...

    def entry(self, entry_id: str, locale: str | None, more: Mapping[str, str]) -> Item | None:
        """One entry by its id, asked with `more` parameters; None where there is no way to ask. Raises NotFound."""
        ...

    def ping(self) -> None:
        """Returns if the list can be read."""
        ...

    def close(self) -> None:
        """Frees connections."""
        ...


def read_page(body: object, items: Path, total: Path | None, where: str) -> Page:
    """The items in an answer.

    Raises:
        BadResponse: where there is no list, for that is another schema and not an empty list.
    """
    try:
        found = list(items.nodes(body))
        count = whole(total.first(body), f"{where}: total") if total is not None else None
    except (Unanswerable, ItemFault) as fault:
        raise BadResponse(str(fault)) from fault
    listed, place = found[0] if len(found) == 1 else (None, "")
    if not isinstance(listed, list):
        seen = f"{len(found)} matches" if len(found) != 1 else kind(listed)
        raise BadResponse(f"{where}: items: want one list at {items.text}, not {seen}")
    return Page([(item, f"{where}: {place}[{number}]") for number, item in enumerate(listed)], count)
