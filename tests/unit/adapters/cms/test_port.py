"""The values of the content port."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adapters.cms.port import Changes, CmsError, Entry, Key, Link, OptionsError, Ordering, RateLimited, digest

A, B, C = Key("a", None), Key("b", "en"), Key("c", "fr")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def entry(**more: object) -> Entry:
    values: dict[str, object] = {
        "id": "a",
        "locale": "en",
        "type": "t",
        "tags": ("x",),
        "fields": {"n": 1, "m": {"p": 1, "q": 2}},
        "published_at": NOON,
    }
    return Entry(**{**values, **more})  # type: ignore[arg-type]


def test_what_is_deleted_or_no_longer_listed_is_gone() -> None:
    told = Changes((), (A,), "", full=False)
    listed = Changes((), (A,), "", full=False, present=frozenset((A, B)))
    assert told.gone([A, B, C]) == {A}
    assert listed.gone(iter([A, B, C])) == {A, C}
    assert Changes((), (), "", full=True, present=frozenset()).gone([A]) == {A}
    assert told.gone([B]) == frozenset()


def test_digests_ignore_the_order_of_fields_and_the_version_alone() -> None:
    same = entry(fields={"m": {"q": 2, "p": 1}, "n": 1}, version=7)
    assert digest(same) == digest(entry())
    others = [
        entry(id="b"),
        entry(locale=None),
        entry(type="u"),
        entry(tags=()),
        entry(fields={"n": 2}),
        entry(published_at=None),
        entry(links=(Link("/n", "entry", "z"),)),
    ]
    assert len({digest(one) for one in [entry(), *others]}) == 8


@pytest.mark.parametrize(
    ("ordering", "new", "stored", "older"),
    [
        (Ordering("integer"), 2, 3, True),
        (Ordering("integer"), 3, 3, False),
        (Ordering("integer"), None, 3, False),
        (Ordering("integer"), 3, None, False),
        (Ordering("none"), 2, 3, False),
        (Ordering("timestamp"), NOON, NOON + timedelta(microseconds=1), True),
        (Ordering("timestamp", timedelta(seconds=1)), NOON, NOON + timedelta(seconds=1), True),
        (Ordering("timestamp", timedelta(seconds=1)), NOON, NOON + timedelta(milliseconds=999), False),
        (Ordering("timestamp", timedelta(seconds=1)), NOON + timedelta(days=1), NOON, False),
        (Ordering("timestamp"), NOON, 3, False),
    ],
)
def test_only_what_is_certainly_older_is_older(
    ordering: Ordering, new: int | datetime | None, stored: int | datetime | None, older: bool
) -> None:
    assert ordering.older(entry(version=new), stored) is older


def test_errors_keep_what_callers_act_on() -> None:
    assert OptionsError(["a: x", "b: y"]).problems == ("a: x", "b: y")
    assert RateLimited("slow down", 3.0).retry_after == 3.0
    assert issubclass(RateLimited, CmsError)
