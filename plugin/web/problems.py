"""Every failure as RFC 9457 problem details: one table from what went wrong to what is answered."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import Flask, Response
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from plugin import errors
from plugin.errors import FieldError, TesseraError, ValidationFailed, problem

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)
Rendered = tuple[bytes, int, dict[str, str]]


def render(error: TesseraError, instance: str | None = None) -> Rendered:
    """The body, status and headers of an error."""
    body, status = problem(error, instance)
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str)
    octets = text.encode(errors="backslashreplace")
    return octets, status, {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", **error.headers()}


def incident(error: BaseException, new_id: Callable[[], str]) -> Rendered:
    """The answer to what nobody foresaw: an id that the log has too, and nothing of the error itself."""
    name = new_id()
    _log.error("incident %s", name, exc_info=error)
    return render(
        TesseraError(f"Something went wrong here; the log has it as incident {name}."), f"urn:tessera:incident:{name}"
    )


def field_errors(error: ValidationError) -> ValidationFailed:
    """What marshmallow found, each with the JSON pointer of its field."""
    messages: Any = error.messages
    return ValidationFailed([FieldError(pointer, detail) for pointer, detail in _flat(messages, "")])


def register(app: Flask, *, max_body_bytes: int, new_id: Callable[[], str]) -> None:
    """Answer every failure of an app in this form."""

    def tessera(error: TesseraError) -> Response:
        if error.status >= 500 and error.__cause__ is not None:
            _log.warning("%s: %s", error, error.__cause__)
        return _response(render(error))

    def http(error: HTTPException) -> Response:
        if error.code is None or error.code < 400:
            return error.get_response()  # type: ignore[return-value]  # a redirect, made by Werkzeug
        if error.code >= 500:
            return _response(incident(error, new_id))
        return _response(render(_of_http(error, max_body_bytes)))

    def validation(error: ValidationError) -> Response:
        return _response(render(field_errors(error)))

    def anything(error: Exception) -> Response:
        return _response(incident(error, new_id))

    app.register_error_handler(TesseraError, tessera)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(ValidationError, validation)
    app.register_error_handler(Exception, anything)


def _response(rendered: Rendered) -> Response:
    body, status, headers = rendered
    return Response(body, status, headers)


def _of_http(error: HTTPException, max_body_bytes: int) -> TesseraError:
    match error:
        case MethodNotAllowed():
            return errors.MethodNotAllowed(sorted(error.valid_methods or ()))
        case RequestEntityTooLarge():
            return errors.PayloadTooLarge(max_body_bytes)
    kinds: Mapping[int, type[TesseraError]] = {
        401: errors.Unauthorized,
        403: errors.Forbidden,
        404: errors.NotFound,
        409: errors.Conflict,
        412: errors.PreconditionFailed,
        428: errors.PreconditionRequired,
    }
    details = {404: "There is nothing at this address."}
    status = error.code or 400
    return kinds.get(status, errors.MalformedRequest)(details.get(status))


def _flat(messages: Any, pointer: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401  # marshmallow's nested messages
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            part = str(key).replace("~", "~0").replace("/", "~1")
            yield from _flat(inner, pointer if key == "_schema" else f"{pointer}/{part}")
    elif isinstance(messages, list | tuple):
        for message in messages:
            yield from _flat(message, pointer)
    else:
        yield pointer, str(messages)
