"""The wheel: built from the sources, installed away from the checkout, and used there.

The environment that it is installed into is fresh but for a path to the packages of this one, so that nothing is
downloaded; `Tessera` itself is installed there without dependencies.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("rules", "adapters", "plugin", "templates", "migrations")
BESIDE = ("pyproject.toml", "README.md", "LICENSE")
OURS = ("rules", "adapters", "plugin")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: a build leaves folders behind."""
    copy = tmp_path_factory.mktemp("sources")
    for name in SHIPPED:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for name in BESIDE:
        shutil.copy(ROOT / name, copy / name)
    out = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(copy)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an environment with the wheel in it."""
    made = tmp_path_factory.mktemp("environment")
    venv.create(made, with_pip=False, symlinks=True)
    python = made / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet", wheel],
        check=True,
        timeout=120,
        capture_output=True,
    )
    (site,) = made.glob("lib/python*/site-packages")
    # Appended by hand and not by `addsitedir`, which would run the .pth file of the checkout's installation, too.
    (site / "beside.pth").write_text(f"import sys; sys.path.append({sysconfig.get_path('purelib')!r})\n")
    return made


def run(installed: Path, command: Sequence[str], folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """A command of the environment in a folder that has nothing to do with the checkout."""
    clean = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    path = f"{installed / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [str(installed / "bin" / command[0]), *command[1:]],
        cwd=folder,
        env={**clean, "PATH": path, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def python(installed: Path, folder: Path, code: str) -> str:
    found = run(installed, ["python", "-c", code], folder)
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


def test_the_wheel_has_every_package_and_nothing_else(wheel: Path) -> None:
    """The packages are listed by hand in pyproject.toml, so that one can be forgotten."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in OURS
        for path in (ROOT / package).rglob("*.py")
        if "__pycache__" not in path.parts
    }
    assert not sorted(wanted - names), "missing in the wheel: list their packages in pyproject.toml"
    tops = {name.partition("/")[0] for name in names}
    (meta,) = (name for name in tops if name.endswith(".dist-info"))
    assert tops == {*OURS, meta}
    assert not [name for name in names if name.startswith("plugin/shipped/") and name.endswith(".pyc")]


def test_the_wheel_brings_every_file_that_the_program_reads(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    moved = {"templates": "plugin/shipped/templates", "migrations": "plugin/shipped/migrations"}
    wanted = {
        f"{there}/{path.relative_to(ROOT / here).as_posix()}"
        for here, there in moved.items()
        for path in (ROOT / here).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    read = ("demo/site", "demo/static", "web/static")
    wanted |= {
        path.relative_to(ROOT).as_posix()
        for folder in read
        for path in (ROOT / "plugin" / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wanted |= {"rules/document.schema.json", "rules/compiled.schema.json"}
    # What is installed into a CMS: modules of ours that tell of changes.
    wanted |= {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "adapters").rglob("module/**/*.*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert not sorted(wanted - names)


def test_the_imported_packages_are_those_of_the_wheel(installed: Path, tmp_path: Path) -> None:
    code = (
        "import json, rules, adapters, plugin; print(json.dumps([rules.__file__, adapters.__file__, plugin.__file__]))"
    )
    for name, file in zip(OURS, json.loads(python(installed, tmp_path, code)), strict=True):
        place = Path(file).resolve()
        assert place.is_relative_to(installed.resolve()), f"{name} comes from {place}"
        assert not place.is_relative_to(ROOT)
    assert python(installed, tmp_path, "from plugin import foreign; foreign.check(); print('ours')") == "ours"


def test_a_foreign_package_before_ours_is_refused(installed: Path, tmp_path: Path) -> None:
    """A folder `rules` in the working directory comes first for `python -c`."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "__init__.py").touch()
    found = run(installed, ["python", "-c", "from plugin import foreign; foreign.check()"], tmp_path)
    assert found.returncode == 1
    assert "the package 'rules' is another distribution's" in found.stderr


def test_the_command_runs_and_says_its_version(installed: Path, tmp_path: Path) -> None:
    found = run(installed, ["tessera", "--version"], tmp_path)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("tessera, version ")
    config = run(installed, ["tessera", "config"], tmp_path)
    assert config.returncode == 0, config.stderr
    assert str(tmp_path / "var" / "tessera.db") in config.stdout


def test_templates_migrations_and_the_sample_site_are_found(installed: Path, tmp_path: Path) -> None:
    code = "from plugin.resources import folder; print(*map(folder, ('templates', 'migrations', 'site')), sep='\\n')"
    for place in python(installed, tmp_path, code).splitlines():
        assert Path(place).is_relative_to(installed)
    found = run(installed, ["tessera", "db", "upgrade"], tmp_path)
    assert found.returncode == 0, found.stderr
    assert run(installed, ["tessera", "db", "check"], tmp_path).returncode == 0
    code = (
        "from plugin.render.blocks import BlockRenderer; from plugin.resources import folder; from rules import Block,"
        " Reason; print(BlockRenderer(folder('templates') / 'blocks').render(Block('a', 1, 0.0, Reason('score'),"
        " {'id': 'a', 'type': 'hero', 'title': 'Night <train>', 'image': 'x.svg'}), {}))"
    )
    assert "Night &lt;train&gt;" in python(installed, tmp_path, code)


def test_a_decision_from_the_sample_site(installed: Path, tmp_path: Path) -> None:
    """By the command alone: no server, no database, no file of the checkout."""
    site = Path(python(installed, tmp_path, "from plugin.resources import folder; print(folder('site'))"))
    command = ["tessera", "decide", "--rules", str(site / "rules"), "--content", str(site / "content")]
    command += ["--slot", "home.hero", "--at", "2026-11-24T20:00:00+01:00", "--context", '{"geo.country": "FR"}']
    found = run(installed, command, tmp_path)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["slots"]["home.hero"]["blocks"][0]["id"] == "hero-evening"
    checked = run(
        installed, ["tessera", "rules", "check", str(site / "rules"), "--content", str(site / "content")], tmp_path
    )
    assert checked.returncode == 0, checked.stderr
