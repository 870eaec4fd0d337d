"""Reading `POST` and `GET /v1/personalize` quickly; what this refuses, the marshmallow schema explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from plugin.errors import FieldError, ValidationFailed
from plugin.flow.types import Render, SlotAsk
from plugin.web.body import read_json
from plugin.web.context_form import LONGEST_ID, wrong_types
from plugin.web.wsgi import SHORT_QUERY, read_query

MOST_SLOTS = 50
MOST_EXCLUDED = 1000
MOST_EVENTS = 1000
DEEPEST = 60
_TRUE, _FALSE = frozenset({"1", "true"}), frozenset({"0", "false"})
_LARGEST = 2**53  # what is beyond it, the strict reader judges
_Moderate = Meta(ge=-_LARGEST, le=_LARGEST)
_Scalar = None | bool | Annotated[int, _Moderate] | Annotated[float, _Moderate] | str
_Leaf = _Scalar | list[_Scalar]


# What a body leaves out is UNSET, and so differs from what it says: see `_is_plain`.
class _SlotIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: str
    limit: int | UnsetType | None = UNSET
    exclude: list[str] | UnsetType = UNSET


class _VisitorIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: str | UnsetType | None = UNSET


class _OptionsIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    explain: bool | UnsetType = UNSET
    render: Render | UnsetType = UNSET


class _AskIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    slots: list[_SlotIn]
    unique: bool | UnsetType = UNSET
    visitor: _VisitorIn | UnsetType | None = UNSET
    options: _OptionsIn | UnsetType | None = UNSET


class _PersonalizeIn(_AskIn, forbid_unknown_fields=True, gc=False):
    context: dict[str, Any] | UnsetType = UNSET
    events: list[dict[str, Any]] | UnsetType = UNSET


class _PlainIn(_AskIn, forbid_unknown_fields=True, gc=False):
    """What nearly all send: without events, and all numbers moderate."""

    context: dict[str, _Leaf | dict[str, _Leaf | dict[str, _Leaf]]] | UnsetType = UNSET


_NO_OPTIONS = _OptionsIn()
_decoder, _plain = msgspec.json.Decoder(_PersonalizeIn), msgspec.json.Decoder(_PlainIn)
_encode = msgspec.json.Encoder().encode
_SHORT_IDS = 256
"""Characters of all ids of slots together, up to which it is kept what they ask for: clients may send any."""
_SINGLE = ("unique", "explain", "render", "format", "visitor.id")


class Asked(msgspec.Struct, frozen=True):
    """A request as it was asked, whichever way."""

    asks: tuple[SlotAsk, ...]
    unique: bool
    explain: bool
    render: Render
    visitor: Mapping[str, object]
    context: Mapping[str, object]
    events: tuple[object, ...] = ()


def from_body(raw: bytes, explain_refusal: Any) -> Asked:  # noqa: ANN401 - a callable that always raises
    """Read the body of a POST.

    Args:
        raw: the body.
        explain_refusal: called with the parsed JSON where the fast reading refuses it; raises ValidationFailed with
            every bad field by its pointer.
    Raises:
        MalformedRequest: not JSON.
        ValidationFailed: JSON of another form.
    """
    deep = raw.count(b"[") + raw.count(b"{") > DEEPEST
    parsed = read_json(raw) if deep else None
    found: _PlainIn | _PersonalizeIn
    try:
        found = _plain.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        try:
            found = _decoder.decode(raw)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            explain_refusal(read_json(raw) if parsed is None else parsed)
            raise
    if parsed is None and (b"\\" in raw or not _is_plain(raw, found)):
        read_json(raw)
    return _asked(found)


def from_value(value: Mapping[str, object]) -> Asked | None:
    """What a body comes to that is strictly read JSON already; None where it is of another form.

    Raises:
        ValidationFailed: of this form, with something in it that is wrong.
    """
    try:
        return _asked(msgspec.convert(value, _PersonalizeIn))
    except msgspec.ValidationError:
        return None


def _asked(found: _PlainIn | _PersonalizeIn) -> Asked:
    context: Mapping[str, object] = found.context or {}
    events = found.events or [] if type(found) is _PersonalizeIn else []
    asks = _asks(found.slots)
    errors = _slot_errors(found.slots) if asks is None else []
    if wrong := wrong_types(context):
        errors += [FieldError(f"/context/{part}", detail) for part, detail in wrong.items()]
    name = found.visitor.id if found.visitor else None
    if isinstance(name, str) and not 1 <= len(name) <= LONGEST_ID:
        errors.append(FieldError("/visitor/id", f"from 1 to {LONGEST_ID} characters"))
    if len(events) > MOST_EVENTS:
        errors.append(FieldError("/events", f"at most {MOST_EVENTS} events"))
    if errors:
        raise ValidationFailed(errors)
    options = found.options or _NO_OPTIONS
    return Asked(
        tuple(map(_ask, found.slots)) if asks is None else asks,
        found.unique is True,
        options.explain is True,
        options.render or "json",
        {"id": name} if isinstance(name, str) else {},
        context,
        tuple(events),
    )


def _asks(slots: Sequence[_SlotIn]) -> tuple[SlotAsk, ...] | None:
    """What slots without more than an id ask for; None for others, and where something is wrong with them."""
    names = tuple([slot.id for slot in slots if slot.limit is UNSET and slot.exclude is UNSET])
    few = len(names) == len(slots) <= MOST_SLOTS and len("".join(names)) <= _SHORT_IDS
    return _plain_asks(names) if few else None


@lru_cache(maxsize=512)
def _plain_asks(names: tuple[str, ...]) -> tuple[SlotAsk, ...] | None:
    """Pages ask for the same slots again and again."""
    return None if _slot_errors([_SlotIn(name) for name in names]) else tuple(map(SlotAsk, names))


def _ask(slot: _SlotIn) -> SlotAsk:
    return SlotAsk(slot.id, slot.limit if isinstance(slot.limit, int) else None, tuple(slot.exclude or ()))


def _is_plain(raw: bytes, found: _PlainIn | _PersonalizeIn) -> bool:
    """Whether the strict reader would find nothing to refuse in a body without escapes, which this one took.

    Without escapes no text holds a NUL or a lone surrogate. Numbers may still be too large; and where what was read has
    fewer quotation marks than the body, some key came twice: the decoder keeps the last.
    """
    if type(found) is _PersonalizeIn:
        if found.context and not is_moderate(found.context):
            return False
        if found.events and not is_moderate(found.events):
            return False
    return _encode(found).count(b'"') == raw.count(b'"')


def is_moderate(value: dict[str, Any] | list[Any]) -> bool:
    """Whether every number in there is one of which no reader can make another."""
    for one in value.values() if isinstance(value, dict) else value:
        kind = type(one)
        if kind is str:
            continue
        if kind is dict or kind is list:
            if not is_moderate(one):
                return False
        elif (kind is float or kind is int) and not -_LARGEST <= one <= _LARGEST:
            return False
    return True


def _slot_errors(slots: Sequence[_SlotIn]) -> list[FieldError]:
    errors: list[FieldError] = []
    if not 1 <= len(slots) <= MOST_SLOTS:
        errors.append(FieldError("/slots", f"ask for 1 to {MOST_SLOTS} slots"))
    seen: set[str] = set()
    for index, slot in enumerate(slots):
        if slot.id in seen:
            errors.append(FieldError(f"/slots/{index}/id", "this slot is asked for twice"))
        seen.add(slot.id)
        if isinstance(slot.limit, int) and not 0 <= slot.limit <= 1000:
            errors.append(FieldError(f"/slots/{index}/limit", "a whole number from 0 to 1000"))
        if slot.exclude and len(slot.exclude) > MOST_EXCLUDED:
            errors.append(FieldError(f"/slots/{index}/exclude", f"at most {MOST_EXCLUDED} ids"))
    return errors


def from_address(text: str) -> Asked:
    """What `from_query` reads of an address's query, which for a short one is kept. Raises: MalformedRequest, too."""
    return _from_short(text) if len(text) <= SHORT_QUERY else from_query(read_query(text))


