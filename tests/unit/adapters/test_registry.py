"""Names to adapters: entry points on a real path, duplicates, missing libraries, stale metadata."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters import registry
from adapters.runtime import Runtime

ROOT = Path(__file__).parents[3]
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a distribution with entry points, and its modules, onto the path."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name: str, points: str, **modules: str) -> None:
        folder = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(points)
        for module, text in modules.items():
            (tmp_path / f"{module}.py").write_text(text)

    return make


def test_the_built_in_names_and_those_of_the_distribution_are_the_same() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    for port, names in registry.BUILT_IN.items():
        assert declared[f"tessera.{port}"].items() <= names.items()


def test_every_built_in_name_leads_to_a_builder() -> None:
    for name in registry.BUILT_IN["cms"]:
        assert callable(registry.cms(name))
    for name in registry.BUILT_IN["edge"]:
        assert callable(registry.edge(name))
    for name in registry.BUILT_IN["hooks"]:
        assert callable(registry.hook(name))
    for name in registry.BUILT_IN["models"]:
        assert callable(registry.model(name))
    for name in registry.BUILT_IN["streams"]:
        assert callable(registry.stream(name))


def test_the_list_is_read_only() -> None:
    with pytest.raises(TypeError):
        registry.discover("cms")["mine"] = "x:y"  # type: ignore[index]


def test_discovering_imports_no_adapter() -> None:
    code = (
        "import sys; from adapters import registry; registry.discover('cms'); registry.discover('models');"
        "print([name for name in sys.modules if name.startswith(('adapters.cms.files', 'adapters.cms.strapi',"
        " 'adapters.models.http', 'requests', 'nh3', 'yaml'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_adapter_of_another_distribution_is_found_and_built(install: Install) -> None:
    install(
        "third-party",
        "[tessera.models]\nlucky = lucky_model:build\n",
        lucky_model="def build(options, runtime):\n    return ('lucky', dict(options))\n",
    )
    assert registry.discover("models")["lucky"] == "lucky_model:build"
    assert registry.model("lucky")({"a": 1}, Runtime.system()) == ("lucky", {"a": 1})


def test_a_name_that_is_taken_is_refused(install: Install) -> None:
    install("third-party", "[tessera.cms]\nfiles = other:build\n")
    with pytest.raises(registry.DuplicateAdapter, match=r"adapters\.cms\.files:build.*other:build"):
        registry.discover("cms")


def test_two_strangers_with_one_name_are_refused(install: Install) -> None:
    install("one", "[tessera.cms]\nmine = one:build\n")
    install("two", "[tessera.cms]\nmine = two:build\n")
    with pytest.raises(registry.DuplicateAdapter, match="mine"):
        registry.cms("files")


def test_our_own_older_metadata_is_no_second_adapter(install: Install) -> None:
    install(registry.DISTRIBUTION, "[tessera.cms]\nfiles = adapters.cms.old_place:build\n")
    assert registry.discover("cms")["files"] == "adapters.cms.files:build"


def test_without_any_metadata_the_built_in_ones_are_there() -> None:
    code = (
        "import importlib.metadata as m; m.entry_points = lambda **_: ();"
        "from adapters import registry;"
        "print(registry.discover('cms') == registry.BUILT_IN['cms'], registry.cms('files').__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True build"


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(registry.UnknownAdapter, match="did you mean 'strapi'") as caught:
        registry.cms("starpi")
    assert caught.value.nearest == "strapi"
    with pytest.raises(registry.UnknownAdapter, match="known: constant, http, linear"):
        registry.model("zzz")


def test_a_missing_library_is_named_with_how_to_install_it(install: Install) -> None:
    install(
        "third-party",
        "[tessera.cms]\nplain = needy:build\nextra = needy:build [lib]\n",
        needy="import no_such_library_xyz\n",
    )
    with pytest.raises(registry.AdapterNotInstalled, match="pip install no_such_library_xyz"):
        registry.cms("plain")
    with pytest.raises(registry.AdapterNotInstalled, match=r"pip install 'third-party\[lib\]'"):
        registry.cms("extra")


@pytest.mark.parametrize("path", ["no_such_module_xyz:build", "hollow:build", "hollow:value", "hollow.deeper:build"])
def test_a_path_that_leads_nowhere_is_broken_and_not_a_missing_library(install: Install, path: str) -> None:
    install("third-party", f"[tessera.cms]\nodd = {path}\n", hollow="value = 3\n")
    with pytest.raises(registry.BrokenAdapter, match="odd"):
        registry.cms("odd")
