"""`tessera config`, `db`, `cms`, `models` and `doctor` in a folder of their own."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from plugin.store import open_store
from tests.unit.plugin.cli.conftest import RULES, Tessera


@pytest.fixture
def folder(here: Path) -> Path:
    """Content of two entries and a model, configured."""
    (here / "content" / "hero").mkdir(parents=True)
    (here / "content" / "hero" / "welcome.en.yaml").write_text("title: Welcome\n")
    (here / "content" / "hero" / "welcome.fr.yaml").write_text("title: Bienvenue\n")
    (here / "tessera.toml").write_text(
        'delivery_keys = [{key = "pub"}]\n'
        'management_keys = [{name = "ci", key = "0123456789abcdef0123456789abcdef", scopes = ["read"]}]\n'
        '[sources.site]\nadapter = "files"\npath = "content"\n'
        '[models.flat]\nadapter = "constant"\nscore = 0.5\n'
    )
    return here


def test_config_shows_values_and_sources_and_no_secret(run: Tessera, folder: Path) -> None:
    result = run("config", "--format", "json")
    rows = {row["name"]: row for row in json.loads(result.stdout)}
    assert rows["bind"] == {"name": "bind", "value": "127.0.0.1:8000", "source": "default"}
    assert rows["management_keys"]["source"] == "tessera.toml"
    assert "0123456789abcdef" not in result.stdout
    assert "0123456789abcdef" not in run("config").stdout


def test_migrations_go_up_and_down_and_are_checked(run: Tessera, here: Path) -> None:
    assert run("db", "check").exit_code == 1
    assert run("db", "current").stdout == "base\n"
    up = run("db", "upgrade")
    assert up.exit_code == 0
    assert up.stdout.startswith("base -> ")
    newest = run("db", "current").stdout
    assert run("db", "upgrade").stdout == f"already at {newest}"
    assert run("db", "check").exit_code == 0
    assert run("db", "downgrade", "base", "--yes").stdout == f"{newest.strip()} -> base\n"
    assert run("db", "current").stdout == "base\n"


def test_a_downgrade_asks_first(run: Tessera, here: Path) -> None:
    """The data goes with it; without a terminal to say yes, nothing is done."""
    run("db", "upgrade")
    before = run("db", "current").stdout
    refused = run("db", "downgrade", "base")
    assert (refused.exit_code, refused.stderr.splitlines()[-1]) == (
        1,
        "tessera: nothing was undone; --yes does it without asking",
    )
    assert run("db", "current").stdout == before


def test_a_downgrade_without_a_revision_undoes_the_last(run: Tessera, here: Path) -> None:
    run("db", "upgrade")
    newest = run("db", "current").stdout.strip()
    one, two = f"{int(newest) - 1:04}", f"{int(newest) - 2:04}"
    assert run("db", "downgrade", typed="y\n").stdout == f"{newest} -> {one}\n"
    run("db", "upgrade")
    assert run("db", "downgrade", "-2", "--yes").stdout == f"{newest} -> {two}\n"


@pytest.mark.parametrize(
    "words", [("downgrade", "--yes"), ("downgrade", "", "--yes"), ("downgrade", " "), ("upgrade", "")]
)
def test_an_empty_variable_for_a_revision_changes_nothing(run: Tessera, here: Path, words: tuple[str, ...]) -> None:
    """`tessera db downgrade $REV --yes`: without quotes an empty one cannot be told from none, so one is named then."""
    run("db", "upgrade")
    before = run("db", "current").stdout
    refused = run("db", *words)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "revision" in refused.stderr.splitlines()[-1]
    assert run("db", "current").stdout == before


def test_who_is_not_there_to_be_asked_is_told_what_to_write(run: Tessera, here: Path) -> None:
    run("db", "upgrade")
    refused = run("db", "downgrade")
    last = "tessera: nothing was undone; -1 --yes does it without asking"
    assert (refused.exit_code, refused.stderr.splitlines()[-1]) == (1, last)


def test_an_unknown_revision_is_a_sentence(run: Tessera, here: Path) -> None:
    result = run("db", "upgrade", "nowhere")
    assert result.exit_code == 1
    assert "nowhere" in result.stderr
    assert "Traceback" not in result.stderr


def test_sync_says_what_changed(run: Tessera, folder: Path) -> None:
    run("db", "upgrade")
    assert run("cms", "sync").stdout == "site: 2 added, 0 updated, 0 removed, 0 unchanged, 0 problems\n"
    (folder / "content" / "hero" / "welcome.fr.yaml").unlink()
    assert "1 removed" in run("cms", "sync", "site").stdout


def test_what_was_deleted_and_is_there_again_comes_back_without_a_worker(run: Tessera, folder: Path) -> None:
    run("db", "upgrade")
    run("cms", "sync")
    file = folder / "content" / "hero" / "welcome.fr.yaml"
    text = file.read_text()
    file.unlink()
    run("cms", "sync")
    file.write_text(text)
    assert "1 entry looked at alone" in run("cms", "sync").stdout
    with closing(open_store(f"sqlite:///{folder}/var/tessera.db")) as store:
        assert {one.locale for one in store.content.snapshot().entries} == {"en", "fr"}


def test_what_came_from_a_source_that_has_another_name_now_can_be_dropped(run: Tessera, folder: Path) -> None:
    run("db", "upgrade")
    run("cms", "sync")
    refused = run("cms", "drop", "site", "--yes")
    assert (refused.exit_code, "is configured" in refused.stderr) == (1, True)
    file = folder / "tessera.toml"
    file.write_text(file.read_text().replace("[sources.site]", "[sources.shop]"))
    run("cms", "sync")
    assert run("cms", "drop", "site").exit_code == 1, "there is nobody to say yes"
    assert run("cms", "drop", "site", "--yes").stdout == "site: 2 variants removed\n"
    with closing(open_store(f"sqlite:///{folder}/var/tessera.db")) as store:
        assert {one.source for one in store.content.snapshot().entries} == {"shop"}


def test_a_broken_entry_is_named_by_check_and_keeps_sync_going(run: Tessera, folder: Path) -> None:
    run("db", "upgrade")
    run("cms", "sync")
    (folder / "content" / "hero" / "welcome.fr.yaml").write_text("title: [\n")
    checked = run("cms", "check")
    assert checked.exit_code == 1
    assert "hero/welcome.fr.yaml:2" in checked.stderr
    synced = run("cms", "sync")
    assert synced.exit_code == 0
    assert "0 removed" in synced.stdout
    assert "hero/welcome.fr.yaml:2" in synced.stderr


def test_check_of_sound_content_counts_types_and_languages(run: Tessera, folder: Path) -> None:
    result = run("cms", "check", "--entries", "0")
    assert (result.exit_code, result.stdout) == (0, "site: 2 entries (hero 2); languages: en 1, fr 1\n")


def test_a_source_that_cannot_be_read_fails_both(run: Tessera, folder: Path) -> None:
    run("db", "upgrade")
    (folder / "content").rename(folder / "elsewhere")
    for command in ("check", "sync"):
        result = run("cms", command)
        assert result.exit_code == 1
        assert result.stderr.startswith("site: ")


def test_an_unknown_source_gets_the_nearest_name(run: Tessera, folder: Path) -> None:
    result = run("cms", "check", "sites")
    assert result.exit_code == 1
    assert "did you mean 'site'?" in result.stderr


def test_models_are_listed_with_what_they_declare(run: Tessera, folder: Path) -> None:
    assert "flat" in run("models", "list").stdout
    (found,) = json.loads(run("models", "list", "--format", "json").stdout)
    assert (found["name"], found["adapter"], found["error"]) == ("flat", "constant", None)


def test_a_model_that_cannot_be_made_is_listed_with_the_reason(run: Tessera, folder: Path) -> None:
    with (folder / "tessera.toml").open("a") as file:
        file.write('[models.lost]\nadapter = "linear"\npath = "nowhere.json"\n')
    result = run("models", "list", "--format", "json")
    assert result.exit_code == 1
    flat, lost = json.loads(result.stdout)
    assert flat["error"] is None
    assert "nowhere.json" in lost["error"]


def levels(run: Tessera) -> dict[str, str]:
    return {row["what"]: row["level"] for row in json.loads(run("doctor", "--format", "json").stdout)}


def test_the_doctor_finds_what_is_missing_and_is_content_when_it_is_there(run: Tessera, folder: Path) -> None:
    before = run("doctor")
    assert before.exit_code == 1
    assert "run 'tessera db upgrade'" in before.stdout
    run("db", "upgrade")
    assert levels(run)["rules"] == "wrong"
    (folder / "rules.yaml").write_text(RULES)
    run("cms", "sync")
    run("rules", "publish", "rules.yaml")
    after = run("doctor")
    assert after.exit_code == 0
    assert after.stdout.endswith("all is well\n")


def test_the_doctor_names_adapters_of_others_and_two_of_one_name(
    run: Tessera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def announce(name: str) -> None:
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[tessera.cms]\nmine = {name}:build\n")
        monkeypatch.syspath_prepend(str(tmp_path))

    announce("one")
    assert "ours, and cms mine (one:build)" in run("doctor").stdout
    announce("two")
    assert levels(run)["adapters"] == "wrong"


def test_in_an_empty_folder_the_doctor_says_each_thing_once_and_leaves_no_trace(run: Tessera, here: Path) -> None:
    result = run("doctor")
    assert result.stdout.count("tessera db upgrade") == 1
    assert list(here.iterdir()) == []
    (here / "var").mkdir()
    (here / "var" / "tessera.db").touch()
    found = run("doctor").stdout
    assert "at revision base" in found
    assert found.count("tessera db upgrade") == 1


def test_the_doctor_says_which_dependency_does_not_answer(run: Tessera, folder: Path) -> None:
    run("db", "upgrade")
    (folder / "content").rename(folder / "elsewhere")
    found = levels(run)
    assert (found["source site"], found["model flat"]) == ("wrong", "ok")


MODELLED = """\
attributes: {profile.spend: {type: number, purpose: personalization}}
slots:
  - {id: all, blend: {model: {name: weights}}}
  - {id: own, blend: {model: {name: weights, per: visitor}}}
  - {id: misspelt, blend: {model: {name: weight}}}
