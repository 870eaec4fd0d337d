"""A cache that there is not: purges are written to the log. For development, and to see what a cache would be told.

Options: none.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from adapters.edge.keys import checked
from adapters.edge.port import EdgeError
from adapters.options import OptionReader
from adapters.runtime import Runtime

_log = logging.getLogger(__name__)


class ConsolePurger:
    """Logs, at the level info."""

    def purge(self, keys: Sequence[str], *, hard: bool) -> None:
        """See the port; fails for what is no key."""
        if wanted := checked(keys):
            _log.info("%s purge of %s", "hard" if hard else "soft", " ".join(wanted))

    def close(self) -> None:
        """Holds nothing to free."""


def build(options: Mapping[str, object], runtime: Runtime) -> ConsolePurger:  # noqa: ARG001 - the registry's shape
    """Raises EdgeError for any option."""
    if problems := OptionReader(options).problems():
        raise EdgeError("; ".join(problems))
    return ConsolePurger()
