"""Runs the examples of one page, in order, in a folder of their own."""

from __future__ import annotations

import doctest
import json
import re
import shlex
import tomllib
from collections.abc import Callable, Mapping
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from flask import Flask

import rules
from adapters import registry
from adapters.runtime import Runtime
from plugin import settings
from plugin.cli.root import tessera
from plugin.wiring.sources import open_source
from rules.source import parse
from tests.docs.pages import NOT_RUN, ROOT, RUN, Example

PARTS_BESIDE: dict[str, Any] = {
    "timezone": "Europe/Paris",
    "locales": ["fr", "en"],
    "attributes": {
        "profile.plan": {"type": "string", "values": ["free", "pro", "enterprise"], "purpose": "personalization"},
        "profile.spend": {"type": "number"},
        "profile.interests": {"type": "string_list", "purpose": "personalization"},
        "profile.birthday": {"type": "date"},
        "profile.renewal": {"type": "datetime"},
        "profile.lucky": {"type": "number_list"},
        "custom.cart_value": {"type": "number", "unit": "EUR"},
    },
    "segments": [
        {"id": "regulars", "when": {"visitor.visits": {"gte": 3}}},
        {"id": "subscribers", "when": {"profile.plan": ["pro", "enterprise"]}},
        {"id": "beta-list", "members": ["v-1", "v-2"]},
    ],
    "slots": [
        {"id": "home.hero", "select": {"content.type": "hero"}},
        {"id": "home.feed", "limit": 10, "select": {"content.type": "article"}},
    ],
}
"""What a `part` may name without declaring it; what it declares itself takes the place of an item of the same id."""

_NOW = datetime(2026, 11, 24, 13, tzinfo=UTC)
_VARIABLES = {"DATABASE_URL": "postgresql://tessera:secret@db.example.com/tessera"}
_ENV = re.compile(r'env *= *"([A-Z_]+)"')


class Page:
    """What the examples of a page share: a folder, the names that Python examples made, an application to ask."""

    def __init__(self, folder: Path, app: Callable[[], Flask]) -> None:
        self.folder = folder
        self.names: dict[str, Any] = {}
        self.environ: dict[str, str] = {}
        (folder / "plugin").symlink_to(ROOT / "plugin")  # examples of the README are typed in a checkout
        self._app = app

    def run(self, example: Example) -> None:
        """Run or check one example. Raises AssertionError, or what the example itself raises."""
        assert example.language in RUN | NOT_RUN, f"{example.place}: no such kind of example: {example.language!r}"
        if example.file is not None:
            file = self.folder / example.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(example.text, "utf-8")
        with chdir(self.folder):
            match example.language:
                case "python":
                    self._python(example)
                case "yaml":
                    _document(example)
                case "json":
                    json.loads(example.text)
                case "toml":
                    self._toml(example)
                case "console":
                    self._console(example)

    def _python(self, example: Example) -> None:
        if not example.text.lstrip().startswith(">>>"):
            exec(compile("\n" * (example.line - 1) + example.text, example.place, "exec"), self.names)
            return
        found = doctest.DocTestParser().get_doctest(
            example.text, self.names, example.place, str(example.page), example.line
        )
        said: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        runner.run(found, out=said.append, clear_globs=False)
        self.names.update(found.globs)
        assert not runner.failures, "".join(said)

    def _toml(self, example: Example) -> None:
        """Settings: all of them right, and every source, model and cache one that its adapter takes."""
        tomllib.loads(example.text)
        file = self.folder / "tessera.toml"
        file.write_text(example.text, "utf-8")
        self.environ.update(
            {name: _VARIABLES.get(name, "0123456789-0123456789") for name in _ENV.findall(example.text)}
        )
        found = settings.load(self.environ, self.folder)
        for source in found.sources.values():
            open_source(source, Runtime.system()).close()
        for edge in found.edges.values():
            registry.edge(edge.adapter)(edge.options, Runtime.system()).close()
        for model in found.models.values():
            registry.model(model.adapter)({"name": model.name, **model.options}, Runtime.system()).close()

    def _console(self, example: Example) -> None:
        for command, wanted in _commands(example.text):
            words = shlex.split(command.replace("\\\n", " "))
            if words[0] in ("tessera", ".venv/bin/tessera"):
                result = CliRunner().invoke(tessera, words[1:], prog_name="tessera", env=self.environ)
                if result.exception is not None and not isinstance(result.exception, SystemExit):
                    raise result.exception
                got = result.output
            elif words[0] == "curl":
                got = self._curl(words[1:])
            else:
                raise AssertionError(f"{example.place}: only tessera and curl are run, not {words[0]!r}")
            assert _alike(wanted, got), f"{example.place}: {command}\nwanted:\n{wanted}\ngot:\n{got}"

    def _curl(self, words: list[str]) -> str:
        """What curl would print of the application's answer; knows the options that the pages use."""
        method, url, body = "GET", "", None
        headers: dict[str, str] = {}
        head = False
        rest = iter(words)
        for word in rest:
            match word:
                case "-s":
                    continue
                case "-i" | "-si":
                    head = True
                case "-X":
                    method = next(rest)
                case "-H":
                    name, _colon, value = next(rest).partition(":")
                    headers[name.strip()] = value.strip()
                case "-d":
                    body, method = next(rest), "POST" if method == "GET" else method
                    headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
                case "--json":
                    body, method = next(rest), "POST" if method == "GET" else method
                    headers |= {"Content-Type": "application/json"}
                case "--data-binary":
                    name = next(rest)
                    body, method = Path(name.removeprefix("@")).read_text("utf-8"), "POST"
                case _ if word.startswith("http://127.0.0.1:8000"):
                    url = word.removeprefix("http://127.0.0.1:8000")
                case _:
                    raise AssertionError(f"no option {word!r} of curl is known here")
        answer = self._app().test_client().open(url, method=method, headers=headers, data=body)
        text: str = answer.get_data(as_text=True)
        if not head:
            return text
        lines = [f"HTTP/1.1 {answer.status}", *(f"{name}: {value}" for name, value in answer.headers)]
        return "\n".join([*lines, "", text])


