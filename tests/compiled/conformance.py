"""The conformance file: rule sets with visits and what is expected, for those who write evaluators.

`python -m tests.compiled.conformance` writes it. What is expected comes from our own evaluator, and the tests let the
one in JavaScript confirm it; the buckets are the golden ones, made with two implementations of the hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rules
from rules.export import export
from rules.facts import PERSON, UNIT
from tests.compiled.cases import expected
from tests.compiled.conformance_rules import RULESETS

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "compiled" / "conformance.v1.json"
GOLDEN = ROOT / "tests" / "golden" / "buckets.v1.json"


def made() -> dict[str, Any]:
    """The whole file."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]
    return {
        "format": "tessera-compiled-conformance",
        "version": 1,
        "buckets": [{name: case[name] for name in ("salt", "id", "bucket")} for case in golden],
        "rulesets": [_ruleset(name, *parts) for name, parts in RULESETS.items()],
    }


def _ruleset(
    name: str,
    document: Mapping[str, Any],
    content: Sequence[Mapping[str, Any]] | None,
    visits: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    ruleset = rules.load(document)
    prepared = ruleset.prepare(content) if content is not None else None
    exported = export(ruleset, content=prepared)
    slots = [one["id"] for one in exported["slots"] if one["decided"] == "edge"]
    return {
        "name": name,
        "export": exported,
        "visits": list(_visits(ruleset, prepared, exported, slots, visits)),
    }


def _visits(
    ruleset: rules.Ruleset,
    content: rules.Content | None,
    exported: Mapping[str, Any],
    slots: Sequence[str],
    visits: Sequence[Mapping[str, Any]],
) -> Iterator[dict[str, Any]]:
    for written in visits:
        visit = {"attributes": {}, "segments": [], "now": "2026-11-24T12:00:00.000000Z", **written}
        units = {"device": UNIT, "person": PERSON}
        given = {**visit["attributes"], **{units[one]: visit[one] for one in units if one in visit}}
        facts = ruleset.facts(
            given,
            segments=visit["segments"],
            now=datetime.fromisoformat(visit["now"]).astimezone(UTC),
            deny_unknown=visit.get("deny_unknown", False),
        )
        for slot in slots:
            yield {"slot": slot, "visit": visit, "expected": expected(ruleset, slot, facts, content)}


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(made(), indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
