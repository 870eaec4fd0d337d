"""The one tree of errors, and how each is shown: RFC 9457 problem details.

``str(error)`` is public: it never holds SQL, a secret, or a path of the server. What went wrong underneath is
the ``__cause__``, for the log.

The ``type`` of a problem is ``/problems/<slug>``, the same in every deployment, so that a client may compare
it as it stands. Being rooted, the reference resolves against the address of any answer, and so against the
public URL, to the page that describes the problem. Slugs are a public contract: added, never renamed.
"""

# ruff: noqa: N818  # the classes carry the field's names of the statuses

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import zip_longest
from typing import ClassVar

from rules.errors import Problem
from rules.suggest import nearest

_MOST_NEAREST = 5


class TesseraError(Exception):
    """The root; itself the answer to a fault of ours. Subclasses state slug, status and title."""

    slug: ClassVar[str] = "internal"
    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or f"{self.title}.")

    def members(self) -> dict[str, object]:
        """Extension members of the problem (RFC 9457, section 3.2); JSON values."""
        return {}

    def headers(self) -> dict[str, str]:
        """Response headers that the status asks for."""
        return {}


@dataclass(frozen=True, slots=True)
class FieldError:
    """``pointer`` is a JSON pointer (RFC 6901) into the body; "" is the body itself."""

    pointer: str
    detail: str


class MalformedRequest(TesseraError):
    """The body is not JSON, or the query cannot be read."""

    slug, status, title = "malformed-request", HTTPStatus.BAD_REQUEST, "The request cannot be read"


class Unauthorized(TesseraError):
    """No key, or one that is not known."""

    slug, status, title = "unauthorized", HTTPStatus.UNAUTHORIZED, "A valid key is needed"

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="tessera"'}


class Forbidden(TesseraError):
    """The key is valid and has not the right, or comes from an origin that it is not bound to."""

    slug, status, title = "forbidden", HTTPStatus.FORBIDDEN, "The key does not allow this"


class NotFound(TesseraError):
    """There is nothing of that name or address."""

    slug, status, title = "not-found", HTTPStatus.NOT_FOUND, "Not found"


class UnknownSlots(TesseraError):
    """None of the slots asked for is in the published rule set."""

    slug, status, title = "unknown-slots", HTTPStatus.NOT_FOUND, "Unknown slots"

    def __init__(self, slots: Sequence[str], known: Iterable[str]) -> None:
        self.slots = _with_nearest(slots, known)
        super().__init__("; ".join(_unknown(slot, suggestion) for slot, suggestion in self.slots))

    def members(self) -> dict[str, object]:
        return {
            "errors": [
                {"pointer": f"/slots/{index}/id", "detail": _unknown(slot, near), "word": slot}
                | ({"suggestion": near} if near else {})
                for index, (slot, near) in enumerate(self.slots)
            ]
        }


class MethodNotAllowed(TesseraError):
    """The address is there, and not for this method."""

    slug, status, title = "method-not-allowed", HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = tuple(allowed)
        super().__init__(f"Use {_either(self.allowed)}.")

    def headers(self) -> dict[str, str]:
        return {"Allow": ", ".join(self.allowed)}


class Conflict(TesseraError):
    """The change contradicts the state that it meets."""

    slug, status, title = "conflict", HTTPStatus.CONFLICT, "Conflict"


class UnknownKey(TesseraError):
    """A key of the edge protocol that says nothing now: of another version of the rules, or not made here."""

    slug, status, title = "unknown-key", HTTPStatus.CONFLICT, "The audience key is not known"


class PreconditionFailed(TesseraError):
    """Somebody else changed it first: read again, and repeat the change upon that."""

    slug, status, title = "precondition-failed", HTTPStatus.PRECONDITION_FAILED, "It was changed meanwhile"


class PayloadTooLarge(TesseraError):
    """The body has more bytes than are read, or a part of it that has a limit of its own."""

    slug, status, title = "payload-too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large"

    def __init__(self, limit_bytes: int, part: FieldError | None = None) -> None:
        self.limit_bytes = limit_bytes
        self.part = part
        super().__init__(part.detail if part else f"The body may have {limit_bytes:,} bytes; send less in one request.")

    def members(self) -> dict[str, object]:
        errors = {"errors": [{"pointer": self.part.pointer, "detail": self.part.detail}]} if self.part else {}
        return {"limit_bytes": self.limit_bytes, **errors}


