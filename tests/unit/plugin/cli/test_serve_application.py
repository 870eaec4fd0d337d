"""What `tessera serve` runs in each worker process."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable

import pytest

from plugin.cli.serve import application
from tests.unit.plugin.cli.conftest import Tessera


def test_a_worker_closes_what_it_opened_when_its_process_ends(run: Tessera, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("db", "upgrade").exit_code == 0
    at_the_end: list[Callable[[], object]] = []
    monkeypatch.setattr(atexit, "register", at_the_end.append)
    before = set(threading.enumerate())
    app = application()
    ours = {one for one in threading.enumerate() if one not in before and one.name.startswith("tessera-")}
    assert app.test_client().get("/healthz").status_code == 200
    assert ours
    assert at_the_end == [app.extensions["tessera"].close]
    at_the_end[0]()
    assert not any(one.is_alive() for one in ours)
