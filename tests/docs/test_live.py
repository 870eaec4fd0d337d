"""The script of docs/live.md, run against a server of its own: it says what the page shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import DOCS
from tests.servers import free_port
from tests.serving import serving

pytestmark = pytest.mark.server

SCRIPT = DOCS / "examples" / "sci_fi.py"
SHOWN = "<!-- said: sci_fi.py -->\n```text\n"
KEY = "a-long-secret-of-yours"
SETTINGS = """\
bind = "127.0.0.1:{port}"
delivery_keys = [{{key = "public"}}]

[[management_keys]]
name = "script"
key = "{key}"
scopes = ["explain", "read", "write", "publish"]

[sources.site]
adapter = "files"
path = "content"
"""
RULES = "version: 1\nslots: [{id: home.hero, select: {content.type: hero}}]\n"


def shown() -> str:
    """The output as the page shows it."""
    text = (DOCS / "live.md").read_text("utf-8")
    assert text.count(SHOWN) == 1
    return text.partition(SHOWN)[2].partition("```")[0]


def run(key: str, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), key, url], capture_output=True, text=True, timeout=180, check=False
    )


def test_the_script_says_what_the_page_shows(tmp_path: Path) -> None:
    """Twice: what it makes may be there already."""
    (tmp_path / "content" / "hero").mkdir(parents=True)
    (tmp_path / "content" / "hero" / "welcome.md").write_text("---\ntitle: Welcome\n---\n", "utf-8")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with serving(tmp_path, url, settings=SETTINGS.format(port=port, key=KEY), rules=RULES):
        for _time in range(2):
            done = run(KEY, url)
            assert done.stderr == ""
            assert done.stdout == shown()
        for key, said in (("wrong", "The key is not known."), ("public", "the scope 'write'")):
            done = run(key, url)
            assert done.returncode == 1
            assert "Traceback" not in done.stderr
            assert said in done.stderr
    done = run(KEY, url)
    assert (done.returncode, done.stderr.startswith(f"Nothing answers at {url}")) == (1, True), done.stderr


def test_it_is_short() -> None:
    assert len(SCRIPT.read_text("utf-8").splitlines()) < 90
