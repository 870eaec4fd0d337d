"""What somebody's profile has to hold, counted plainly from the events that were accepted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import isclose
from typing import Any

from plugin.profiles import state as states
from plugin.store import Store
from rules.patterns.windows import Window

DAY_S, HALF_LIFE_S, GAP_S = 86_400, 7 * 86_400, 1_800
WEIGHTS = {"view": 1.0, "click": 1.0, "dismiss": -2.0, "add_to_cart": 2.0, "purchase": 4.0}
Event = Mapping[str, Any]
"""As it is sent, with `at`, its instant in seconds since the epoch."""


def recount(events: Sequence[Event], topics: Mapping[str, Sequence[str]], now_s: int) -> dict[str, Any]:
    """All that is compared, in plain numbers."""
    found: dict[str, Any] = {
        "totals": Counter(one["type"] for one in events),
        "sums": Counter(),
        "days": Counter((one["type"], one["at"] // DAY_S) for one in events),
        "decayed": defaultdict(float),
        "interests": defaultdict(float),
        "shown": defaultdict(list),
        "window": sorted((one["at"] * 1000, one["id"]) for one in events if one["type"] in ("add_to_cart", "purchase")),
        "first": min(one["at"] for one in events) * 1000,
        "last": max(one["at"] for one in events) * 1000,
        "visits": _visits(one["at"] for one in events),
    }
    for one in events:
        worth = 2.0 ** ((one["at"] - now_s) / HALF_LIFE_S)
        found["decayed"][one["type"]] += worth
        if one["type"] == "purchase":
            found["sums"][one["type"]] += round(one["value"] * 1000)
        if one["type"] == "impression":
            found["shown"][one["content_id"]].append(one["at"])
        for topic in set(topics.get(one.get("content_id", ""), ())):
            if one["type"] in WEIGHTS:
                found["interests"][topic] += WEIGHTS[one["type"]] * worth
    for times in found["shown"].values():
        times.sort()
    return found


def _visits(times: Iterable[int]) -> int:
    ordered = sorted(times)
    return 1 + sum(later - earlier > GAP_S for earlier, later in pairwise(ordered))


def differences(store: Store, source: str, wanted: Mapping[str, Any], now_s: int) -> list[str]:
    """What of a stored profile is not as it was counted."""
    row = store.visitors.find(source)
    if row is None:
        return ["there is no profile"]
    held = states.decode(row.state)
    days = {
        (name, one.newest - ago): count
        for name, one in held.days.items()
        for ago, count in enumerate(one.counts)
        if count
    }
    exact = {
        "totals": ({name: one.events for name, one in held.totals.items()}, dict(wanted["totals"])),
        "sums": ({n: one.thousandths for n, one in held.totals.items() if one.thousandths}, dict(wanted["sums"])),
        "days": (days, dict(wanted["days"])),
        "shown": ({name: list(times) for name, times in held.exposures.items()}, dict(wanted["shown"])),
        "window": ([one[:2] for one in Window.decode(row.window).entries], wanted["window"]),
        "first": (held.first_seen, wanted["first"]),
        "last": (held.last_seen, wanted["last"]),
        "visits": (held.sessions.count, wanted["visits"]),
    }
    found = [f"{name}: {got} instead of {right}" for name, (got, right) in exact.items() if got != right]
    for name, decayed in (("decayed", held.counters), ("interests", held.interests)):
        factor = decayed.factor(now_s * 1000)
        got = {one: weight * factor for one, weight in decayed.weights.items()}
        right = wanted[name]
        if got.keys() != right.keys() or not all(isclose(got[one], right[one], rel_tol=1e-6) for one in right):
            found.append(f"{name}: {got} instead of {dict(right)}")
    return found
