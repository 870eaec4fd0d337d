"""One source of content as the settings configure it, for everything that opens one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.cms.port import OptionsError
from adapters.cms.tables import split_tables
from plugin.settings import Plugged

if TYPE_CHECKING:
    from adapters.cms.mapped import MappedSource
    from adapters.runtime import Runtime


def open_source(plugged: Plugged, runtime: Runtime) -> MappedSource:
    """The source, its entries mapped, to be closed by the caller. Nothing is asked of it yet.

    Raises:
        OptionsError: with every option that is wrong; those of a table begin with its name, as in `mapping.tags`.
        RegistryError: there is no such adapter, or it needs a library that is not there.
    """
    from adapters import registry  # noqa: PLC0415 - only where a source is opened
    from adapters.cms.mapped import MappedSource  # noqa: PLC0415
    from adapters.cms.mapping_options import read_mapping  # noqa: PLC0415

    tables = split_tables(plugged.options)
    problems: list[str] = []
    try:
        read_mapping(tables.mapping, plugged.adapter)
    except OptionsError as error:
        problems.extend(error.problems)
    try:
        source = registry.cms(plugged.adapter)(tables.options, runtime)
    except OptionsError as error:
        raise OptionsError([*error.problems, *problems]) from error
    if problems:
        source.close()
        raise OptionsError(problems)
    declared = getattr(source, "mapping_defaults", None)
    return MappedSource(source, read_mapping(tables.mapping, plugged.adapter, declared))
