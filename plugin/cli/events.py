"""`tessera events`: those that could not be applied."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from plugin.cli.output import format_option, show_json, show_table
from plugin.cli.wiring import load_settings, opened_store

if TYPE_CHECKING:
    from plugin.service.events.dead_letters import DeadEvents

_ID = click.argument("letter", metavar="ID")


@click.group()
def events() -> None:
    """Events of visitors."""


@events.group()
def dead() -> None:
    """Events that were accepted and could not be applied. Each use is noted in the audit log."""


@dead.command("list")
@click.option("--replayed", is_flag=True, help="Those that were sent again, instead.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@format_option
def list_(replayed: bool, limit: int, shape: str) -> None:
    """List them."""
    with _opened() as (letters, actor):
        page = letters.page(replayed=replayed, after=None, limit=limit, actor=actor)
    if shape == "json":
        show_json([dict(one) for one in page.items])
        return
    rows = [[str(one[name]) for name in ("id", "why", "attempts", "first", "last")] for one in page.items]
    show_table(rows, ("id", "why", "attempts", "first", "last"))


@dead.command()
@_ID
def show(letter: str) -> None:
    """Show one, with its event, as JSON."""
    with _opened() as (letters, actor):
        show_json(dict(letters.read(letter, actor=actor)))


@dead.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
def replay(ids: tuple[str, ...]) -> None:
    """Send events through the stream again; one that was applied meanwhile counts once."""
    with _opened() as (letters, actor):
        for one in ids:
            letters.replay(one, actor=actor)
            click.echo(f"{one} was sent again")


@dead.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
def drop(ids: tuple[str, ...]) -> None:
    """Give events up for good."""
    with _opened() as (letters, actor):
        for one in ids:
            letters.drop(one, actor=actor)
            click.echo(f"{one} is gone")


@contextmanager
def _opened() -> Iterator[tuple[DeadEvents, str]]:
    from plugin.service.audit import COMMAND_LINE  # noqa: PLC0415
    from plugin.wiring import visiting  # noqa: PLC0415
    from plugin.wiring.system import signing_key_of  # noqa: PLC0415

    settings = load_settings()
    with ExitStack() as closing:
        store = closing.enter_context(opened_store(settings))
        kept = visiting.open_visiting(settings, store, signing_key_of(settings), closing)
        yield visiting.dead_events(kept, store), f"{COMMAND_LINE}: {getpass.getuser()}"
