"""Buckets and arms as stored data: an edge, another version and another language must give the same.

The files were made with two independent implementations of the hash. A change of the algorithm reassigns
visitors: it needs a file of a new version, and these stay.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import rules
from tests import oracle
from tests.oracle.buckets import bucket, murmur3

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)


def cases(name: str) -> list[dict[str, Any]]:
    """The cases of one file."""
    found: list[dict[str, Any]] = json.loads((HERE / f"{name}.v1.json").read_text(encoding="utf-8"))["cases"]
    return found


@pytest.mark.parametrize("case", cases("buckets"), ids=lambda case: ascii(case["salt"] + "/" + case["id"])[:40])
def test_the_bucket_is_the_stored_one(case: dict[str, Any]) -> None:
    """Of the function; and of `percent`, where an empty id would be none and an empty salt an error."""
    salt, who, place = case["salt"], case["id"], case["bucket"]
    assert murmur3(salt.encode() + b"\0" + who.encode()) == case["hash"]
    assert bucket(salt, who) == rules.bucket(salt, who) == place
    if salt and who:
        hundredth = {"gte": place / 100, "lt": (place + 1) / 100, "salt": salt}
        assert rules.matches({"visitor.id": {"percent": hundredth}}, {"visitor.id": who})


def watched(case: dict[str, Any]) -> dict[str, Any]:
    """A document in which each arm tells of itself by a presentation hint."""
    experiments = []
    for experiment in case["experiments"]:
        arms = [
            {**arm, "then": [{"set": {f"presentation.{experiment['id']}": arm["id"]}}]} for arm in experiment["arms"]
        ]
        experiments.append({"slot": "s", **experiment, "arms": arms})
    return {"version": 1, "slots": [{"id": "s"}], "experiments": experiments}


@pytest.mark.parametrize("case", cases("experiments"), ids=lambda case: case["name"])
def test_every_visitor_is_in_the_stored_arms(case: dict[str, Any]) -> None:
    """The engine and the oracle both give them."""
    document = watched(case)
    ruleset = rules.load(document)
    for who, arms in case["assignments"].items():
        attributes = {"visitor.id": who}
        assert oracle.decide(document, "s", attributes, [], now=NOW).presentation == arms
        assert dict(ruleset.decide("s", attributes, [], now=NOW).presentation) == arms
