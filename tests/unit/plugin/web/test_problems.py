"""Every failure is problem details, and none tells more than it should."""

from __future__ import annotations

import json
import logging

import pytest
from flask import Flask, abort
from marshmallow import Schema, fields

from plugin import errors
from plugin.errors import FieldError, TesseraError
from plugin.web import problems
from plugin.web.operations import load
from tests.unit.plugin.web.small_app import Small


def app_with(view: object) -> Flask:
    app = Flask(__name__, static_folder=None)
    problems.register(app, max_body_bytes=10, new_id=lambda: "id-1")
    app.add_url_rule("/x", "x", view, methods=["GET", "POST"])  # type: ignore[arg-type]
    return app


@pytest.mark.parametrize(
    ("status", "slug"),
    [
        (400, "malformed-request"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not-found"),
        (409, "conflict"),
        (412, "precondition-failed"),
        (413, "payload-too-large"),
        (428, "precondition-required"),
        (418, "malformed-request"),
    ],
)
def test_what_werkzeug_raises_becomes_one_of_ours(status: int, slug: str) -> None:
    answer = app_with(lambda: abort(status)).test_client().get("/x")
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert (answer.json["type"], answer.json["status"]) == (f"/problems/{slug}", answer.status_code)


def test_a_method_that_is_not_there_names_those_that_are() -> None:
    answer = app_with(lambda: "").test_client().delete("/x")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize("error", [RuntimeError("password=hunter2"), KeyError("secret"), RecursionError()])
def test_what_nobody_foresaw_shows_an_id_and_nothing_else(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    def view() -> str:
        raise error

    with caplog.at_level(logging.ERROR):
        answer = app_with(view).test_client().get("/x")
    assert answer.status_code == 500
    assert answer.json is not None
    assert answer.json["instance"] == "urn:tessera:incident:id-1"
    assert "hunter2" not in answer.get_data(as_text=True)
    assert "id-1" in caplog.text
    assert type(error).__name__ in caplog.text


def test_a_500_that_is_raised_on_purpose_is_an_incident_too() -> None:
    answer = app_with(lambda: abort(500, "internal detail")).test_client().get("/x")
    assert (answer.status_code, "internal detail" in answer.get_data(as_text=True)) == (500, False)


def test_redirects_are_left_alone() -> None:
    app = app_with(lambda: "")
    app.add_url_rule("/dir/", "dir", lambda: "")
    assert app.test_client().get("/dir").status_code == 308


def test_headers_that_a_status_asks_for_are_sent() -> None:
    def view() -> str:
        raise errors.RateLimited(7)

    answer = app_with(view).test_client().get("/x")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_cause_of_an_outage_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    def view() -> str:
        try:
            raise OSError("host db.internal refused")
        except OSError as error:
            raise errors.ServiceUnavailable("The database does not answer.") from error

    with caplog.at_level(logging.WARNING):
        answer = app_with(view).test_client().get("/x")
    assert answer.status_code == 503
    assert "db.internal" not in answer.get_data(as_text=True)
    assert "db.internal" in caplog.text


class Inner(Schema):
    size = fields.Integer(strict=True, required=True)


class Outer(Schema):
    name = fields.String(required=True)
    parts = fields.List(fields.Nested(Inner))


def test_marshmallows_findings_become_json_pointers() -> None:
    with pytest.raises(errors.ValidationFailed) as refused:
        load(Outer(), {"parts": [{"size": 1}, {"size": "x"}, {}], "a/b~c": 1})
    assert {error.pointer for error in refused.value.errors} == {
        "/name",
        "/parts/1/size",
        "/parts/2/size",
        "/a~1b~0c",
    }
    with pytest.raises(errors.ValidationFailed) as refused:
        load(Outer(), [1])
    assert [error.pointer for error in refused.value.errors] == [""]


def test_a_problem_that_quotes_broken_text_can_still_be_sent() -> None:
    body, _, _ = problems.render(errors.ValidationFailed([FieldError("/x", "no \ud800 here")]))
    assert json.loads(body)["errors"][0]["detail"] == "no \ud800 here"


def test_every_problem_type_leads_to_a_page(small: Small) -> None:
    client = small.client(None)

    def kinds(root: type[TesseraError]) -> list[type[TesseraError]]:
        return [root, *(kind for child in root.__subclasses__() for kind in kinds(child))]

    for kind in kinds(TesseraError):
        if kind.__module__.startswith("plugin"):
            page = client.get(f"/problems/{kind.slug}")
            assert page.status_code == 200
            assert kind.title in page.get_data(as_text=True)
    about = client.get("/problems/validation-failed").get_data(as_text=True)
    assert " ".join((errors.ValidationFailed.__doc__ or "").split()) in about  # not one of its subclasses'
    assert client.get("/problems/none").status_code == 404
