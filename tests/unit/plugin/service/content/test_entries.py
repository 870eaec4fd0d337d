"""Stored entries as the rules see them, and their JSON."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from plugin.service.content.entries import as_content, block_text
from rules.decision import RESERVED_FIELDS
from tests.unit.plugin.service.site_support import NOW, entry

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_an_entry_has_its_fields_beside_what_every_entry_has() -> None:
    found = as_content(entry("x", locale="fr", tags=("vip",), published_at=NOW, title="T"))
    assert found == {
        "id": "x",
        "type": "card",
        "tags": ("vip",),
        "locale": "fr",
        "published_at": NOW,
        "title": "T",
    }


def test_a_field_never_takes_the_place_of_what_every_entry_has() -> None:
    stored = entry("x")
    clashing = type(stored)(
        **{
            **{name: getattr(stored, name) for name in stored.__slots__},
            "fields": {
                "id": "other",
                "tags": ["audience:vip"],
                "published_at": "1999-01-01",
                "locale": "xx",
                "type": "t",
            },
        }
    )
    assert as_content(clashing) == {"id": "x", "type": "card", "tags": (), "locale": None, "published_at": None}


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), JSON, max_size=4))
def test_the_text_of_a_block_is_an_object_without_its_end(fields: dict[str, object]) -> None:
    text = block_text(
        {"id": "x", "type": None, "tags": ("a",), **{k: v for k, v in fields.items() if k not in RESERVED_FIELDS}}
    )
    assert json.loads(text + b"}") == {
        "id": "x",
        "type": None,
        "tags": ["a"],
        "fields": {k: v for k, v in fields.items() if k not in RESERVED_FIELDS},
    }


def test_what_is_kept_holds_no_more_memory_than_its_text() -> None:
    """Thousands of them live as long as the publication."""
    text = block_text({"id": "x", "type": "card", "body": "é" * 1000})
    assert text.__sizeof__() == len(text) + b"".__sizeof__()
