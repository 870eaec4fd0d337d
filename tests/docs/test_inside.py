"""The page for those who change the code: every place that it names is there, and no room is left out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from plugin import settings
from tests.docs.pages import DOCS, ROOT

PAGE = (DOCS / "inside.md").read_text("utf-8")
_CODE = re.compile(r"`([^`\n]+)`")
_PLACE = re.compile(r"((?:[\w.-]+/)+[\w.-]*|[\w-]+\.\w+)(?::([A-Za-z_][\w.]*))?")
_PLACES_HAVE = re.compile(r"/|\.toml$")
_WORD = re.compile(r"[a-z_]+|[A-Z]\w+")


def places() -> list[tuple[str, str]]:
    """Each path with the name in it; no name where the whole file is meant."""
    found = {place for code in _CODE.findall(PAGE) if _PLACES_HAVE.search(code) and (place := _PLACE.fullmatch(code))}
    return sorted({(place[1], place[2] or "") for place in found})


PLACES = places()


@cache
def defined(path: Path) -> frozenset[str]:
    """The names that a module defines, those of classes with their members."""
    return frozenset(_names(ast.parse(path.read_text("utf-8")).body, ""))


def _names(body: list[ast.stmt], holder: str) -> Iterator[str]:
    for node in body:
        match node:
            case ast.ClassDef():
                yield f"{holder}{node.name}"
                yield from _names(node.body, f"{holder}{node.name}.")
            case ast.FunctionDef():
                yield f"{holder}{node.name}"
            case ast.Assign():
                yield from (f"{holder}{one.id}" for one in node.targets if isinstance(one, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield f"{holder}{name}"


@pytest.mark.parametrize(("path", "name"), PLACES)
def test_every_place_is_there(path: str, name: str) -> None:
    place = ROOT / path
    assert place.is_dir() if path.endswith("/") else place.is_file()
    assert not name or name in defined(place)


def test_every_code_is_a_place_or_a_word_of_the_code() -> None:
    """So that a mistyped place does not pass as something else."""
    named = [ROOT / path for path, _name in PLACES if path.endswith(".py")]
    known = set(re.findall(r"\w+", " ".join(path.read_text("utf-8") for path in named)))
    known |= {key for key, _value, _source in settings.describe(settings.load({}, ROOT))}
    known |= {path.name for path in ROOT.iterdir()}
    odd = [
        code
        for code in _CODE.findall(PAGE)
        if not (_PLACE.fullmatch(code) and _PLACES_HAVE.search(code))
        and not code.startswith(("make ", "tessera ", ".venv/bin/", "POST ", "GET "))
        and not ((words := _WORD.findall(code)) and known.issuperset(words))
    ]
    assert odd == ["file.py:Name.member"]


def test_every_room_is_named() -> None:
    rooms = [
        folder
        for above in (ROOT / "rules", ROOT / "plugin", ROOT / "plugin" / "service", ROOT / "tests")
        for folder in above.iterdir()
        if (folder.is_dir() and any(folder.rglob("*.py")) and folder.name not in ("__pycache__", "shipped"))
    ]
    apart = {"tests/fixtures/", "tests/cms_servers/", "tests/compiled/", "tests/peers/"}
    wanted = {f"{folder.relative_to(ROOT).as_posix()}/" for folder in rooms} - apart
    wanted |= {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "plugin" / "wiring").glob("*.py")
        if path.name != "__init__.py"
    }
    assert sorted(wanted - {path for path, _name in PLACES}) == []


def test_every_target_of_make_is_there() -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8")))
    asked = set(re.findall(r"`make ([a-z-]+)`", PAGE))
    assert asked
    assert asked <= targets
