"""The one importer of durable-rules: rule sets in its C module, held as it was found sound.

No host, no sessions, one thread. Each window is asserted, drained and retracted before the next one, so the engine
holds nothing in between. Any exception leaves its memory in doubt: the process that holds it must end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import durable_rules_engine as engine

from rules.patterns.durable_wire import Fact

Row = tuple[int, tuple[int, ...]]


class Ruleset:
    """One rule set, made of text by `rules.patterns.durable_plan`."""

    def __init__(self, name: str, text: str) -> None:
        """Compile. What is beyond the engine's bounds may raise, crash or hang: only in a process that may die."""
        self._handle = engine.create_ruleset(name, text)

    def matches(self, facts: Sequence[Fact]) -> list[Row]:
        """The rules that match, each with the places of its steps: one row for each rule and time of a last step.

        Args:
            facts: (code, time, place), in the order of time.
        """
        texts = [
            f'{{"id":"{number}","l":{code},"t":{time},"n":{place}}}' for number, (code, time, place) in enumerate(facts)
        ]
        state = 0
        for text in texts:
            _result, state = engine.assert_fact(self._handle, text)
        best: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {}
        for action in self._drained(state):
            ((rule, matched),) = json.loads(action).items()
            steps = [matched[f"e{step}"] for step in range(len(matched) - ("k" in matched))]
            key, row = (int(rule), steps[-1]["t"]), (steps[0]["t"], tuple(one["n"] for one in steps))
            if row > best.get(key, (-1, ())):
                best[key] = row
        for text in reversed(texts):
            engine.retract_fact(self._handle, text)
        return [(rule, places) for (rule, _last), (_first, places) in best.items()]

    def _drained(self, state: int) -> Iterator[str]:
        """Every pending action; retracting with one left crashes."""
        started = engine.start_action_for_state(self._handle, state)
        action = started[1] if started else None
        while action:
            yield action
            action = engine.complete_and_start_action(self._handle, state)
