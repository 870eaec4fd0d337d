"""Tessera: a personalization layer between a headless CMS and the frontend."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from plugin.settings import Settings

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> Flask:
    """Make the WSGI application; without ``settings`` they are loaded from the environment.

    Raises:
        plugin.errors.SettingsError: with every problem of the configuration at once.
        plugin.foreign.ForeignPackageError: another distribution's `rules` or `adapters` is installed over ours.
    """
    # What is imported and made here stays: the collector would walk all of it again and again, and find nothing.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        # Here and not above, so that `import plugin` stays free of Flask and SQLAlchemy.
        from plugin.foreign import check  # noqa: PLC0415

        check()
        from plugin.app import create_app as build  # noqa: PLC0415

        return build(settings)
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
