"""The options of one configured source, parted into those of its adapter and the tables that Tessera itself reads.

`[sources.NAME.mapping]` says how entries are understood and `[sources.NAME.webhook]` how notices are verified; an
adapter sees neither, so that both work the same for every source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from adapters.cms.port import OptionsError

TABLES = ("mapping", "webhook")


@dataclass(frozen=True, slots=True)
class SourceTables:
    """What `[sources.NAME]` says.

    Attributes:
        options: what the adapter is built with.
        mapping: see `adapters.cms.mapping`; None where there is no such table.
        webhook: the options of the source's hook; None where there is no such table. It holds secrets.
    """

    options: Mapping[str, object] = field(repr=False)
    mapping: Mapping[str, object] | None = None
    webhook: Mapping[str, object] | None = field(default=None, repr=False)


def split_tables(options: Mapping[str, object]) -> SourceTables:
    """Parts the options of one source.

    Raises:
        OptionsError: `mapping` or `webhook` is there and is no table.
    """
    wrong = [name for name in TABLES if name in options and not isinstance(options[name], Mapping)]
    if wrong:
        raise OptionsError(f"{name}: want a table, such as [sources.NAME.{name}]" for name in wrong)
    return SourceTables(
        {name: value for name, value in options.items() if name not in TABLES},
        *(cast("Mapping[str, object] | None", options.get(name)) for name in TABLES),
    )
