"""The adapter of docs/cms/own-adapter.md: built, installed, found through the registry, and held to every promise."""

from __future__ import annotations

import csv
import importlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adapters import registry
from plugin.cli.root import tessera
from tests.contract.clock import FakeTime
from tests.contract.cms import test_sources
from tests.contract.cms.harness import Piece
from tests.docs.pages import DOCS, examples

PAGE = DOCS / "cms" / "own-adapter.md"
EXAMPLES = list(examples(PAGE))
FILES = {example.file: example.text for example in EXAMPLES if example.file}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what pip would install: the modules, and the metadata with the entry point."""
    project, target = tmp_path_factory.mktemp("tessera-csv"), tmp_path_factory.mktemp("site-packages")
    for name in ("tessera_csv.py", "pyproject.toml"):
        (project / name).write_text(FILES[name], "utf-8")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    quiet = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run([*command, "--wheel-dir", str(project / "dist"), str(project)], check=True, env=quiet)
    [wheel] = (project / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


@pytest.fixture
def on_path(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(installed))
    importlib.invalidate_caches()
    yield
    sys.modules.pop("tessera_csv", None)


class CsvHarness:
    """A spreadsheet that is exported anew at each change."""

    COLUMNS = ("id", "locale", "type", "tags", "published_at", "status", "title", "body", "related", "expires_at")

    def __init__(self, file: Path, time: FakeTime) -> None:
        self.file = file
        self.time = time
        self.rows: dict[tuple[str, str | None], dict[str, str]] = {}
        self._export()
        self.source = registry.cms("csv")({"path": str(file)}, time.runtime())

    def _export(self) -> None:
        with self.file.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows.values())

    def put(self, piece: Piece, **more: str) -> None:
        row = {"id": piece.id, "locale": piece.locale or "", "type": "article", "tags": " ".join(piece.tags)}
        row |= {"published_at": "2026-01-02T03:04:05Z", "title": piece.title, "body": piece.html or ""}
        row |= {"related": piece.link or "", "expires_at": piece.expires or ""}
        self.rows[piece.id, piece.locale] = {**row, **more}
        self._export()

    def draft(self, piece: Piece) -> None:
        self.put(piece, status="draft")

    def remove(self, piece: Piece) -> None:
        del self.rows[piece.id, piece.locale]
        self._export()

    def damage(self, piece: Piece) -> None:
        self.put(piece, published_at="yesterday, about noon")

    def go_down(self) -> None:
        self.file.unlink()


@pytest.fixture
def harness(on_path: None, tmp_path: Path) -> Iterator[CsvHarness]:
    made = CsvHarness(tmp_path / "shop.csv", FakeTime())
    yield made
    made.source.close()


@pytest.fixture
def any_source(harness: CsvHarness) -> CsvHarness:
    return harness


PROMISES: dict[str, Any] = {
    name: value
    for name, value in vars(test_sources).items()
    if name.startswith("test_") and {"harness", "any_source"} & set(signature(value).parameters)
}
globals().update(PROMISES)


def test_all_promises_are_asked() -> None:
    assert len(PROMISES) >= 20


def test_the_registry_finds_it_and_tells_what_is_wrong_with_its_options(on_path: None) -> None:
    assert registry.discover("cms")["csv"] == "tessera_csv:build"
    with pytest.raises(Exception, match=r"path: required.*no_such_option: unknown option"):
        registry.cms("csv")({"no_such_option": 1}, FakeTime().runtime())


def test_it_is_under_60_lines() -> None:
    assert len(FILES["tessera_csv.py"].splitlines()) < 60


def test_the_command_line_reads_it_as_the_page_shows(
    on_path: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("shop.csv", "tessera.toml"):
        (tmp_path / name).write_text(FILES[name], "utf-8")
    [shown] = [example.text for example in EXAMPLES if "tessera cms check" in example.text]
    command, wanted = shown.splitlines()
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(tessera, command.split()[2:], prog_name="tessera", env={})
    assert result.output.splitlines()[:1] == [wanted], result.output
