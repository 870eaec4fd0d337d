"""The demo storefront: a magazine and shop rendered on the server, every block with why it is there.

It stands where a site's own frontend would, and takes the same service as `/v1/personalize`. Nothing of it is for
production but the way it asks.
"""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from hashlib import sha256, sha384
from pathlib import Path

from flask import Blueprint, Response, jsonify, request, send_from_directory
from werkzeug.exceptions import NotFound

from plugin.demo.keyed import ByEdge
from plugin.demo.live import Live
from plugin.demo.looking import Asked
from plugin.demo.pages import Page, Pages
from plugin.demo.subjects import ARTICLE, HOME, PRODUCT, SHOP, TOPIC, Kind
from plugin.demo.visitor import COOKIE
from plugin.demo.words import LANGUAGES
from plugin.errors import Forbidden, problem
from plugin.errors import NotFound as NothingThere
from plugin.flow.context import RawRequest, headers_from_environ
from plugin.render.blocks import BlockRenderer
from plugin.resources import folder
from plugin.service.delivery.personalize import Personalization
from plugin.service.previews.preview import Previewed

STYLES = ("ground.css", "blocks.css", "storefront.css", "live.css")
SCRIPT = "live.js"
_STATIC = Path(__file__).parent / "static"
_KEPT_S = 30 * 24 * 3600
_PAGE_HEADERS: Mapping[str, str] = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
}
_RECORDING_HEADERS: Mapping[str, str] = {
    **_PAGE_HEADERS,
    "Content-Security-Policy": f"{_PAGE_HEADERS['Content-Security-Policy']}; script-src 'self'; connect-src 'self'",
}
_PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""A picture opened by itself is a document: it may style itself, and run nothing."""


def storefront(
    personalization: Personalization,
    renderer: BlockRenderer,
    *,
    clock: Callable[[], datetime],
    elapsed: Callable[[], float] = time.perf_counter,
    previewed: Callable[[str], Previewed] | None = None,
    live: Live | None = None,
    by_edge: ByEdge | None = None,
) -> Blueprint:
    """The pages, their pictures and their style sheets, and what the panel of the real visitor asks for.

    Args:
        live: what pages record with; None: they record nothing, and have no script.
        previewed: what a preview link shows; None: pages show no drafts.
        by_edge: what pages for edges are made with; None: every page is its visitor's own.
        clock: asked where the panel chooses only the day or only the hour, and on pages without a decision.
        elapsed: seconds of a clock that never goes back, for the time a decision took.
    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    pages = Pages(
        personalization, renderer, clock=clock, elapsed=elapsed, previewed=previewed, live=live, by_edge=by_edge
    )
    answering = _Answering(pages, live, by_edge)
    found = Blueprint("storefront", __name__)
    found.add_url_rule("/", "home", lambda: answering.page(HOME))
    found.add_url_rule("/shop", "shop", lambda: answering.page(SHOP))
    found.add_url_rule("/shop/<slug>", "product", lambda slug: answering.page(PRODUCT, slug))
    found.add_url_rule("/articles/<slug>", "article", lambda slug: answering.page(ARTICLE, slug))
    found.add_url_rule("/topics/<slug>", "topic", lambda slug: answering.page(TOPIC, slug))
    found.add_url_rule("/assets/<path:name>", "asset", answering.asset)
    found.add_url_rule(f"/static/<any({', '.join(map(repr, (*STYLES, SCRIPT)))}):name>", "style", answering.style)
    if live is not None:
        found.add_url_rule("/live", "live", answering.known)
        if live.forget is not None:
            found.add_url_rule("/live/forget", "forget", partial(_forget, live, live.forget), methods=["POST"])
    found.add_url_rule("/favicon.ico", "icon", _icon)  # where browsers look by themselves
    # The whole app's: an address that nobody has is the storefront's to answer, as long as a page is asked for.
    found.app_errorhandler(NotFound)(answering.missing)
    return found


