"""Nothing is left out of the documentation: settings, metrics, problems, words of the language, commands, routes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import click
import pytest
from flask import Flask

from plugin import settings
from plugin.cli.root import COMMANDS, tessera
from plugin.errors import TesseraError
from plugin.setting_kinds import SCOPES
from rules.attributes import BUILT_IN, CONTENT, EVENT, TYPES
from rules.decision import ReasonKind
from rules.doctests import EXPECTATIONS
from rules.doctests import FIELDS as TEST_FIELDS
from rules.document import TOP
from rules.effects import KINDS
from rules.experiments import FIELDS as EXPERIMENT_FIELDS
from rules.operators import FOR_TYPES
from rules.rules import FIELDS as RULE_FIELDS
from rules.segments import FIELDS as SEGMENT_FIELDS
from rules.slots import FIELDS as SLOT_FIELDS
from tests.docs.pages import DOCS, ROOT, pages, prose
from tests.docs.site import served

_ROW = re.compile(r"^\| (.+?) \|(?: (.*?) \|)?(?: (.*?) \|)?$", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
_PLACE = re.compile(r"/(?:work|root|home/[a-z]+)/")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with served(tmp_path_factory) as made:
        yield made()


def text(name: str) -> str:
    return prose(DOCS / name)


def words(name: str) -> set[str]:
    """Everything that a page sets as code, and its parts."""
    found = set(_CODE.findall(text(name)))
    return found | {word for code in found for word in re.findall(r"[a-z][a-z_.]*[a-z_*]|[a-z]", code)}


def rows(name: str) -> dict[str, tuple[str, str]]:
    """The rows of a page's tables by each code word of their first cell."""
    return {
        word: (second or "", third or "")
        for first, second, third in _ROW.findall(text(name))
        for word in _CODE.findall(first)
    }


def test_every_setting_is_documented_with_its_default(tmp_path: Path) -> None:
    documented = rows("operators.md")
    by_key = {name: value for name, value, _source in settings.describe(settings.load({}, tmp_path))}
    told = {
        "public_url": "`http://` and `bind`",
        "data_dir": "`var`",
        "database_url": "SQLite, `tessera.db` in `data_dir`",
        "secret_key": "made once, `secret.key` in `data_dir`",
    }
    for key, value in by_key.items():
        assert key in documented, f"the setting {key} is not documented"
        default, meaning = documented[key]
        shown = default.strip("`")
        assert meaning, key
        if key in told:
            assert default == told[key]
        elif value == "":
            assert shown == "none", key
        else:
            assert shown.lower() == value.lower(), key
    names = {f"{one.name}_ms" if isinstance(one.default, timedelta) else one.name for one in fields(settings.Settings)}
    assert names - {"config_file", "origins"} == set(by_key)


def test_every_scope_is_documented() -> None:
    assert words("operators.md") >= SCOPES


def test_every_metric_is_documented(app: Flask) -> None:
    exposed = {
        line.split()[2]
        for line in app.test_client().get("/metrics").get_data(as_text=True).splitlines()
        if line.startswith("# TYPE ")
    }
    made = {name for name in exposed if not name.endswith("_created")}
    assert made, "no metric is exposed"
    documented = {name for name in rows("operators.md") if name.startswith("tessera_")}
    assert documented == made


def kinds(root: type[TesseraError]) -> Iterator[type[TesseraError]]:
    yield root
    for child in root.__subclasses__():
        yield from kinds(child)


@pytest.mark.parametrize("kind", list(kinds(TesseraError)), ids=lambda kind: kind.slug)
def test_every_problem_is_documented_with_its_status_and_title(kind: type[TesseraError]) -> None:
    found = re.search(rf"^## {re.escape(kind.slug)}\n\n(.+)", text("problems.md"), re.MULTILINE)
    assert found, f"no section {kind.slug!r}"
    assert found[1].startswith(f"{kind.status.value}, *{kind.title}.*")


def test_no_problem_is_documented_that_there_is_not() -> None:
    assert set(re.findall(r"^## (.+)$", text("problems.md"), re.MULTILINE)) == {one.slug for one in kinds(TesseraError)}


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("test", FOR_TYPES),
        ("effect", KINDS),
        ("type", TYPES),
        ("attribute", [*BUILT_IN, *CONTENT, *EVENT]),
        ("key of a document", TOP),
        ("key of a rule", RULE_FIELDS),
        ("key of a slot", SLOT_FIELDS),
        ("key of a segment", SEGMENT_FIELDS),
        ("key of an experiment", EXPERIMENT_FIELDS),
        ("key of a test", TEST_FIELDS),
        ("expectation", EXPECTATIONS),
    ],
)
def test_every_word_of_the_language_is_in_the_reference(what: str, names: list[str]) -> None:
    missing = set(names) - words("rule-reference.md")
    assert not missing, f"{what}: {sorted(missing)}"


def test_every_kind_of_reason_is_documented() -> None:
    assert words("frontend.md") >= set(ReasonKind.__args__)  # type: ignore[attr-defined]


def leaves(command: click.Command, name: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None
            yield from leaves(found, f"{name} {child}".strip())
    else:
        yield name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_documented(name: str) -> None:
    found = tessera.get_command(click.Context(tessera), name)
    assert found is not None
    documented = set(_CODE.findall(text("operators.md")))
    for leaf in leaves(found, name):
        assert leaf in documented or f"tessera {leaf}" in documented, leaf


def test_every_route_is_documented(app: Flask) -> None:
    table = text("api.md")
    shown = {code.split()[-1] for code in _CODE.findall(table) if code.strip()}
    sections = {f"/v1/{one}" for one in ("slots", "segments", "rules", "experiments", "attributes")}
    for path in app.test_client().get("/openapi.json").get_json()["paths"]:
        base = path.removesuffix("/{id}")
        assert path in shown or (base in sections and base in shown and "/{id}" in shown), path


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link, image in _LINK.findall(prose(page)):
        target, _hash, anchor = (link or image).partition("#")
        if target.startswith(("http://", "https://")):
            continue
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{target} in {page.name}"
        if anchor:
            assert anchor in anchors(file), f"{link} in {page.name}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or not page.is_file() or page.suffix != ".md":
            continue
        seen.add(page)
        for link, _image in _LINK.findall(prose(page)):
            if not link.startswith(("http", "#")):
                waiting.append((page.parent / link.partition("#")[0]).resolve())
    assert {page for page in pages() if page not in seen} == set()


def test_pages_name_no_place_of_a_machine() -> None:
    for page in pages():
        assert not _PLACE.search(page.read_text("utf-8")), page
