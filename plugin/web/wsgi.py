"""Reading a WSGI environment without Flask: what the routes in front of it share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from plugin.errors import MalformedRequest, PayloadTooLarge

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream, WSGIEnvironment

MOST_PARAMETERS = 200
SHORT_QUERY = 256
"""Characters of a query of which it is kept what it says."""
_LONGEST_LENGTH = 15


def read_input(environ: WSGIEnvironment, most: int) -> bytes:
    """The body, never more of it than the limit and an octet. Raises: PayloadTooLarge, MalformedRequest."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length:
        if not (length.isascii() and length.isdigit()):
            raise MalformedRequest("Content-Length is no number.")
        if len(length) > _LONGEST_LENGTH or int(length) > most:
            raise PayloadTooLarge(most)
        return _read(environ["wsgi.input"], int(length))
    if environ.get("wsgi.input_terminated") or environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
        raw = _read(environ["wsgi.input"], most + 1)
        if len(raw) > most:
            raise PayloadTooLarge(most)
        return raw
    return b""


def read_query(text: str) -> Mapping[str, tuple[str, ...]]:
    """The parameters of an address. Short ones, as edges send them, come again and again. Raises: MalformedRequest."""
    return _short_query(text) if len(text) <= SHORT_QUERY else _query(text)


def _query(text: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PARAMETERS, errors="strict")
    except UnicodeDecodeError as error:
        raise MalformedRequest("The query is not UTF-8.") from error
    except ValueError as error:
        raise MalformedRequest(f"The query has more than {MOST_PARAMETERS} parameters.") from error
    for name, value in pairs:
        found[name] = (*found.get(name, ()), value)
    return found


_short_query = lru_cache(maxsize=512)(_query)


def _read(stream: InputStream, size: int) -> bytes:
    """So many octets, or fewer where the stream ends; one read may give less than there is."""
    found: bytes = stream.read(size)
    while 0 < len(found) < size and (more := stream.read(size - len(found))):
        found += more
    return found
