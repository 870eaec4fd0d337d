"""How tests are shared out to the workers of a run, and how evenly that came out.

A module's tests stay together, for what they share is made once; the longest come first, so that no worker is left
alone with a long one at the end. The groups are told by place and not by marks: pytest-xdist 3.8 puts the name of a
group behind a test's id in a way that pytest 9.2 does not notice, so that marked tests went wherever there was room.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

FIRST = (
    "integration/payload",  # these two may have to install a CMS, both at once
    "integration/cms/test_wagtail",
    "integration/events/test_killed",
    "e2e/test_editor",
    "e2e",
    "edge",
    "integration",
    "property",
    "docs",
    "contract",
)
"""By the beginning of their place below `tests`; all others follow."""
TOGETHER = (
    "contract/edge",
    "contract/streams",
    "edge/",
    "integration/cms/test_wagtail",
    "integration/edge",
    "integration/payload",
)
"""The beginnings of places whose modules share servers."""
DEMO = ("e2e/test_demo", "e2e/test_live_storefront", "e2e/test_storefront", "e2e/script")
"""The same, of those that look at one demo."""
APART = ("integration/events/test_killed.py", "integration/test_openapi.py", "integration/webhooks/test_convergence.py")
"""Modules of long tests that share nothing: each test goes to whoever is free."""
MOST_SHOWN = 6


def in_order(items: list[pytest.Item], tests: Path) -> None:
    """Puts the longest first."""
    items.sort(key=lambda item: _rank(item.path.relative_to(tests).as_posix()))


def _rank(place: str) -> int:
    return next((rank for rank, beginning in enumerate(FIRST) if place.startswith(beginning)), len(FIRST))


def group_of(nodeid: str) -> str:
    """What a test is run together with: its module, what that shares a server with, or nothing."""
    place = nodeid.partition("::")[0].removeprefix("tests/")
    if place in APART:
        return nodeid
    if place.startswith(DEMO):
        return "demo"
    return next((beginning for beginning in TOGETHER if place.startswith(beginning)), place)


class Groups(LoadScopeScheduling):
    """Gives whole groups to workers, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


class Balance:
    """Adds up what each worker did."""

    def __init__(self) -> None:
        self._seconds: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A part of a test is done, somewhere."""
        worker = getattr(report, "worker_id", "main")
        self._seconds[worker][report.nodeid.partition("::")[0]] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """A line for each worker, with the modules that took it longest."""
        for worker, modules in sorted(self._seconds.items()):
            longest = sorted(modules.items(), key=lambda one: -one[1])[:MOST_SHOWN]
            named = ", ".join(f"{module.removeprefix('tests/')} {seconds:.0f}" for module, seconds in longest)
            terminalreporter.write_line(f"{worker}: {sum(modules.values()):.0f} s, of which {named}")
