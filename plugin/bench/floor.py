"""The floor: a Flask application with one route that returns a body of a given size, and nothing else."""

from __future__ import annotations

import json
import os

from flask import Flask, Response

from plugin.bench.processes import BODY_BYTES
from plugin.bench.requests import PATH


def create_floor() -> Flask:
    """The factory; the size comes by the environment, as the server's own workers call it without arguments."""
    body = json.dumps({"padding": "x" * max(0, int(os.environ[BODY_BYTES]) - 15)}).encode()
    app = Flask("floor", static_folder=None)

    @app.route(PATH, methods=["GET", "POST"])
    def answer() -> Response:
        return Response(body, mimetype="application/json")

    return app
