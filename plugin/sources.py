"""One source of content as the settings configure it, for everything that opens one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.cms.tables import split_tables
from plugin.settings import Plugged

if TYPE_CHECKING:
    from adapters.cms.port import Source
    from adapters.runtime import Runtime


def open_source(plugged: Plugged, runtime: Runtime) -> Source:
    """The source, to be closed by the caller. Nothing is asked of it yet.

    Raises:
        OptionsError: with every option that is wrong; those of a table begin with its name, as in `mapping.tags`.
        RegistryError: there is no such adapter, or it needs a library that is not there.
    """
    from adapters import registry  # noqa: PLC0415 - only where a source is opened

    tables = split_tables(plugged.options)
    options = dict(tables.options) if tables.mapping is None else {**tables.options, "mapping": tables.mapping}
    return registry.cms(plugged.adapter)(options, runtime)
