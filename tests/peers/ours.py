"""Tessera: flags as hints of one slot, and as a slot each; and the naive evaluator of the tests, as the oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import rules
from tests import oracle
from tests.peers.world import Flag, Segments, Test

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NAMES = {
    "id": "visitor.id",
    "country": "geo.country",
    "device": "device.type",
    "campaign": "request.utm.campaign",
    "visits": "visitor.visits",
    "new": "visitor.new",
    "plan": "custom.plan",
    "spend": "custom.spend",
    "cart": "custom.cart",
}


class Hints:
    """What one would write: one slot for the switches of the application, each flag a rule that sets a hint.

    A rule of the lowest priority switches all off, so that an answer names a hundred. With each hint comes its rule.
    """

    versions: Mapping[str, str] = {"tessera-personalization": version("tessera-personalization")}

    def load(self, flags: Sequence[Flag], segments: Segments) -> None:
        """Compile."""
        self.ruleset = rules.load(document(flags, segments))
        self.content = self.ruleset.prepare([])

    def native(self, visitor: Mapping[str, Any]) -> dict[str, Any]:
        """Flat attributes."""
        return {NAMES[name]: value for name, value in visitor.items()}

    def ask(self, native: dict[str, Any]) -> Any:
        """Every hint with its reason."""
        return self.ruleset.hints("flags", native, now=NOW)

    def on(self, answer: Any) -> list[str]:
        """A flag that is on has its own rule as its reason."""
        return sorted(name for name, hint in answer.items() if hint.value and hint.rule == name)


class Decisions(Hints):
    """The same by a whole decision: blocks (there are none), audience key, what a trace is made of."""

    def ask(self, native: dict[str, Any]) -> Any:
        """The hints, and the rules that had a say."""
        decision = self.ruleset.decide("flags", native, self.content, now=NOW)
        return decision.presentation, decision.rules

    def on(self, answer: Any) -> list[str]:
        """Those that are true and among the reasons."""
        hints, reasons = answer
        return sorted(name for name, value in hints.items() if value and name in reasons)


class Slots(Hints):
    """The long way round: a hundred slots with a rule each, asked one after another of the same facts."""

    def load(self, flags: Sequence[Flag], segments: Segments) -> None:
        """Compile."""
        whole = document(flags, segments)
        whole["slots"] = [{"id": flag.name} for flag in flags]
        whole["rules"] = [
            {**rule, "slot": rule["id"], "then": [{"set": {"presentation.on": True}}]} for rule in whole["rules"][1:]
        ]
        self.ruleset = rules.load(whole)
        self.content = self.ruleset.prepare([])
        self.names = self.ruleset.slots

    def ask(self, native: dict[str, Any]) -> Any:
        """A whole decision for each slot, and the rules behind it."""
        ruleset, content = self.ruleset, self.content
        facts = ruleset.facts(native, now=NOW)
        found = {}
        for name in self.names:
            decision = ruleset.settle(ruleset.plan(name, facts, content), scores={}, exposures={})
            found[name] = (decision.presentation, decision.rules)
        return found

    def on(self, answer: Any) -> list[str]:
        """Those with the hint."""
        return sorted(name for name, (hints, reasons) in answer.items() if hints.get("on") and reasons == (name,))


class Oracle(Hints):
    """The naive evaluator of the tests, for the answers alone."""

    def load(self, flags: Sequence[Flag], segments: Segments) -> None:
        """The document as it is written."""
        self.document = document(flags, segments)

    def ask(self, native: dict[str, Any]) -> Any:
        """The hints."""
        return oracle.decide(self.document, "flags", native, [], now=NOW).presentation

    def on(self, answer: Any) -> list[str]:
        """Those that are true."""
        return sorted(name for name, value in answer.items() if value)


def document(flags: Sequence[Flag], segments: Segments) -> dict[str, Any]:
    """Flags and segments as a document."""
    off = {f"presentation.{flag.name}": False for flag in flags}
    return {
        "version": 1,
        "attributes": {
            "custom.plan": {"type": "string"},
            "custom.spend": {"type": "number"},
            "custom.cart": {"type": "number"},
        },
        "segments": [
            {"id": name, "when": {"all": [_leaf(test) for test in tests]}} for name, tests in segments.items()
        ],
        "slots": [{"id": "flags"}],
        "rules": [
            {"id": "off", "slot": "flags", "priority": -1, "then": [{"set": off}]},
            *(
                {
                    "id": flag.name,
                    "slot": "flags",
                    "when": {"all": _when(flag)},
                    "then": [{"set": {f"presentation.{flag.name}": True}}],
                }
                for flag in flags
            ),
        ],
    }


def _when(flag: Flag) -> list[dict[str, Any]]:
    found = [_leaf(test) for test in flag.tests]
    if flag.segment is not None:
        found.append({"segment": flag.segment})
    if flag.percent is not None:
        found.append({"visitor.id": {"percent": {"lt": flag.percent, "salt": flag.name}}})
    return found


def _leaf(test: Test) -> dict[str, Any]:
    match test.op:
        case "is":
            wanted: Any = test.values[0]
        case "in":
            wanted = list(test.values)
        case "not_in":
            wanted = {"not_in": list(test.values)}
        case "from":
            wanted = {"gte": test.values[0]}
        case "below":
            wanted = {"lt": test.values[0]}
        case _:
            wanted = {"between": list(test.values)}
    return {NAMES[test.attribute]: wanted}
