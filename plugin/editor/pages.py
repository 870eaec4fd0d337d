"""The editors' pages as one blueprint."""

from __future__ import annotations

from flask import Blueprint, Response

from plugin.editor import (
    guard,
    view_item,
    view_lists,
    view_login,
    view_overview,
    view_preview,
    view_publish,
    view_site,
    view_switch,
)
from plugin.editor.desk import Desk
from plugin.editor.services import EditorServices
from plugin.errors import NotFound


def blueprint(services: EditorServices) -> Blueprint:
    """The pages under `/editor/`, for an app on which the web layer is registered already.

    Raises:
        OSError: a file of the pages is missing.
    """
    desk = Desk(services)
    found = Blueprint("editor", __name__, url_prefix="/editor")
    guard.register(found, desk)
    for views in (view_login, view_overview, view_lists, view_item, view_switch, view_site, view_preview, view_publish):
        views.register(found, desk)

    @found.get("/<path:_rest>")
    def nothing(_rest: str) -> Response:
        raise NotFound("There is nothing at this address.")

    return found
