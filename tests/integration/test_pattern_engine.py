"""The supervisor of the pattern engine against every way in which the engine was seen to crash, hang or fail."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from random import Random
from threading import Timer
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import rules
from plugin.live.pattern_engine import Limits, PatternEngine
from plugin.live.pattern_process import EngineEndedError, EngineProcess, command
from rules.patterns.durable_plan import Plan, Shard
from rules.patterns.durable_wire import Ask, Load
from rules.patterns.forms import Chain, LivePattern
from rules.patterns.letters import PatternSet, patterns_of
from rules.patterns.live import Verdict, evaluate
from rules.patterns.windows import Entry, Window
from tests.strategies.patterns import MOMENT, pattern_set, stream

QUICK = Limits(start=4.0, window=1.0, rest=0.0)
ENTRIES = [Entry(1000 + number, f"e{number}", ("ab"[number % 2],)) for number in range(6)]
SOUND = {"0": {"all": [{"e0": {"l": 1}}, {"e1": {"l": 2}}], "count": 1}}


def told(verdict: Verdict) -> dict[str, tuple[int, int | None]]:
    return {name: (one.at, one.until) for name, one in verdict.memberships.items()}


def joining(count: int, codes: Callable[[int], tuple[int, int]]) -> dict[str, Any]:
    pairs = [codes(number) for number in range(count)]
    return {str(n): {"all": [{"e0": {"l": a}}, {"e1": {"l": b}}], "count": 1} for n, (a, b) in enumerate(pairs)}


HANGING = joining(600, lambda n: (n, 1000 + n))


def patterns_with(*chains: Chain) -> PatternSet:
    made = PatternSet((), ZoneInfo("UTC"))
    made.patterns = tuple(LivePattern(f"s{place}", (chain,)) for place, chain in enumerate(chains))
    return made


PLAIN = Chain(("a", "b"), (None, None))


def shard(text: object, number: int, chain: Chain = PLAIN) -> Shard:
    made = text if isinstance(text, str) else json.dumps(text)
    return Shard(made, ((number, 0),), (chain,), {"a": 1, "b": 2}, (), ((0, frozenset(chain.steps)),))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HANGING, id="hangs-513-conditions"),
        pytest.param(joining(300, lambda _n: (1, 2)), id="crashes-257-same-conditions"),
        pytest.param(joining(4200, lambda n: (n % 100, n // 100)), id="error-4097-rules"),
        pytest.param({"0": {"all": [{"e0": {"l": 1e16}}, {"e1": {"l": 2}}], "count": 1}}, id="error-a-float"),
        pytest.param('{"0": ', id="error-no-json"),
    ],
)
def test_rules_that_end_the_engine_are_refused_and_evaluated_all_the_same(text: object) -> None:
    """The rule sets beside them go on in the engine; the chains of the refused one are left to the reference."""
    patterns = patterns_with(PLAIN, PLAIN)
    plan = Plan((shard(text, 0), shard(SOUND, 1)), frozenset())
    with PatternEngine(patterns, QUICK, plan=plan) as engine:
        found = evaluate(patterns, [(Window(tuple(ENTRIES)), 5000)] * 2, engine)
        assert engine.refused == {(0, 0)}
        assert (engine.counts.ended, engine.counts.carried) == (2, 2)
    assert [told(one) for one in found] == [{"s0": (1005, None), "s1": (1005, None)}] * 2
    assert not found[0].quarantined


def branching(count: int) -> dict[str, Any]:
    """So many rules whose second step one event can match, each by a condition of its own."""

    def second(number: int) -> dict[str, Any]:
        return {"$and": [{"l": 2}, {"$gte": {"t": {"$add": {"$l": {"e0": "t"}, "$r": -number}}}}]}

    return {str(n): {"all": [{"e0": {"l": 1}}, {"e1": second(n)}], "count": 1} for n in range(count)}


@pytest.mark.parametrize(
    ("text", "chain"),
    [
        pytest.param(branching(100), PLAIN, id="error-65-branches"),
        pytest.param(
            {"0": {"all": [{f"e{n}": {"l": 1}} for n in range(9)], "count": 1}},
            Chain(("a",), (None,)),
            id="hangs-too-many-matches",
        ),
        pytest.param(
            {"0": {"all": [{f"e{n}": {"l": 1}} for n in range(17)], "count": 1}},
            Chain(("a",), (None,)),
            id="error-17-messages",
        ),
    ],
)
def test_a_window_that_ends_the_engine_twice_is_quarantined_and_evaluated_all_the_same(
    text: object, chain: Chain
) -> None:
    """Others of the batch are answered, those before it and those after it."""
    patterns = patterns_with(chain)
    harmless = Window(tuple(ENTRIES[:1]))
    harmful = Window((*(Entry(number, f"x{number}", ("a",)) for number in range(40)), *ENTRIES[1:]))
    with PatternEngine(patterns, QUICK, plan=Plan((shard(text, 0, chain),), frozenset())) as engine:
        found = evaluate(patterns, [(harmless, 5000), (harmful, 5000), (harmless, 5000)], engine)
        assert (engine.counts.quarantined, engine.counts.ended) == (1, 2)
    assert [one.quarantined for one in found] == [False, True, False]
    assert told(found[1]) == told(evaluate(patterns, [(harmful, 5000)])[0]) != {}


def test_an_engine_killed_again_and_again_loses_no_evaluation() -> None:
    """Whoever kills it: the batch is answered whole, and rightly."""
    random = Random(7)
    patterns = pattern_set(random, 30)
    windows = [(Window().add(stream(random, patterns, 15, 20), patterns.limits), MOMENT + 20_000) for _ in range(600)]
    wanted = evaluate(patterns, windows)
    found: list[Verdict] = []
    with PatternEngine(patterns, Limits(rest=0.0)) as engine:
        for at in range(0, 600, 100):
            assert engine.start()
            pid = engine.pid
            assert pid is not None
            killer = Timer(0.01, os.kill, (pid, random.choice((signal.SIGSEGV, signal.SIGKILL))))
            killer.start()
            found += evaluate(patterns, windows[at : at + 100], engine)
            killer.join()
        assert engine.counts.ended >= 4
    assert [told(one) for one in found] == [told(one) for one in wanted]
    assert [one.due for one in found] == [one.due for one in wanted]


def test_documents_beyond_the_bounds_of_one_rule_set_are_carried_by_several() -> None:
    """1,200 different conditions, 300 alike, 100 absences, 8 steps, all in one document: nothing is refused."""
    segments: list[dict[str, Any]] = []

    def add(*steps: dict[str, Any]) -> None:
        segments.append({"id": f"s{len(segments)}", "pattern": {"sequence": list(steps)}})

    for number in range(600):
        add({"event": "view", "where": {"event.properties.k": number}}, {"event": "cart"})
    for number in range(300):
        add({"event": "search", "where": {"event.properties.k": number}}, {"event": f"click-{number}"})
    for number in range(300):
        add({"event": "view"}, {"event": "cart", "within": f"{number + 1}s"})
    for number in range(100):
        add({"event": "cart"}, {"absent": "purchase", "for": f"{number + 1}s"})
    add(*({"event": "view" if number % 2 else "cart"} for number in range(8)))
    add({"event": "view", "where": {"event.properties.k": "x" * 100_000}}, {"event": "\x00'\"\\{}" * 50})
    patterns = patterns_of(rules.load({"segments": segments}))
    random = Random(3)
    windows = []
    for _ in range(6):
        entries = []
        for number in range(16):
            event = {"event.type": random.choice(("view", "cart")), "event.properties.k": random.randrange(600)}
            entries.append(Entry(MOMENT + 1000 * random.randrange(60), str(number), patterns.letters(event, None)))
        windows.append((Window().add(entries, patterns.limits), MOMENT + 80_000))
    with PatternEngine(patterns) as engine:
        found = evaluate(patterns, windows, engine)
        assert engine.counts.ended == 0
        assert not engine.refused
        assert engine.counts.carried == len(windows)
    assert [told(one) for one in found] == [told(one) for one in evaluate(patterns, windows)]


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([Entry(5, "x" * 10_000_000, ("a",)), Entry(6, "y\x00'\"\\" * 99, ("b",))], id="ids-of-any-size"),
        pytest.param([Entry(5, str(n), ("a", "b")) for n in range(50)], id="all-at-one-instant"),
        pytest.param([Entry(-(2**60), "x", ("a",)), Entry(2**60, "y", ("b",))], id="times-beyond-the-calendar"),
        pytest.param([Entry(n, str(n), ("a", "b")) for n in range(500)], id="more-than-a-window-holds"),
        pytest.param(
            [Entry(1, "5", ("a",)), Entry(1, "5.0", ("a",)), Entry(1, "05", ("b",))], id="ids-that-look-alike"
        ),
    ],
)
def test_no_event_can_end_the_engine(entries: list[Entry]) -> None:
    """What is a client's never reaches it, and what would be too much is left to the reference."""
    chains = (PLAIN, Chain(("a", "b", "a", "b"), (None, 5, 5, 5)), Chain(("a",), (None,), absent="b", duration=5))
    patterns = patterns_with(*chains)
    window, now = Window(tuple(entries)), max(one.time for one in entries) + 10
    with PatternEngine(patterns, QUICK) as engine:
        found = evaluate(patterns, [(window, now)], engine)
        assert engine.counts.ended == engine.counts.quarantined == 0
    assert told(found[0]) == told(evaluate(patterns, [(window, now)])[0])


