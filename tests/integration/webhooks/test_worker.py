"""`tessera worker` beside another server, and a CMS that goes down and comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plugin.ports import Mark
from plugin.store import Store
from tests.contract.http_server import Reply
from tests.integration.webhooks.cms import Cms
from tests.integration.webhooks.test_convergence import ROOT, Site, a_site, soon

COMMAND = (
    "from tests.integration.webhooks.process import register_imitation as r; r(); from plugin.cli import main; main()"
)


@contextmanager
def worker(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    environ = {**os.environ, "TESSERA_CONFIG": str(site.folder / "tessera.toml")}
    log = (site.folder / "log.txt").open("wb")
    with log, subprocess.Popen([sys.executable, "-c", COMMAND, "worker"], cwd=ROOT, env=environ, stderr=log) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(90)


def failures(store: Store) -> int:
    return store.content.state("imitation").failures


@pytest.mark.server
def test_a_worker_brings_content_in_survives_an_outage_and_ends_when_told(tmp_path: Path) -> None:
    cms = Cms()
    cms.publish("a")
    with cms.served() as url, a_site(tmp_path, url, fenced=True) as site:
        with worker(site) as process:
            soon(lambda: site.stored() == {"a": "a v1"}, 30)
            cms.failing = Reply(503, headers={"Content-Type": "text/html"}, body=b"<h1>Down</h1>")
            cms.publish("a")
            site.store.notices.mark("imitation", [Mark("a")], now=datetime.now(UTC))
            soon(lambda: failures(site.store) > 0, 30)
            assert site.stored() == {"a": "a v1"}
            cms.failing = None
            soon(lambda: site.stored() == {"a": "a v2"} and failures(site.store) == 0, 45)
            assert process.poll() is None
        assert process.returncode == 0, (tmp_path / "log.txt").read_text()
