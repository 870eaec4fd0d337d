"""What commands work with, made from the settings: only what a command asks for."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from plugin import settings as settings_
from plugin.settings import Settings

if TYPE_CHECKING:
    from adapters.cms.mapped import MappedSource
    from adapters.models.port import ModelAdapter
    from adapters.runtime import Runtime
    from plugin.setting_kinds import Plugged
    from plugin.store import Store


def load_settings() -> Settings:
    """As of the working directory. Raises SettingsError with every problem."""
    return settings_.load(os.environ, Path.cwd())


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """The configured database, at the newest revision.

    Raises:
        ServiceUnavailable: it does not answer.
        Failed: its tables are not those of this version.
    """
    from plugin.cli.output import Failed  # noqa: PLC0415
    from plugin.store import open_store, revision  # noqa: PLC0415 - SQLAlchemy takes a while to import

    store = open_store(settings.database_url.reveal())
    try:
        held, newest = revision.current(store.engine), revision.NEWEST
        if held != newest:
            raise Failed(f"the database is at revision {held or 'base'}, not at {newest}: run 'tessera db upgrade'")
        yield store
    finally:
        store.close()


@contextmanager
def opened_sources(
    settings: Settings, names: tuple[str, ...] = (), *, runtime: Runtime | None = None
) -> Iterator[dict[str, MappedSource]]:
    """The configured sources of content, or those named. Raises OptionsError, RegistryError."""
    from adapters.runtime import Runtime  # noqa: PLC0415
    from plugin.wiring.sources import open_source  # noqa: PLC0415

    with ExitStack() as closing:
        found: dict[str, MappedSource] = {}
        for name in names or settings.sources:
            found[name] = open_source(settings.sources[name], runtime or Runtime.system())
            closing.callback(found[name].close)
        yield found


@contextmanager
def opened_models(settings: Settings, names: frozenset[str] | None = None) -> Iterator[dict[str, ModelAdapter]]:
    """The configured models, or those among them that are named. Raises ModelOptionsError, RegistryError."""
    with ExitStack() as closing:
        found = {}
        for name, plugged in settings.models.items():
            if names is None or name in names:
                found[name] = _model(name, plugged)
                closing.callback(found[name].close)
        yield found


def _model(name: str, plugged: Plugged) -> ModelAdapter:
    from adapters import registry  # noqa: PLC0415
    from adapters.models.port import ModelError  # noqa: PLC0415
    from adapters.runtime import Runtime  # noqa: PLC0415

    build = registry.model(plugged.adapter)
    try:
        return build({"name": name, **plugged.options}, Runtime.system())
    except ModelError:
        raise
    except Exception as fault:  # somebody else's code; the text of its errors may have a secret of the options in it
        frame = traceback.extract_tb(fault.__traceback__)[-1]
        where = f"{Path(frame.filename).name}, line {frame.lineno}"
        raise registry.BrokenAdapter(
            f"models adapter {plugged.adapter!r} failed: {type(fault).__name__} ({where})"
        ) from fault
