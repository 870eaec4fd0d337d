"""Routes that compile what builds their address when it is asked for."""

from __future__ import annotations

import pytest
from flask import Flask, url_for
from werkzeug.routing import Rule

from plugin.web.routes import Route

PLACES = ("/", "/things/<name>", "/things/<int:number>/of/<path:rest>")
VALUES = {"name": "a b/ü", "number": 4, "rest": "x/y z"}


@pytest.mark.parametrize("place", PLACES)
def test_an_address_is_the_one_that_werkzeug_builds(place: str) -> None:
    """With what the place does not name in the query, and without."""
    built = []
    for kind in (Rule, Route):
        app = Flask(__name__, static_folder=None)
        app.url_rule_class = kind
        app.add_url_rule(place, "it", lambda **_values: "")
        with app.test_request_context():
            built.append((url_for("it", **VALUES), url_for("it", **VALUES, more="é&")))
    assert built[0] == built[1]


def test_nothing_is_compiled_before_an_address_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    compile_ = Rule._compile_builder

    def seen(rule: Rule, append_unknown: bool = True) -> object:
        compiled.append(rule.rule)
        return compile_(rule, append_unknown)

    monkeypatch.setattr(Rule, "_compile_builder", seen)
    app = Flask(__name__, static_folder=None)
    app.url_rule_class = Route
    app.add_url_rule("/things/<name>", "it", lambda name: name)
    assert app.test_client().get("/things/x").text == "x"
    assert compiled == []
    with app.test_request_context():
        assert [url_for("it", name=name) for name in "ab"] == ["/things/a", "/things/b"]
    assert compiled == ["/things/<name>"]
