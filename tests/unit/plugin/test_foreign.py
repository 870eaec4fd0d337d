"""Packages of others under our names are refused. Each case runs in a process of its own, for imports are kept."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from plugin import foreign

CALL = "from plugin import foreign; foreign.check()"


def run(*places: Path) -> subprocess.CompletedProcess[str]:
    """What the check says where these folders come first on the path, and this environment's packages are left out."""
    code = f"import sys; sys.path[:0] = {list(map(str, places))!r}; {CALL}"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=180, check=False
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A place with packages of our names: enough of them for the check."""
    made = tmp_path / "home"
    for name in ("plugin", "rules", "adapters"):
        (made / name).mkdir(parents=True)
        (made / name / "__init__.py").touch()
    shutil.copy(foreign.__file__, made / "plugin" / "foreign.py")
    (made / "rules" / "__init__.py").write_text("class Ruleset: ...")
    (made / "rules" / "ruleset.py").touch()
    (made / "adapters" / "registry.py").touch()
    return made


def test_our_own_packages_pass(home: Path) -> None:
    foreign.check()
    assert run(home).returncode == 0


@pytest.mark.parametrize("name", ["rules", "adapters"])
def test_a_package_of_the_same_name_before_ours_is_refused(home: Path, tmp_path: Path, name: str) -> None:
    other = tmp_path / "other"
    (other / name).mkdir(parents=True)
    (other / name / "__init__.py").touch()
    found = run(other, home)
    assert found.returncode == 1
    assert f"the package {name!r} is another distribution's, at {other.resolve() / name}" in found.stderr
    assert "a virtual environment of its own" in found.stderr


def test_a_module_of_the_same_name_is_refused(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "rules.py").touch()
    assert "the package 'rules' is another distribution's, at no folder" in run(other, home).stderr


def test_a_namespace_package_is_refused(home: Path, tmp_path: Path) -> None:
    """Such as a folder `rules` of the working directory, where ours was not installed."""
    shutil.rmtree(home / "rules")
    (home / "rules").mkdir()
    assert "the package 'rules' is another distribution's" in run(home).stderr


def test_a_package_installed_over_ours_is_refused(home: Path) -> None:
    (home / "rules" / "__init__.py").write_text("engine = 1")
    assert "the package 'rules' at" in run(home).stderr
    (home / "adapters" / "registry.py").unlink()
    assert "the package 'adapters' at" in run(home).stderr


def test_a_missing_package_is_named(home: Path) -> None:
    shutil.rmtree(home / "adapters")
    assert "the package 'adapters' is missing" in run(home).stderr