"""


def test_the_doctor_says_what_no_model_is_told(run: Tessera, folder: Path) -> None:
    """A name that nothing has, and what is the visitor's own where a slot asks per audience, count for nothing."""
    names = ("profile.spend", "geo.contry", "content.price", "request.utm.term")
    (folder / "weights.json").write_text(json.dumps({"version": 1, "numeric": dict.fromkeys(names, 1)}))
    with (folder / "tessera.toml").open("a") as settings:
        settings.write('[models.weights]\nadapter = "linear"\npath = "weights.json"\n')
    (folder / "rules.yaml").write_text(MODELLED)
    for command in (("db", "upgrade"), ("cms", "sync"), ("rules", "publish", "rules.yaml")):
        assert run(*command).exit_code == 0
    found = [row for row in json.loads(run("doctor", "--format", "json").stdout) if row["what"].startswith("model w")]
    assert [(row["level"], row["what"], row["detail"]) for row in found] == [
        ("wrong", "model weight", "the published rules ask for it, and there is none; did you mean 'weights'?"),
        (
            "warning",
            "model weights",
            "it reads geo.contry, which the published rules know nothing of; did you mean 'geo.country' by the first?",
        ),
        (
            "warning",
            "model weights",
            "the slot all asks it per audience, so that it is never told geo.contry, profile.spend, request.utm.term",
        ),
        ("ok", "model weights", "answers"),
    ]


