"""Settings: where they come from, every problem at once, and no secret shown."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_network
from itertools import count
from pathlib import Path

import pytest

from plugin.errors import SettingsError
from plugin.settings import DeliveryKey, Secret, Settings, describe, load, signing_key

LONG = "s3cret-s3cret-s3cret"


def problems(environ: Mapping[str, str], directory: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(environ, directory)
    return list(caught.value.problems)


def write(directory: Path, text: str) -> Path:
    file = directory / "tessera.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_defaults_serve_from_an_embedded_database(tmp_path: Path) -> None:
    settings = load({}, tmp_path)
    assert settings.database_url.reveal() == f"sqlite:///{tmp_path}/var/tessera.db"
    assert (settings.bind, settings.public_url) == ("127.0.0.1:8000", "http://127.0.0.1:8000")
    assert (settings.max_body_bytes, settings.score_timeout) == (524_288, timedelta(milliseconds=80))
    assert (settings.ruleset_poll, settings.content_poll) == (timedelta(milliseconds=100), timedelta(seconds=1))
    assert (settings.secret_key, settings.demo, settings.deny_consent_by_default) == (None, False, False)
    assert list(tmp_path.iterdir()) == [], "loading writes nothing"


def test_the_environment_is_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    write(tmp_path, 'workers = 3\nlog_level = "debug"\nscore_timeout_ms = 50\n')
    settings = load({"TESSERA_WORKERS": "4", "TESSERA_CONTENT_POLL_MS": "2000", "HOME": "/"}, tmp_path)
    assert (settings.workers, settings.log_level) == (4, "debug")
    assert (settings.score_timeout, settings.content_poll) == (timedelta(milliseconds=50), timedelta(seconds=2))
    sources = {name: source for name, _, source in describe(settings)}
    assert sources["workers"] == "TESSERA_WORKERS"
    assert sources["log_level"] == sources["score_timeout_ms"] == "tessera.toml"
    assert sources["bind"] == "default"


def test_structures_are_read_from_the_file_and_as_json_from_the_environment(tmp_path: Path) -> None:
    write(
        tmp_path,
        f"""
        trusted_proxies = ["10.0.0.0/8", "::1"]
        allowed_headers = ["X-Plan"]
        [[delivery_keys]]
        key = "dk_1"
        origins = ["https://Shop.example"]
        [[management_keys]]
        name = "ci"
        key = "{LONG}"
        scopes = ["read", "publish"]
        [sources.main]
        adapter = "files"
        path = "content"
        """,
    )
    environ = {
        "TESSERA_MODELS": '{"hero": {"adapter": "linear", "path": "hero.json"}}',
        "TESSERA_ALLOWED_COOKIES": "plan, cart",
    }
    settings = load(environ, tmp_path)
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert (settings.allowed_headers, settings.allowed_cookies) == (("x-plan",), ("plan", "cart"))
    assert settings.delivery_keys == (DeliveryKey("dk_1", frozenset({"https://shop.example"})),)
    key = settings.management_keys[0]
    assert (key.name, key.key.reveal(), key.scopes) == ("ci", LONG, {"read", "publish"})
    assert (settings.sources["main"].adapter, settings.sources["main"].options) == ("files", {"path": "content"})
    assert settings.models["hero"].options == {"path": "hero.json"}
    in_environ = {**environ, "TESSERA_DELIVERY_KEYS": '[{"key": "dk_2"}]'}
    assert load(in_environ, tmp_path).delivery_keys == (DeliveryKey("dk_2", frozenset()),)


def test_the_file_can_leave_secrets_to_the_environment(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        secret_key = {env = "TESSERA_SIGNING"}
        [sources.main]
        adapter = "strapi"
        token = {env = "STRAPI_TOKEN"}
        headers = [{env = "NOT_SET"}]
        """,
    )
    environ = {"TESSERA_SIGNING": LONG, "STRAPI_TOKEN": "tok"}
    assert problems(environ, tmp_path) == ["tessera.toml: the variable NOT_SET is not set"]
    settings = load({**environ, "NOT_SET": "now"}, tmp_path)
    assert settings.secret_key == Secret(LONG)
    assert settings.sources["main"].options == {"token": "tok", "headers": ["now"]}


