"""`/tessera.js` for browsers: under its own name for a while, and under the name of its content for good."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256, sha384
from pathlib import Path

from flask import Blueprint, Response, request

from plugin.errors import NotFound

_FOLDER = Path(__file__).parent / "static"
_SOON = "public, max-age=300, stale-while-revalidate=86400"
_FOR_GOOD = "public, max-age=31536000, immutable"
_COMMENT = re.compile(r"(?:^|\s)// [^\"'`]*$")
_ANY_ORIGIN = {
    "Access-Control-Allow-Origin": "*",  # without it, no integrity can be checked
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@dataclass(frozen=True, slots=True)
class Script:
    """The script as it is served: `compact`, and what pages need to know of it."""

    source: bytes
    zipped: bytes
    digest: str
    integrity: str

    @property
    def name(self) -> str:
        """The name of this content."""
        return f"tessera.{self.digest}.js"


@lru_cache(maxsize=1)
def script() -> Script:
    """Read it, once. Raises FileNotFoundError: the installation is incomplete."""
    source = compact((_FOLDER / "tessera.js").read_text("utf-8")).encode()
    return Script(
        source,
        gzip.compress(source, 9, mtime=0),
        sha256(source).hexdigest()[:16],
        f"sha384-{b64encode(sha384(source).digest()).decode()}",
    )


def compact(text: str) -> str:
    """A script without indentation and comments, but for the first line.

    Lines stay lines, so that it means the same. The script holds no text of several lines, and no two slashes with a
    space behind them but in comments that have no quotation mark of their own.
    """
    first, *lines = text.splitlines()
    bare = (_COMMENT.sub("", line).strip() for line in lines)
    return "\n".join([first, *filter(None, bare)]) + "\n"


def blueprint() -> Blueprint:
    """`/tessera.js`, `/tessera.HASH.js`, `/tessera.json` (its address and integrity) and `/tessera.d.ts`."""
    found = Blueprint("script", __name__)

    @found.get("/tessera.js")
    def plain() -> Response:
        return _script(_SOON)

    @found.get("/tessera.<digest>.js")
    def by_content(digest: str) -> Response:
        if digest != script().digest:
            raise NotFound("This script is of another version; /tessera.json names the one that is served.")
        return _script(_FOR_GOOD)

    @found.get("/tessera.json")
    def about() -> Response:
        now = script()
        text = json.dumps({"path": f"/{now.name}", "integrity": now.integrity, "gzip_bytes": len(now.zipped)})
        return _response(text.encode(), "application/json", _SOON)

    @found.get("/tessera.d.ts")
    def types() -> Response:
        return _response((_FOLDER / "tessera.d.ts").read_bytes(), "text/plain; charset=utf-8", _SOON)

    return found


def _script(cache: str) -> Response:
    now = script()
    zips = request.accept_encodings.quality("gzip") > 0
    response = _response(now.zipped if zips else now.source, "text/javascript; charset=utf-8", cache)
    response.headers["Vary"] = "Accept-Encoding"
    if zips:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _response(body: bytes, content_type: str, cache: str) -> Response:
    response = Response(body, headers={**_ANY_ORIGIN, "Cache-Control": cache}, content_type=content_type)
    response.add_etag()
    return response.make_conditional(request)  # type: ignore[return-value]  # the same response
