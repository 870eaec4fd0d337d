"""The editors' pages over real services and an empty SQLite store."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from plugin.editor import EditorServices, blueprint
from plugin.errors import RulesRejected
from plugin.resources import folder
from plugin.service.content.management import Variant
from plugin.store import Store
from rules import RuleError
from rules.attributes import BUILT_IN
from rules.source import Source, parse
from tests.unit.plugin.editor.texts import DOCUMENT
from tests.unit.plugin.web.small_app import ADMIN, Small, small_app

CSRF = re.compile(r'name="csrf" value="([^"]+)"')
TAG = re.compile(r'name="tag" value="([^"]*)"')


def read_yaml(text: str) -> Source:
    try:
        return parse(text)
    except RuleError as error:
        raise RulesRejected(error.problems) from error


@dataclass
class Editor:
    """The application, and a browser that is logged in."""

    small: Small
    client: FlaskClient

    def log_in(self, key: str) -> TestResponse:
        page = self.client.get("/editor/login")
        return self.client.post("/editor/login", data={"key": key, "csrf": token(page), "next": "/editor/"})

    def get(self, path: str) -> TestResponse:
        return self.client.get(f"/editor{path}")

    def post(self, path: str, data: Mapping[str, object], *, of: str = "/") -> TestResponse:
        """Send a form with the token of a page."""
        return self.client.post(f"/editor{path}", data={"csrf": token(self.get(of)), **data})

    def draft(self) -> Mapping[str, Any]:
        return self.small.services.drafting.document().document

    def other_tab(self) -> FlaskClient:
        return self.small.app.test_client()


def token(page: TestResponse) -> str:
    found = CSRF.search(page.text)
    assert found is not None, page.text
    return found[1]


def tag(page: TestResponse) -> str:
    found = TAG.search(page.text)
    assert found is not None
    return found[1]


@pytest.fixture
def nobody(sqlite_store: Store) -> Editor:
    """A browser that nobody has logged in with; the document of `texts` is published."""
    small = small_app(sqlite_store)
    services, numbers = small.services, count(1)
    services.publishing.release(DOCUMENT, author="seed", note="the first one")
    for id_, tags, fields in (("welcome", ["home"], {"title": "Welcome"}), ("gala", ["vip"], {"title": "The gala"})):
        variant = Variant(type="hero", locale="fr", tags=tuple(tags), fields=fields)
        services.contents.create(id_, [variant])
    small.app.register_blueprint(
        blueprint(
            EditorServices(
                publishing=services.publishing,
                drafting=services.drafting,
                contents=services.contents,
                simulate=services.simulate,
                authenticate=lambda key: small.web.keyring.authenticate(
                    authorization=None, header=key, query=None, origin=None
                ),
                read_yaml=read_yaml,
                attributes=BUILT_IN,
                templates=folder("templates"),
                signing_key="a signing key for tests",
                secure=True,
                segments=services.segments,
                previews=services.previews,
                preview_page="https://shop.example/home?x=1",
                clock=small.clock,
                new_nonce=lambda: f"nonce-{next(numbers):016}",
            )
        )
    )
    return Editor(small, small.app.test_client())


@pytest.fixture
def editor(nobody: Editor) -> Editor:
    """Logged in with every right."""
    assert nobody.log_in(ADMIN).status_code == 303
    return nobody
