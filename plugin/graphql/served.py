"""What is served now: the published state with the schema made of it, put in place together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from hashlib import sha256
from threading import Lock
from typing import NamedTuple

from graphql import GraphQLSchema

from plugin.flow.types import Site
from plugin.graphql.documents import Documents
from plugin.graphql.resolvers import RESOLVERS
from plugin.graphql.schema import schema_of
from plugin.graphql.shapes import Shapes, shapes_of

_log = logging.getLogger(__name__)


class Built(NamedTuple):
    """A schema, and the documents that hold in it."""

    shapes: Shapes
    schema: GraphQLSchema
    documents: Documents
    version: str


class Served(NamedTuple):
    """A request takes it once, and so never sees the schema of one state and the entries of another."""

    site: Site
    built: Built


class Schemas:
    """Follows what is published. The schema, and so what is kept of documents, changes only where content does."""

    def __init__(self, current: Callable[[], Site], registered: frozenset[str]) -> None:
        """Take what it works with.

        Args:
            current: the published state; raises ServiceUnavailable before there is any.
            registered: documents to keep, whatever else is asked.
        """
        self._current = current
        self._registered = registered
        self._served: Served | None = None
        self._building = Lock()

    def follow(self, site: Site) -> None:
        """Put a new state in place."""
        with self._building:
            try:
                shapes = shapes_of(one.entry for one in site.content.candidates)
                self._served = Served(site, self._built(shapes))
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
        version = sha256(repr(shapes).encode(errors="backslashreplace")).hexdigest()[:12]
        return Built(shapes, schema, Documents(schema, shapes, self._registered), version)
