"""Walks the imports, and fails where a package reaches through a wall."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STANDARD = sys.stdlib_module_names

# For each package, the first-party modules that it may import, itself aside, and the third-party ones. The longest
# prefix decides. None: anything.
WALLS: dict[str, tuple[set[str], set[str]] | None] = {
    "rules": (set(), {"yaml", "re2", "mmh3", "marshmallow", "msgspec", "durable_rules_engine"}),
    "adapters": (set(), {"requests", "urllib3"}),
    "adapters.cms": (
        {"adapters.runtime", "adapters.options", "adapters.bounded", "adapters.addresses"},
        {"requests", "yaml", "markdown_it", "nh3", "jsonpath", "re2"},
    ),
    # Runs in the CMS: it may import that, and nothing of ours.
    "adapters.cms.wagtail.module": (
        set(),
        {"django", "modelcluster", "rest_framework", "taggit", "wagtail", "wagtail_personalisation"},
    ),
    "adapters.models": (
        {"adapters.runtime", "adapters.options", "adapters.bounded", "adapters.addresses"},
        {"requests"},
    ),
    "adapters.edge": ({"adapters.runtime", "adapters.options", "adapters.bounded", "adapters.addresses"}, {"requests"}),
    "adapters.streams": ({"adapters.runtime", "adapters.options", "adapters.redis_url"}, {"redis"}),
    "adapters.geo": (set(), {"maxminddb"}),
    "adapters.device": (set(), {"ua_parser"}),
    "plugin.flow": ({"rules"}, {"numpy"}),
    "plugin.ports": (set(), set()),
    "plugin.profiles": ({"rules"}, {"msgspec", "jsonschema"}),
    # Pure, and so what services and routes alike may call.
    "plugin.edge": (
        {"plugin.flow.types", "plugin.ports", "plugin.errors", "rules", "adapters.edge.port"},
        {"cryptography"},
    ),
    "plugin.service": (
        {
            "plugin.edge",
            "plugin.flow",
            "plugin.ports",
            "plugin.errors",
            "rules",
            "adapters.cms.hooks",
            "adapters.cms.port",
            "adapters.edge.port",
            "adapters.streams.port",
            "plugin.profiles",
            "adapters.models.port",
        },
        {"msgspec"},
    ),
    "plugin.store": (
        {"plugin.flow.types", "plugin.ports", "plugin.errors", "plugin.resources", "rules"},
        {"sqlalchemy", "alembic", "msgspec"},
    ),
    "plugin.live": ({"plugin.flow.types", "plugin.ports", "plugin.errors", "rules"}, {"redis", "hiredis"}),
    "plugin.render": (
        {"plugin.flow.types", "plugin.ports", "plugin.errors", "rules"},
        {"jinja2", "markupsafe", "nh3"},
    ),
    "plugin.web": (
        {"plugin.edge", "plugin.service", "plugin.errors", "plugin.flow.types"},
        {"flask", "werkzeug", "marshmallow", "apispec", "msgspec", "prometheus_client", "swagger_ui_bundle"},
    ),
    # Another way to ask for what REST answers: through the same keys, limits, checks and operations.
    "plugin.graphql": (
        {
            "plugin.edge",
            "plugin.web",
            "plugin.service",
            "plugin.errors",
            "plugin.flow.types",
            "plugin.flow.context",
            "rules.decision",
        },
        {"graphql", "marshmallow", "msgspec", "werkzeug"},
    ),
    "plugin.editor": (
        {"plugin.service", "plugin.errors", "plugin.flow.types", "plugin.flow.context"},
        {"flask", "werkzeug", "jinja2", "markupsafe", "yaml"},
    ),
    "plugin.demo": None,
    "plugin.app": None,
    "plugin.wiring": None,
    "plugin.cli": None,
    "plugin.bench": None,
}
# What the web layer hands to services, beside what services own: a request as it came.
ALSO = {"plugin.web": {"plugin.flow.context"}}
OURS = ("rules", "adapters", "plugin")


def modules(package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / package.replace(".", "/")).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path, *, typing_too: bool = False) -> Iterator[str]:
    """Every module that a file imports at run time, wherever it stands."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and not typing_too and "TYPE_CHECKING" in ast.unparse(node.test):
            for inner in ast.walk(node):
                skipped.add(inner)
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module in OURS:  # `from plugin import errors` names a module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module