def test_every_problem_is_told_at_once_with_names_and_without_values(tmp_path: Path) -> None:
    write(tmp_path, 'workerz = 1\nmax_body_bytes = true\nbind = "hunter2"\n[models]\nX = {adapter = 1}\n')
    environ = {
        "TESSERA_SCORE_TIMEOUT_MS": "hunter2",
        "TESSERA_SECRET_KEY": "hunter2",
        "TESSERA_DATABASE_URL": "mysql://root:hunter2@db/x",
        "TESSERA_TRUSTED_PROXIES": "10.0.0.1/8",
        "TESSERA_DELIVERY_KEYS": "hunter2",
        "TESSERA_MANAGEMENT_KEYS": '[{"name": "a", "key": "hunter2", "scopes": []}]',
        "TESSERA_RULESET_POL_MS": "hunter2",
        "TESSERA_COLOUR": "hunter2",
        "TESSERA_GEO_DATABASE": "hunter2",
    }
    found = problems(environ, tmp_path)
    assert not any("hunter2" in problem for problem in found)
    assert sorted(found) == sorted(
        [
            "tessera.toml: workerz: not a setting; did you mean workers?",
            "tessera.toml: max_body_bytes: want a whole number from 1024 to 67108864",
            "tessera.toml: bind: want HOST:PORT",
            "tessera.toml: models: want names of lower-case letters, digits, - and _",
            "TESSERA_SCORE_TIMEOUT_MS: want a whole number from 1 to 10000",
            "TESSERA_SECRET_KEY: want at least 16 characters",
            "TESSERA_DATABASE_URL: want sqlite:///FILE or postgresql://USER@HOST/DATABASE",
            "TESSERA_TRUSTED_PROXIES: want networks such as 10.0.0.0/8, without host bits",
            "TESSERA_DELIVERY_KEYS: want JSON in a variable",
            "TESSERA_MANAGEMENT_KEYS: want at least 16 characters",
            "TESSERA_RULESET_POL_MS: not a setting; did you mean TESSERA_RULESET_POLL_MS?",
            "TESSERA_COLOUR: not a setting",
            "geo_database: there is no such file",
        ]
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "0"),
        ("WORKERS", "1.5"),
        ("WORKERS", "9" * 5_000),
        ("WORKERS", ""),
        ("DEMO", "maybe"),
        ("LOG_LEVEL", "loud"),
        ("BIND", "127.0.0.1:70000"),
        ("BIND", "8000"),
        ("PUBLIC_URL", "shop.example"),
        ("PUBLIC_URL", "https://[::1"),
        ("PUBLIC_URL", "https://shop.example/?a=1"),
        ("DATABASE_URL", "sqlite://"),
        ("ALLOWED_COOKIES", "a b"),
        ("DELIVERY_KEYS", "{}"),
        ("DELIVERY_KEYS", "[1]"),
        ("DELIVERY_KEYS", '[{"key": "a", "origin": "https://x"}]'),
        ("DELIVERY_KEYS", '[{"key": "a"}, {"key": "a"}]'),
        ("DELIVERY_KEYS", '[{"key": "a", "origins": ["https://shop.example/path"]}]'),
        ("DELIVERY_KEYS", "[" * 100_000),
        ("MANAGEMENT_KEYS", '[{"name": "a", "key": "' + LONG + '", "scopes": ["everything"]}]'),
        ("SOURCES", '{"main": {"path": "x"}}'),
        ("SOURCES", "[]"),
        ("ALLOWED_HEADERS", "Authorization"),
        ("CONFIG", "absent.toml"),
    ],
    ids=lambda value: value[:40],
)
def test_a_value_that_is_not_wanted_is_a_problem(name: str, value: str, tmp_path: Path) -> None:
    assert len(problems({f"TESSERA_{name}": value}, tmp_path)) == 1


@pytest.mark.parametrize("text", ["workers = ", "workers = 1\nworkers = 2", "\udcff"], ids=ascii)
def test_a_file_that_is_not_toml_is_a_problem(text: str, tmp_path: Path) -> None:
    (tmp_path / "tessera.toml").write_bytes(text.encode(errors="surrogateescape"))
    (found,) = problems({}, tmp_path)
    assert found.startswith("tessera.toml: ")


def test_postgresql_needs_a_key_that_all_machines_share(tmp_path: Path) -> None:
    environ = {"TESSERA_DATABASE_URL": "postgresql://db/tessera"}
    assert problems(environ, tmp_path) == ["secret_key: needed with PostgreSQL, so that every machine signs alike"]
    assert load({**environ, "TESSERA_SECRET_KEY": LONG}, tmp_path).secret_key == Secret(LONG)


