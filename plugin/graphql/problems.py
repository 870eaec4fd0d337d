"""Errors as GraphQL has them, each with the problem details that REST would answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from graphql import GraphQLError

from plugin.errors import MalformedRequest, TesseraError, problem
from plugin.web.problems import Rendered

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder(enc_hook=str).encode
NO_STORE = "no-store"


UNKNOWN_DOCUMENT = "PersistedQueryNotFound"
"""No document has this hash here. Clients know the words, and send it in full."""


class Problems:
    """Makes answers of errors. ``new_id`` names what nobody foresaw, for the log and the answer alike."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id

    def refusal(self, error: BaseException) -> Rendered:
        """The answer to a request that came to nothing."""
        return self.answer([GraphQLError(str(error), original_error=_as_exception(error))])

    def answer(self, errors: Sequence[GraphQLError], *, has_data: bool = False) -> Rendered:
        """The answer where fields failed, or where nothing was executed; its status is that of the first problem."""
        known = [self._known(one) for one in errors]
        body: dict[str, object] = {"errors": [self._shown(*one) for one in zip(errors, known, strict=True)]}
        if has_data:
            body["data"] = None
        first = known[0][0]
        return _encode(body), first.status.value, {"Cache-Control": NO_STORE, **first.headers()}

    def _known(self, error: GraphQLError) -> tuple[TesseraError, str | None]:
        """What an error is as a problem, and the incident that the log has it as."""
        original = error.original_error
        if isinstance(original, TesseraError):
            if original.status >= 500 and original.__cause__ is not None:
                _log.warning("%s: %s", original, original.__cause__)
            return original, None
        if original is None or isinstance(original, GraphQLError):
            return MalformedRequest(error.message), None
        name = self._new_id()
        _log.error("incident %s", name, exc_info=original)
        return TesseraError(f"Something went wrong here; the log has it as incident {name}."), name

    def _shown(self, error: GraphQLError, known: tuple[TesseraError, str | None]) -> Mapping[str, Any]:
        found, incident = known
        details, _status = problem(found, f"urn:tessera:incident:{incident}" if incident else None)
        extensions: dict[str, object] = {"problem": details}
        if str(found) == UNKNOWN_DOCUMENT:
            extensions["code"] = "PERSISTED_QUERY_NOT_FOUND"
        shown: dict[str, object] = {"message": str(found)}
        if error.locations:
            shown["locations"] = [one.formatted for one in error.locations]
        if error.path:
            shown["path"] = error.path
        return {**shown, "extensions": extensions}


def _as_exception(error: BaseException) -> Exception:
    return error if isinstance(error, Exception) else RuntimeError(type(error).__name__)
