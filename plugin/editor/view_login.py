"""Logging in with a management key, and out again."""

from __future__ import annotations

from flask import Blueprint, Response, g, redirect, request, send_from_directory, url_for

from plugin.editor.desk import BLOCKS, SCRIPT, STATIC, STYLE, Desk
from plugin.editor.guard import FORM_COOKIE, forget, keep
from plugin.errors import Forbidden, NotFound, RateLimited, Unauthorized

_YEAR_S = 365 * 24 * 3600
_LONGEST_KEY = 1_024


def register(found: Blueprint, desk: Desk) -> None:
    """The log-in page, logging out, and the style sheets."""

    @found.get("/login")
    def login() -> Response:
        return _form(desk)

    @found.post("/login")
    def log_in() -> Response:
        try:
            desk.tries.admit(request.remote_addr)
        except RateLimited as error:
            minutes = -(-error.retry_after_s // 60)
            said = f"Too many tries. Wait {minutes} minute{'' if minutes == 1 else 's'}, then try again."
            response = _form(desk, said, status=429)
            response.headers.update(error.headers())
            return response
        try:
            caller = desk.services.authenticate(request.form.get("key", "").strip()[:_LONGEST_KEY])
        except (Unauthorized, Forbidden):
            caller = None
        if caller is None or caller.kind != "management":
            desk.tries.failed(request.remote_addr)
            return _form(desk, "This is not a management key of this site.", status=401)
        desk.tries.succeeded(request.remote_addr)
        session = desk.sessions.begin(caller.name, caller.scopes)
        response = _to(_inside(request.form.get("next")))
        forget(response, desk, name=FORM_COOKIE)
        keep(response, desk, desk.sessions.write(session))
        return response

    @found.post("/logout")
    def logout() -> Response:
        g.editor_left = True
        response = _to(url_for("editor.login"))
        forget(response, desk)
        return response

    @found.get("/static/<name>")
    def static_file(name: str) -> Response:
        if name not in (STYLE, SCRIPT, BLOCKS):
            raise NotFound("There is nothing at this address.")
        current = desk.is_current(name, request.args.get("v"))
        response = send_from_directory(STATIC, name, max_age=_YEAR_S if current else 0)
        response.cache_control.immutable = current
        return response


def _form(desk: Desk, problem: str | None = None, *, status: int = 200) -> Response:
    nonce = desk.services.new_nonce()
    token = desk.sessions.form_token(nonce)
    wanted = _inside(request.values.get("next"))
    response = desk.page("login", status=status, state=None, problem=problem, next=wanted, csrf=token, session=None)
    keep(response, desk, nonce, name=FORM_COOKIE)
    return response


def _inside(wanted: str | None) -> str:
    """An address within these pages, and no other: nobody is led astray by a link to the log-in."""
    home = url_for("editor.overview")
    safe = wanted is not None and wanted.startswith(home) and "\\" not in wanted and wanted.isprintable()
    return wanted if safe and wanted is not None and not wanted.startswith(url_for("editor.login")) else home


def _to(address: str) -> Response:
    return redirect(address, code=303)  # type: ignore[return-value]  # a Response of Werkzeug's, which is the base
