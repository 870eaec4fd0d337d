"""The command itself: its list of commands, and what it does with what it cannot do."""

from __future__ import annotations

import importlib
import subprocess
import sys

import click
import pytest

from plugin import foreign
from plugin.cli.root import COMMANDS
from tests.unit.plugin.cli.conftest import Tessera


def test_every_command_of_the_table_is_there_and_listed(run: Tessera) -> None:
    listed = run("--help").stdout
    for name, (path, summary) in COMMANDS.items():
        module, _colon, attribute = path.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        assert command.name == name
        assert summary.split(",")[0] in listed


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(run: Tessera, name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert f"Usage: tessera {name}" in result.stdout


def test_a_misspelt_command_is_wrong_usage_with_the_nearest_name(run: Tessera) -> None:
    result = run("rulse")
    assert result.exit_code == 2
    assert "did you mean 'rules'?" in result.stderr


def test_importing_the_command_line_imports_nothing_heavy() -> None:
    """A shell that completes, or asks for help, does not wait for SQLAlchemy, Flask or the rule engine."""
    code = "import sys, plugin.cli.root; print(*{'sqlalchemy', 'flask', 'yaml', 're2', 'granian'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_every_problem_of_the_settings_is_said_and_no_stack_trace_shown(
    run: Tessera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESSERA_BIND", "nowhere")
    monkeypatch.setenv("TESSERA_WORKES", "2")
    result = run("config")
    assert result.exit_code == 1
    assert "TESSERA_BIND: want HOST:PORT" in result.stderr
    assert "did you mean TESSERA_WORKERS?" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_foreign_package_under_our_name_is_refused_before_any_command_runs(
    run: Tessera, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise foreign.ForeignPackageError("the package 'rules' is another distribution's")

    monkeypatch.setattr(foreign, "check", refuse)
    result = run("rules", "schema")
    assert result.exit_code == 1
    assert "another distribution's" in result.stderr
    assert result.stdout == ""
