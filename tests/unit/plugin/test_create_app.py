"""`plugin.create_app`: what a WSGI server calls."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

import plugin
from plugin.errors import SettingsError


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_as_it_was_whether_it_starts_or_not(
    enabled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TESSERA_DATABASE_URL", "nothing")
    was_enabled = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        with pytest.raises(SettingsError):
            plugin.create_app()
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()


def test_what_a_start_does_not_need_is_not_loaded() -> None:
    needless = {"alembic", "redis", "jsonschema", "psycopg", "sqlalchemy.dialects.postgresql"}
    code = f"import sys, plugin.app; print(*{needless!r} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
