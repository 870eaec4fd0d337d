"""`tessera cms`: content and where it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import click

from plugin.cli.output import Failed, ProblemsFound, counted
from plugin.cli.wiring import load_settings, now, opened_sources, opened_store
from plugin.settings import Settings


@click.group()
def cms() -> None:
    """Pull content, and test the sources it comes from."""


@cms.command()
@click.argument("source", required=False)
def sync(source: str | None) -> None:
    """Bring SOURCE, or every source, up to date. What fails leaves what was there before."""
    from plugin.service.sync import Syncing  # noqa: PLC0415

    settings = load_settings()
    failed = False
    with opened_sources(settings, _names(settings, source)) as sources, opened_store(settings) as store:
        syncing = Syncing(sources, store.content, clock=now)
        for name in sources:
            synced = syncing.sync(name)
            for problem in synced.problems:
                place = ":".join(str(part) for part in (problem.file, problem.line) if part is not None)
                click.echo(f"{name}: {place or problem.id or 'an entry'}: {problem.reason}", err=True)
            if synced.applied is None:
                failed = True
                click.echo(f"{name}: {synced.error}", err=True)
                continue
            done = synced.applied
            click.echo(
                f"{name}: {done.added} added, {done.updated} updated, {done.removed} removed,"
                f" {done.unchanged} unchanged, {counted(len(synced.problems), 'problem')}"
            )
    if failed:
        raise ProblemsFound


@cms.command()
@click.argument("source", required=False)
def check(source: str | None) -> None:
    """Test the credentials and the mapping of SOURCE, or of every source. Everything is read, nothing is kept."""
    from adapters.cms.port import CmsError  # noqa: PLC0415
    from adapters.registry import RegistryError  # noqa: PLC0415

    settings = load_settings()
    failed = False
    for name in _names(settings, source):
        try:
            with opened_sources(settings, (name,)) as sources:
                sources[name].ping()
                changes = sources[name].changes(None)
        except (CmsError, RegistryError) as error:
            failed = True
            click.echo(f"{name}: {error}", err=True)
            continue
        for problem in changes.problems:
            failed = failed or problem.blocking
            mark = "" if problem.blocking else "warning: "
            click.echo(f"{name}: {problem.where}: {mark}{problem.reason}", err=True)
        click.echo(
            f"{name}: {counted(len(changes.entries), 'entry', 'entries')}"
            f" ({_tally(entry.type for entry in changes.entries)});"
            f" languages: {_tally(entry.locale or 'none' for entry in changes.entries)}"
        )
    if failed:
        raise ProblemsFound


def _names(settings: Settings, source: str | None) -> tuple[str, ...]:
    """The sources asked for; none configured is an error, and so is a name that there is not."""
    from rules.suggest import nearest  # noqa: PLC0415

    if not settings.sources:
        raise Failed("no source of content is configured; a table [sources.NAME] in tessera.toml adds one")
    if source is None:
        return tuple(settings.sources)
    if source not in settings.sources:
        near = nearest(source, settings.sources)
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(settings.sources)}"
        raise Failed(f"no source {source!r}; {hint}")
    return (source,)


def _tally(words: Iterable[str]) -> str:
    return ", ".join(f"{word} {number}" for word, number in sorted(Counter(words).items())) or "none"
