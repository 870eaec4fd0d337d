"""What `tessera doctor` says of one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from adapters.cms.port import CmsError
from adapters.edge.port import EdgeError
from adapters.models.port import ModelError
from adapters.registry import RegistryError

Level = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """How one thing stands; `remedy` says what to do where it is not well."""

    level: Level
    what: str
    detail: str
    remedy: str = ""

    def to_dict(self) -> dict[str, str]:
        """For scripts."""
        return asdict(self)


def asked(what: str, ping: Callable[[], None], remedy: str) -> Finding:
    """Whether something outside answers."""
    try:
        ping()
    except (CmsError, EdgeError, ModelError, RegistryError) as error:
        return Finding("wrong", what, str(error), remedy)
    return Finding("ok", what, "answers")
