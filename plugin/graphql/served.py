"""What is served now: the published state with the schema made of it, put in place together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from graphql import GraphQLSchema

from plugin.flow.types import Site
from plugin.graphql.documents import Documents
from plugin.graphql.registered import shapes_named
from plugin.graphql.resolvers import RESOLVERS
from plugin.graphql.schema import schema_of
from plugin.graphql.shapes import Shapes, of_one_kind, shapes_of, with_seen

_log = logging.getLogger(__name__)


class Built(NamedTuple):
    """A schema, and the documents that are answered by it.

    Attributes:
        kindless: the shapes with all fields of one type: what documents hold in.
    """

    shapes: Shapes
    schema: GraphQLSchema
    kindless: Shapes
    documents: Documents


class Served(NamedTuple):
    """A request takes it once, and so never sees the schema of one state and the entries of another."""

    site: Site
    built: Built


class Schemas:
    """Follows what is published. The schema changes where content does, and keeps what it had once.

    So no change of content makes a document cease that was answered before.
    """

    def __init__(self, current: Callable[[], Site], registered: frozenset[str]) -> None:
        """Take what it works with.

        Args:
            current: the published state; raises ServiceUnavailable before there is any.
            registered: documents to keep, whatever else is asked.
        """
        self._current = current
        self._registered = registered
        self._served: Served | None = None
        self._seen = shapes_named(registered)
        self._building = Lock()

    def follow(self, site: Site) -> None:
        """Put a new state in place."""
        with self._building:
            try:
                shapes = with_seen(shapes_of(one.entry for one in site.content.candidates), self._seen)
                self._served = Served(site, self._built(shapes))
                self._seen = shapes
            except Exception:  # noqa: BLE001 - what content holds must never stop what is served
                _log.exception("no GraphQL schema can be made of the content; blocks have no typed fields")
                self._served = Served(site, self._built(()))

    def served(self) -> Served:
        """What is in place. Raises: ServiceUnavailable before there is any."""
        found = self._served
        if found is None:
            self.follow(self._current())
            found = self._served
            assert found is not None  # noqa: S101 - put in place just now
        return found

    def _built(self, shapes: Shapes) -> Built:
        before = self._served
        if before is not None and before.built.shapes == shapes:
            return before.built
        schema = schema_of(shapes, RESOLVERS)
        kindless = of_one_kind(shapes)
        if before is not None and before.built.kindless == kindless:
            return Built(shapes, schema, kindless, before.built.documents)
        documents = Documents(schema_of(kindless, RESOLVERS), shapes, self._registered)
        return Built(shapes, schema, kindless, documents)
