"""The error tree: one table of slugs and statuses, and how each error is shown."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from plugin import errors
from plugin.errors import FieldError, TesseraError, problem
from rules.errors import Problem

# The public contract: a change in this table is a change for clients.
TABLE = {
    "internal": (500, TesseraError()),
    "malformed-request": (400, errors.MalformedRequest()),
    "unauthorized": (401, errors.Unauthorized()),
    "forbidden": (403, errors.Forbidden()),
    "not-found": (404, errors.NotFound("There is no rule-set version 9.")),
    "unknown-slots": (404, errors.UnknownSlots(["home.hreo"], ["home.hero"])),
    "method-not-allowed": (405, errors.MethodNotAllowed(["GET", "PUT"])),
    "conflict": (409, errors.Conflict()),
    "unknown-key": (409, errors.UnknownKey()),
    "precondition-failed": (412, errors.PreconditionFailed()),
    "payload-too-large": (413, errors.PayloadTooLarge(524_288)),
    "unsupported-media-type": (415, errors.UnsupportedMediaType(["application/json", "text/yaml"])),
    "validation-failed": (422, errors.ValidationFailed([FieldError("/slots/0/id", "want text")])),
    "rules-rejected": (422, errors.RulesRejected([Problem("unknown test")])),
    "precondition-required": (428, errors.PreconditionRequired()),
    "rate-limited": (429, errors.RateLimited(7)),
    "service-unavailable": (503, errors.ServiceUnavailable()),
    "settings": (500, errors.SettingsError(["TESSERA_BIND: want HOST:PORT"])),
}


def tree(root: type[TesseraError] = TesseraError) -> Iterator[type[TesseraError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == root.__module__:  # and not a test's
            yield from tree(child)


def test_every_error_is_in_the_table_under_a_slug_of_its_own() -> None:
    named = [(error.slug, error) for error in tree()]
    assert len(dict(named)) == len(named)
    assert {slug: type(example) for slug, (_, example) in TABLE.items()} == dict(named)


def test_every_error_states_its_own_slug_and_title() -> None:
    titles = [error.title for error in tree()]
    assert len(set(titles)) == len(titles)
    for error in tree():
        assert "slug" in vars(error)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.slug)


@pytest.mark.parametrize(("slug", "status", "error"), [(s, *rest) for s, rest in TABLE.items()], ids=list(TABLE))
def test_the_problem_details_are_those_of_rfc_9457(slug: str, status: int, error: TesseraError) -> None:
    body, answered = problem(error, instance="/v1/personalize")
    assert answered == body["status"] == status == HTTPStatus(status).value
    assert body["type"] == f"/problems/{slug}"
    assert (body["title"], body["instance"]) == (error.title, "/v1/personalize")
    assert body["detail"] == str(error)
    assert str(error).strip()
    assert json.loads(json.dumps(body)) == body


def test_without_an_occurrence_there_is_no_instance() -> None:
    assert set(problem(errors.Conflict("no"))[0]) == {"type", "title", "status", "detail"}


def test_members_cannot_take_the_place_of_the_standard_ones() -> None:
    class RudeError(TesseraError):
        def members(self) -> dict[str, object]:
            return {"status": 200, "type": "about:blank", "more": 1}

    body, status = problem(RudeError())
    assert (body["status"], body["type"], body["more"], status) == (500, "/problems/internal", 1, 500)


def test_each_field_that_is_wrong_is_named() -> None:
    found = [FieldError("/slots", "want a list"), FieldError("", "want an object")]
    body, _ = problem(errors.ValidationFailed(found))
    assert body["errors"] == [
        {"pointer": "/slots", "detail": "want a list"},
        {"pointer": "", "detail": "want an object"},
    ]
    assert body["detail"] == "/slots: want a list; body: want an object"


def test_the_nearest_is_looked_for_of_the_first_few_alone() -> None:
    """Who asks with a public key for fifty slots that there are not, of a site with a thousand, would keep it busy."""
    asked, known = [f"slot-{number}x" for number in range(50)], [f"slot-{number}" for number in range(50)]
    body, _ = problem(errors.UnknownSlots(asked, known))
    assert ["suggestion" in one for one in body["errors"]] == [True] * 5 + [False] * 45
    told = errors.unknown_slots(asked, known)
    assert ["did you mean" in one["detail"] for one in told] == [True] * 5 + [False] * 45


def test_unknown_slots_come_with_the_nearest_known_name() -> None:
    body, _ = problem(errors.UnknownSlots(["home.hreo", "zzz"], ["home.hero", "home.feed"]))
    assert body["errors"] == [
        {
            "pointer": "/slots/0/id",
            "detail": "no slot 'home.hreo'; did you mean 'home.hero'?",
            "word": "home.hreo",
            "suggestion": "home.hero",
        },
        {"pointer": "/slots/1/id", "detail": "no slot 'zzz'", "word": "zzz"},
    ]


def test_problems_of_rules_carry_their_place_and_the_nearest_right_word() -> None:
    found = Problem(
        "unknown attribute 'geo.contry'",
        pointer="/rules/0/when/geo.contry",
        file="shop.yaml",
        line=7,
        column=12,
        word="geo.contry",
        suggestion="geo.country",
    )
    body, _ = problem(errors.RulesRejected([found, Problem("odd", severity="warning")]))
    assert body["detail"] == "1 problem in the rules."
    assert body["errors"] == [
        {
            "pointer": "/rules/0/when/geo.contry",
            "detail": "unknown attribute 'geo.contry'",
            "severity": "error",
            "file": "shop.yaml",
            "line": 7,
            "column": 12,
            "word": "geo.contry",
            "suggestion": "geo.country",
        },
        {"pointer": "", "detail": "odd", "severity": "warning"},
    ]


def test_statuses_bring_the_headers_that_they_ask_for() -> None:
    wanted = {
        "unauthorized": {"WWW-Authenticate": 'Bearer realm="tessera"'},
        "method-not-allowed": {"Allow": "GET, PUT"},
        "rate-limited": {"Retry-After": "7"},
    }
    assert {slug: error.headers() for slug, (_, error) in TABLE.items() if error.headers()} == wanted
    assert errors.ServiceUnavailable("busy", retry_after_s=2).headers() == {"Retry-After": "2"}


def test_the_table_of_errors_knows_no_web_framework() -> None:
    assert "flask" not in inspect.getsource(errors).lower()
