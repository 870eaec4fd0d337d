"""`tessera doctor`: looks at everything that is needed, and says what is wrong and what to do."""

from __future__ import annotations

import click

from plugin.cli.output import ProblemsFound, counted, format_option, show_json


@click.command()
@format_option
def doctor(shape: str) -> None:
    """Look at every dependency that is configured. Exit code 1 where something is wrong."""
    from plugin.cli.examining import examine  # noqa: PLC0415 - it imports much

    findings = examine()
    wrong = [one for one in findings if one.level == "wrong"]
    if shape == "json":
        show_json([one.to_dict() for one in findings])
    else:
        for one in findings:
            click.echo(f"{one.level:<7} {one.what}: {one.detail}")
            if one.remedy:
                click.echo(f"{'':<7} -> {one.remedy}")
        click.echo(counted(len(wrong), "problem") if wrong else "all is well")
    if wrong:
        raise ProblemsFound
