"""What is run once more, and what is not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.suite import MOST, run

SERVED = "tests/integration/test_served.py::test_one"
PURE = "tests/unit/test_pure.py::test_one"


def runs(failed: Sequence[str], codes: list[int]) -> tuple[int, Sequence[str], list[Sequence[str]]]:
    """The outcome of runs that end with these codes, and the arguments of each."""
    seen: list[Sequence[str]] = []

    def pytest(arguments: Sequence[str]) -> int:
        seen.append(arguments)
        return codes[len(seen) - 1]

    return (*run(["-n", "3"], pytest, lambda: failed), seen)


def test_what_failed_with_servers_is_run_once_more_alone() -> None:
    code, named, seen = runs([SERVED], [1, 0])
    assert (code, named) == (0, [SERVED])
    assert seen == [["-q", "--dist", "loadgroup", "-n", "3"], ["-q", "-n", "0", SERVED]]


def test_of_a_module_whose_server_did_not_start_all_is() -> None:
    failed = [f"{SERVED}[{number}]" for number in range(9)]
    assert runs(failed, [1, 0])[:2] == (0, failed)


def test_what_fails_again_has_failed() -> None:
    assert runs([SERVED], [1, 1])[:2] == (1, ())


@pytest.mark.parametrize(
    ("failed", "code"),
    [
        ([PURE], 1),
        ([SERVED, PURE], 1),
        ([SERVED.replace("served", f"served_{number}") for number in range(MOST + 1)], 1),
        ([SERVED], 2),
        ([SERVED], 3),
        ([], 0),
        ([], 1),
    ],
)
def test_nothing_else_is(failed: Sequence[str], code: int) -> None:
    outcome, named, seen = runs(failed, [code])
    assert (outcome, named, len(seen)) == (code, (), 1)
