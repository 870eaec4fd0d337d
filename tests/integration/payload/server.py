"""A real Payload from npm: installed once into a folder of its own, started on a free port, stopped by its own pid."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from adapters.cms.payload import MODULE
from tests.node import modules
from tests.servers import free_port, program

SITE = Path(__file__).with_name("site")
KEY = "the-key-of-a-reader"
SECRET = "a secret shared by both sides"
START_S = 180
STOP_S = 60


@dataclass(frozen=True)
class Editor:
    """Somebody with an API key who edits through Payload's own REST API."""

    url: str
    session: requests.Session = field(default_factory=requests.Session, repr=False)

    def create(self, collection: str, data: Mapping[str, object], *, query: str = "") -> Any:
        """Makes a document; gives it as Payload answers."""
        return self._done(self.session.post(self._place(collection, query), json=data, timeout=90))

    def upload(self, collection: str, name: str, content: bytes, kind: str) -> Any:
        """Makes a document with a file."""
        return self._done(
            self.session.post(self._place(collection, ""), files={"file": (name, content, kind)}, timeout=90)
        )

    def update(self, collection: str, document_id: object, data: Mapping[str, object], *, query: str = "") -> Any:
        """Changes a document: `query` may say `locale=fr` or `draft=true`."""
        return self._done(self.session.patch(self._place(f"{collection}/{document_id}", query), json=data, timeout=90))

    def delete(self, collection: str, document_id: object) -> None:
        """Deletes a document."""
        answer = self.session.delete(self._place(f"{collection}/{document_id}", ""), timeout=90)
        assert answer.status_code == 200, answer.text

    def _place(self, path: str, query: str) -> str:
        return f"{self.url}/api/{path}?{query}"

    @staticmethod
    def _done(answer: requests.Response) -> Any:
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["doc"]


@contextmanager
def payload(*, announce_to: str | None = None) -> Iterator[Editor]:
    """A site with nothing in it. With `announce_to` our module is in its configuration and sends notices there."""
    packages = modules("payload", SITE)  # the first time half a minute
    folder = Path(tempfile.mkdtemp(prefix="tessera-payload-"))
    try:
        for file in SITE.iterdir():
            shutil.copy(file, folder)
        (folder / "node_modules").symlink_to(packages)
        port = free_port()
        environment = {
            **os.environ,
            "PORT": str(port),
            "DB": str(folder / "payload.db"),
            "FILES": str(folder / "files"),
            "API_KEY": KEY,
        }
        if announce_to is not None:
            environment |= {"TESSERA_URL": announce_to, "TESSERA_SECRET": SECRET, "TESSERA_MODULE": str(MODULE)}
        with _running(folder, environment), requests.Session() as session:
            session.headers["Authorization"] = f"users API-Key {KEY}"
            yield Editor(f"http://127.0.0.1:{port}", session)
    finally:
        shutil.rmtree(folder)


@contextmanager
def _running(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program("node"), "server.mjs"], cwd=folder, env=dict(environment), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + START_S
        while b"listening" not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Payload did not start:\n{log.read_text(errors='replace')[-2_000:]}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)
