"""`tessera models`."""

from __future__ import annotations

import click

from plugin.cli.output import ProblemsFound, format_option, show_json, show_table
from plugin.cli.wiring import load_settings, opened_models


@click.group()
def models() -> None:
    """The models that score content."""


@models.command("list")
@format_option
def list_(shape: str) -> None:
    """List the configured models, with what each declares of itself. Nothing is asked of a scoring service."""
    from adapters.models.port import ModelError  # noqa: PLC0415
    from adapters.registry import RegistryError  # noqa: PLC0415

    settings = load_settings()
    rows: list[dict[str, object]] = []
    for name, plugged in settings.models.items():
        row: dict[str, object] = {"name": name, "adapter": plugged.adapter}
        try:
            with opened_models(settings, frozenset({name})) as opened:
                spec = opened[name].spec
                row |= {"features": list(spec.features), "scale": spec.scale, "per": sorted(spec.per), "error": None}
        except (ModelError, RegistryError) as error:
            row |= {"features": [], "scale": None, "per": [], "error": str(error)}
        rows.append(row)
    if shape == "json":
        show_json(rows)
    elif rows:
        show_table([_cells(row) for row in rows], ("model", "adapter", "per", "features", ""))
    else:
        click.echo("no model is configured; a table [models.NAME] in tessera.toml adds one")
    if any(row["error"] is not None for row in rows):
        raise ProblemsFound


def _cells(row: dict[str, object]) -> tuple[str, ...]:
    per, features = row["per"], row["features"]
    return (
        str(row["name"]),
        str(row["adapter"]),
        ",".join(per) if isinstance(per, list) else "",
        str(len(features)) if isinstance(features, list) and features else "all",
        f"cannot be used: {row['error']}" if row["error"] else "",
    )
