"""`tessera bench`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from plugin.cli.output import Failed, ProblemsFound

PARTS = ("evaluation", "decision", "publishing", "start", "http", "events", "patterns")


@click.command()
@click.option("--quick", is_flag=True, help="Fewer rounds: rougher figures in about a minute and a half.")
@click.option(
    "--part", "parts", multiple=True, type=click.Choice(PARTS), help="Only this; may be given more than once."
)
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), metavar="PATH", help="Also write JSON; '-': instead."
)
@click.option(
    "--picture", type=click.Path(path_type=Path), metavar="PATH", help="Also draw cost against rules, as SVG."
)
@click.option("--strict", is_flag=True, help="Exit code 1 where a target is missed.")
def bench(quick: bool, parts: tuple[str, ...], json_path: Path | None, picture: Path | None, strict: bool) -> None:
    """Measure the decision path on generated rules, in process and over HTTP.

    Everything is measured beside something known in the same run: the naive evaluation of the same rules, and a bare
    Flask route that returns as many bytes. The full run takes several minutes; leave the machine alone meanwhile.
    """
    from plugin.bench.picture import draw  # noqa: PLC0415
    from plugin.bench.report import as_text  # noqa: PLC0415
    from plugin.bench.run import run  # noqa: PLC0415

    if picture is not None and parts and "evaluation" not in parts:
        raise click.UsageError("--picture needs the part 'evaluation'")
    result = run(quick=quick, parts=parts or PARTS, say=lambda text: click.echo(f"… {text}", err=True))
    text = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    if json_path is not None and str(json_path) != "-":
        json_path.write_text(text, "utf-8")
    if picture is not None and "evaluation" in result:
        picture.write_text(draw(result["evaluation"]["rows"]), "utf-8")
    click.echo(text if str(json_path) == "-" else as_text(result), nl=False)
    if result["failed"]:
        raise Failed("not measured: " + "; ".join(f"{what}: {why}" for what, why in result["failed"].items()))
    if strict and not all(target["met"] for target in result["targets"]):
        raise ProblemsFound
