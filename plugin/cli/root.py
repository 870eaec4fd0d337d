"""The command `tessera` itself: a table of commands, each imported when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType

import click

from plugin.cli.interrupts import ending_at_once
from plugin.cli.output import guarded

COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "bench": ("plugin.cli.bench:bench", "Measure the decision path, in process and over HTTP."),
        "cms": ("plugin.cli.cms:cms", "Pull content, and test the sources it comes from."),
        "config": ("plugin.cli.config:config", "Show every setting and where it comes from."),
        "db": ("plugin.cli.db:db", "Migrate the database, and check it."),
        "decide": ("plugin.cli.decide:decide", "Make one decision, without server or database."),
        "demo": ("plugin.cli.demo:demo", "Serve the sample site, in a folder of its own."),
        "doctor": ("plugin.cli.doctor:doctor", "Look at everything that is needed, and say what is wrong."),
        "events": ("plugin.cli.events:events", "Events that could not be applied."),
        "models": ("plugin.cli.models:models", "The models that score content."),
        "preview": ("plugin.cli.preview:preview", "Make a link that shows a draft."),
        "privacy": ("plugin.cli.privacy:privacy", "What is kept of visitors: export, erase, retain, rekey, audit."),
        "rules": ("plugin.cli.rules:rules", "Check, publish and compare rules."),
        "segments": ("plugin.cli.segments:segments", "Who is in which segment; lists in and out."),
        "serve": ("plugin.cli.serve:serve", "Run the service."),
        "worker": ("plugin.cli.worker:worker", "Follow the sources of content, beside a server of your own."),
    }
)
"""Name, import path, and the line in the list of commands."""


class LazyGroup(click.Group):
    """Lists its commands from the table alone, and imports one only to run it or to show its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """By name."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """The command of a name."""
        if cmd_name not in COMMANDS:
            return None
        module, _colon, attribute = COMMANDS[cmd_name][0].partition(":")
        with ending_at_once():
            found: click.Command = getattr(importlib.import_module(module), attribute)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name where there is no such command."""
        from rules.suggest import nearest  # noqa: PLC0415 - only where a name is wrong

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = nearest(args[0], COMMANDS)
            ctx.fail(f"no command {args[0]!r}" + (f"; did you mean {near!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """The list in the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; what it foresees to fail ends with a sentence, not with a stack trace."""
        with guarded():
            return super().invoke(ctx)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 problems found, 2 wrong usage. Settings: TESSERA_* variables and tessera.toml.",
)
@click.version_option(package_name="tessera-personalization", prog_name="tessera")
def tessera() -> None:
    """Personalize what a headless CMS serves, by rules that editors can read."""
