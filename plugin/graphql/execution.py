"""Answers a request: by a projection where its document is plain, else by an execution."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
from graphql import GraphQLError, execute_sync

from plugin.errors import MethodNotAllowed, TesseraError, ValidationFailed
from plugin.graphql.asking import Asking, require_manager
from plugin.graphql.documents import Operation, Prepared, Refused
from plugin.graphql.limits import judge_values
from plugin.graphql.persisted import Persisted, hash_of
from plugin.graphql.plain_arguments import coerce_arguments
from plugin.graphql.problems import Problems
from plugin.graphql.projection import Projection
from plugin.graphql.request import Asked
from plugin.graphql.schema import by_name
from plugin.graphql.served import Built
from plugin.web.hot import Asked as ReadAsked
from plugin.web.hot import from_value
from plugin.web.problems import Rendered

MOST_ERRORS = 5
_encode = msgspec.json.Encoder().encode


class Executing:
    """The whole of GraphQL, behind HTTP."""

    def __init__(self, persisted: Persisted, problems: Problems, *, projects: bool = True) -> None:
        """Take what it works with; tests turn projections off, to see that they make no difference."""
        self._persisted = persisted
        self._problems = problems
        self._projects = projects

    def answer(self, asked: Asked, asking: Asking, built: Built, take: Callable[[int], None]) -> Rendered:
        """The body, status and headers.

        Args:
            take: told how many fields are asked for beyond the first; raises RateLimited.
        Raises: TesseraErrors where nothing is executed.
        """
        manages = asking.caller.kind == "management"
        text = self._persisted.text(asked.query, asked.document, may_send=manages)
        try:
            prepared = built.documents.prepare(text, hides=not manages)
        except Refused as refused:
            return self._problems.answer(refused.errors)
        operation = prepared.operation(asked.operation)
        if operation.is_mutation and asking.by_get:
            raise MethodNotAllowed(["POST"])
        if operation.introspects:
            require_manager(asking.caller)
            asking.is_private = True
        asking.fields = operation.fields
        asking.typed = operation.typed
        if operation.roots > 1:
            take(operation.roots - 1)
        if asked.keeps:
            self._persisted.keep(text, hash_of(text))
        return self._projected(asked, asking, built, operation) or self._executed(asked, asking, built, prepared)

    def _projected(self, asked: Asked, asking: Asking, built: Built, operation: Operation) -> Rendered | None:
        plain = operation.plain if self._projects else None
        projection = plain.projection(asked.variables) if plain is not None else None
        if projection is None:
            return None
        try:
            read = _read(asked, asking, built, operation, projection)
            if read is None:
                return None
            told = asking.told(read, asking.decide(read))
            failed: list[str] = []
            body = projection.write(told, asking.services.tools, failed)
            asking.is_broken = asking.is_broken or bool(failed)
            return asking.rendered(body)
        except TesseraError as error:
            refused = GraphQLError(str(error), [projection.node], path=[projection.key], original_error=error)
            return self._problems.answer([refused], has_data=True)

    def _executed(self, asked: Asked, asking: Asking, built: Built, prepared: Prepared) -> Rendered:
        judge_values(asked.variables)
        result = execute_sync(
            built.schema,
            prepared.document,
            context_value=asking,
            variable_values=dict[str, Any](asked.variables),
            operation_name=asked.operation,
            field_resolver=by_name,
            max_coercion_errors=MOST_ERRORS,
            hide_suggestions=asking.caller.kind != "management",
        )
        if result.errors:
            # Of what was executed `data` is told, though every field of ours that fails takes all with it.
            executed = any(error.path for error in result.errors)
            return self._problems.answer(result.errors, has_data=executed)
        return asking.rendered(_encode({"data": result.data}))


def _read(asked: Asked, asking: Asking, built: Built, operation: Operation, projection: Projection) -> ReadAsked | None:
    """What the field asks; None where the variables do not fit, which an execution tells best."""
    body = projection.arguments.body(asked.variables) if projection.arguments is not None else None
    if body is not None:
        with suppress(ValidationFailed):  # told below, as of what the variables are coerced to
            read = from_value(body)
            if read is not None:
                return read
    judge_values(asked.variables)
    body = coerce_arguments(projection.node, operation.node, built.schema, asked.variables)
    return asking.read(body) if body is not None else None
