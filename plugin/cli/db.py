"""`tessera db`: migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from plugin.cli.output import Failed
from plugin.cli.wiring import load_settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

_LAST = "-1"


@click.group()
def db() -> None:
    """Migrate the database, and check it."""


@contextmanager
def _engine() -> Iterator[Engine]:
    from alembic.util.exc import CommandError  # noqa: PLC0415 - SQLAlchemy and Alembic take a while to import

    from plugin.store import open_store  # noqa: PLC0415

    store = open_store(load_settings().database_url.reveal())
    try:
        yield store.engine
    except CommandError as error:  # such as a revision that there is not
        raise Failed(str(error)) from error
    finally:
        store.close()


def _revision(_context: click.Context, _parameter: click.Parameter, revision: str | None) -> str | None:
    """Of a quoted variable that is empty: Alembic would fail with a traceback."""
    if revision is not None and not revision.strip():
        raise click.BadParameter("an empty text is no revision")
    return revision


@db.command()
@click.argument("revision", default="head", callback=_revision)
def upgrade(revision: str) -> None:
    """Bring the database to REVISION; to the newest where none is given."""
    from plugin.store import migrate  # noqa: PLC0415
    from plugin.store.revision import current as revision_of  # noqa: PLC0415

    with _engine() as engine:
        before = revision_of(engine)
        migrate.upgrade(engine, revision)
        after = revision_of(engine)
    click.echo(f"already at {after}" if before == after else f"{before or 'base'} -> {after}")


@db.command(context_settings={"ignore_unknown_options": True})  # -1 is a revision
@click.argument("revision", required=False, callback=_revision)
@click.option("--yes", is_flag=True, help="Do not ask first.")
def downgrade(revision: str | None, yes: bool) -> None:
    """Undo the revisions after REVISION; the last one where none is given, or -2 for two of them.

    `base` undoes all of them, and the data with them. With --yes a revision must be named.
    """
    from plugin.store import migrate  # noqa: PLC0415
    from plugin.store.revision import current as revision_of  # noqa: PLC0415

    if yes and revision is None:  # it may have been a variable that is empty
        raise click.UsageError("--yes asks nobody, so it needs a revision: -1 undoes the last one")
    if not yes and not _agreed("What the undone revisions keep is lost. Go on?"):
        words = "--yes" if revision is not None else f"{_LAST} --yes"
        raise Failed(f"nothing was undone; {words} does it without asking")
    with _engine() as engine:
        before = revision_of(engine)
        migrate.downgrade(engine, revision or _LAST)
        click.echo(f"{before or 'base'} -> {revision_of(engine) or 'base'}")


def _agreed(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:  # nobody is there to be asked
        click.echo(err=True)
        return False


@db.command()
def current() -> None:
    """Print the revision of the database."""
    from plugin.store.revision import current as revision_of  # noqa: PLC0415

    with _engine() as engine:
        click.echo(revision_of(engine) or "base")


@db.command()
def check() -> None:
    """Fail where the database is not at the newest revision, or differs from the tables of the code."""
    from plugin.store import migrate  # noqa: PLC0415

    with _engine() as engine:
        differences = migrate.check(engine)
    if differences:
        raise Failed(differences)
    click.echo(f"the database is at {migrate.head()} and as the code expects it")
