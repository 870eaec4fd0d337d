"""What does not come with a post and is fetched beside it: posts that its fields name, and terms past the tenth.

With credentials, WordPress embeds drafts and private posts and does not say that they are; so then the parent and the
featured image are fetched, too, from the lists, which hold what is published alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from adapters.cms.port import BadResponse, Json
from adapters.cms.wordpress import terms
from adapters.cms.wordpress.entries import Shape
from adapters.cms.wordpress.rows import first_of, named_post, number_of, protected, visible
from adapters.cms.wordpress.site import LARGEST_PAGE, Row, Site, id_of, linked_parts
from adapters.cms.wordpress.terms import Term

# What is shown of a parent and of a file, and what tells whether they are for everybody.
_SHOWN = {
    "_fields": "id,type,status,slug,link,title,content.protected,excerpt.protected,"
    "source_url,mime_type,alt_text,media_details,caption"
}


class Beside:
    """Fetches in batches, each thing once; made anew for every answer, so that nothing in it is old.

    Attributes:
        terms: by number.
    """

    def __init__(self, site: Site, shape: Shape, query: Mapping[str, str], *, embedded: bool) -> None:
        """Nothing is asked yet.

        Args:
            query: what posts are asked for with.
            embedded: whether parents and files that are embedded are known to be for everybody.
        """
        self._site = site
        self._shape = shape
        self._query = query
        self._embedded = embedded
        self._posts: dict[tuple[str, int], Row | None] = {}
        self._shown: dict[int, Row | None] = {}
        self.terms: dict[int, Term] = {}

    def post(self, route: str, number: int) -> Row | None:
        """A published post that `load` brought."""
        return self._posts.get((route, number))

    def shown(self, row: Row, relation: str, number: int) -> Row | None:
        """A post's parent ("up") or featured image ("wp:featuredmedia"); None where it is not for everybody."""
        if not self._embedded:
            return self._shown.get(number)
        beside = row.get("_embedded")
        found = first_of(beside.get(relation), number) if isinstance(beside, dict) else None
        return None if found is None or protected(found) else found

    def load(self, rows: Sequence[Row]) -> None:
        """Everything that these posts need, down to the depth of links."""
        level = list(rows)
        for _ in range(self._shape.link_depth):
            self._load_terms(level)
            self._load_shown(level)
            level = list(self._load_posts(level))
            if not level:
                return
        self._load_terms(level)
        self._load_shown(level)

    def _load_posts(self, rows: Iterable[Row]) -> Iterator[Row]:
        wanted: dict[str, set[int]] = {}
        for row in rows:
            for path, route in self._shape.link_fields.items():
                for number in filter(None, map(named_post, _at(row, path.split(".")))):
                    if (route, number) not in self._posts:
                        wanted.setdefault(route, set()).add(number)
        for route, numbers in wanted.items():
            for batch in _batches(sorted(numbers)):
                self._posts.update(((route, number), None) for number in batch)
                for row in self._include(route, batch, self._query):
                    self._posts[route, id_of(row, route)] = row
                    yield row

    def _load_terms(self, rows: Iterable[Row]) -> None:
        wanted: dict[str, set[int]] = {}
        for row in rows:
            here = terms.embedded(row)
            try:
                listed = terms.taxonomies(row, "")
            except BadResponse:
                continue  # said, with the place, where the entry is made
            for taxonomy in listed:
                missing = set(taxonomy.ids) - here.keys() - self.terms.keys()
                if missing:
                    wanted.setdefault(taxonomy.route, set()).update(missing)
        for route, numbers in wanted.items():
            for batch in _batches(sorted(numbers)):
                for row in self._include(route, batch, {"_fields": "id,name,slug,taxonomy"}):
                    if term := terms.parse(dict(row)):
                        self.terms[term.id] = term

    def _load_shown(self, rows: Iterable[Row]) -> None:
        wanted: dict[str, set[int]] = {}
        for row in rows if not self._embedded else ():
            picture = number_of(row.get("featured_media"))
            for route, number in (("media", picture), (_parent_route(row), number_of(row.get("parent")))):
                if route and number and number not in self._shown:
                    wanted.setdefault(route, set()).add(number)
        for route, numbers in wanted.items():
            for batch in _batches(sorted(numbers)):
                self._shown.update((number, None) for number in batch)
                found = self._include(route, batch, _SHOWN)
                self._shown.update((id_of(row, route), row) for row in found if visible(row, route))

    def _include(self, route: str, batch: Sequence[int], query: Mapping[str, str]) -> Sequence[Row]:
        named = {"include": ",".join(map(str, batch)), "per_page": str(LARGEST_PAGE)}
        return self._site.page(route, {**query, **named}).rows


def _parent_route(row: Row) -> str | None:
    """Where a post's parent is listed, by its link; None where there is no parent, or its type is not in REST."""
    links = row.get("_links")
    listed = links.get("up") if isinstance(links, dict) else None
    link = listed[0] if isinstance(listed, list) and listed else None
    href = link.get("href") if isinstance(link, dict) else None
    *route, number = linked_parts(href)[-4:] if isinstance(href, str) else [""]
    return "/".join(route) if len(route) == 3 and number == str(row.get("parent")) else None


def _at(value: Json | Row, path: Sequence[str]) -> Iterator[Json]:
    """The values at a dotted path, whatever lists stand on the way."""
    if isinstance(value, list):
        for item in value:
            yield from _at(item, path)
    elif not path:
        yield value if not isinstance(value, Mapping) else dict(value)
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _batches(numbers: Sequence[int]) -> Iterator[list[int]]:
    rest = iter(numbers)
    while batch := list(islice(rest, LARGEST_PAGE)):
        yield batch
