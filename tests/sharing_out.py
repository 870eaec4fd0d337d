"""How tests are shared out to the workers of a run, and how evenly that came out.

A module's tests stay together, for what they share is made once; the longest come first, so that no worker is left
alone with a long one at the end.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

FIRST = (
    "integration/payload",  # these two may have to install a CMS, both at once
    "integration/cms/test_wagtail",
    "integration/events/test_killed",
    "e2e",
    "integration",
    "property",
    "docs",
    "contract",
)
"""By the beginning of their place below `tests`; all others follow."""
TOGETHER = ("contract/edge", "contract/streams", "integration/edge")
"""Folders whose modules share servers."""
APART = ("integration/events/test_killed.py", "integration/webhooks/test_convergence.py")
"""Modules of long tests that share nothing: each test goes to whoever is free."""
MOST_SHOWN = 6


def share_out(items: list[pytest.Item], tests: Path) -> None:
    """Puts them into order, and what belongs together into groups of pytest-xdist."""
    for item in items:
        place = item.path.relative_to(tests).as_posix()
        if place not in APART and item.get_closest_marker("xdist_group") is None:
            group = next((folder for folder in TOGETHER if place.startswith(folder)), place)
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: _rank(item.path.relative_to(tests).as_posix()))


def _rank(place: str) -> int:
    return next((rank for rank, beginning in enumerate(FIRST) if place.startswith(beginning)), len(FIRST))


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
