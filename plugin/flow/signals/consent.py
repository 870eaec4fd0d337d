"""What the visitor allows: the consent cookie, the caller's word, and Global Privacy Control."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import unquote

from plugin.flow.signals.notes import Draft, Note
from plugin.flow.signals.text import header

MOST_PURPOSES = 32
_LONGEST_COOKIE = 1024
_PURPOSE = re.compile(r"[a-z][a-z0-9_\-]{0,31}")
_LONGEST_PURPOSE = 32
_WORDS = {
    **dict.fromkeys(("1", "true", "yes", "granted"), True),
    **dict.fromkeys(("0", "false", "no", "denied"), False),
}


def derive_consent(
    headers: Mapping[str, Sequence[str]],
    cookie: str | None,
    query: Mapping[str, Sequence[str]],
    body: object,
    *,
    gpc_purposes: Iterable[str],
    draft: Draft,
) -> None:
    """Adds `consent.PURPOSE`, true or false, for the purposes that somebody spoke of.

    The body is what the site knows at this moment, so it beats the query, and that the cookie. Global Privacy
    Control (`Sec-GPC: 1`) beats them all for its purposes: a signal that the visitor set for every site must
    not be undone by a banner's default. Absence of the signal allows nothing.

    The limits, of purposes and of the cookie's length, bound what is allowed. A no beyond them counts: lost, it would
    leave the word to a yes that is stored. So does a no whose purpose is written with capitals or blanks around it,
    which no yes may be.
    """
    said: dict[str, bool] = {}
    if cookie:
        # What is long is read anew each time: nobody can fill the memory with it.
        answers, notes = _kept(cookie) if len(cookie) <= _LONGEST_COOKIE else _from_cookie(cookie)
        said.update(answers)
        draft.notes.extend(notes)
    odd = []
    for name, values in query.items():
        if name.startswith("consent.") and values:
            words = {_WORDS.get(value.strip().lower()) for value in values}
            allowed = words.pop() if len(words) == 1 else False
            if not _take(said, name[8:], allowed, draft) and not allowed:
                odd.append(name[8:])
    _refuse(said, odd)
    if isinstance(body, dict):
        odd = []
        for place, (purpose, value) in enumerate(body.items()):
            if place >= MOST_PURPOSES and value is True:
                continue
            if not _take(said, purpose, value if isinstance(value, bool) else None, draft) and value is not True:
                odd.append(purpose)
        _refuse(said, odd)
        if len(body) > MOST_PURPOSES:
            draft.note("consent", "too_many")
    elif body is not None:
        draft.note("consent", "wrong_type")
    if "sec-gpc" in headers and header(headers, "sec-gpc") == "1":
        for purpose in gpc_purposes:
            if said.get(purpose):
                draft.note(f"consent.{purpose}", "overridden")
            said[purpose] = False
    for purpose, allowed in said.items():
        draft.attributes[f"consent.{purpose}"] = allowed


def _from_cookie(cookie: str) -> tuple[Mapping[str, bool], Sequence[Note]]:
    """`analytics=1,personalization=0`, percent-encoded or not. Of two answers for a purpose the no counts."""
    said: dict[str, bool] = {}
    draft = Draft()
    parts = (unquote(cookie) if "%" in cookie else cookie).split(",")
    grants = MOST_PURPOSES
    if len(cookie) > _LONGEST_COOKIE:
        draft.note("consent", "too_long")
        grants = 0
    elif len(parts) > MOST_PURPOSES:
        draft.note("consent", "too_many")
    for place, part in enumerate(parts):
        purpose, _, word = part.partition("=")
        purpose, allowed = purpose.strip(), _WORDS.get(word.strip().lower())
        if allowed and (place >= grants or said.get(purpose) is False):
            continue
        if not _take(said, purpose, allowed, draft) and not allowed:
            _refuse(said, (purpose,))
    return MappingProxyType(said), tuple(draft.notes)


_kept = lru_cache(maxsize=1024)(_from_cookie)  # few answers are given


@lru_cache(maxsize=256)
def _is_purpose(text: str) -> bool:
    return _PURPOSE.fullmatch(text) is not None


def _take(said: dict[str, bool], purpose: str, allowed: bool | None, draft: Draft) -> bool:
    """Whether the purpose can be read."""
    if len(purpose) > _LONGEST_PURPOSE or not _is_purpose(purpose):
        draft.note("consent", "malformed")
        return False
    if allowed and len(said) >= MOST_PURPOSES and purpose not in said:
        draft.note("consent", "too_many")
    else:
        if allowed is None:  # an answer that nobody can read is not a yes
            draft.note(f"consent.{purpose}", "malformed")
        said[purpose] = bool(allowed)
    return True


def _refuse(said: dict[str, bool], odd: Iterable[str]) -> None:
    """Take a no for the purposes that were meant by names that are none; a yes beside it does not help."""
    for name in odd:
        meant = name.strip().lower()
        if len(meant) <= _LONGEST_PURPOSE and _is_purpose(meant):
            said[meant] = False
