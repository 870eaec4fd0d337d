"""/openapi.json, /docs with Swagger UI from the installed package, and the pages that problem types lead to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request, send_from_directory

from plugin.errors import NotFound, TesseraError
from plugin.service.preconditions import tag_of

_ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
_ASSET_AGE_S = 86_400
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tessera API</title>
<link rel="icon" href="/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<main id="ui"></main>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
"""
_START = """window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#ui",
  deepLinking: true,
  validatorUrl: null,
});
"""
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)


def blueprint(document: Callable[[], Mapping[str, Any]]) -> Blueprint:
    """The pages. The document is made when it is first asked for."""
    found = Blueprint("docs", __name__)

    @lru_cache(maxsize=1)
    def rendered() -> tuple[bytes, str]:
        value = document()
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), tag_of(value)

    @found.get("/openapi.json")
    def openapi() -> Response:
        body, tag = rendered()
        response = Response(body, content_type="application/json")
        response.headers["Cache-Control"] = "no-cache"
        response.set_etag(tag)
        return response.make_conditional(request)  # type: ignore[return-value]  # the same response

    @found.get("/docs")
    def docs() -> Response:
        return Response(_PAGE, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _POLICY})

    @found.get("/docs/start.js")
    def start() -> Response:
        return Response(_START, content_type="text/javascript; charset=utf-8")

    @found.get("/docs/assets/<name>")
    def asset(name: str) -> Response:
        if name not in _ASSETS:
            raise NotFound
        return send_from_directory(_folder(), name, max_age=_ASSET_AGE_S)

    @found.get("/problems/<slug>")
    def problem(slug: str) -> Response:
        # Subclasses without a slug of their own are the same problem, told of more closely.
        kind = {one.slug: one for one in _kinds(TesseraError) if "slug" in vars(one)}.get(slug)
        if kind is None:
            raise NotFound(f"There is no problem type {slug!r}.")
        about = " ".join((kind.__doc__ or "").split())
        return Response(f"{kind.title} ({kind.status.value})\n\n{about}\n", content_type="text/plain; charset=utf-8")

    return found


def _folder() -> Path:
    from swagger_ui_bundle import swagger_ui_path  # noqa: PLC0415  # finds its files when imported

    return Path(str(swagger_ui_path))


def _kinds(root: type[TesseraError]) -> Iterator[type[TesseraError]]:
    yield root
    for child in root.__subclasses__():
        yield from _kinds(child)
