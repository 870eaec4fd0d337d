"""Refuses packages of others under our names: `rules` and `adapters` are words that other distributions use, too."""

from __future__ import annotations

from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
"""Where `plugin` lies: our other packages lie beside it, in an installed wheel and in the checkout alike."""

# What no other distribution would have, a module and a name in the package itself: one that was installed over ours
# is found out by it.
MARKS = {"rules": ("rules.ruleset", "Ruleset"), "adapters": ("adapters.registry", None)}


class ForeignPackageError(ImportError):
    """A package of another distribution stands where one of ours should; the message says which, and what to do."""


def check(home: Path = HOME) -> None:
    """Look at what `import rules` and `import adapters` give.

    Nothing is imported but the two packages themselves, and those only where they are ours. Call it before
    anything of them is used.

    Raises:
        ForeignPackageError: naming every package that is not ours.
    """
    wrong = [fault for name in MARKS if (fault := _fault(name, home)) is not None]
    if wrong:
        raise ForeignPackageError(
            f"{'; '.join(wrong)}. Give Tessera a virtual environment of its own, and install it there again."
        )


def _fault(name: str, home: Path) -> str | None:
    found = find_spec(name)
    if found is None:
        return f"the package {name!r} is missing"
    place = _place(found)
    if place is None or place.parent != home:
        return f"the package {name!r} is another distribution's, at {place or 'no folder'}"
    module, attribute = MARKS[name]
    if find_spec(module) is None or (attribute is not None and not hasattr(import_module(name), attribute)):
        return f"the package {name!r} at {place} was overwritten by another distribution's"
    return None


def _place(spec: ModuleSpec) -> Path | None:
    """The folder of a package; None where it is a single module or spread over several folders."""
    folders = list(spec.submodule_search_locations or ())
    return Path(folders[0]).resolve() if spec.origin is not None and len(folders) == 1 else None