@lru_cache(maxsize=512)
def _from_short(text: str) -> Asked:
    return from_query(read_query(text))


def from_query(query: Mapping[str, Sequence[str]]) -> Asked:
    """Read the query of a GET: `slots=home.hero,home.feed:6`, `exclude=a-7,a-8`, `unique`, `explain`, `render`.

    Raises:
        ValidationFailed: with every bad parameter.
    """
    errors: list[FieldError] = []
    slots: list[_SlotIn] = []
    excluded = [name for text in query.get("exclude", ()) for name in text.split(",") if name]
    for text in query.get("slots", ()):
        for part in filter(None, text.split(",")):
            name, colon, limit = part.rpartition(":")
            if not colon:
                slots.append(_SlotIn(part, None, excluded))
            elif limit.isascii() and limit.isdigit() and len(limit) <= 4:
                slots.append(_SlotIn(name, int(limit), excluded))
            else:
                errors.append(FieldError("/slots", f"{part!r}: what follows the colon is a limit, a whole number"))
    if not slots and not errors:
        errors.append(FieldError("/slots", "name the slots, such as slots=home.hero,home.feed:6"))
    if slots:
        errors.extend(_slot_errors(slots))
    errors.extend(FieldError(f"/{name}", "it is given twice") for name in _SINGLE if len(query.get(name, ())) > 1)
    unique = _flag(query, "unique", errors)
    explain = _flag(query, "explain", errors)
    render = (query.get("render") or ["json"])[-1]
    if render not in ("json", "html", "both"):
        errors.append(FieldError("/render", "one of json, html, both"))
    if errors:
        raise ValidationFailed(errors)
    visitor = query.get("visitor.id") or ()
    asks = tuple(map(_ask, slots))
    return Asked(asks, unique, explain, render, {"id": visitor[-1]} if visitor else {}, {})  # type: ignore[arg-type]


def _flag(query: Mapping[str, Sequence[str]], name: str, errors: list[FieldError]) -> bool:
    text = (query.get(name) or ["false"])[-1].lower()
    if text not in _TRUE | _FALSE:
        errors.append(FieldError(f"/{name}", "true or false"))
    return text in _TRUE
