"""What a post's row says, read with care: PHP's habits, and numbers that stand for other things."""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import UTC, datetime

import nh3

from adapters.cms.markup import whole_text
from adapters.cms.port import BadResponse, Json
from adapters.cms.wordpress.site import Row


def visible(row: Row, where: str) -> bool:
    """Whether everybody may see a post. Files are published with what they belong to. Raises BadResponse."""
    status = row.get("status")
    if not isinstance(status, str):
        raise BadResponse(f"{where}.status: want a text")
    published = status == "publish" or (status == "inherit" and row.get("type") == "attachment")
    return published and not protected(row)


def protected(row: Row) -> bool:
    """Whether a post is behind a password."""
    parts = [part for name in ("content", "excerpt") if isinstance(part := row.get(name), dict)]
    return bool(row.get("password")) or any(part.get("protected") is True for part in parts)


def translations(row: Row) -> dict[str, int]:
    """The numbers of a post's translations by language, as Polylang and its like tell them; else empty."""
    told = row.get("translations")
    listed = told.items() if isinstance(told, dict) else ()
    return {code: number for code, value in listed if (number := number_of(value))}


def named_post(value: Json) -> int | None:
    """The number of the post that a link field's value names; None where it names none."""
    if isinstance(value, dict):
        value = value.get("ID", value.get("id"))
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        value = int(value)
    return number_of(value)


def moment_of(row: Row, name: str, where: str) -> datetime:
    """A date-time that must be there; those that end in `_gmt` are UTC and do not say so. Raises BadResponse."""
    value = row.get(name)
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise BadResponse(f"{where}.{name}: want an ISO 8601 date-time") from fault
    raise BadResponse(f"{where}.{name}: want an ISO 8601 date-time")


def plain_text(value: Json) -> str:
    """A rendered text, such as a title, without its markup."""
    rendered = value.get("rendered") if isinstance(value, dict) else value
    return html.unescape(nh3.clean(whole_text(rendered), tags=set())).strip() if isinstance(rendered, str) else ""


def first_of(value: Json, number: int) -> Mapping[str, Json] | None:
    """The object of that number in a list of embedded ones; None where an error stands in its place."""
    for item in value if isinstance(value, list) else []:
        if isinstance(item, dict) and item.get("id") == number:
            return item
    return None


def number_of(value: Json) -> int | None:
    """A number above 0; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
