"""Where the files are that the program reads and does not import."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

Folder: TypeAlias = Literal["templates", "migrations", "site"]

_PACKAGE = Path(__file__).resolve().parent


def folder(name: Folder) -> Path:
    """Find a folder, in an installed wheel and in the checkout alike.

    ``templates`` and ``migrations`` lie at the top of the checkout; the wheel brings them inside the package,
    under ``shipped``, where they cannot collide with another distribution's. ``site``, the sample site, lies
    in the package in both.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    places = [_PACKAGE / "demo" / "site"] if name == "site" else [_PACKAGE / "shipped" / name, _PACKAGE.parent / name]
    for place in places:
        if place.is_dir():
            return place
    raise FileNotFoundError(f"{name} is missing; looked in {' and '.join(map(str, places))}")
