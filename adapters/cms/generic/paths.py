"""JSONPath (RFC 9535) as this adapter uses it: compiled once, bounded, and regular expressions in linear time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice

import re2
from jsonpath import JSONPath, JSONPathEnvironment
from jsonpath.exceptions import JSONPathError
from jsonpath.function_extensions import ExpressionType, FilterFunction
from jsonpath.selectors import NameSelector

MAX_LENGTH = 500
# Of the descent `..`, which visits every node; a deeper document is refused where it does.
MAX_DEPTH = 64
MAX_MATCHES = 100_000


class PathFault(Exception):  # noqa: N818 - one complaint about a path, not a fault of ours
    """A path that does not compile; the message says why, and at which character (from 1)."""


class Unanswerable(Exception):  # noqa: N818 - named for what happened
    """A path cannot be answered for this document: nested too deep, or too many matches."""


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path.

    Attributes:
        text: as it was written.
        names: the member names that it begins with: ("meta", "title") for `$.meta.title[0]`.
        singular: whether it can match one value at most.
        plain: whether it is `$` and names, and nothing else.
    """

    text: str
    names: tuple[str, ...]
    singular: bool
    plain: bool
    _query: JSONPath = field(repr=False, compare=False)

    def nodes(self, document: object) -> Iterator[tuple[object, str]]:
        """Each match with its place (a normalised path), in order; nothing for what is no object and no list.

        Raises:
            Unanswerable: see there.
        """
        if not isinstance(document, (dict, list)):  # the library would read a text as JSON
            if self.text == "$":
                yield document, "$"
            return
        try:
            matches = iter(self._query.finditer(document))
            for count, match in enumerate(islice(matches, MAX_MATCHES + 1)):
                if count == MAX_MATCHES:
                    raise Unanswerable(f"{self.text}: more than {MAX_MATCHES} matches")
                yield match.obj, match.path
        except (JSONPathError, RecursionError, OverflowError) as fault:
            raise Unanswerable(f"{self.text}: cannot be answered here ({type(fault).__name__})") from fault

    def values(self, document: object) -> list[object]:
        """All that it matches. Raises Unanswerable."""
        if self.plain:  # most paths are, and a walk by names takes a tenth of the time
            for name in self.names:
                if not isinstance(document, dict) or name not in document:
                    return []
                document = document[name]
            return [document]
        return [value for value, _place in self.nodes(document)]

    def first(self, document: object) -> object:
        """The first match; None where there is none, as for null. Raises Unanswerable."""
        return next(iter(self.values(document) if self.plain else (value for value, _ in self.nodes(document))), None)


def compile_path(text: str) -> Path:
    """A query such as `$.data[*].title`. Raises PathFault."""
    query = _compile(text)
    names: list[str] = []
    for segment in query.segments:
        selectors = segment.selectors
        if type(segment).__name__ != "JSONPathChildSegment" or len(selectors) != 1:
            break
        if not isinstance(selectors[0], NameSelector):
            break
        names.append(selectors[0].name)
    return Path(text, tuple(names), query.singular_query(), len(names) == len(query.segments), query)


def compile_condition(text: str) -> Path:
    """A filter's expression, such as `@.status == "live"`; the path matches in `[item]` where it holds of the item.

    Raises:
        PathFault: it does not compile, or is more than one expression.
    """
    before = "$[?"
    query = _compile(f"{before}{text}]", shift=len(before))
    if len(query.segments) != 1 or len(query.segments[0].selectors) != 1:
        raise PathFault("want one expression, as between [? and ] in a path")
    return Path(text, (), singular=False, plain=False, _query=query)


def _compile(text: str, shift: int = 0) -> JSONPath:
    if len(text) > MAX_LENGTH:
        raise PathFault(f"longer than {MAX_LENGTH} characters")
    try:
        query = _environment().compile(text)
    except JSONPathError as fault:
        at = f", at character {fault.token.index + 1 - shift}" if fault.token and fault.token.index >= shift else ""
        raise PathFault(f"is no JSONPath (RFC 9535): {fault.message}{at}") from fault
    except (RecursionError, OverflowError, ValueError) as fault:
        raise PathFault("is no JSONPath (RFC 9535)") from fault
    if not isinstance(query, JSONPath):
        raise PathFault("is no JSONPath (RFC 9535)")
    return query


class _Regex(FilterFunction):
    """`match` and `search` by RE2: a pattern may come from the document, and must not hang the sync."""

    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]  # noqa: RUF012 - the library's form
    return_type = ExpressionType.LOGICAL

    def __init__(self, whole: bool) -> None:
        self._whole = whole

    def __call__(self, value: object, pattern: object) -> bool:
        if not isinstance(value, str) or not isinstance(pattern, str):
            return False
        options = re2.Options()
        options.log_errors = False
        try:
            compiled = re2.compile(pattern, options=options)
            return bool(compiled.fullmatch(value) if self._whole else compiled.search(value))
        except (re2.error, UnicodeEncodeError):
            return False  # as RFC 9535 has it of a pattern that is none


class _Environment(JSONPathEnvironment):
    max_recursion_depth = MAX_DEPTH

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions["match"] = _Regex(whole=True)
        self.function_extensions["search"] = _Regex(whole=False)


@cache
def _environment() -> _Environment:
    # Without the cache of filters: it would be shared between threads.
    return _Environment(strict=True, filter_caching=False)
