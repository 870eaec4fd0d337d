"""Items switched on and off by one button, moved among the others, and taken out."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, redirect, request, url_for

from plugin.editor import situation
from plugin.editor.desk import Desk
from plugin.editor.sheets import named, page_of, sheet_of, to_item
from plugin.editor.view_lists import section_of
from plugin.errors import PreconditionFailed, RulesRejected
from plugin.service.preconditions import Precondition
from plugin.service.rulesets.items import Section
from plugin.service.rulesets.uses import InUse


def _back(section: Section, id_: str, done: str) -> Response:
    """To the slot in whose list the button stood, else to the item."""
    slot = request.form.get("slot")
    if slot:
        return redirect(url_for("editor.slot", id_=slot, done=done), code=303)  # type: ignore[return-value]
    return to_item(section, id_, done)


def register(found: Blueprint, desk: Desk) -> None:
    """The buttons."""

    @found.post("/switch/<section>/<id:id_>")
    def switch(section: str, id_: str) -> Response:
        desk.require("write")
        kind = section_of(section)
        held = desk.services.drafting.get(kind, id_)
        on = request.form.get("to") == "on"
        value = {key: part for key, part in held.value.items() if key != "enabled"}
        known = Precondition(match=frozenset({request.form.get("tag", "")}))
        try:
            desk.services.drafting.put(
                kind, id_, value if on else {**value, "enabled": False}, precondition=known, author=desk.author
            )
        except RulesRejected as error:
            said = "; ".join(problem.message for problem in error.problems)
            return page_of(desk, replace(sheet_of(desk, kind, id_), refused=f"It cannot be switched: {said}."), 422)
        except PreconditionFailed:
            changed = "Somebody changed it meanwhile. This is how it is now; switch it again if that is still right."
            return page_of(desk, replace(sheet_of(desk, kind, id_), refused=changed), 412)
        return _back(kind, id_, "on" if on else "off")

    @found.post("/priority/<section>/<id:id_>")
    def prioritize(section: str, id_: str) -> Response:
        desk.require("write")
        kind = section_of(section)
        held = desk.services.drafting.get(kind, id_)
        try:
            priority = situation.number(request.form.get("priority", ""))
        except ValueError as error:
            said = f"Its priority is as it was: {error}."
            return page_of(desk, replace(sheet_of(desk, kind, id_), refused=said), 422)
        known = Precondition(match=frozenset({request.form.get("tag", "")}))
        try:
            value = {**held.value, "priority": priority}
            desk.services.drafting.put(kind, id_, value, precondition=known, author=desk.author)
        except RulesRejected as error:
            said = "; ".join(problem.message for problem in error.problems)
            return page_of(desk, replace(sheet_of(desk, kind, id_), refused=f"It cannot be moved: {said}."), 422)
        except PreconditionFailed:
            changed = "Somebody changed it meanwhile. This is how it is now; move it again if that is still right."
            return page_of(desk, replace(sheet_of(desk, kind, id_), refused=changed), 412)
        return _back(kind, id_, "moved")

    @found.post("/delete/<section>/<id:id_>")
    def delete(section: str, id_: str) -> Response:
        desk.require("write")
        kind = section_of(section)
        known = Precondition(match=frozenset({request.form.get("tag", "")}))
        try:
            desk.services.drafting.delete(kind, id_, precondition=known, author=desk.author)
        except InUse as error:
            uses = named(desk, error.uses)
            said = f"It cannot be deleted, because it is used. Change {'these' if len(uses) > 1 else 'this'} first."
            return page_of(desk, replace(sheet_of(desk, kind, id_), blocking=uses, refused=said), 409)
        except PreconditionFailed:
            changed = "Somebody changed it meanwhile. This is how it is now; delete it again if that is still right."
            return page_of(desk, replace(sheet_of(desk, kind, id_), refused=changed), 412)
        except RulesRejected as error:
            said = "; ".join(problem.message for problem in error.problems)
            return page_of(desk, replace(sheet_of(desk, kind, id_), refused=f"It cannot be deleted: {said}."), 422)
        target = url_for("editor.slots", done="deleted")
        if kind not in ("rules", "slots"):
            target = url_for("editor.listing", section=kind, done="deleted")
        return redirect(target, code=303)  # type: ignore[return-value]  # a Response of Werkzeug's