def test_an_adapter_of_somebody_else_that_cannot_be_made_is_told_like_any_other(
    run: Tessera, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tessera.models]\ntheirs = theirs_model:build\n")
    (tmp_path / "theirs_model.py").write_text("def build(options, runtime):\n    return options['ceiling'] / 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with (folder / "tessera.toml").open("a") as settings:
        settings.write('[models.theirs]\nadapter = "theirs"\n')
    row = {row["name"]: row for row in json.loads(run("models", "list", "--format", "json").stdout)}["theirs"]
    assert row["error"] == "models adapter 'theirs' failed: KeyError (theirs_model.py, line 2)"
    found = {row["what"]: row for row in json.loads(run("doctor", "--format", "json").stdout)}["model theirs"]
    assert (found["level"], found["detail"]) == ("wrong", row["error"])


def test_the_doctor_asks_each_cache(run: Tessera, folder: Path) -> None:
    run("db", "upgrade")
    with (folder / "tessera.toml").open("a") as settings:
        settings.write('[edges.log]\nadapter = "console"\n[edges.cache]\nadapter = "varnish"\nurls = ["http://edge"]\n')
    found = {row["what"]: row for row in json.loads(run("doctor", "--format", "json").stdout)}
    assert found["edge log"]["level"] == "ok"
    assert (found["edge cache"]["level"], found["edge cache"]["detail"]) == ("wrong", "secret: required, a text")
    assert "[edges.cache]" in found["edge cache"]["remedy"]


def test_the_doctor_lists_every_problem_of_the_settings(run: Tessera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSERA_BIND", "nowhere")
    monkeypatch.setenv("TESSERA_WORKERS", "many")
    result = run("doctor", "--format", "json")
    assert result.exit_code == 1
    wrong = [row["detail"] for row in json.loads(result.stdout) if row["level"] == "wrong"]
    assert len(wrong) == 2


def test_a_sync_that_would_remove_too_much_asks_and_takes_a_word_for_it(run: Tessera, folder: Path) -> None:
    heroes = folder / "content" / "hero"
    for number in range(30):
        (heroes / f"h{number}.yaml").write_text("title: One of many\n")
    run("db", "upgrade")
    assert run("cms", "sync").exit_code == 0
    for number in range(30):
        (heroes / f"h{number}.yaml").unlink()
    for _ in range(2):
        asked = run("cms", "sync", "--full")
        assert asked.exit_code == 1
        assert "tessera cms sync site --confirm-removals" in asked.stderr
        assert "0 removed" in asked.stdout
    shown = run("cms", "status")
    assert shown.exit_code == 1
    assert "30 entries are gone from the source" in shown.stdout
    done = run("cms", "sync", "site", "--confirm-removals")
    assert done.exit_code == 0
    assert "30 removed" in done.stdout
    assert run("cms", "status").exit_code == 0


def test_whose_removals_are_confirmed_has_to_be_said(run: Tessera, folder: Path) -> None:
    run("db", "upgrade")
    assert run("cms", "sync", "--confirm-removals").exit_code == 1


def test_status_says_how_each_source_stands(run: Tessera, folder: Path) -> None:
    run("db", "upgrade")
    assert run("cms", "status").stdout.startswith("site (files): never synced")
    run("cms", "sync")
    (found,) = json.loads(run("cms", "status", "--format", "json").stdout)
    assert (found["name"], found["ok"], found["waiting"], found["error"]) == ("site", True, 0, None)
    assert found["age_s"] < 60