class _Answering:
    """Requests to the storefront, each to its answer."""

    def __init__(self, pages: Pages, live: Live | None, by_edge: ByEdge | None) -> None:
        self._pages = pages
        self._by_edge = by_edge
        self._assets = folder("site") / "assets"
        self._hashes = {name: sha256((_STATIC / name).read_bytes()).hexdigest()[:12] for name in (*STYLES, SCRIPT)}
        self._styles = tuple(f"/static/{name}?v={digest}" for name, digest in self._hashes.items() if name != SCRIPT)
        self._scripts = () if live is None else ((live.script, live.integrity), _own_script(self._hashes[SCRIPT]))

    def page(self, kind: Kind, slug: str = "") -> Response:
        """A page, for its visitor or for an edge."""
        keys = request.headers.get("T-Key")
        # What else an address says is chosen by whoever looks, and so is the page.
        if self._by_edge is not None and keys is not None and not request.query_string:
            return self._keyed(self._by_edge, kind, slug, keys)
        return _response(self._pages.page(kind, slug, _asked(self._styles, self._scripts)))

    def _keyed(self, edge: ByEdge, kind: Kind, slug: str, keys: str) -> Response:
        """A page that all of an audience share: no cookie and no header of the visitor bears on it."""
        locale = request.headers.get("T-Locale", "")
        lang = locale if locale in LANGUAGES else next(iter(LANGUAGES))
        asked = Asked(
            raw=RawRequest(),
            query={},
            cookie=None,
            accepted=lang,
            styles=self._styles,
            scripts=self._scripts,
            keys=keys,
            edge=True,
        )
        found = self._pages.page(kind, slug, asked)
        response = _response(found)
        if found.answer is not None:
            address = f"{request.path} {lang}"
            body, status, headers = edge.shared(
                request.environ, address, found.answer, found.html, keys, broken=found.broken
            )
            response.set_data(body)
            response.status_code = status
            response.headers.update(headers)
        return response

    def known(self) -> Response:
        """What the panel of the real visitor asks for."""
        return Response(
            self._pages.known(_asked(self._styles)), headers=_PAGE_HEADERS, content_type="text/html; charset=utf-8"
        )

    def asset(self, name: str) -> Response:
        """A picture."""
        response = send_from_directory(self._assets, name, max_age=24 * 3600)
        response.headers["Content-Security-Policy"] = _PICTURE_POLICY
        return response

    def style(self, name: str) -> Response:
        """A style sheet, or the script; kept for long where the address names its very bytes."""
        is_named_by_hash = request.args.get("v") == self._hashes[name]
        response = send_from_directory(_STATIC, name, max_age=365 * 24 * 3600 if is_named_by_hash else 0)
        response.cache_control.immutable = is_named_by_hash
        return response

    def missing(self, _error: NotFound) -> Response:
        """A page that says so, or a problem where no page is asked for."""
        wants_page = request.accept_mimetypes.accept_html and not request.path.startswith("/v1/")
        if wants_page and request.method in ("GET", "HEAD"):
            return _response(self._pages.missing(_asked(self._styles)))
        body, status = problem(NothingThere("There is nothing at this address."))
        return Response(
            json.dumps(body), status, {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
        )


def _icon() -> Response:
    return send_from_directory(_STATIC, "lamp.svg", max_age=24 * 3600)


def _own_script(digest: str) -> tuple[str, str]:
    integrity = b64encode(sha384((_STATIC / SCRIPT).read_bytes()).digest()).decode()
    return f"/static/{SCRIPT}?v={digest}", f"sha384-{integrity}"


def _forget(live: Live, forget: Callable[[str], str]) -> Response:
    """Erase whose cookie it is. It is SameSite, so no other site's page can ask for it; nor may it where it is not."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise Forbidden("Only pages of this site may ask to be forgotten.")
    visitor = request.cookies.get(live.cookie)
    response = jsonify(receipt=None if visitor is None else forget(visitor))
    response.delete_cookie(live.cookie, path="/")
    response.headers["Cache-Control"] = "no-store"
    return response


def _asked(styles: tuple[str, ...], scripts: tuple[tuple[str, str], ...] = ()) -> Asked:
    """What the request says, without Flask's types."""
    return Asked(
        raw=RawRequest(
            headers=headers_from_environ(request.environ),
            cookies=request.cookies,
            remote_addr=request.environ.get("REMOTE_ADDR"),
        ),
        query={name: tuple(values) for name, values in request.args.lists()},
        cookie=request.cookies.get(COOKIE),
        accepted=request.accept_languages.best_match(LANGUAGES, next(iter(LANGUAGES))),
        styles=styles,
        scripts=scripts,
        edge="tessera" in request.headers.get("Surrogate-Capability", ""),
    )


def _response(page: Page) -> Response:
    headers = _RECORDING_HEADERS if page.records else _PAGE_HEADERS
    response = Response(page.html, page.status, headers, content_type="text/html; charset=utf-8")
    if page.keep:
        response.set_cookie(
            COOKIE, page.keep, max_age=_KEPT_S, path="/", secure=request.is_secure, httponly=True, samesite="Lax"
        )
    elif page.keep is not None:
        response.delete_cookie(COOKIE, path="/", secure=request.is_secure, httponly=True, samesite="Lax")
    return response