def test_paths_in_the_file_are_relative_to_it_and_others_to_the_working_directory(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    write(folder, 'data_dir = "data"\ndatabase_url = "sqlite:///db/t.db"')
    named = {"TESSERA_CONFIG": "etc/tessera.toml"}
    settings = load(named, tmp_path)
    assert (settings.config_file, settings.data_dir) == (folder / "tessera.toml", folder / "data")
    assert settings.database_url.reveal() == f"sqlite:///{folder}/db/t.db"
    moved = load({**named, "TESSERA_DATA_DIR": "here", "TESSERA_DATABASE_URL": "sqlite:////abs/t.db"}, tmp_path)
    assert (moved.data_dir, moved.database_url.reveal()) == (tmp_path / "here", "sqlite:////abs/t.db")


def test_secrets_are_in_no_repr_and_no_description(tmp_path: Path) -> None:
    environ = {
        "TESSERA_SECRET_KEY": f"{LONG}-1",
        "TESSERA_DATABASE_URL": f"postgresql://ann:{LONG}-2@db/tessera?sslpassword={LONG}-3",
        "TESSERA_MANAGEMENT_KEYS": f'[{{"name": "ci", "key": "{LONG}-4", "scopes": ["read"]}}]',
        "TESSERA_SOURCES": f'{{"main": {{"adapter": "strapi", "token": "{LONG}-5"}}}}',
    }
    settings = load(environ, tmp_path)
    rows = describe(settings)
    shown = {name: value for name, value, _ in rows}
    assert LONG not in repr(settings)
    assert LONG not in str(rows)
    assert (shown["secret_key"], shown["database_url"]) == ("***", "postgresql://***@db/tessera?***")
    assert shown["sources"] == "main: strapi (token)"
    assert shown["management_keys"] == "ci *** may read"
    assert (f"{settings.secret_key}", f"{settings.secret_key!r}") == ("***", "***")


def test_a_secret_is_compared_without_being_shown() -> None:
    secret = Secret("ključ")
    assert secret.matches("ključ")
    assert not secret.matches("kljuc")
    assert not secret.matches("\ud800")
    assert secret != "ključ"


def test_every_setting_is_described_once_and_can_be_set_by_its_variable(tmp_path: Path) -> None:
    names = [name for name, _, _ in describe(load({}, tmp_path))]
    assert len(set(names)) == len(names)
    for name in names:
        variable = f"TESSERA_{name.upper()}"
        found = (
            problems({variable: "\x01"}, tmp_path)
            if name not in {"data_dir", "geo_database", "graphql_documents"}
            else [variable]
        )
        assert any(problem.startswith(variable) for problem in found), name


def test_settings_are_frozen(tmp_path: Path) -> None:
    settings = load({}, tmp_path)
    with pytest.raises(AttributeError):
        settings.workers = 2  # type: ignore[misc]
    assert re.match(r"Settings\(", repr(settings))


def keyed(tmp_path: Path, **environ: str) -> Settings:
    return load({f"TESSERA_{name}": value for name, value in environ.items()}, tmp_path)


def test_a_configured_signing_key_is_taken_and_no_file_is_made(tmp_path: Path) -> None:
    assert signing_key(keyed(tmp_path, SECRET_KEY=LONG), lambda: "x" * 40) == Secret(LONG)
    assert list(tmp_path.iterdir()) == []


def test_a_signing_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    settings = keyed(tmp_path)
    made = signing_key(settings, lambda: "a" * 40)
    assert made == signing_key(settings, lambda: "b" * 40) == Secret("a" * 40)
    (file,) = settings.data_dir.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_processes_that_start_together_agree_on_the_signing_key(tmp_path: Path) -> None:
    settings = keyed(tmp_path)
    numbers = count()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: signing_key(settings, lambda: f"key-{next(numbers):040}"), range(40)))
    assert len(set(made)) == 1
    assert [file.name for file in settings.data_dir.iterdir()] == ["secret.key"]


@pytest.mark.parametrize("text", ["", "short", "é" * 20])
def test_a_signing_key_that_was_spoilt_is_refused(tmp_path: Path, text: str) -> None:
    settings = keyed(tmp_path)
    settings.data_dir.mkdir()
    (settings.data_dir / "secret.key").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="secret_key"):
        signing_key(settings, lambda: "x" * 40)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file in its place", encoding="utf-8")
    with pytest.raises(SettingsError, match="secret_key"):
        signing_key(keyed(tmp_path), lambda: "x" * 40)


def test_a_source_cannot_take_the_name_of_pushed_entries(tmp_path: Path) -> None:
    """Entries pushed over the API belong to the source `api`, which no sync may touch."""
    with pytest.raises(SettingsError) as refused:
        load({"TESSERA_SOURCES": '{"api": {"adapter": "null"}}'}, tmp_path)
    assert "'api'" in str(refused.value)


def test_types_of_events_are_kept_no_longer_than_all(tmp_path: Path) -> None:
    write(tmp_path, "keep_types_days = { search = 14, scroll = 7 }\n")
    settings = load({}, tmp_path)
    assert dict(settings.keep_types_days) == {"scroll": 7, "search": 14}
    assert ("keep_types_days", "scroll 7, search 14", "tessera.toml") in describe(settings)
    assert load({"TESSERA_KEEP_TYPES_DAYS": '{"scroll": 7}'}, tmp_path).keep_types_days == {"scroll": 7}
    assert problems({"TESSERA_KEEP_EVENTS_DAYS": "10"}, tmp_path) == [
        "keep_types_days: search: no longer than keep_events_days, which is 10"
    ]
    for bad in ("[]", '{"scroll": 0}', '{"Scroll": 3}', '{"scroll": "x"}'):
        assert "KEEP_TYPES_DAYS" in problems({"TESSERA_KEEP_TYPES_DAYS": bad}, tmp_path)[0]
