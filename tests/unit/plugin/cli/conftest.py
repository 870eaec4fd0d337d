"""A command line in an empty folder, with no settings but those of the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from plugin.cli.root import tessera

Tessera = Callable[..., Result]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    import os

    for name in [name for name in os.environ if name.startswith("TESSERA_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(here: Path) -> Tessera:
    """Runs `tessera` with arguments; what nobody foresaw is raised, not hidden in the result."""

    def call(*arguments: str, typed: str | None = None) -> Result:
        result = CliRunner().invoke(tessera, list(arguments), typed, prog_name="tessera")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


RULES = """\
version: 1
slots:
  - {id: home.hero, default: {id: welcome}}
segments:
  - {id: french, when: {geo.country: FR}, public: true}
rules:
  - {id: vip-first, slot: home.hero, when: {segment: french}, then: [{pin: {content.tags: vip}}]}
"""
TESTS = """\
tests:
  - name: the French see the vip hero
    given: {geo.country: FR}
    slot: home.hero
    expect: {first: gold, rule: vip-first}
"""
CONTENT = """\
- {id: welcome, type: hero, title: Welcome, published_at: 2026-01-02}
- {id: gold, type: hero, tags: [vip], title: Gold, published_at: 2026-01-01}
"""


@pytest.fixture
def rules(here: Path) -> Path:
    """A folder with rules in one file and their tests in another."""
    folder = here / "rules"
    folder.mkdir()
    (folder / "10-rules.yaml").write_text(RULES, "utf-8")
    (folder / "20-tests.yaml").write_text(TESTS, "utf-8")
    return folder


@pytest.fixture
def content(here: Path) -> Path:
    """A file of entries."""
    path = here / "content.yaml"
    path.write_text(CONTENT, "utf-8")
    return path
