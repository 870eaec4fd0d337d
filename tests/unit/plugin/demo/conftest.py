"""The application as `create_app` wires it, with the demo on, over the sample site in a SQLite file of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from plugin import settings as settings_
from plugin.app import create_app
from plugin.cli.demo import prepare
from plugin.resources import folder
from plugin.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """With the sample site synced and published."""
    place, site = tmp_path_factory.mktemp("demo"), folder("site")
    environ = {
        "TESSERA_DEMO": "true",
        # Draws are made with it: with another key one in twenty of the visitors of the panel would see no rules.
        "TESSERA_SECRET_KEY": "the key of the demo in tests, number 0",
        "TESSERA_SOURCES": json.dumps(
            {
                "site": {
                    "adapter": "files",
                    "path": str(site / "content"),
                    "locales": ["fr", "en"],
                    "assets_base": "/assets/",
                }
            }
        ),
        "TESSERA_MODELS": json.dumps(
            {"feed-linear": {"adapter": "linear", "path": str(site / "models" / "feed-linear.json")}}
        ),
    }
    made = settings_.load(environ, Path(place))
    prepare(made)
    return made


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    yield made
    made.extensions["tessera"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that keeps its cookies; its language is English."""
    found = app.test_client()
    found.environ_base["HTTP_ACCEPT"] = "text/html,application/xhtml+xml,*/*;q=0.8"
    found.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en-GB,en;q=0.9"
    return found
