"""`tessera config`."""

from __future__ import annotations

import click

from plugin.cli.output import format_option, show_json, show_table
from plugin.cli.wiring import load_settings
from plugin.settings import describe


@click.command()
@format_option
def config(shape: str) -> None:
    """Show every setting, its value and where it comes from. Secrets are hidden."""
    rows = describe(load_settings())
    if shape == "json":
        show_json([{"name": name, "value": value, "source": source} for name, value, source in rows])
    else:
        show_table(rows, ("setting", "value", "source"))
