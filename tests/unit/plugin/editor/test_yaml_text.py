"""Items as YAML: easy to read, and read back as what they were."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.editor.yaml_text import written
from rules.source import parse

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    | st.sampled_from(
        ["no", "on", "1:30", "1e5", "0o17", "0x1f", ".5", "1.", "+1", "~", "", "null", "2026-11-20", "- a"]
    )
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)


@given(st.dictionaries(KEYS, JSON, min_size=1, max_size=5))
def test_what_is_written_is_read_back_as_the_same(item: dict[str, object]) -> None:
    assert parse(written(item)).data == item


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (
            {
                "then": [{"pin": {"content.tags": "vip"}, "position": 1}],
                "from": "2026-11-20",
                "when": {"geo.country": ["NO", "FR"]},
                "id": "r",
                "priority": 100,
            },
            "id: r\npriority: 100\nwhen: {geo.country: [NO, FR]}\nfrom: 2026-11-20\n"
            "then: [{pin: {content.tags: vip}, position: 1}]\n",
        ),
        (
            {"id": "on", "unknown": 1, "name": "7", "enabled": False},
            'id: on\nname: "7"\nenabled: false\nunknown: 1\n',
        ),
    ],
)
def test_short_parts_stay_in_one_line_and_fields_in_a_sensible_order(item: Mapping[str, object], text: str) -> None:
    assert written(item) == text


def test_long_parts_are_spread_over_lines() -> None:
    item = {"id": "r", "when": {"any": [{"geo.city": f"a city with a rather long name {n}"} for n in range(4)]}}
    assert written(item).splitlines()[:4] == [
        "id: r",
        "when:",
        "  any:",
        "  - {geo.city: a city with a rather long name 0}",
    ]