def test_without_a_process_everything_is_left_to_the_reference() -> None:
    """And starting is tried again after a rest."""
    now = [0.0]
    patterns = patterns_with(PLAIN)
    limits = Limits(start=5.0, rest=30.0)
    with PatternEngine(patterns, limits, clock=lambda: now[0], arguments=("/nonexistent/python",)) as engine:
        for later, failed in ((0.0, 1), (29.0, 1), (2.0, 2)):
            now[0] += later
            found = evaluate(patterns, [(Window(tuple(ENTRIES)), 5000)], engine)
            assert told(found[0]) == {"s0": (1005, None)}
            assert engine.counts.ended == failed


def test_closing_ends_the_process_and_another_evaluation_starts_a_new_one() -> None:
    """By its own number."""
    patterns = patterns_with(PLAIN)
    engine = PatternEngine(patterns)
    assert engine.start()
    first = engine.pid
    assert first is not None
    engine.close()
    engine.close()
    assert engine.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert told(evaluate(patterns, [(Window(tuple(ENTRIES)), 5000)], engine)[0]) == {"s0": (1005, None)}
    assert engine.pid not in (None, first)
    engine.close()


def test_a_process_that_has_seen_enough_is_replaced_between_two_batches() -> None:
    """The engine forgets almost, but not quite, everything."""
    patterns = patterns_with(PLAIN)
    pids = []
    with PatternEngine(patterns, Limits(facts=10)) as engine:
        for _batch in range(4):
            evaluate(patterns, [(Window(tuple(ENTRIES)), 5000)], engine)
            pids.append(engine.pid)
        assert (engine.counts.started, engine.counts.ended) == (2, 0)
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_a_hanging_process_ends_itself_when_nobody_is_left_to_end_it() -> None:
    """The engine holds Python's lock while it hangs; the kernel's alarm does not ask for it."""
    process = EngineProcess(command(0.1, 1024), time.monotonic)
    process.receive(10)
    process.send(Load(json.dumps(HANGING)), 5)
    _pid, status, _usage = os.wait4(process.pid, 0)
    assert os.WTERMSIG(status) == signal.SIGALRM
    process.kill()


def test_what_is_no_request_ends_the_process() -> None:
    """It has no such rule set; and what it said until then is all it says."""
    process = EngineProcess(command(5, 1024), time.monotonic)
    process.receive(10)
    process.send(Ask((((0, ((1, 2, 3),)),),)), 5)
    with pytest.raises(EngineEndedError, match="closed its answers"):
        process.receive(10)
