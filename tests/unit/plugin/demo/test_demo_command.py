"""What `tessera demo` prepares: its own settings, a site that is ready, and nobody else's database."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from adapters.cms.port import CmsError
from plugin import settings as settings_
from plugin.cli.demo import AUTHOR, DELIVERY_KEY, _take_environment, _welcome, _write_settings, prepare
from plugin.cli.output import Failed
from plugin.resources import folder
from plugin.service.rulesets.publish import Publishing
from plugin.settings import Settings
from plugin.store import Store, open_store
from plugin.wiring.system import now


@pytest.fixture
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in os.environ if one.startswith("TESSERA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "environ", dict(os.environ))


def loaded(file: Path) -> Settings:
    return settings_.load({"TESSERA_CONFIG": str(file)}, file.parent)


def test_its_settings_are_ordinary_ones_that_other_commands_can_read(tmp_path: Path) -> None:
    """Whatever characters the paths have."""
    place = tmp_path / 'a "quoted" été'
    content = place / "content"
    found = loaded(_write_settings(place, content))
    assert found.demo
    assert found.data_dir == place
    assert [one.key for one in found.delivery_keys] == [DELIVERY_KEY]
    assert found.management_keys[0].scopes == {"explain", "read", "write", "publish", "simulate", "visitors"}
    assert found.sources["site"].options["path"] == str(content)
    assert found.models["feed-linear"].adapter == "linear"


def test_the_management_key_is_random_private_and_stays(tmp_path: Path) -> None:
    first, other = _write_settings(tmp_path / "one", None), _write_settings(tmp_path / "two", None)
    key = loaded(first).management_keys[0].key
    assert key != loaded(other).management_keys[0].key
    assert len(key.reveal()) >= 40
    assert first.stat().st_mode & 0o777 == 0o600
    assert loaded(_write_settings(tmp_path / "one", None)).management_keys[0].key == key
    assert [one.name for one in first.parent.iterdir()] == ["tessera.toml"]


@pytest.mark.parametrize("broken", ["", "= =", "management_keys = 1", "[[management_keys]]\nkey = 1", "\udcff"])
def test_a_broken_settings_file_is_written_anew(tmp_path: Path, broken: str) -> None:
    (tmp_path / "tessera.toml").write_bytes(broken.encode(errors="surrogateescape"))
    file = _write_settings(tmp_path, None)
    assert tomllib.loads(file.read_text())["management_keys"][0]["name"] == "demo"


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Failed, match=r"cannot write to .*file/data: Not a directory"):
        _write_settings(tmp_path / "file" / "data", None)


@pytest.mark.usefixtures("_clean")
def test_it_never_touches_a_database_that_the_environment_names(tmp_path: Path) -> None:
    """The sample rules must not be published into somebody's production."""
    os.environ |= {
        "TESSERA_DATABASE_URL": "postgresql://prod/db",
        "TESSERA_BIND": "127.0.0.1:9",
        "TESSERA_WORKERS": "3",
    }
    file = _write_settings(tmp_path, None)
    assert _take_environment(file, None, 2) == ["TESSERA_DATABASE_URL"]
    found = settings_.load(os.environ, tmp_path)
    assert found.database_url.reveal() == f"sqlite:///{tmp_path / 'tessera.db'}"
    assert (found.bind, found.workers, found.log_level) == ("127.0.0.1:9", 2, "warning")


def test_preparing_twice_does_nothing_the_second_time(tmp_path: Path) -> None:
    found = loaded(_write_settings(tmp_path, None))
    content, rules = prepare(found)
    assert content.endswith("entries added, updated or removed")
    assert rules == "rules: version 1 published"
    assert prepare(found) == []


def test_rules_published_by_hand_stay_until_the_shipped_ones_change(tmp_path: Path) -> None:
    """A newcomer's first rule must not be gone the next morning."""
    found = loaded(_write_settings(tmp_path, None))
    prepare(found)
    publish(found, {"version": 1, "slots": [{"id": "mine"}]}, "me")
    assert prepare(found) == []
    assert published(found) == 2
    publish(found, {"version": 1, "slots": [{"id": "of-an-older-release"}]}, AUTHOR)
    assert prepare(found) == ["rules: version 4 published"]
    assert published(found) == 4


def test_a_content_folder_that_is_gone_is_said_in_a_sentence(tmp_path: Path) -> None:
    content = shutil.copytree(folder("site") / "content" / "hero", tmp_path / "content" / "hero").parent
    found = loaded(_write_settings(tmp_path / "data", content))
    shutil.rmtree(content)
    with pytest.raises((CmsError, Failed), match="content"):
        prepare(found)


def publish(found: Settings, document: dict[str, object], author: str) -> None:
    store = open_store(found.database_url.reveal())
    service(found, store).release(document, author=author)
    store.close()


def published(found: Settings) -> int:
    store = open_store(found.database_url.reveal())
    current = service(found, store).published()
    store.close()
    assert current is not None
    return current.version.number


def service(found: Settings, store: Store) -> Publishing:
    return Publishing(store.rulesets, store.draft, store.content, models=found.models, clock=now)


def test_behind_varnish_it_believes_that_and_tells_it_what_changed(tmp_path: Path) -> None:
    found = loaded(_write_settings(tmp_path, None, "http://127.0.0.1:6081"))
    assert found.edges["varnish"].options["urls"] == ["http://127.0.0.1:6081"]
    assert [str(network) for network in found.trusted_proxies] == ["127.0.0.1/32", "::1/128"]
    alone = loaded(_write_settings(tmp_path, None))
    assert (dict(alone.edges), tuple(alone.trusted_proxies)) == ({}, ())


def test_the_welcome_says_what_is_different_behind_varnish_and_how_to_see_it(tmp_path: Path) -> None:
    file = _write_settings(tmp_path, None, "http://127.0.0.1:6081/")
    said = _welcome(loaded(file), file, None, "http://127.0.0.1:6081/")
    vcl = re.search(r"start it with (\S+)", said)
    assert vcl is not None
    assert Path(vcl[1]).is_file()
    assert "curl -si http://127.0.0.1:6081/shop | grep -i cache-status" in said
    assert "varnish; hit" in said
    assert "Varnish" not in _welcome(loaded(file), file, None, None)