def wall_of(module: str) -> str | None:
    fitting = [name for name in WALLS if module == name or module.startswith(f"{name}.")]
    return max(fitting, key=len, default=None)


def within(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


@pytest.mark.parametrize("package", [name for name, wall in WALLS.items() if wall is not None])
def test_a_package_imports_only_what_its_wall_lets_through(package: str) -> None:
    wall = WALLS[package]
    assert wall is not None
    ours, others = wall
    broken = []
    for module, path in modules(package):
        if wall_of(module) != package:
            continue
        for name in imports(path):
            top = name.partition(".")[0]
            if top in STANDARD or top == "__future__":
                continue
            if top in OURS:
                if within(name, {package} | ours | ALSO.get(package, set())):
                    continue
            elif top in others:
                continue
            broken.append(f"{module} imports {name}")
    assert not broken, "\n".join(broken)


def test_every_package_has_a_wall() -> None:
    without = {
        module
        for package in OURS
        for module, _path in modules(package)
        if wall_of(module) is None and module.count(".") > 1
    }
    assert not without


def test_the_decision_reads_no_clock_and_no_randomness() -> None:
    """The pure packages are handed the time, and have no randomness at all."""
    for package in ("rules", "plugin.flow", "plugin.profiles"):
        for module, path in modules(package):
            assert not {"random", "secrets", "time", "uuid"} & set(imports(path)), module
            text = path.read_text("utf-8")
            assert ".now(" not in text, module
            assert "utcnow" not in text, module
            assert "os.environ" not in text, module


def test_steps_of_the_flow_do_not_import_each_other() -> None:
    """They share `types`; `plan`, `settle` and `context` compose."""
    composing = {"plugin.flow.plan", "plugin.flow.settle", "plugin.flow.context"}
    for module, path in modules("plugin.flow"):
        if module in composing or module.startswith("plugin.flow.signals") or module == "plugin.flow":
            continue
        steps = {name for name in imports(path) if name.startswith("plugin.flow")} - {"plugin.flow.types"}
        assert not steps, f"{module} imports {steps}"


# From the ground up. What all of them share (`audit`, `preconditions`) lies below; `health` looks at all of them.
ROOMS = ("content", "rulesets", "visitors", "events", "segments", "privacy", "delivery", "previews")


def test_rooms_of_the_services_rest_on_those_below_them() -> None:
    places = {f"plugin.service.{room}": place for place, room in enumerate(ROOMS)}
    for module, path in modules("plugin.service"):
        room = ".".join(module.split(".")[:3])
        below = places.get(room, len(ROOMS) if module == "plugin.service.health" else -1)
        for name in imports(path, typing_too=True):
            other = places.get(".".join(name.split(".")[:3]), -1)
            assert other <= below, f"{module} imports {name}"
    assert {path.parent.name for _module, path in modules("plugin.service") if path.parent.name != "service"} == {
        *ROOMS
    }


def test_durable_rules_has_one_importer_at_most() -> None:
    importers = [
        module
        for package in OURS
        for module, path in modules(package)
        if any(name.startswith(("durable", "durable_rules_engine")) for name in imports(path))
    ]
    assert len(importers) <= 1, importers


def test_nothing_happens_at_import() -> None:
    """No module opens a connection, reads the environment or starts a thread while it is imported."""
    suspicious = {"open", "connect", "create_engine", "Thread", "Redis", "getenv", "urlopen", "Session"}
    found = []
    for package in OURS:
        for module, path in modules(package):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.If):
                    continue
                for call in (inner for inner in ast.walk(node) if isinstance(inner, ast.Call)):
                    name = ast.unparse(call.func).rpartition(".")[2]
                    if name in suspicious:
                        found.append(f"{module}: {ast.unparse(call)}")
    assert not found, "\n".join(found)


def test_the_imported_packages_are_ours() -> None:
    """Other distributions have packages named `rules` and `adapters`."""
    import adapters
    import plugin
    import rules

    for package in (rules, adapters, plugin):
        assert package.__file__ is not None
        assert Path(package.__file__).is_relative_to(ROOT)
