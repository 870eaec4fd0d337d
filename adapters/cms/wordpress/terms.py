"""The terms of a post, and the tags that they make."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from adapters.cms.port import BadResponse, Json
from adapters.cms.wordpress.site import Row, id_of, linked_parts

KINDS = ("audience", "slot", "topic")
_BY_NAME = re.compile(rf"({'|'.join(KINDS)})\s*:\s*(\S.*)", re.IGNORECASE)
_BY_SLUG = re.compile(rf"({'|'.join(KINDS)})-(.+)")
DEFAULT_PREFIXES = {
    "audience": "audience",
    "category": "topic",
    "segment": "audience",
    "slot": "slot",
    "topic": "topic",
}


class Term(NamedTuple):
    """A term as it is shown in the entry. `name` is plain text, `slug` is decoded."""

    id: int
    taxonomy: str
    name: str
    slug: str


class Taxonomy(NamedTuple):
    """A taxonomy of a post: its name, the route of its terms, and the ids that the post has of it."""

    name: str
    route: str
    ids: tuple[int, ...]

    @property
    def attribute(self) -> str:
        """The post's attribute that holds the ids: the taxonomy's rest_base."""
        return self.route.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagging:
    """How terms become tags; see the options in the package."""

    prefixes: Mapping[str, str] = field(default_factory=lambda: DEFAULT_PREFIXES)
    text: str = "slug"
    ignored: tuple[str, ...] = ("uncategorized",)

    def tag(self, term: Term) -> str | None:
        """The term's tag; None where it makes none."""
        if term.slug in self.ignored:
            return None
        if named := _BY_NAME.fullmatch(term.name):
            return f"{named[1].lower()}:{named[2].strip()}"
        if by_slug := _BY_SLUG.fullmatch(term.slug):
            return f"{by_slug[1]}:{by_slug[2]}"
        text = term.name if self.text == "name" else term.slug
        prefix = self.prefixes.get(term.taxonomy)
        return f"{prefix}:{text}" if prefix else text


def taxonomies(row: Row, where: str) -> tuple[Taxonomy, ...]:
    """The taxonomies of a post, by its links.

    Raises:
        BadResponse: the row has no links: without them its terms, and so its tags, would be lost in silence.
    """
    links = row.get("_links")
    if not isinstance(links, dict):
        raise BadResponse(f"{where}._links: want an object")
    listed = links.get("wp:term")
    made = []
    for link in listed if isinstance(listed, list) else []:
        name, href = (link.get("taxonomy"), link.get("href")) if isinstance(link, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(href, str):
            raise BadResponse(f"{where}._links.wp:term: want taxonomy and href")
        route = "/".join(linked_parts(href)[-3:])  # such as wp/v2/tags
        if not route:
            raise BadResponse(f"{where}._links.wp:term: href is no URL")
        ids = row.get(route.rpartition("/")[2])
        numbers = [one for one in ids if isinstance(one, int)] if isinstance(ids, list) else []
        made.append(Taxonomy(name, route, tuple(numbers)))
    return tuple(made)


def embedded(row: Row) -> dict[int, Term]:
    """The terms that came with a post, by id: at most ten of a taxonomy in most versions of WordPress."""
    groups = _list(_mapping(row.get("_embedded")).get("wp:term"))
    return {term.id: term for group in groups for one in _list(group) if (term := parse(one)) is not None}


def parse(value: Json) -> Term | None:
    """The term in a REST object; None for an error in its place."""
    raw = _mapping(value)
    number, taxonomy, name, slug = (raw.get(key) for key in ("id", "taxonomy", "name", "slug"))
    if not isinstance(number, int) or not isinstance(taxonomy, str):
        return None
    if not isinstance(name, str) or not isinstance(slug, str):
        return None
    # WordPress keeps names escaped, and slugs of other scripts in percent encoding.
    return Term(id_of(raw, "term"), taxonomy, html.unescape(name).strip(), unquote(slug))


def of(row: Row, where: str, found: Mapping[int, Term]) -> Iterator[tuple[Taxonomy, Sequence[Term]]]:
    """Each taxonomy of a post with its terms.

    Args:
        found: what was fetched beside, by id.
    Raises:
        BadResponse: a term is not there. An entry without the tag that keeps it for some would be shown to all.
    """
    here = embedded(row)
    for taxonomy in taxonomies(row, where):
        terms = []
        for number in taxonomy.ids:
            term = here.get(number) or found.get(number)
            if term is None:
                raise BadResponse(f"{where}: the term {number} of {taxonomy.name} cannot be read")
            terms.append(term)
        yield taxonomy, terms


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
