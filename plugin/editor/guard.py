"""At the door of every page: the session, the form's token, and headers that keep answers out of caches and frames."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, g, redirect, request, url_for
from werkzeug.exceptions import HTTPException

from plugin.editor.desk import RIGHTS, Desk, MissingRightError
from plugin.editor.drafts import Remark, remarks_of_syntax
from plugin.errors import Forbidden, RulesRejected, TesseraError

CHOSEN = "chosen"
"""The field that says that a form is one of choices."""
COOKIE, FORM_COOKIE = "tessera_editor", "tessera_editor_form"
OPEN = frozenset({"editor.login", "editor.log_in", "editor.static_file"})
_PATH = "/editor"
_HIDDEN = frozenset({"csrf", CHOSEN, "base", "add", "do", "follow"})
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data: https:",  # pictures of entries may lie with the CMS
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)


def register(found: Blueprint, desk: Desk) -> None:
    """Guard every page of a blueprint."""

    def enter() -> Response | None:
        g.editor_session = desk.sessions.read(request.cookies.get(COOKIE))
        if request.method == "POST":
            refusal = _refuse_foreign(desk)
            if refusal is not None:
                return refusal
        if request.endpoint in OPEN or desk.session is not None:
            return None
        wanted = request.full_path.rstrip("?")
        return redirect(url_for("editor.login", next=wanted))  # type: ignore[return-value]  # a Response of Werkzeug's

    def leave(response: Response) -> Response:
        if request.endpoint != "editor.static_file":
            response.headers["Cache-Control"] = "no-store"
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["X-Robots-Tag"] = "noindex"
        session = desk.session
        renewed = desk.sessions.renewed(session) if session is not None else None
        if renewed is not None and not g.get("editor_left"):
            keep(response, desk, desk.sessions.write(renewed))
        return response

    found.before_request(enter)
    found.after_request(leave)
    found.register_error_handler(TesseraError, lambda error: _failed(desk, error))
    found.register_error_handler(HTTPException, lambda error: _refused(desk, error))


def keep(response: Response, desk: Desk, value: str, *, name: str = COOKIE) -> None:
    """Put one of the pages' cookies on an answer. It ends with the browser's session, or with its own text's end."""
    response.set_cookie(name, value, path=_PATH, secure=desk.services.secure, httponly=True, samesite="Strict")


def forget(response: Response, desk: Desk, *, name: str = COOKIE) -> None:
    """Take one of the pages' cookies away."""
    response.delete_cookie(name, path=_PATH, secure=desk.services.secure, httponly=True, samesite="Strict")


def _refuse_foreign(desk: Desk) -> Response | None:
    """Refuse a form that this site did not make for this browser. Fail closed: no token, no change.

    Raises: Forbidden for a form of another site.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("This form came from another site.")
    session = desk.session
    if session is None and request.endpoint not in OPEN:
        return _ended(desk)
    nonce = session.nonce if session is not None else request.cookies.get(FORM_COOKIE, "")
    if request.endpoint in OPEN:
        nonce = request.cookies.get(FORM_COOKIE, "")
    if not nonce or not desk.sessions.is_form_token(nonce, request.form.get("csrf", "")):
        raise Forbidden("This form is out of date. Go back, load the page again, and repeat it.")
    return None


def _ended(desk: Desk) -> Response:
    """The session was over when a form came: what was typed is given back."""
    return desk.page("ended", status=401, text=_typed())


def _failed(desk: Desk, error: TesseraError) -> Response:
    if isinstance(error, MissingRightError):
        return desk.page(
            "missing_right", status=403, state=None, scope=error.scope, needed=RIGHTS[error.scope], rights=RIGHTS
        )
    remarks = remarks_of_syntax(error) if isinstance(error, RulesRejected) else []
    response = _error(desk, error.status.value, error.title, str(error), remarks)
    response.headers.update(error.headers())
    return response


def _refused(desk: Desk, error: HTTPException) -> Response:
    status = error.code or 400
    if status < 400:
        return error.get_response()  # type: ignore[return-value]  # a redirect, made by Werkzeug
    details = {404: "There is nothing at this address.", 413: "This is more text than the pages take; use the API."}
    return _error(desk, status, error.name, details.get(status, "The request cannot be answered."), [])


def _error(desk: Desk, status: int, title: str, detail: str, remarks: Sequence[Remark]) -> Response:
    return desk.page("error", status=status, state=None, title=title, detail=detail, remarks=remarks, text=_typed())


def _typed() -> str | None:
    """The text of the form that was sent, or what was chosen in it; None where there is none, or it cannot be read."""
    try:
        if CHOSEN in request.form:
            return "\n".join(f"{name}: {said}" for name, said in request.form.items() if said and name not in _HIDDEN)
        return request.form.get("text")
    except (HTTPException, TesseraError):  # too much of it, or half of it
        return None