class UnsupportedMediaType(TesseraError):
    """The body is in a form that is not read here."""

    slug = "unsupported-media-type"
    status, title = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body's media type is not supported"

    def __init__(self, offered: Sequence[str]) -> None:
        super().__init__(f"Send the body as {_either(offered)}.")


class ValidationFailed(TesseraError):
    """The request is well-formed and some of its values are not right: each is named."""

    slug, status, title = "validation-failed", HTTPStatus.UNPROCESSABLE_ENTITY, "Some values are not right"

    def __init__(self, errors: Sequence[FieldError], detail: str | None = None) -> None:
        self.errors = tuple(errors)
        super().__init__(detail or "; ".join(f"{e.pointer or 'body'}: {e.detail}" for e in self.errors))

    def members(self) -> dict[str, object]:
        return {"errors": [{"pointer": e.pointer, "detail": e.detail} for e in self.errors]}


class RulesRejected(TesseraError):
    """A rule document does not check; what is published goes on serving."""

    slug, status, title = "rules-rejected", HTTPStatus.UNPROCESSABLE_ENTITY, "The rules do not check"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = sum(problem.severity == "error" for problem in self.problems)
        super().__init__(f"{count} problem{'' if count == 1 else 's'} in the rules.")

    def members(self) -> dict[str, object]:
        return {"errors": [_rule_problem(problem) for problem in self.problems]}


class PreconditionRequired(TesseraError):
    """A change without If-Match could overwrite another's."""

    slug, status, title = "precondition-required", HTTPStatus.PRECONDITION_REQUIRED, "If-Match is needed"


class RateLimited(TesseraError):
    """More was asked or sent than is taken in so short a time."""

    slug, status, title = "rate-limited", HTTPStatus.TOO_MANY_REQUESTS, "Too many requests"

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"Try again in {retry_after_s} s.")

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)}


class ServiceUnavailable(TesseraError):
    """Something that the service needs is down, or too slow to be waited for."""

    slug, status, title = "service-unavailable", HTTPStatus.SERVICE_UNAVAILABLE, "Not available now"

    def __init__(self, detail: str | None = None, retry_after_s: int | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(detail)

    def headers(self) -> dict[str, str]:
        return {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}


class SettingsError(TesseraError):
    """The configuration has problems: one sentence each, with names and never with secret values."""

    slug, title = "settings", "The settings are not right"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def problem(error: TesseraError, instance: str | None = None) -> tuple[dict[str, object], int]:
    """Render an error as the body of ``application/problem+json``, and its status.

    ``instance`` identifies the occurrence (RFC 9457, section 3.1.5), such as a request's id or path. Headers
    are apart, in ``error.headers()``.
    """
    body = error.members() | {
        "type": f"/problems/{error.slug}",
        "title": error.title,
        "status": error.status.value,
        "detail": str(error),
    }
    if instance is not None:
        body["instance"] = instance
    return body, error.status.value


def unknown_slots(names: Sequence[str], known: Iterable[str]) -> list[dict[str, str]]:
    """What an answer that has other slots says of those that there are not."""
    return [{"slot": slot, "detail": f"there is {_unknown(slot, near)}"} for slot, near in _with_nearest(names, known)]


def unknown_member(owner: str, name: str, known: Iterable[str], pointer: str) -> FieldError:
    """What is said of a member that there is not, with the nearest that there is."""
    near = nearest(name, known)
    return FieldError(pointer, f"{owner} has no {name[:80]!r}" + (f"; did you mean {near!r}?" if near else ""))


def _with_nearest(slots: Sequence[str], known: Iterable[str]) -> tuple[tuple[str, str | None], ...]:
    """Each slot, and of the first few the nearest that there is: to look for it takes long where there are many."""
    there_are = frozenset(known)
    near = [nearest(slot, there_are) for slot in slots[:_MOST_NEAREST]]
    return tuple(zip_longest(slots, near))


def _unknown(slot: str, suggestion: str | None) -> str:
    return f"no slot {slot!r}" + (f"; did you mean {suggestion!r}?" if suggestion else "")


def _either(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _rule_problem(found: Problem) -> dict[str, object]:
    places = {
        "file": found.file,
        "line": found.line,
        "column": found.column,
        "word": found.word,
        "suggestion": found.suggestion,
    }
    return {"pointer": found.pointer, "detail": found.message, "severity": found.severity} | {
        name: value for name, value in places.items() if value is not None
    }
