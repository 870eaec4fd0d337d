"""A small page to try queries on: ours, for no package brings GraphiQL without a network or another framework."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from plugin.web.problems import Rendered

_FOLDER = Path(__file__).parent / "static"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}
FILES = {"/graphql/page.js": "page.js", "/graphql/page.css": "page.css"}


@lru_cache(maxsize=8)
def file(name: str) -> Rendered:
    """A file of the page. Raises FileNotFoundError: the installation is incomplete."""
    path = _FOLDER / name
    headers = {"Content-Type": _KINDS[path.suffix], "Cache-Control": "no-cache"}
    if path.suffix == ".html":
        headers |= {"Content-Security-Policy": _POLICY, "Cache-Control": "private, no-store"}
    return path.read_bytes(), 200, headers
