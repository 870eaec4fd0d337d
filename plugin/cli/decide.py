"""`tessera decide`: one decision from files alone, by the parts that serve requests."""

from __future__ import annotations

from pathlib import Path

import click

from plugin.cli.entries import content_option
from plugin.cli.output import show_json
from plugin.wiring.system import now


@click.command()
@click.option(
    "--rules",
    "rule_paths",
    multiple=True,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH",
    help="A rule file, or a folder of them; several are one document.",
)
@content_option
@click.option(
    "--slot", "slots", multiple=True, required=True, metavar="ID", help="A slot; may be given more than once."
)
@click.option(
    "--context",
    "given",
    default="{}",
    metavar="JSON|@FILE",
    help=(
        'The visitor: flat attributes {"geo.country": "FR"}, the keys of the API\'s context (url, referrer, locale,'
        ' timezone, custom, ...), "visitor": {"id": ...}, "segments", "arms", "exposures".'
    ),
)
@click.option("--at", metavar="TIME", help="The decision's clock, ISO 8601; UTC without an offset; now if not given.")
@click.option("--limit", type=click.IntRange(0, 1000), help="At most so many blocks; can only lower the slot's own.")
@click.option("--seed", type=int, default=0, help="Of exploration by models; rules alone do not read it.")
@click.option("--unique", is_flag=True, help="Keep an entry to the first slot that shows it.")
@click.option("--explain", is_flag=True, help="Add the trace: every rule, every test, every candidate.")
def decide(
    rule_paths: tuple[Path, ...],
    content_path: Path | None,
    slots: tuple[str, ...],
    given: str,
    at: str | None,
    limit: int | None,
    seed: int,
    unique: bool,
    explain: bool,
) -> None:
    """Make a decision without server or database; prints the JSON that the API answers with.

    What only a server can give (decision_id, ruleset, decision_token) is null. Models are those of the settings.
    """
    from plugin.cli.deciding import decide_offline  # noqa: PLC0415
    from plugin.cli.entries import read_entries  # noqa: PLC0415
    from plugin.cli.situation import read_instant, read_situation  # noqa: PLC0415
    from plugin.flow.types import SlotAsk  # noqa: PLC0415
    from rules import load_files  # noqa: PLC0415

    del seed  # part of the call for models that explore; those that there are do not
    situation = read_situation(given)
    show_json(
        decide_offline(
            load_files(rule_paths),
            read_entries(content_path) if content_path is not None else (),
            situation,
            asks=tuple(SlotAsk(slot, limit) for slot in dict.fromkeys(slots)),
            now=read_instant(at) if at else now(),
            unique=unique,
            explain=explain,
        )
    )
