"""The page on events says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from plugin.profiles import limits
from plugin.profiles.derived import OF_VISITS, derived
from plugin.profiles.settings import DEFAULT
from plugin.profiles.types import BUILT_IN

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "events.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    table = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_table_of_types_is_that_of_the_code() -> None:
    table = {words(row[0])[0]: row for row in rows("Types of events")}
    assert list(table) == list(BUILT_IN)
    for name, (_name, needs, _value, properties, purpose) in table.items():
        type_ = BUILT_IN[name]
        assert words(needs) == [*type_.needs, *(f"properties.{one}" for one in type_.required)]
        assert set(words(properties)) == set(type_.properties)
        assert purpose == type_.purpose


def test_every_derived_attribute_is_there_with_its_type() -> None:
    told = {name: row[1].strip("`") for row in rows("What rules can read") for name in words(row[0])}
    for name, type_ in told.items():
        found = derived(name.removeprefix("profile.").replace("TYPE", "add_to_cart"), DEFAULT)
        assert found is not None
        assert found.type == type_
    from plugin.profiles import derived as module

    assert {f"profile.{name}" for name in module._FIXED} <= told.keys()
    assert all(f"`{name}`" in PAGE for name in OF_VISITS)


def test_limits_are_as_documented() -> None:
    assert (limits.MOST_PROPERTIES, limits.MOST_VALUES, limits.LARGEST_PROPERTIES_BYTES) == (32, 128, 4_096)
    assert (limits.MOST_TOPICS, limits.MOST_TOPICS_OF_ENTRY, limits.MOST_TOPICS_SHOWN) == (256, 16, 10)
    assert (limits.MOST_INSTANTS_OF_ENTRY, limits.MOST_INSTANTS, limits.MOST_PREFERENCES) == (50, 1_000, 200)
    assert (limits.LATEST_MS, limits.AHEAD_MS) == (7 * limits.DAY_MS, 5 * limits.MINUTE_MS)
