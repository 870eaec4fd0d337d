"""The sample site as an application: in a database of its own, asked without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from plugin import settings
from plugin.app import create_app
from plugin.cli.demo import prepare
from plugin.resources import folder

SITE = folder("site")
TOML = f"""
public_url = "http://127.0.0.1:8000"
delivery_keys = [{{key = "demo-delivery-key", origins = []}}]

[[management_keys]]
name = "editor"
key = {{env = "EDITOR_KEY"}}
scopes = ["explain", "read", "write", "publish", "simulate", "visitors"]

[sources.magazine]
adapter = "files"
path = "{SITE / "content"}"
locales = ["fr", "en"]

[models.feed-linear]
adapter = "linear"
path = "{SITE / "models" / "feed-linear.json"}"
"""
EDITOR_KEY = "a-long-secret-of-yours"


@contextmanager
def served(places: pytest.TempPathFactory) -> Iterator[Callable[[], Flask]]:
    """Gives what makes the application; it is made at most once, and ended afterwards."""
    made: list[Flask] = []

    def make() -> Flask:
        if not made:
            place = places.mktemp("site")
            (place / "tessera.toml").write_text(TOML, "utf-8")
            found = settings.load({"EDITOR_KEY": EDITOR_KEY}, place)
            prepare(found)
            made.append(create_app(found))
        return made[0]

    yield make
    for app in made:
        app.extensions["tessera"].sites.stop()
