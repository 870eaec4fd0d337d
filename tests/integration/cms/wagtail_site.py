"""A real Wagtail: in an environment of its own, on a free port of 127.0.0.1, stopped by its pid.

The environment is made once, in a folder whose name tells what is in it; so is a site's first database. Each site then
is a copy in a temporary folder, served by gunicorn, and driven through its API v3 or by Python within it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from adapters.cms.wagtail import MODULE
from tests.servers import free_port

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "tests" / "fixtures" / "cms" / "wagtail"
SITE = FIXTURES / "site"
CACHE = ROOT / ".cache"
INSTALL_S = 600
START_S = 180
STOP_S = 60
SECRET = "shared-by-both-sides"
PREVIEW_TOKEN = "only-for-previews"


def _digest(*paths: Path) -> str:
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()[:12]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time makes what others wait for."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def environment() -> Path:
    """The Python of an environment with Wagtail in it, installed the first time.

    Raises:
        CalledProcessError, TimeoutExpired: it could not be installed.
    """
    requirements = FIXTURES / "requirements.txt"
    folder = CACHE / f"wagtail-{sys.version_info.major}.{sys.version_info.minor}-{_digest(requirements)}"
    python = folder / "bin" / "python"
    with _alone(folder):
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=INSTALL_S)
            install = [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(requirements)]
            subprocess.run(install, check=True, timeout=INSTALL_S, capture_output=True)
            (folder / "complete").touch()
    return python


def first_site(python: Path) -> Path:
    """A folder with the site's code, its database and the token of its editor, to be copied."""
    code = sorted(path for path in SITE.rglob("*.py") if "__pycache__" not in path.parts)
    folder = python.parents[1].with_name(f"{python.parents[1].name}-site-{_digest(*code)}")
    with _alone(folder):
        if not (folder / "token").exists():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(SITE, folder, ignore=shutil.ignore_patterns("__pycache__"))
            environ = {**os.environ, "SITE_DATA": str(folder)}
            made = subprocess.run(
                [str(python), "prepare.py"], cwd=folder, env=environ, check=True, timeout=INSTALL_S, capture_output=True
            )
            (folder / "token").write_bytes(made.stdout)
    return folder


@dataclass
class Wagtail:
    """A running site. `home` is the English home page."""

    url: str
    token: str
    home: int
    _driver: subprocess.Popen[str] = field(repr=False)
    _session: requests.Session = field(default_factory=requests.Session, repr=False)

    def api(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """A request of an editor's program to API v3."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self._session.request(method, f"{self.url}/api/v3/{path}", json=body, headers=headers, timeout=START_S)
        assert answer.ok, f"{answer.status_code}: {answer.text[:2000]}"
        decoded: dict[str, Any] = answer.json() if answer.content else {}
        return decoded

    def create(self, title: str, *, publish: bool = True, parent: int | None = None, **fields: object) -> int:
        """Makes an article; gives its number."""
        meta = {
            "type": "blog.ArticlePage",
            "parent_id": parent or self.home,
            **({"action": "publish"} if publish else {}),
        }
        number: int = self.api("POST", "pages/", {"meta": meta, "title": title, **fields})["id"]
        return number

    def edit(self, number: int, *, publish: bool = True, **fields: object) -> None:
        """Saves an article, as a draft or for all to see."""
        meta = {"type": "blog.ArticlePage", **({"action": "publish"} if publish else {})}
        self.api("PATCH", f"pages/{number}/", {"meta": meta, **fields})

    def unpublish(self, number: int) -> None:
        self.api("POST", f"pages/{number}/actions/unpublish/", {})

    def publish(self, number: int) -> None:
        self.api("POST", f"pages/{number}/actions/publish/", {})

    def delete(self, number: int) -> None:
        self.api("DELETE", f"pages/{number}/")

    def run(self, code: str) -> Any:
        """Runs Python in the site, as a management command; gives what it left in `answer`."""
        assert self._driver.stdin is not None
        assert self._driver.stdout is not None
        self._driver.stdin.write(json.dumps(code) + "\n")
        self._driver.stdin.flush()
        told = json.loads(self._driver.stdout.readline() or '{"error": "it ended"}')
        assert "error" not in told, told["error"]
        return told["answer"]


@contextmanager
def running(folder: Path, *, module: bool = True, webhook: str = "") -> Iterator[Wagtail]:
    """A site of its own in a folder that is empty, with the app `tessera_wagtail` or without."""
    python = environment()
    data = folder / "site"
    shutil.copytree(first_site(python), data)
    port = free_port()
    environ = {
        **os.environ,
        "SITE_DATA": str(data),
        "SITE_ADDRESS": f"http://127.0.0.1:{port}",
        "SITE_MODULE": "1" if module else "0",
        "PYTHONPATH": str(MODULE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TESSERA_WEBHOOK_URL": webhook,
        "TESSERA_WEBHOOK_SECRET": SECRET,
        "TESSERA_PREVIEW_TOKEN": PREVIEW_TOKEN,
    }
    serve = [str(python), "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--no-control-socket"]
    with ExitStack() as stack:
        log = stack.enter_context((folder / "wagtail.log").open("wb"))
        server = subprocess.Popen([*serve, "wsgi:application"], cwd=data, env=environ, stdout=log, stderr=log)
        stack.callback(_stop, server)
        driver = subprocess.Popen(
            [str(python), "drive.py"],
            cwd=data,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        stack.callback(_stop, driver)
        site = Wagtail(f"http://127.0.0.1:{port}", (data / "token").read_text(), 0, driver)
        stack.callback(site._session.close)
        _wait(site.url, server, folder / "wagtail.log")
        site.home = site.run("from wagtail.models import Site; answer = Site.objects.get().root_page_id")
        yield site


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            if requests.get(f"{url}/api/v2/pages/?limit=1", timeout=START_S).ok:
                return
        except requests.ConnectionError:
            pass
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Wagtail did not start:\n{log.read_text(errors='replace')[-3_000:]}")
        time.sleep(0.1)


def _stop(process: subprocess.Popen[Any]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_S)
