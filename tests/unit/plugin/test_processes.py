"""Whether another process has ended is known on its own machine, and nowhere else."""

from __future__ import annotations

import subprocess
import sys

from plugin.processes import has_ended, own_name


def test_a_process_that_runs_has_not_ended_and_one_that_was_killed_has() -> None:
    assert own_name() != own_name()
    assert not has_ended(own_name())
    command = [sys.executable, "-c", "from plugin.processes import own_name; print(own_name(), flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        assert not has_ended(name)
        other.kill()
        other.wait(90)
        assert has_ended(name)


def test_of_other_machines_and_of_names_of_another_form_nothing_is_known() -> None:
    place, number, began, chance = own_name().split(":")
    assert has_ended(f"{place}:{number}:{int(began) + 1}:{chance}"), "its number was given to another since"
    for name in (f"elsewhere:{number}:1:{chance}", f"{place}:{number}", f"{place}:x:1:y", f"{place}:{number}:0:y", ""):
        assert not has_ended(name)
