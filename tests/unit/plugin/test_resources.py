"""Files that the program reads: found in the checkout, and listed for the wheel."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from plugin import resources
from plugin.resources import Folder, folder

CHECKOUT = Path(__file__).parents[3]
BUILD = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]


@pytest.mark.parametrize(
    ("name", "holds"),
    [("templates", "blocks"), ("migrations", "env.py"), ("site", "content")],
)
def test_each_folder_is_found_in_the_checkout(name: Folder, holds: str) -> None:
    assert (folder(name) / holds).exists()


def test_in_an_installed_wheel_the_shipped_folders_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of the same name beside the package, in site-packages, is another distribution's."""
    package = tmp_path / "plugin"
    for made in (package / "shipped" / "migrations", package / "demo" / "site", tmp_path / "migrations"):
        made.mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert folder("migrations") == package / "shipped" / "migrations"
    assert folder("site") == package / "demo" / "site"
    with pytest.raises(FileNotFoundError, match="templates is missing"):
        folder("templates")


def test_the_wheel_has_every_package_that_the_checkout_has() -> None:
    """Setuptools cannot both find packages and map two of them, so the list is kept by hand, and checked here."""
    files = (file for top in ("adapters", "plugin", "rules") for file in (CHECKOUT / top).rglob("*.py"))
    folders = {parent for file in files for parent in file.relative_to(CHECKOUT).parents} - {Path()}
    # What is put into a CMS is shipped as data: it is that program's to import, not ours.
    present = {".".join(path.parts) for path in folders if "module" not in path.parts}
    assert set(BUILD["packages"]) - set(BUILD["package-dir"]) == present, "see [tool.setuptools] packages"


def test_the_mapped_packages_are_where_the_program_looks_for_them() -> None:
    assert BUILD["package-dir"] == {
        f"plugin.shipped.{name}": name for name in ("migrations", "templates") if (CHECKOUT / name).is_dir()
    }


def test_every_file_that_is_no_module_is_matched_by_the_package_data() -> None:
    left_out = []
    for package, source in {"plugin": "plugin", "rules": "rules", **BUILD["package-dir"]}.items():
        root = CHECKOUT / source
        taken = {file for pattern in BUILD["package-data"][package] for file in root.glob(pattern)}
        known = (".py", ".pyc")
        left_out += [
            file for file in root.rglob("*") if file.is_file() and file.suffix not in known and file not in taken
        ]
    assert left_out == []
