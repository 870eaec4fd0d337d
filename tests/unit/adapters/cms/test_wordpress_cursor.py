"""What a cursor of the WordPress adapter remembers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.cms.port import Key
from adapters.cms.wordpress import cursor
from adapters.cms.wordpress.cursor import Listing

LISTING = Listing(
    newest=datetime(2026, 11, 21, 21, 3, 17, tzinfo=UTC),
    keys=frozenset((Key("1", None), Key("12", "fr"))),
    hidden=frozenset((Key("9", "fr"),)),
    recent={Key("12", "fr"): "2026-11-21T21:03:17"},
)


def test_what_was_dumped_is_loaded() -> None:
    listings = {"posts": LISTING, "pages fr": Listing()}
    assert cursor.load(cursor.dump(listings, "f"), "f") == listings


def test_the_same_listings_give_the_same_text() -> None:
    assert cursor.dump({"a": LISTING, "b": Listing()}, "f") == cursor.dump({"b": Listing(), "a": LISTING}, "f")


def broken(**change: object) -> str:
    whole = json.loads(cursor.dump({"posts": LISTING}, "f"))
    whole["listings"]["posts"].update(change)
    return json.dumps(whole)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        cursor.dump({"posts": LISTING}, "other options"),
        broken(keys=["1"]),
        broken(hidden=None),
        broken(recent={"12": "x"}),
        broken(recent=[["12"]]),
        broken(newest="yesterday"),
    ],
)
def test_one_that_cannot_be_used_is_none(text: str) -> None:
    assert cursor.load(text, "f") is None


def test_none_is_none() -> None:
    assert cursor.load(None, "f") is None


def test_a_cursor_is_understood_by_the_next_process() -> None:
    """Sets are told in another order by each process; the options that a cursor depends on must not be."""
    code = """
from adapters import registry
from adapters.runtime import Runtime
many = [f"acf.{n}" for n in range(20)]
options = {"url": "https://x.example", "html_fields": many, "markdown_fields": many, "ignored_terms": many}
source = registry.cms("wordpress")(options, Runtime.system())
print(source._fingerprint)
source.close()
"""
    told = set()
    for seed in ("1", "2"):
        environ = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[4])}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environ, check=True, capture_output=True, text=True, timeout=180
        )
        told.add(done.stdout)
    assert len(told) == 1
