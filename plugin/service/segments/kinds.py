"""The segments that documents name: the published one, which decides, and the draft, which is ahead of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from plugin.errors import Conflict, NotFound
from plugin.ports import Kind as StoredKind
from plugin.ports import RulesetStore
from plugin.service.rulesets.draft import Drafting
from plugin.service.rulesets.items import Document, items
from rules.suggest import nearest

Kind: TypeAlias = Literal["when", "pattern", "members", "computed"]
STORED: Mapping[Kind, StoredKind] = {"members": "list", "computed": "computed", "pattern": "pattern"}
"""What a membership is called in the store, by the kind of its segment."""
KINDS: Mapping[str, Kind] = {stored: kind for kind, stored in STORED.items()}
_KINDS: tuple[Kind, ...] = ("when", "pattern", "members", "computed")


@dataclass(frozen=True, slots=True)
class Declared:
    """A segment of a document.

    Attributes:
        listed: visitor ids that the document itself lists, as it gives them.
        draft: whether the draft has it.
        published: whether it is published, so that rules can find anybody in it.
    """

    id: str
    name: str
    kind: Kind
    enabled: bool
    listed: tuple[str, ...]
    draft: bool
    published: bool

    @property
    def is_filled(self) -> bool:
        """Whether people are put in it through the API, and not found by rules or events."""
        return self.kind in ("members", "computed")


class Segments:
    """Finds segments by id."""

    def __init__(self, drafting: Drafting, rulesets: RulesetStore) -> None:
        self._drafting = drafting
        self._rulesets = rulesets

    def every(self) -> dict[str, Declared]:
        """All of them by id; what is published comes first, for that is what visitors meet."""
        published = self._rulesets.published()
        found: dict[str, Declared] = {}
        if published is not None:
            found = _of(json.loads(published.version.document), draft=False)
        for id_, one in _of(self._drafting.document().document, draft=True).items():
            held = found.get(id_)
            found[id_] = one if held is None else replace(held, draft=True)
        return found

    def get(self, id_: str) -> Declared:
        """Raises: NotFound, with the nearest name."""
        every = self.every()
        if id_ not in every:
            near = nearest(id_, sorted(every))
            raise NotFound(f"There is no segment {id_!r}" + (f"; did you mean {near!r}?" if near else "."))
        return every[id_]

    def filled(self, id_: str) -> Declared:
        """One that people are put in. A draft that makes it such a one is enough: it can be filled beforehand.

        Raises:
            NotFound: see `get`.
            Conflict: nobody is put in segments of this kind.
        """
        found = self.get(id_)
        if not found.is_filled:
            ahead = _of(self._drafting.document().document, draft=True).get(id_)
            if ahead is None or not ahead.is_filled:
                raise Conflict(
                    f"{WHY_NOT[found.kind].format(repr(id_))} Only `members` and `computed` ones are filled."
                )
            found = replace(ahead, published=found.published)
        return found


WHY_NOT: Mapping[Kind, str] = {
    "when": "The segment {} is a condition: each request is asked anew, and nobody is kept in it.",
    "pattern": "The segment {} is a pattern: visitors enter and leave it by what they do.",
}


def _of(document: Document, *, draft: bool) -> dict[str, Declared]:
    return {id_: _declared(item, draft=draft) for id_, item in items(document, "segments").items()}


def _declared(item: Mapping[str, Any], *, draft: bool) -> Declared:
    kind: Kind = next((one for one in _KINDS if one in item), "computed")
    members = item.get("members")
    listed = tuple(members) if isinstance(members, list | tuple) else ()  # else a file, which only a command can read
    name = str(item.get("name") or item["id"])
    enabled = item.get("enabled") is not False
    return Declared(str(item["id"]), name, kind, enabled, listed, draft=draft, published=not draft)
