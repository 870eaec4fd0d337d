"""Conditional changes: what a client must know of the state that it changes, so that no update is lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from plugin.errors import PreconditionFailed, PreconditionRequired

_TAG_LENGTH = 32  # hexadecimal digits: 128 bits


@dataclass(frozen=True, slots=True)
class Precondition:
    """The tags of the states that the client accepts (RFC 9110, section 13.1).

    Attributes:
        match: tags of which the present state has one; "*" accepts any state, but not absence.
        only_new: whether nothing may be there yet.
        unless: tags of which the present state has none.
        weak: tags that were sent as weak ones, which match nothing.
    """

    match: frozenset[str] | None = None
    only_new: bool = False
    unless: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()

    def admit(self, tag: str | None, what: str) -> None:
        """Allow a change to the state with this tag; None: there is none yet.

        Raises:
            PreconditionFailed: the state is not one that the client accepts.
            PreconditionRequired: there is a state, and the client does not say which it knows.
        """
        if self.only_new and tag is not None:
            raise PreconditionFailed(f"{what} is there already.")
        if tag is not None and tag in self.unless:
            raise PreconditionFailed(f"{what} is as If-None-Match says that it should not be.")
        if self.match is not None:
            if tag is None:
                raise PreconditionFailed(f"{what} is not there, or no longer.")
            if not self.match & {"*", tag}:
                if tag in self.weak:
                    raise PreconditionFailed("A weak ETag guards no change; send the tag without W/ before it.")
                raise PreconditionFailed(f"{what} was changed meanwhile; read it again.")
        elif tag is not None:
            raise PreconditionRequired(f"{what} exists: send the ETag that you read in If-Match.")


ANY = Precondition(match=frozenset({"*"}))
"""Changes whatever is there."""


def tag_of(value: object) -> str:
    """The tag of a JSON value: equal values have equal tags, in every process."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain)
    return sha256(text.encode()).hexdigest()[:_TAG_LENGTH]


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")
