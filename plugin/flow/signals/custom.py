"""What the site itself sends: `custom.*`, and the headers and cookies that its settings allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plugin.flow.signals.notes import Draft
from plugin.flow.signals.policy import Limits
from plugin.flow.signals.reads import Named, Reads
from plugin.flow.signals.request import RawRequest
from plugin.flow.signals.text import clean, header
from plugin.flow.signals.values import json_value, parse_text

_PREFIX = "custom."
_LISTS = frozenset({"string_list", "number_list"})
_LONGEST_NAME = 64


def derive_custom(
    request: RawRequest,
    wanted: frozenset[str] | None,
    types: Mapping[str, str],
    limits: Limits,
    draft: Draft,
) -> None:
    """Adds `custom.*`: the query by declared type, then the body, which keeps JSON types and wins."""
    if request.query:
        _from_query(request.query, wanted, types, limits, draft)
    said = request.body.get("custom")
    if said is None:
        return
    if not isinstance(said, dict):
        draft.note("custom", "wrong_type")
        return
    if wanted is None:
        if len(said) > limits.max_custom:
            draft.note("custom", "too_many")
        names = list(said)[: limits.max_custom]
    else:
        names = [name for name in wanted if name in said]
    for name in names:
        if wanted is None and not _is_name(name):
            draft.note("custom", "malformed")
            continue
        full = _PREFIX + name
        value = json_value(said[name], limits.max_text, limits.max_list, full, draft)
        if value is not None:
            draft.attributes[full] = value


def _from_query(
    query: Mapping[str, Sequence[str]],
    wanted: frozenset[str] | None,
    types: Mapping[str, str],
    limits: Limits,
    draft: Draft,
) -> None:
    taken = 0
    for name, values in query.items():
        if not name.startswith(_PREFIX):
            continue
        short = name[len(_PREFIX) :]
        if wanted is not None and short not in wanted:
            continue
        if not _is_name(short):
            draft.note("custom", "malformed")
            continue
        if taken == limits.max_custom:
            draft.note("custom", "too_many")
            return
        taken += 1
        _parsed(Named(name, name, types.get(name, "string")), values, limits, draft)


def derive_named(request: RawRequest, reads: Reads, limits: Limits, draft: Draft) -> None:
    """Adds `request.header.*` and `request.cookie.*`; a header that is a list may be one line with commas."""
    for wanted in reads.headers:
        values = request.headers.get(wanted.name)
        if not values:
            continue
        if wanted.kind in _LISTS:
            lines = [value[: limits.max_header + 1] for value in values[: limits.max_list]]
            values = [item.strip() for line in lines for item in line.split(",")]
        else:
            values = [header(request.headers, wanted.name) or ""]
        _parsed(wanted, values, limits, draft)
    for wanted in reads.cookies:
        value = request.cookies.get(wanted.name)
        if value is not None:
            _parsed(wanted, (value,), limits, draft)


def _parsed(wanted: Named, values: Sequence[str], limits: Limits, draft: Draft) -> None:
    if len(values) > limits.max_list:
        draft.note(wanted.attribute, "too_many")
        values = values[: limits.max_list]
    texts = []
    for value in values if wanted.kind in _LISTS else values[:1]:
        text = clean(value, limits.max_text, wanted.attribute, draft) if value else value
        if text is None:
            return
        texts.append(text)
    parsed = parse_text(wanted.kind, texts)
    if parsed is not None:
        draft.attributes[wanted.attribute] = parsed
    elif texts:
        draft.note(wanted.attribute, "malformed")


def _is_name(name: object) -> bool:
    """Whether it may stand in an attribute's name, and so in a note."""
    return isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and name.isascii() and name.isidentifier()