def _document(example: Example) -> None:
    data = parse(example.text, example.place).data
    if example.kind == "data":
        return
    if example.kind == "condition":
        data = {"rules": [{"id": "example", "slot": "home.hero", "when": data, "then": [{"stop": True}]}]}
    if example.kind in ("condition", "part"):
        data = _beside(data)
    if example.kind == "broken":
        try:
            rules.load(example.text, name=example.place)
        except rules.RuleError:
            return
        raise AssertionError(f"{example.place}: this was meant not to check")
    ruleset = rules.load(data if example.kind else example.text, name=example.place)
    if example.file is not None and example.kind == "part":
        return
    failed = [test for test in rules.run_tests(ruleset, now=_NOW) if not test.passed]
    assert not failed, f"{example.place}: {failed}"


def _beside(data: Mapping[str, Any]) -> dict[str, Any]:
    """A part of a document, with the rest of it."""
    whole = {**PARTS_BESIDE, **data}
    if "attributes" in data:
        whole["attributes"] = {**PARTS_BESIDE["attributes"], **data["attributes"]}
    for section in ("segments", "slots"):
        if section in data:
            said = {item["id"] for item in data[section]}
            whole[section] = [one for one in PARTS_BESIDE[section] if one["id"] not in said] + list(data[section])
    named = {test["expect"]["rule"] for test in data.get("tests", ()) if "rule" in test["expect"]}
    declared = {rule["id"] for rule in data.get("rules", ())}
    beside = [{"id": name, "slot": "*", "then": []} for name in sorted(named - declared)]
    if beside:
        whole["rules"] = [*data.get("rules", ()), *beside]
    return whole


def _commands(text: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with what it prints; a command goes on as a shell would have it."""
    found: list[tuple[str, list[str]]] = []
    unfinished = False
    for line in text.splitlines():
        if unfinished:
            command, output = found.pop()
            found.append((f"{command}\n{line}", output))
        elif line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
        unfinished = (unfinished or line.startswith("$ ")) and not _is_whole(found[-1][0])
    return [(command, "\n".join(output)) for command, output in found]


def _is_whole(command: str) -> bool:
    """Whether no quote is open and no backslash at the end asks for another line."""
    try:
        shlex.split(command)
    except ValueError:
        return False
    return not command.endswith("\\")


def _alike(wanted: str, got: str) -> bool:
    """Whether the output is as the page shows it: space does not matter, `...` stands for anything."""
    if not wanted.strip():
        return True
    parts = ["".join(part.split()) for part in wanted.split("...")]
    pattern = ".*".join(map(re.escape, parts))
    return re.fullmatch(pattern, "".join(got.split()), re.DOTALL) is not None
