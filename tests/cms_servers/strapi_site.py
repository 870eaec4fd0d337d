"""A real Strapi on a free port of 127.0.0.1, with a small site of its own in SQLite, and hands of an editor on it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.cms_servers.strapi_install import modules, package

READY_S = 90
CALL_S = 30
EDITOR = {"firstname": "Ed", "lastname": "Itor", "email": "editor@example.com", "password": "Correct-horse-7"}
EVENTS = [
    *(f"entry.{what}" for what in ("create", "update", "delete", "publish", "unpublish")),
    *(f"media.{what}" for what in ("create", "update", "delete")),
]
LOCALIZED = {"pluginOptions": {"i18n": {"localized": True}}}
ARTICLE = {
    "kind": "collectionType",
    "collectionName": "articles",
    "info": {"singularName": "article", "pluralName": "articles", "displayName": "Article"},
    "options": {"draftAndPublish": True},
    **LOCALIZED,
    "attributes": {
        "title": {"type": "string", "required": True, **LOCALIZED},
        "kind": {"type": "enumeration", "enum": ["article", "hero", "banner"], "default": "article"},
        "body": {"type": "blocks", **LOCALIZED},
        "audience": {"type": "json"},
        "cover": {"type": "media", "multiple": False, "allowedTypes": ["images"]},
        "tags": {"type": "relation", "relation": "manyToMany", "target": "api::tag.tag", "inversedBy": "articles"},
        "related": {"type": "relation", "relation": "oneToOne", "target": "api::article.article"},
    },
}
TAG = {
    "kind": "collectionType",
    "collectionName": "tags",
    "info": {"singularName": "tag", "pluralName": "tags", "displayName": "Tag"},
    "options": {"draftAndPublish": False},
    "attributes": {
        "name": {"type": "string", "required": True},
        "articles": {"type": "relation", "relation": "manyToMany", "target": "api::article.article",
                     "mappedBy": "tags"},
    },
}  # fmt: skip
SECRETS = ("ADMIN_JWT_SECRET", "API_TOKEN_SALT", "TRANSFER_TOKEN_SALT", "JWT_SECRET", "ENCRYPTION_KEY")
FILES = {
    "src/index.js": "module.exports = { register() {}, bootstrap() {} };",
    "config/admin.js": (
        "module.exports = ({ env }) => ({ serveAdminPanel: false, auth: { secret: env('ADMIN_JWT_SECRET') },"
        " apiToken: { salt: env('API_TOKEN_SALT') }, transfer: { token: { salt: env('TRANSFER_TOKEN_SALT') } },"
        " secrets: { encryptionKey: env('ENCRYPTION_KEY') } });"
    ),
    "config/api.js": "module.exports = { rest: { defaultLimit: 25, maxLimit: 100, withCount: true } };",
    "config/database.js": (
        "module.exports = ({ env }) => ({ connection: { client: 'sqlite',"
        " connection: { filename: env('DATABASE_FILENAME') }, useNullAsDefault: true } });"
    ),
    "config/middlewares.js": "module.exports = ["
    + ", ".join(
        f"'strapi::{name}'"
        for name in ("logger", "errors", "security", "cors", "query", "body", "session", "favicon", "public")
    )
    + "];",
    "config/server.js": (
        "module.exports = ({ env }) => ({ host: '127.0.0.1', port: env.int('PORT'),"
        " app: { keys: env.array('APP_KEYS') } });"
    ),
    "public/robots.txt": "",
    "public/uploads/.gitkeep": "",
}


def write_site(home: Path, version: int) -> None:
    """The site's files, with Strapi's own behind a link."""
    home.mkdir()
    (home / "node_modules").symlink_to(modules(version))
    files = {**FILES, "package.json": json.dumps({**package(version), "strapi": {"uuid": False}})}
    for name, schema in (("article", ARTICLE), ("tag", TAG)):
        files[f"src/api/{name}/content-types/{name}/schema.json"] = json.dumps(schema)
        for part in ("Controller", "Router", "Service"):
            folder = {"Controller": "controllers", "Router": "routes", "Service": "services"}[part]
            made = f"require('@strapi/strapi').factories.createCore{part}('api::{name}.{name}')"
            files[f"src/api/{name}/{folder}/{name}.js"] = f"module.exports = {made};"
    for path, text in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text, "utf-8")


@dataclass
class Strapi:
    """A running site. `token` reads the REST API; the editor's own calls go through the admin API."""

    version: int
    url: str
    session: requests.Session
    token: str = ""

    def call(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """A call of the admin API as the editor; the decoded answer."""
        answer = self.session.request(method, f"{self.url}{path}", json=body, params=query, timeout=CALL_S)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def set_up(self) -> None:
        """Registers the editor, adds French, and makes a token that may only read."""
        data = self.call("POST", "/admin/register-admin", EDITOR)["data"]
        self.session.headers["Authorization"] = f"Bearer {data['token']}"
        self.call("POST", "/i18n/locales", {"name": "French (fr)", "code": "fr", "isDefault": False})
        wanted = {"name": "tessera", "description": "", "type": "read-only", "lifespan": None}
        self.token = self.call("POST", "/admin/api-tokens", wanted)["data"]["accessKey"]

    def upload(self, name: str, data: bytes, kind: str) -> dict[str, Any]:
        """A file in the media library."""
        answer = self.session.post(f"{self.url}/upload", files={"files": (name, data, kind)}, timeout=CALL_S)
        assert answer.ok, answer.text[:500]
        made: dict[str, Any] = answer.json()[0]
        return made

    def announce_to(self, url: str, headers: Mapping[str, str]) -> None:
        """From now on Strapi sends every event there."""
        wanted = {"name": "tessera", "url": url, "headers": dict(headers), "events": EVENTS}
        self.call("POST", "/admin/webhooks", wanted)


@contextmanager
def running(home: Path, version: int) -> Iterator[Strapi]:
    """Starts the site, set up and ready; stops it by its process group."""
    write_site(home, version)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "NODE_ENV": "development",
        "PORT": str(port),
        "DATABASE_FILENAME": str(home / "data.db"),
        "APP_KEYS": "one-key,another-key",
        "STRAPI_TELEMETRY_DISABLED": "true",
        "STRAPI_DISABLE_UPDATE_NOTIFICATION": "true",
        **{name: f"{name}-for-tests-only-0123456789" for name in SECRETS},
    }
    with (home / "strapi.log").open("wb") as log, requests.Session() as session:
        session.trust_env = False
        process = subprocess.Popen(
            ["node", "node_modules/@strapi/strapi/bin/strapi.js", "start"],
            cwd=home,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            site = Strapi(version, f"http://127.0.0.1:{port}", session)
            _wait(site, process, home)
            site.set_up()
            yield site
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(5)


def _wait(site: Strapi, process: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if site.session.get(f"{site.url}/_health", timeout=2).status_code == 204:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise AssertionError(f"Strapi did not start: {(home / 'strapi.log').read_text('utf-8')[-3000:]}")
